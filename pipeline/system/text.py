"""Text for people: counted nouns; words of strangers made visible, cut and wrapped by the columns that they take."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

from rich.cells import cell_len, chop_cells

INVISIBLE = ("Cc", "Cf", "Cs", "Zl", "Zp")
"""Unicode categories of controls, formats (bidi, zero width), surrogates and separators of lines."""
_RUNNER_COMMAND = re.compile(r"^([^\S\n]*)::", re.MULTILINE)
"""What a runner of CI obeys when it stands in a log: `::set-output …` at the start of a line, `##[…]` anywhere."""
_RUNNER_PREFIX = re.compile(r"##(?=\[|vso\[)")


def count(number: int, noun: str) -> str:
    """A number and what it counts, as `1 patch` and `2 patches`."""
    plural = "es" if noun.endswith("ch") else "s"
    return f"{number} {noun}{'' if number == 1 else plural}"


def visible(line: str) -> str:
    """A line with controls, bidi and zero-width characters as escapes like `\\x1b`, and tabs as blanks."""
    if line.isprintable():
        return line
    return "".join(
        char.encode("unicode_escape").decode() if unicodedata.category(char) in INVISIBLE else char
        for char in line.replace("\t", " ")
    )


def visible_code(line: str) -> str:
    """A line made visible, its tabs kept: in code they are what was written."""
    return "\t".join(map(visible, line.split("\t")))


def no_command(text: str) -> str:
    """Text of which no line is a command of GitHub's or Azure's runner."""
    return _RUNNER_PREFIX.sub("# ", _RUNNER_COMMAND.sub(r"\1∷ ", text))


def blanked(text: str) -> str:
    """Text with a blank for each such character, where an escape would be out of place."""
    return "".join(" " if unicodedata.category(char) in INVISIBLE else char for char in text)


def cut(text: str, columns: int) -> str:
    """At most so many columns of a text, and no heap of combining characters; `…` says that there was more."""
    return text if _fits(text, columns) else chop_cells(f"{text[: 2 * columns]} ", columns - 1)[0].rstrip() + "…"


def wrap(text: str, columns: int, most: int = 4) -> list[str]:
    """At most so many lines of so many columns; only a word longer than a line is broken."""
    considered = text[: 2 * columns * most]
    lines: list[str] = []
    for word in considered.split():
        for piece in filter(None, chop_cells(word, columns)):
            if lines and _fits(f"{lines[-1]} {piece}", columns):
                lines[-1] += f" {piece}"
            else:
                lines.append(cut(piece, columns))
    if len(lines) > most or considered != text:
        last = lines[:most][-1:] or [""]
        lines = [*lines[: most - 1], cut(last[0], columns - 1).rstrip("…") + "…"]
    return lines or [""]


def _fits(text: str, columns: int) -> bool:
    """Columns limit what a reader sees, characters how high combining ones can pile up."""
    return len(text) <= 2 * columns and cell_len(text) <= columns


def duration(seconds: float) -> str:
    """Seconds up to two minutes, minutes up to two hours, then hours."""
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.1f} h"


def line_ranges(lines: Iterable[int]) -> str:
    """Ascending line numbers as text: `12-15,20`."""
    ranges: list[list[int]] = []
    for number in lines:
        if ranges and ranges[-1][1] == number - 1:
            ranges[-1][1] = number
        else:
            ranges.append([number, number])
    return ",".join(str(first) if first == last else f"{first}-{last}" for first, last in ranges)
