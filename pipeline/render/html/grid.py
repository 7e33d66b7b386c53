"""Geometry of the verdict matrix: a row of squares for each cell and for each scenario that it was booted in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pipeline.render.html.bars import Tone

PITCH = 26
"""From one square to the next, in pixels."""

GAP = 8
"""Between cells, in pixels, where scenarios stand below them."""

SIDE = 22
HEADER = 22
CHARACTER = 7.3
"""Width of a character of a label, in pixels."""


@dataclass(frozen=True)
class Mark:
    """A square of the matrix: a colour, a sign for those who do not see colours, words, and a link to the evidence."""

    tone: Tone
    sign: str
    words: str
    link: str = ""


@dataclass(frozen=True)
class Line:
    """A row before it is laid out: label, whether it belongs to the row above, marks by patch number."""

    label: str
    below: bool
    marks: Mapping[int, Mark]


@dataclass(frozen=True)
class Square:
    x: int
    y: int
    mark: Mark
    title: str


@dataclass(frozen=True)
class Label:
    x: int
    y: int
    text: str
    below: bool = False


@dataclass(frozen=True)
class Grid:
    """The picture, in pixels."""

    title: str
    description: str
    width: int
    height: int
    columns: tuple[Label, ...]
    rows: tuple[Label, ...]
    squares: tuple[Square, ...]


def state_name(patch: int) -> str:
    return "base" if patch == 0 else f"p{patch}"


def grid(title: str, patches: Sequence[int], lines: Sequence[Line]) -> Grid | None:
    """Squares for the states `patches` (0 is the base) of every line; None where there is none."""
    if not patches or not lines:
        return None
    left = round(max(len(line.label) + 2 * line.below for line in lines) * CHARACTER) + 12
    columns = tuple(
        Label(left + at * PITCH + SIDE // 2, HEADER - 8, state_name(patch)) for at, patch in enumerate(patches)
    )
    rows, squares = [], []
    grouped = any(line.below for line in lines)
    top = HEADER - PITCH
    for number, line in enumerate(lines):
        top += PITCH + (GAP if grouped and number and not line.below else 0)
        rows.append(Label(14 if line.below else 0, top + 15, line.label, line.below))
        squares += [
            Square(left + at * PITCH, top, mark, f"{line.label}, {state_name(patch)}: {mark.words}")
            for at, patch in enumerate(patches)
            if (mark := line.marks.get(patch))
        ]
    words = "; ".join(f"{line.label}: {_row_in_words(line, patches)}" for line in lines)
    return Grid(title, f"{words}.", left + len(patches) * PITCH, top + PITCH, columns, tuple(rows), tuple(squares))


def _row_in_words(line: Line, patches: Sequence[int]) -> str:
    """A row in words, neighbours that say the same told once."""
    runs: list[tuple[str, list[str]]] = []
    for patch in patches:
        words = line.marks[patch].words if patch in line.marks else "not there"
        if runs and runs[-1][0] == words:
            runs[-1][1].append(state_name(patch))
        else:
            runs.append((words, [state_name(patch)]))
    return ", ".join(f"{words} at {names[0]}{f' to {names[-1]}' if names[1:] else ''}" for words, names in runs)
