"""Sections of the report on what was measured beside the size: coverage and layouts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pipeline.assess.coverage import Covered, covered_files, removed_words
from pipeline.assess.words import label
from pipeline.record import LayoutRecord, MemberDeltaRecord, RunRecord, line_ranges
from pipeline.render.page import Page
from pipeline.system.text import count, cut

FILES_SHOWN = 30
MEMBERS_SHOWN = 12


@dataclass(frozen=True)
class Block:
    """A headed part of a section.

    Args:
        title: wrapped by the template.
        lines: as they stand, no longer than the page is wide.
        notes: wrapped by the template.
    """

    title: str
    lines: Sequence[str] = ()
    notes: Sequence[str] = ()


def first(items: Sequence[str], most: int) -> list[str]:
    """The first items, and a last one that says how many there are more."""
    more = [f"… and {len(items) - most} more"] if len(items) > most else []
    return [*items[:most], *more]


def coverage_files(record: RunRecord) -> list[Covered]:
    """The files of code that the series changes; what is not covered comes first."""
    return sorted(covered_files(record), key=lambda file: (file.covered, not file.dropped))


def coverage_balance(record: RunRecord, files: Sequence[Covered]) -> str:
    """How much of the series is covered, in a line."""
    compiled = sum(bool(file.cells) for file in files)
    changed, dropped = sum(len(file.changed) for file in files), sum(len(file.dropped) for file in files)
    words = (
        f"{compiled} of {count(len(files), 'file')} compiled, "
        f"{changed - dropped} of {count(changed, 'changed line')} of code kept"
    )
    removed = removed_words(record)
    return f"{words}, {removed} compiled on the base" if removed else words


def coverage_blocks(record: RunRecord, page: Page) -> list[Block]:
    files = coverage_files(record)
    if not files:
        return []
    rows = [
        (file_name(record, file), f"{len(file.cells)} of {file.asked}", f"{kept_lines(file)} of {len(file.changed)}")
        for file in files[:FILES_SHOWN]
    ]
    return [
        Block(
            coverage_balance(record, files),
            page.table([("file", "cells", "lines"), *rows], right={1, 2}),
            first([note for file in files if (note := coverage_note(record, file))], FILES_SHOWN),
        )
    ]


def file_name(record: RunRecord, file: Covered) -> str:
    return f"{file.path} on {file.tree}" if len({cell.tree for cell in record.cells}) > 1 else file.path


def kept_lines(file: Covered) -> str:
    return "?" if file.kept is None else str(len(file.kept))


def coverage_note(record: RunRecord, file: Covered) -> str:
    """A sentence on a file that not every cell compiles, or not as a whole."""
    if not file.cells:
        return f"{file_name(record, file)}: not covered, no cell compiles it"
    words = []
    if file.broken:
        words.append(f"does not compile in {', '.join(label(record, cell) for cell in file.broken)}")
    if len(file.cells) < file.asked:
        words.append(f"only in {', '.join(label(record, cell) for cell in file.cells)}")
    if file.dropped:
        numbers = line_ranges(sorted(file.dropped))
        words.append(f"no cell keeps {'line' if numbers.isdigit() else 'lines'} {numbers.replace(',', ', ')}")
    return f"{file_name(record, file)}: {'; '.join(words)}" if words else ""


def layout_groups(record: RunRecord) -> dict[LayoutRecord, list[str]]:
    """Structs that differ, each once with all cells in which it differs alike."""
    groups: dict[LayoutRecord, list[str]] = {}
    for cell in record.cells:
        for layout in cell.layouts or ():
            groups.setdefault(layout, []).append(label(record, cell))
    return groups


def layout_blocks(record: RunRecord, page: Page) -> list[Block]:
    return [_layout_block(layout, cells, page) for layout, cells in layout_groups(record).items()]


def _layout_block(layout: LayoutRecord, cells: Sequence[str], page: Page) -> Block:
    rows = [member_row(member) for member in layout.members[:MEMBERS_SHOWN]]
    more = len(layout.members) - len(rows)
    return Block(
        f"struct {cut(layout.struct, 40)}, {struct_size(layout)}, in {', '.join(cells)}",
        page.table([("member", "change", "offset", "size"), *rows], right={2, 3}) if rows else (),
        [f"… and {count(more, 'member')} more"] if more else (),
    )


def struct_size(layout: LayoutRecord) -> str:
    if layout.before is None:
        return f"new, {layout.after} bytes"
    if layout.after is None:
        return f"{layout.before} bytes, removed"
    return f"{_arrow(str(layout.before), str(layout.after))} bytes"


def member_row(delta: MemberDeltaRecord) -> tuple[str, str, str, str]:
    before, after = delta.before or delta.after, delta.after or delta.before
    assert before is not None
    assert after is not None
    return (
        _arrow(before.name, after.name),
        delta.change,
        _arrow(_bytes(before.offset), _bytes(after.offset)),
        _arrow(_bytes(before.size), _bytes(after.size)),
    )


def _bytes(bits: int) -> str:
    """Bytes, and bits behind a colon where it does not come out even."""
    whole, rest = divmod(bits, 8)
    return f"{whole}:{rest}" if rest else str(whole)


def _arrow(before: str, after: str) -> str:
    return before if before == after else f"{before} → {after}"
