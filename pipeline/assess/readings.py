"""What the probes of a matrix read, as reports show it: columns that a driver's series does not have."""

from __future__ import annotations

from collections.abc import Sequence

from pipeline.record import CellRecord, ReadingRecord, RunRecord

UNKNOWN = "-"


def columns(record: RunRecord) -> tuple[str, ...]:
    """Titles of all columns that any cell has something for."""
    return tuple(dict.fromkeys(reading.column for cell in record.cells for reading in cell.readings))


def reading_words(record: RunRecord, cell: CellRecord) -> tuple[str, ...]:
    """A cell's answers, in the order of `columns`."""
    known = {reading.column: _joined(reading) for reading in cell.readings}
    return tuple(known.get(column, UNKNOWN) for column in columns(record))


def patched(cell: CellRecord | None, titles: Sequence[str]) -> tuple[str, ...]:
    """A cell's answers after the last patch, or else on the base, for columns of these titles."""
    readings = cell.readings if cell else ()
    known = {reading.column: reading.before if reading.after == UNKNOWN else reading.after for reading in readings}
    return tuple(known.get(title, UNKNOWN) for title in titles)


def _joined(reading: ReadingRecord) -> str:
    """Both answers as one word: `64`, `64 → 80, not 2^n`."""
    if reading.after in (UNKNOWN, reading.before):
        return reading.before
    return f"{reading.before.partition(',')[0]} → {reading.after}"
