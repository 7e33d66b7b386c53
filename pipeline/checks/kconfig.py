"""The check `kconfig`: new options have a help text, and what a patch writes or leaves refers to options that exist."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from pipeline.checks.protocol import CheckedPatch, Needs, Outcome, State
from pipeline.mail.diff import FileDiff
from pipeline.model import CheckFinding, Severity

_OPTION = re.compile(r"^\s*(?:menu)?config\s+(?P<name>\w+)\s*$")
_ENTRY = re.compile(r"^\s*(?:config|menuconfig|choice|endchoice|menu|endmenu|if|endif|source|comment|mainmenu)\b")
_PROMPT = re.compile(r'^\s*(?:bool|tristate|string|hex|int|prompt)\s+["\']')
_HELP = re.compile(r"^\s*(?:-+)?help(?:-+)?\s*$")
_REFERENCE = re.compile(r"^\s*(?:depends on|select|imply|visible if|if)\s+(?P<expression>.+)$")
_NAME = re.compile(r"(?<![\w$(\"'])[A-Z][A-Z0-9_]{2,}(?![\w(\"'])")
_STRINGS = re.compile(r"\"[^\"]*\"|'[^']*'|\$\([^)]*\)|#.*")


class KconfigCheck:
    """Reads Kconfig files that a patch touches; where options are, the whole tree is searched."""

    name = "kconfig"
    about = "help text of new options, references to options that no Kconfig file defines"
    version = 1
    needs = Needs(whole_tree=True)

    def concerns(self, patch: CheckedPatch, /) -> bool:
        return any(_is_kconfig(file.name) for file in patch.files)

    def run(self, patch: CheckedPatch, before: State, after: State, /) -> Outcome:
        files = [file for file in patch.files if _is_kconfig(file.name) and after.blob(file.name)]
        texts = {file.name: after.read(file.name).decode("utf-8", "replace").split("\n") for file in files}
        findings = [finding for file in files for finding in _helpless(file, texts[file.name])]
        return Outcome((*findings, *_dangling(files, texts, after), *_left_behind(patch, before, after)))


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
