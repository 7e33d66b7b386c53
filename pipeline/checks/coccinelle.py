"""The check `coccinelle`: findings of the base's semantic patches on a file after a patch, and not before it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from fnmatch import fnmatchcase

from pipeline.checks.compare import compared
from pipeline.checks.protocol import NOTHING, CheckedPatch, Needs, Outcome, State, Tool
from pipeline.checks.words import last_line
from pipeline.model import CheckFinding, Severity

_FOLDER = "scripts/coccinelle"
_LINE = re.compile(
    r"^(?:\./)?(?P<laid>(?P<where>before|after)/\d+\.c):(?P<line>\d+)(?::\d+(?:-\d+)?)?:? (?P<words>.+)$"
)
_COMMENT = re.compile(r"//.*|#.*")
_CALLED = re.compile(r"\\?\b([a-z_][a-z0-9_]{3,})\s*@?\w*\s*\\?[|(]|\\[(|]\s*([a-z_][a-z0-9_]{3,})")
_EACH = (
    "cd {build} || exit 9; while read -r script options; do "
    'timeout 60 spatch -D report --no-show-diff --very-quiet --cocci-file "{src}/$script" $options "$@"; '
    "done < scripts.txt"
)


class CoccinelleCheck:
    """Runs those scripts on touched files that know a function which an added line calls.

    What a list wants are options: `confidence = "High"` for scripts that say so of themselves, and `scripts`, a pattern
    of their names.
    """

    name = "coccinelle"
    about = "semantic patches of the base on touched files (scripts/coccinelle, report mode), what is new"
    version = 1
    needs = Needs(tools=(Tool("spatch", "coccinelle"),), scripts=("scripts/coccicheck",), data=(_FOLDER,))

    def concerns(self, patch: CheckedPatch, /) -> bool:
        return any(file.name.endswith(".c") and file.added for file in patch.files)

    def run(self, patch: CheckedPatch, before: State, after: State, /) -> Outcome:
        values = patch.options.values
        wanted, confidence = str(values.get("scripts", "*")), str(values.get("confidence", "High"))
        added = {word for file in patch.files for text in file.added.values() for word in re.findall(r"\w+", text)}
        scripts = [
            (path, options)
            for path, text in after.data.items()
            if path.endswith(".cocci") and fnmatchcase(path.removeprefix(f"{_FOLDER}/"), wanted)
            if (options := _options(text, confidence)) is not None and added & _functions(text)
        ]
        files, names = dict[str, bytes](), dict[str, str]()
        for at, file in enumerate(patch.files):
            for where, state, name in (("before", before, file.names[0]), ("after", after, file.name)):
                if file.name.endswith(".c") and (content := state.read(name)):
                    files[f"{where}/{at}.c"], names[f"{where}/{at}.c"] = content, name
        if not scripts or not files:
            return NOTHING
        listed = "".join(f"{path} {' '.join(options)}\n" for path, options in scripts)
        done = after.run("sh", "-c", _EACH, "sh", *files, files={**files, "scripts.txt": listed.encode()})
        if done.status and not done.stdout:
            return Outcome(not_checked=f"spatch fails: {last_line(done.last_words)}")
        return Outcome(_new(done.stdout.decode("utf-8", "replace"), names, patch))


def _options(text: str, confidence: str) -> Sequence[str] | None:
    """The options that a script asks for; None where it has no report mode or trusts itself less."""
    said = re.search(r"^//+ Confidence:\s*(\w+)", text, re.MULTILINE)
    if not re.search(r"^virtual\b.*\breport\b", text, re.MULTILINE):
        return None
    if confidence != "any" and (said is None or said[1].casefold() != confidence.casefold()):
        return None
    options = re.search(r"^//+ Options:\s*(.*)$", text, re.MULTILINE)
    return [word for word in (options[1].split() if options else []) if re.fullmatch(r"--[a-z-]+", word)]


def _functions(text: str) -> set[str]:
    """Functions that a semantic patch names: what is written as a call, or stands in a choice of names."""
    rules = text.partition("@script:")[0]
    plain = _COMMENT.sub("", rules)
    return {before_sign or behind_sign for before_sign, behind_sign in _CALLED.findall(plain)}


def _new(output: str, names: Mapping[str, str], patch: CheckedPatch) -> tuple[CheckFinding, ...]:
    findings: dict[str, list[CheckFinding]] = {"before": [], "after": []}
    for where, finding in _findings(output, names):
        findings[where].append(finding)
    return compared(findings["after"], findings["before"], patch.files)


def _findings(output: str, names: Mapping[str, str]) -> Iterator[tuple[str, CheckFinding]]:
    for match in filter(None, map(_LINE.match, output.splitlines())):
        if match["laid"] in names:
            level = Severity.WARNING if match["words"].startswith(("ERROR", "WARNING")) else Severity.REMARK
            words = re.sub(r"\bline \d+", "line", match["words"].removeprefix("ERROR: ").removeprefix("WARNING: "))
            words = words.replace(match["laid"], names[match["laid"]])
            kind = "-".join(re.findall(r"[a-z]+", words.casefold())[:5])
            yield (
                match["where"],
                CheckFinding(level, words, names[match["laid"]], int(match["line"]), "coccinelle", kind),
            )
