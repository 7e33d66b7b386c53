"""Answers to the probes of a matrix, as columns of a report. A matrix without probes has no such columns."""

from __future__ import annotations

from collections.abc import Sequence

from pipeline.record import CellRecord, ReadingRecord, RunRecord

UNKNOWN = "-"


def columns(record: RunRecord) -> tuple[str, ...]:
    """Titles of the columns for which any cell has an answer."""
    return tuple(dict.fromkeys(reading.column for cell in record.cells for reading in cell.readings))


def reading_words(record: RunRecord, cell: CellRecord) -> tuple[str, ...]:
    """The answers of a cell, before and after the series, in the order of `columns`."""
    known = {reading.column: _joined(reading) for reading in cell.readings}
    return tuple(known.get(column, UNKNOWN) for column in columns(record))


def patched(cell: CellRecord | None, titles: Sequence[str]) -> tuple[str, ...]:
    """The answers of a cell for some columns: after the last patch, or on the base where there are none."""
    readings = cell.readings if cell else ()
    known = {reading.column: reading.before if reading.after == UNKNOWN else reading.after for reading in readings}
    return tuple(known.get(title, UNKNOWN) for title in titles)


def _joined(reading: ReadingRecord) -> str:
    """The answers before and after in one text: `64`, or `64 → 80, not 2^n` where they differ."""
    if reading.after in (UNKNOWN, reading.before):
        return reading.before
    return f"{reading.before.partition(',')[0]} → {reading.after}"
