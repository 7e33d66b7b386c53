"""Chooses the symbols that a page shows: a kernel's table has 60,000 of them, a page a few hundred."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from heapq import nlargest, nsmallest

from pipeline.record import RunRecord, SymbolRecord, TextRecord
from pipeline.render.text_report import summary
from pipeline.system.text import visible

EXTREMES = 10
"""Symbols that grow, and symbols that shrink, in the picture of each cell."""

FILES = 30
"""Source files in the picture of each cell."""


@dataclass(frozen=True)
class Totals:
    """Totals over all symbols of a cell.

    Args:
        symbols: how many differ.
        files: bytes by source file, the largest amounts first, at most `FILES`.
        folders: bytes that were added and taken by folder of the source, the largest amounts first.
        elsewhere: bytes of files beyond `files`.
        unplaced: symbols of which no source file is known, and their bytes.
    """

    symbols: int
    files: Mapping[str, int]
    folders: Mapping[str, tuple[int, int]]
    elsewhere: int
    unplaced: tuple[int, int]


def totals(text: TextRecord) -> Totals:
    files: dict[str, int] = {}
    folders: dict[str, list[int]] = {}
    unplaced = [0, 0]
    for symbol in text.symbols:
        if not symbol.path:
            unplaced[0] += 1
            unplaced[1] += symbol.delta
            continue
        files[symbol.path] = files.get(symbol.path, 0) + symbol.delta
        changed = folders.setdefault(symbol.path.rpartition("/")[0] or ".", [0, 0])
        changed[symbol.delta < 0] += symbol.delta
    shown = nlargest(FILES, files.items(), key=lambda pair: (abs(pair[1]), pair[0]))
    biggest = nlargest(FILES, folders.items(), key=lambda pair: (pair[1][0] - pair[1][1], pair[0]))
    return Totals(
        len(text.symbols),
        {visible(path): delta for path, delta in shown},
        {visible(path): (up, down) for path, (up, down) in biggest},
        sum(files.values()) - sum(delta for _, delta in shown),
        (unplaced[0], unplaced[1]),
    )


def without_the_small(record: RunRecord, most: int) -> RunRecord:
    """The record with the largest symbols of each cell, and of bloat-o-meter's words the summary alone.

    Args:
        most: symbols of the whole run, shared evenly among its cells; the extremes of each cell stay.
    """
    measured = sum(cell.text is not None for cell in record.cells)
    cells = [
        cell.model_copy(update={"text": _largest(cell.text, most // measured)}) if cell.text else cell
        for cell in record.cells
    ]
    return record.model_copy(update={"cells": tuple(cells)})


def growers(text: TextRecord) -> list[SymbolRecord]:
    return [symbol for symbol in nlargest(EXTREMES, text.symbols, key=lambda symbol: symbol.delta) if symbol.delta > 0]


def shrinkers(text: TextRecord) -> list[SymbolRecord]:
    return [symbol for symbol in nsmallest(EXTREMES, text.symbols, key=lambda symbol: symbol.delta) if symbol.delta < 0]


def _largest(text: TextRecord, most: int) -> TextRecord:
    kept = {id(symbol): symbol for symbol in nlargest(most, text.symbols, key=lambda symbol: abs(symbol.delta))}
    kept |= {id(symbol): symbol for symbol in [*growers(text), *shrinkers(text)]}
    symbols = sorted(kept.values(), key=lambda symbol: (-abs(symbol.delta), symbol.name))
    return text.model_copy(update={"symbols": tuple(symbols), "verbatim": summary(text)})
