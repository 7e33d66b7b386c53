"""The cell that a letter speaks of, from the words around a figure: a cell's name, a make target, an architecture."""

from __future__ import annotations

import re
from collections.abc import Sequence

from pipeline.kernel.architectures import ARCHITECTURES
from pipeline.model import Cell

_WORD = re.compile(r"[\w.-]+")
_CONFIGURATION = re.compile(r"(?:\w*_)?(?:def|allmod|allyes|allno|tiny|rand)config")


def cell_named(places: Sequence[str], cells: Sequence[Cell]) -> tuple[str, str]:
    """The id of the cell that a figure is about, or why there is none.

    Args:
        places: texts that may name it, the nearest first.
        cells: of the matrix.
    """
    for place in places:
        words = [word for written in _WORD.findall(place) if (word := written.rstrip(".-").lower())]
        named = [cell for cell in cells if cell.id.lower() in words]
        if named:
            return named[0].id, ""
        bases = [word for word in words if _CONFIGURATION.fullmatch(word)]
        archs = [name for name, known in ARCHITECTURES.items() if any(letter in words for letter in known.letters)]
        if bases or archs:
            return _nearest(cells, bases, archs)
    nearest, _ = _nearest(cells, ["defconfig"], [])
    return nearest, "" if nearest else "the letter does not say of which configuration, and no cell is a defconfig"


def _nearest(cells: Sequence[Cell], bases: Sequence[str], archs: Sequence[str]) -> tuple[str, str]:
    """The cell of that make target and architecture with the fewest fragments; x86_64 if no architecture is named."""
    fitting = [
        cell for cell in cells if (not bases or cell.base.lower() in bases) and (not archs or _arch(cell) in archs)
    ]
    fitting.sort(key=lambda cell: (_arch(cell) != "x86_64", cell.base != "defconfig", len(cell.fragments)))
    if fitting:
        return fitting[0].id, ""
    return "", f"no cell is {' or '.join([*bases[:2], *archs[:2]])}"


def _arch(cell: Cell) -> str:
    return "x86_64" if cell.arch == "x86" else cell.arch
