"""The check `kconfig`: new options have a help text, what a patch writes or leaves refers to options that exist, and
what is selected has what it depends on.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from pipeline.checks.protocol import CheckedPatch, Needs, Outcome, State
from pipeline.checks.unmet import unmet
from pipeline.mail.diff import FileDiff
from pipeline.model import CheckFinding, Severity
from pipeline.system.errors import UsageError

MOST_KEPT = 4
"""States of which it is kept what they lack."""
Unmet = Mapping[tuple[str, str], tuple[tuple[str, ...], str]]
"""By selector and selected option: dependencies that can be unmet, and the place."""

_OPTION = re.compile(r"^\s*(?:menu)?config\s+(?P<name>\w+)\s*$")
_ENTRY = re.compile(r"^\s*(?:config|menuconfig|choice|endchoice|menu|endmenu|if|endif|source|comment|mainmenu)\b")
_PROMPT = re.compile(r'^\s*(?:bool|tristate|string|hex|int|prompt)\s+["\']')
_HELP = re.compile(r"^\s*(?:-+)?help(?:-+)?\s*$")
_REFERENCE = re.compile(r"^\s*(?:depends on|select|imply|visible if|if)\s+(?P<expression>.+)$")
_NAME = re.compile(r"(?<![\w$(\"'])[A-Z][A-Z0-9_]{2,}(?![\w(\"'])")
_SELECTION = re.compile(r"^\s*(?:select\s|if\s|menu\s|endif|endmenu|source\s)")
_DEPENDENCY = re.compile(r"^\s*(?:depends on\s|select\s|if\s|endif|menu\s|endmenu|source\s|(?:menu)?config\s)")
_STRINGS = re.compile(r"\"[^\"]*\"|'[^']*'|\$\([^)]*\)|#.*")


class KconfigCheck:
    """Reads Kconfig files that a patch touches; where options are, the whole tree is searched."""

    name = "kconfig"
    about = (
        "help text of new options, references to options that no Kconfig file defines, selections without dependencies"
    )
    version = 3
    needs = Needs(whole_tree=True)

    def __init__(self) -> None:
        # The state after a patch is the one before the next, and reading a tree's options takes seconds.
        self._unmet: dict[str, Unmet] = {}

    def concerns(self, patch: CheckedPatch, /) -> bool:
        return any(_is_kconfig(file.name) for file in patch.files)

    def run(self, patch: CheckedPatch, before: State, after: State, /) -> Outcome:
        files = [file for file in patch.files if _is_kconfig(file.name) and after.blob(file.name)]
        texts = {file.name: after.read(file.name).decode("utf-8", "replace").split("\n") for file in files}
        findings = [finding for file in files for finding in _helpless(file, texts[file.name])]
        findings += [*_dangling(files, texts, after), *_left_behind(patch, before, after)]
        if not _changes_dependencies(patch):
            return Outcome(tuple(findings))
        try:
            findings += _newly_unmet(*map(self._unmet_in, (before, after)))
        except UsageError as error:
            return Outcome(tuple(findings), f"selections were not looked at: {error.message}")
        return Outcome(tuple(findings))

    def _unmet_in(self, state: State) -> Unmet:
        if state.commit not in self._unmet:
            answer = _of_tree(state)
            self._unmet = {state.commit: answer} | dict([*self._unmet.items()][: MOST_KEPT - 1])
        return self._unmet[state.commit]


def _is_kconfig(path: str) -> bool:
    return path.rpartition("/")[2].startswith("Kconfig")


def _helpless(file: FileDiff, lines: list[str]) -> Iterator[CheckFinding]:
    """New options with a prompt and without a help text."""
    for number, text in file.added.items():
        match = _OPTION.match(text)
        if match is None:
            continue
        body = []
        for line in lines[number:]:
            if _ENTRY.match(line):
                break
            body.append(line)
        if any(map(_PROMPT.match, body)) and not any(map(_HELP.match, body)):
            words = f"{match['name']} has a prompt and no help text"
            yield CheckFinding(Severity.WARNING, words, file.name, number, "kconfig", "no-help")


def _dangling(files: list[FileDiff], texts: Mapping[str, list[str]], after: State) -> Iterator[CheckFinding]:
    """References in added lines to options that are nowhere defined."""
    references = [
        (file.name, number, name)
        for file in files
        for number, text in file.added.items()
        if (match := _REFERENCE.match(text)) and not _in_help(texts[file.name], number)
        for name in _NAME.findall(_STRINGS.sub("", match["expression"]))
    ]
    if not references:
        return
    known = _defined(after, {name for _, _, name in references})
    for path, number, name in references:
        if name not in known:
            yield CheckFinding(Severity.WARNING, f"no option {name} is defined", path, number, "kconfig", "undefined")


def _in_help(lines: list[str], number: int) -> bool:
    """Whether a line is part of a help text: it is indented more than the word above it."""
    indent = _indent(lines[number - 1]) if number <= len(lines) else 0
    for line in reversed(lines[: number - 1]):
        if _HELP.match(line):
            return indent > _indent(line)
        if _ENTRY.match(line):
            return False
    return False


def _indent(line: str) -> int:
    expanded = line.expandtabs(8)
    return len(expanded) - len(expanded.lstrip())


def _left_behind(patch: CheckedPatch, before: State, after: State) -> Iterator[CheckFinding]:
    """Options that the patch takes away and that Kconfig files still refer to."""
    gone: dict[str, str] = {}
    for file in patch.files:
        if _is_kconfig(file.name):
            old, new = (_options(state.read(name)) for state, name in ((before, file.names[0]), (after, file.name)))
            gone |= dict.fromkeys(old - new, file.name)
    if not gone:
        return
    still = _defined(after, set(gone))
    for name, path in gone.items():
        if name in still:
            continue
        uses = after.grep(rf"(^|[^A-Za-z0-9_])(CONFIG_)?{name}($|[^A-Za-z0-9_])", "*Kconfig*")
        for where, line, text in uses[:3]:
            if _REFERENCE.match(text):
                words = f"{name} is defined no more ({path}), and {where}:{line} refers to it"
                yield CheckFinding(Severity.WARNING, words, where, line, "kconfig", "left-behind")


def _options(content: bytes) -> set[str]:
    lines = content.decode("utf-8", "replace").split("\n")
    return {match["name"] for match in map(_OPTION.match, lines) if match}


def _defined(state: State, names: set[str]) -> set[str]:
    pattern = rf"^[[:space:]]*(menu)?config[[:space:]]+({'|'.join(sorted(names))})[[:space:]]*$"
    matches = (_OPTION.match(text) for _, _, text in state.grep(pattern, "*Kconfig*"))
    return {match["name"] for match in matches if match}


def _changes_dependencies(patch: CheckedPatch) -> bool:
    """Whether lines change what options depend on, or what they select; a new option that does neither is no risk."""
    current, removed = "", list[str]()
    for line in patch.diff.decode("utf-8", "replace").split("\n"):
        if line.startswith("--- "):
            current = line
        elif line.startswith("-") and "Kconfig" in current:
            removed.append(line[1:])
    added = [text for file in patch.files if _is_kconfig(file.name) for text in file.added.values()]
    return any(map(_DEPENDENCY.match, removed)) or any(map(_SELECTION.match, added))


def _newly_unmet(old: Unmet, new: Unmet) -> Iterator[CheckFinding]:
    """Selections whose dependencies nothing guarantees after the patch, and were guaranteed or not there before it."""
    for (selector, selected), (lacking, place) in new.items():
        known, _ = old.get((selector, selected), ((), ""))
        if fresh := [depend for depend in lacking if depend not in known]:
            path, _, line = place.rpartition(":")
            words = f"{selector} selects {selected}, which depends on {' && '.join(fresh)}, and that can be off"
            yield CheckFinding(Severity.WARNING, words, path, int(line), "kconfig", "unmet")


def _of_tree(state: State) -> Unmet:
    lines: dict[str, list[str]] = {}
    for path, _, text in state.grep("", "*Kconfig*"):
        lines.setdefault(path, []).append(text)
    return unmet({path: "\n".join(of_path) for path, of_path in lines.items()})
