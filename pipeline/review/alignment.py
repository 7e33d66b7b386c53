"""Finds which lines of a mail another mail quotes, even where programs wrapped the lines differently."""

from __future__ import annotations

import re
from collections.abc import Sequence

_HYPHEN = re.compile(r"(?<=[a-z])- (?=[a-z])")
SHORT = 3
"""A line of fewer words counts as quoted only as a whole line, or right after the line above it."""


_SENTENCE = 4
"""A line also counts as quoted where the quotation has only its first or last sentence, of at least so many words."""


def words(text: str) -> str:
    """Join a text into one line with single blanks; words that a program broke at a hyphen are joined again."""
    return _HYPHEN.sub("-", " ".join(text.split()))


class Quotation:
    """The lines that a mail quotes from the mail that it answers."""

    def __init__(self, lines: Sequence[str]) -> None:
        self._lines = frozenset(words(line) for line in lines)
        whole = [line for line in self._lines if line.count(" ") + 1 >= _SENTENCE and line.endswith((".", "?", "!"))]
        self._first, self._last = tuple(f"{line} " for line in whole), tuple(f" {line}" for line in whole)
        # A line may end in a hyphen that another program breaks elsewhere.
        self._streams = tuple(dict.fromkeys((f" {words(' '.join(lines))} ", f" {' '.join(map(words, lines))} ")))

    def positions(self, lines: Sequence[str], in_part: bool = True) -> list[int]:
        """Indexes of the lines that are quoted.

        Args:
            lines: the lines of the answered mail, each made by `words`.
            in_part: also count lines of which only the first or last sentence is quoted.
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
        """Where a line is quoted for the last time, as a position in the quoted text; -1 where it is not."""
        return max(stream.rfind(f" {line} ") for stream in self._streams)
