"""The lines of a patch that a finding is about, as they are quoted: the file, the hunk, and what leads to the line."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

LINES_BEFORE = 8
"""Of a hunk, above the line that is answered."""

_FILE = re.compile(r'^\+\+\+ "?(?:b/)?(?P<path>[^\t"\n]+)')
_HUNK = re.compile(r"^@@ -\d{1,9}(?:,(?P<old>\d{1,9}))? \+(?P<start>\d{1,9})(?:,(?P<new>\d{1,9}))? @@")
_NAME = re.compile(r"[A-Za-z_]\w{2,}")
_QUOTED_NAME = re.compile(r"['‘`](?:struct |union |enum )?([A-Za-z_]\w{2,})['’`]")


@dataclass(frozen=True)
class Hunk:
    """A hunk of a diff.

    Args:
        path: of the file after the patch.
        header: the file's two lines and the hunk's own.
        lines: with their signs.
        numbers: of each line after the patch; that of the next one for a line that is taken away.
        position: which hunk of the diff it is.
    """

    path: str
    header: tuple[str, ...]
    lines: tuple[str, ...]
    numbers: tuple[int, ...]
    position: int


@dataclass(frozen=True)
class Place:
    """A line of a diff: the hunk, and the line in it."""

    hunk: Hunk
    line: int

    @property
    def order(self) -> tuple[int, int]:
        return self.hunk.position, self.line

    def quote(self, before: Place | None = None) -> list[str]:
        """Lines that a reply quotes above an answer: never more than the reader needs to know where they are.

        Args:
            before: what was quoted last; in the same hunk, the quote goes on behind it.
        """
        first = max(0, self.line - LINES_BEFORE)
        if before and before.hunk == self.hunk and before.line < self.line:
            return [*self.hunk.lines[max(first, before.line + 1) : self.line + 1]]
        return [*self.hunk.header, *self.hunk.lines[first : self.line + 1]]


def hunks(diff: str) -> list[Hunk]:
    """The hunks of a diff, in its order; what is no part of any is passed over."""
    return list(_hunks(diff.split("\n")))


def _hunks(lines: Sequence[str]) -> Iterator[Hunk]:
    header, path, at, position = tuple[str, ...](), "", 0, 0
    while at < len(lines):
        if match := _FILE.match(lines[at]):
            before = lines[at - 1] if at and lines[at - 1].startswith("--- ") else ""
            header, path = (*([before] if before else []), lines[at]), match["path"].rstrip()
        elif (match := _HUNK.match(lines[at])) and path:
            kept, numbers = _read(lines, at + 1, match)
            yield Hunk(path, (*header, lines[at]), tuple(kept), tuple(numbers), position)
            position += 1
            at += len(kept)
        at += 1


def _read(lines: Sequence[str], at: int, hunk: re.Match[str]) -> tuple[list[str], list[int]]:
    old, new, number = int(hunk["old"] or 1), int(hunk["new"] or 1), int(hunk["start"])
    kept, numbers = list[str](), list[int]()
    while at < len(lines) and (old > 0 or new > 0) and lines[at][:1] in ("", " ", "+", "-", "\\"):
        sign = lines[at][:1]
        kept.append(lines[at])
        numbers.append(number)
        old -= sign in ("", " ", "-")
        new -= sign in ("", " ", "+")
        number += sign in ("", " ", "+")
        at += 1
    return kept, numbers


def place(diff: Sequence[Hunk], path: str, line: int, source: str = "", message: str = "") -> Place | None:
    """The line of a patch that somebody complains of.

    A tree is not always the one that the patch was made for, so that the text of the line counts for more than its
    number. Where the patch does not show the line, what it changes of a name that the message has is guilty.

    Args:
        path: of the file, as the complaint names it.
        line: its number after the patch; 0 where none is named.
        source: the text of the line, its blanks made one; empty where that is not known.
        message: of a tool.
    """
    of_file = [hunk for hunk in diff if hunk.path == path]
    words = " ".join(source.split())
    spoken = [
        (abs(hunk.numbers[at] - line), hunk, at)
        for hunk in of_file
        for at, text in enumerate(hunk.lines)
        if words and text[:1] != "-" and " ".join(text[1:].split()) == words
    ]
    if spoken:
        _, hunk, at = min(spoken, key=lambda nearest: nearest[0])
        return Place(hunk, at)
    for hunk in of_file if line and not words else ():
        for at, text in enumerate(hunk.lines):
            if hunk.numbers[at] == line and text[:1] in ("+", " "):
                return Place(hunk, at)
    return place_of_name([*of_file, *(hunk for hunk in diff if hunk.path != path)], _QUOTED_NAME.findall(message))


def place_of_name(diff: Sequence[Hunk], names: Sequence[str]) -> Place | None:
    """The first changed line that has one of the names."""
    for name in names:
        for hunk in diff:
            for at, text in enumerate(hunk.lines):
                if text[:1] in ("+", "-") and name in _NAME.findall(text):
                    return Place(hunk, at)
    return None
