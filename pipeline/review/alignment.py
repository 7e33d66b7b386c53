"""Which lines of a text a mail quotes: whole lines, by their words, however programs wrap them."""

from __future__ import annotations

import re
from collections.abc import Sequence

_HYPHEN = re.compile(r"(?<=[a-z])- (?=[a-z])")
SHORT = 3
"""A line of fewer words is quoted only where it is a line of the quotation, or goes on where the line above it ends."""


_SENTENCE = 4
"""A line that is cut behind or before a sentence of so many words is quoted all the same."""


def words(text: str) -> str:
    """A text on one line, with single blanks; programs break lines at hyphens, too."""
    return _HYPHEN.sub("-", " ".join(text.split()))


class Quotation:
    """Lines that a mail quotes of its parent's own words."""

    def __init__(self, lines: Sequence[str]) -> None:
        self._lines = frozenset(words(line) for line in lines)
        whole = [line for line in self._lines if line.count(" ") + 1 >= _SENTENCE and line.endswith((".", "?", "!"))]
        self._first, self._last = tuple(f"{line} " for line in whole), tuple(f" {line}" for line in whole)
        # A line may end in a hyphen that another program breaks elsewhere.
        self._streams = tuple(dict.fromkeys((f" {words(' '.join(lines))} ", f" {' '.join(map(words, lines))} ")))

    def positions(self, lines: Sequence[str], in_part: bool = True) -> list[int]:
        """Which of the lines are quoted.

        Args:
            lines: of the parent, made by `words`.
            in_part: those, too, that are cut behind or before a sentence.
        """
        quoted: list[int] = []
        for at, line in enumerate(lines):
            if not line:
                continue
            short = line.count(" ") + 1 < SHORT and line not in self._lines
            wanted = f"{lines[at - 1]} {line}" if short and quoted[-1:] == [at - 1] else line
            whole = (wanted != line or not short) and any(f" {wanted} " in stream for stream in self._streams)
            if whole or (in_part and (line.startswith(self._first) or line.endswith(self._last))):
                quoted.append(at)
        return quoted

    def end(self, line: str) -> int:
        """Where the last quotation of a line ends."""
        return max(stream.rfind(f" {line} ") for stream in self._streams)
