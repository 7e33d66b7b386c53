"""Splits a change of size into code and data: bloat-o-meter's total has both in one."""

from __future__ import annotations

from pipeline.record.cell import CellRecord

KINDS = ("text", "rodata", "data", "bss")


def kinds(cell: CellRecord) -> dict[str, int]:
    """Bytes by kind of symbol, every kind there; empty where they were not measured."""
    measured = cell.text.kinds if cell.text else {}
    return {name: measured.get(name, 0) for name in KINDS} if measured else {}


def only_text_moves(cell: CellRecord) -> bool:
    """Whether no symbol but functions has another size, as far as that is known."""
    return not any(change for name, change in kinds(cell).items() if name != "text")


def by_kind(cell: CellRecord) -> str:
    """Where a change of the size comes from, where not from text alone: `text +12, bss +65536`; else empty."""
    if only_text_moves(cell):
        return ""
    return ", ".join(f"{name} {change:+d}" for name, change in kinds(cell).items() if change or name == "text")
