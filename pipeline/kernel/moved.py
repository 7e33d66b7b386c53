"""Line numbers and file names of one source state in a later one, as git sees them."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from pipeline.system.git import Repository
from pipeline.system.watched import TakesTooLongError

Hunk = tuple[int, int, int, int]
"""First line and number of lines before, and those after, without context."""

_HUNK = re.compile(r"@@ -(\d{1,9})(?:,(\d{1,9}))? \+(\d{1,9})(?:,(\d{1,9}))? @@")
_AFTER = re.compile(r"\+\+\+ b/(?P<path>[^\t]+)")


@dataclass(frozen=True)
class Moved:
    """Names and lines that differ between two states.

    Args:
        renames: files by their names before.
        hunks: of files by their names after, in order; None where lines were not looked at.
    """

    renames: Mapping[str, str] = field(default_factory=dict)
    hunks: Mapping[str, Sequence[Hunk]] | None = None

    def line_before(self, path: str, line: int) -> int:
        """The number that a line of a file had before; 0 where it was not there, or lines were not looked at."""
        if self.hunks is None:
            return 0
        hunks = self.hunks.get(path, ())
        # Where nothing was added, or nothing removed, git names the line above.
        at = bisect_right(hunks, line, key=lambda hunk: hunk[2] + (not hunk[3])) - 1
        if at < 0:
            return line
        old, removed, new, added = hunks[at]
        if line < new + added:
            return 0
        return line - (new + max(added, 1)) + old + max(removed, 1)


def moved(repository: Repository, before: str, after: str) -> Moved:
    """Renames and moved lines between two trees or commits; none where git takes too much for that."""
    how = ("-r", "-p", "-U0", "--text", "--find-renames", "--break-rewrites", "--no-color", "--no-ext-diff")
    try:
        diff = repository.out("-c", "core.quotePath=false", "diff-tree", *how, "--no-textconv", before, after)
        return Moved(repository.renames(before, after), parse_hunks(diff))
    except TakesTooLongError:
        return Moved()


def parse_hunks(diff: str) -> dict[str, list[Hunk]]:
    """The hunks of a diff without context, by the files' names after."""
    by_path: dict[str, list[Hunk]] = {}
    hunks: list[Hunk] = []
    lines_left = 0
    for line in diff.split("\n"):
        if lines_left and line.startswith(("+", "-")):
            lines_left -= 1
        elif hunk := _HUNK.match(line):
            old, removed, new, added = (1 if number is None else int(number) for number in hunk.groups())
            hunks.append((old, removed, new, added))
            lines_left = removed + added
        elif after := _AFTER.match(line):
            hunks = by_path.setdefault(after["path"], [])
        elif line.startswith("+++ "):
            # The file was removed, or its name is one that git quotes.
            hunks = []
    return by_path
