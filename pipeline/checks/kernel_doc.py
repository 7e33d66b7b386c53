"""The check `kernel-doc`: `scripts/kernel-doc -none` of the base on files that a patch touches, before and after it."""

from __future__ import annotations

import re
from collections.abc import Mapping

from pipeline.checks.compare import compared
from pipeline.checks.protocol import NOTHING, CheckedPatch, Needs, Outcome, State, Tool
from pipeline.checks.words import interpreter, last_line
from pipeline.model import CheckFinding, Severity
from pipeline.system.command import Completed

_LINE = re.compile(
    r"^(?:(?P<first>Warning|Error): )?(?P<path>[^:\s]+):(?P<line>\d+):? "
    r"(?:(?P<level>warning|error): )?(?P<words>.*)$",
    re.IGNORECASE,
)
_CODE = (".c", ".h")
_COMMENT = b"/**"


class KernelDocCheck:
    """Runs the script on each file as it was and as it is; the form of its options and words changed with 6.x."""

    name = "kernel-doc"
    about = "kernel-doc comments of touched files (scripts/kernel-doc -none -Wall of the base)"
    version = 1
    needs = Needs(
        tools=(Tool("perl", "perl"), Tool("python3", "python3")),
        scripts=("tools/docs/kernel-doc", "scripts/kernel-doc.py", "scripts/kernel-doc"),
        data=("tools/lib/python", "scripts/lib"),
    )

    def concerns(self, patch: CheckedPatch, /) -> bool:
        return any(file.name.endswith(_CODE) for file in patch.files)

    def run(self, patch: CheckedPatch, before: State, after: State, /) -> Outcome:
        files = dict[str, bytes]()
        names = dict[str, str]()
        for at, file in enumerate(patch.files):
            if not file.name.endswith(_CODE):
                continue
            for where, state, name in (("before", before, file.names[0]), ("after", after, file.name)):
                content = state.read(name)
                if _COMMENT in content:
                    laid = f"{where}/{at}{file.name[-2:]}"
                    files[laid], names[laid] = content, name
        if not files:
            return NOTHING
        script = after.script
        options = ["-none", *(["-Wall"] if b"Wall" in script else [])]
        done = after.run(interpreter(script), "{script}", *options, *files, files=files)
        by_state = _findings(done, names)
        # It says how many errors there were by its status, at most 255 or 1 by version.
        if done.status and not any(by_state.values()):
            return Outcome(not_checked=f"kernel-doc fails: {last_line(done.last_words)}")
        return Outcome(compared(by_state["after"], by_state["before"], patch.files))


def _findings(done: Completed, names: Mapping[str, str]) -> dict[str, list[CheckFinding]]:
    """Findings on the files before and after, by the names that they have in the tree."""
    by_state: dict[str, list[CheckFinding]] = {"before": [], "after": []}
    for match in map(_LINE.match, done.text.splitlines()):
        path = match["path"].removeprefix("./") if match else ""
        if match is None or path not in names:
            continue
        error = "error" in (match["first"] or "", match["level"] or "")
        finding = CheckFinding(
            Severity.ERROR if error else Severity.WARNING,
            match["words"],
            names[path],
            int(match["line"]),
            "kernel-doc",
            _kind(match["words"]),
        )
        by_state[path.partition("/")[0]].append(finding)
    # Newer ones say the same of a file twice.
    return {where: list(dict.fromkeys(told)) for where, told in by_state.items()}


def _kind(words: str) -> str:
    """The warning without the names in it, as one word."""
    plain = re.sub(r"'[^']*'|\"[^\"]*\"|\S*[_()\d]\S*", "", words)
    return "-".join(re.findall(r"[a-z]+", plain.casefold())[:6])
