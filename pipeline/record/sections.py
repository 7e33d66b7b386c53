"""What a series does to the sections of a kernel, by kind: bloat-o-meter's total has code and data in one."""

from __future__ import annotations

from pipeline.record.cell import CellRecord

KINDS = ("text", "rodata", "data", "bss", "other")


def kind(section: str) -> str:
    """Which of `KINDS` a section of a kernel is, by its name: `.init.text` is text, `.data..percpu` data."""
    parts = [part for part in section.split(".") if part]
    for name, words in (
        ("text", {"text", "fixup", "altinstr_replacement"}),
        ("bss", {"bss", "sbss", "brk"}),
        ("rodata", {"rodata", "rodata1"}),
        ("data", {"data", "sdata", "data1", "got"}),
    ):
        if words & set(parts[:1] + parts[-1:]):
            return name
    return "text" if "text" in parts else "other"


def section_changes(cell: CellRecord) -> dict[str, int]:
    """Bytes by kind, every kind there; empty where no section was measured."""
    changes = dict.fromkeys(KINDS, 0) if cell.sections else {}
    for one in cell.sections:
        changes[kind(one.name)] += one.after - one.before
    return changes


def only_text_moves(cell: CellRecord) -> bool:
    """Whether no section but text has another size, so that what bloat-o-meter counts is text."""
    return not any(change for name, change in section_changes(cell).items() if name != "text")


def by_section(cell: CellRecord) -> str:
    """Where a change of the size comes from, where not from text alone: `text +12, bss +65536`; else empty."""
    if only_text_moves(cell):
        return ""
    return ", ".join(
        f"{name} {change:+d}" for name, change in section_changes(cell).items() if change or name == "text"
    )
