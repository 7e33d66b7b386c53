"""Sentences for sizes that do not change, and how far that can be relied on: the noise floor (A/A)."""

from __future__ import annotations

from pipeline.record import CellRecord, RunRecord
from pipeline.system.text import count


def unchanged_size(cell: CellRecord) -> str:
    """A sentence that nothing changes in size; empty where something does."""
    if cell.text is None or cell.text.symbols or any(section.before != section.after for section in cell.sections):
        return ""
    return "no size change: every symbol and every section is as large as on the base"


def noise_floor(cell: CellRecord) -> str:
    """The differences between two builds of the base, where that was measured."""
    if (floor := cell.noise_floor) is None:
        return ""
    sections = [f"{section.name} {section.after - section.before:+d}" for section in floor.sections]
    return f"A/A, two clean builds of the base: {', '.join([f'+{floor.up} -{floor.down} bytes', *sections])}"


def noise_floors(record: RunRecord) -> str:
    """Sentences on the noise floor of a run's sizes."""
    measured = [cell.noise_floor for cell in record.cells if cell.text and cell.noise_floor]
    asked = sum(cell.text is not None for cell in record.cells)
    if not measured:
        return "not measured: --noise-floor builds each base twice"
    loud = sum(not floor.silent for floor in measured)
    words = f"{count(loud, 'cell')} of {len(measured)} not built alike twice" if loud else "0 bytes"
    return f"{words}, two clean builds of the base in {len(measured)} of {count(asked, 'cell')}"
