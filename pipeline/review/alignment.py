"""Which lines of a text a mail quotes: whole lines, by their words, however programs wrap them."""

from __future__ import annotations

from collections.abc import Sequence

SHORT = 3
"""A line of fewer words is quoted only where it is a line of the quotation, or goes on where the line above it ends."""


def words(text: str) -> str:
    """A text on one line, with single blanks."""
    return " ".join(text.split())


class Quotation:
    """Lines that a mail quotes of its parent's own words."""

    def __init__(self, lines: Sequence[str]) -> None:
        self._lines = frozenset(words(line) for line in lines)
        self._stream = f" {' '.join(filter(None, (words(line) for line in lines)))} "

    def positions(self, lines: Sequence[str]) -> list[int]:
        """Which of the lines are quoted.

        Args:
            lines: of the parent, made by `words`.
        """
        quoted: list[int] = []
        for at, line in enumerate(lines):
            if not line:
                continue
            short = line.count(" ") + 1 < SHORT and line not in self._lines
            wanted = f"{lines[at - 1]} {line}" if short and quoted[-1:] == [at - 1] else line
            if (wanted != line or not short) and f" {wanted} " in self._stream:
                quoted.append(at)
        return quoted

    def end(self, line: str) -> int:
        """Where the last quotation of a line ends."""
        return self._stream.rfind(f" {line} ")
