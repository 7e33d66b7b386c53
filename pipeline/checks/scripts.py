"""The checks `shellcheck` and `ruff`: their findings on the tree's own scripts after a patch, and not before it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pipeline.checks.compare import compared
from pipeline.checks.protocol import NOTHING, CheckedPatch, Needs, Outcome, State, Tool
from pipeline.checks.words import last_line
from pipeline.model import CheckFinding, Severity


class _ScriptCheck:
    """Runs a linter that prints JSON on each script as it was and as it is.

    Args:
        name: of the check.
        tool: the linter.
        command: what is run, before the names of files.
        suffix: of files that are looked at.
        shebang: in the first line of others that are.
    """

    version = 1

    def __init__(self, name: str, tool: Tool, command: Sequence[str], suffix: str, shebang: Sequence[bytes]) -> None:
        self.name = name
        self.about = f"scripts in the tree ({tool.program}), what is new"
        self.needs = Needs(tools=(tool,))
        self._command = command
        self._suffix = suffix
        self._shebang = shebang

    def concerns(self, patch: CheckedPatch, /) -> bool:
        # What has no suffix may be one: only its first line tells.
        return any(file.name.endswith(self._suffix) or "." not in file.name.rpartition("/")[2] for file in patch.files)

    def run(self, patch: CheckedPatch, before: State, after: State, /) -> Outcome:
        files, names = dict[str, bytes](), dict[str, str]()
        for at, file in enumerate(patch.files):
            for where, state, name in (("before", before, file.names[0]), ("after", after, file.name)):
                content = state.read(name)
                if content and self._is_one(name, content):
                    laid = f"{where}/{at}{self._suffix}"
                    files[laid], names[laid] = content, name
        if not any(name.startswith("after/") for name in files):
            return NOTHING
        done = after.run(*self._command, *files, files=files)
        try:
            entries = json.loads(done.stdout)
            located = [*_findings(self.name, entries, names)]
        except (ValueError, KeyError, TypeError, AttributeError):
            return Outcome(not_checked=f"{self.name} fails: {last_line(done.last_words)}")
        told = {
            where: [finding for laid, finding in located if laid.startswith(where)] for where in ("before/", "after/")
        }
        read = [name for laid, name in names.items() if laid.startswith("after/")]
        return Outcome(compared(told["after/"], told["before/"], patch.files), read=tuple(read))

    def _is_one(self, name: str, content: bytes) -> bool:
        first = content.split(b"\n", 1)[0]
        return name.endswith(self._suffix) or (first.startswith(b"#!") and any(word in first for word in self._shebang))


def _findings(
    tool: str, entries: Sequence[Mapping[str, Any]], names: Mapping[str, str]
) -> Iterator[tuple[str, CheckFinding]]:
    for entry in entries:
        place = str(entry.get("file") or entry.get("filename"))
        laid = next(name for name in names if place.endswith(name))
        line = int(entry["line"] if "line" in entry else entry["location"]["row"])
        code = entry.get("code")
        kind = f"SC{code}" if isinstance(code, int) else str(code or "syntax")
        level = Severity.WARNING if entry.get("level") in ("error", "warning") else Severity.REMARK
        yield laid, CheckFinding(level, str(entry["message"]), names[laid], line, tool, kind)


SHELLCHECK = _ScriptCheck(
    "shellcheck",
    Tool("shellcheck", "shellcheck"),
    ("shellcheck", "--norc", "--format=json", "--severity=warning"),
    ".sh",
    (b"/sh", b"bash", b"dash"),
)
RUFF = _ScriptCheck(
    "ruff",
    Tool("ruff", "ruff", pypi=True),
    # Names that are not defined, code that cannot be parsed; style is the tree's own.
    ("ruff", "check", "--isolated", "--no-cache", "--select=E9,F", "--output-format=json", "--exit-zero"),
    ".py",
    (b"python",),
)
