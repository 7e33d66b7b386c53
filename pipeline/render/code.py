"""Sentences on code that differs: how much of it, which functions, and how little of it sizes show."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from pipeline.assess.words import label
from pipeline.record import CellRecord, CodeChangeRecord, CodeRecord, RunRecord, line_ranges
from pipeline.render.measured import Block
from pipeline.render.page import Page
from pipeline.system.text import count

CHANGES_SHOWN = 10
PATCH_CHANGES_SHOWN = 5
HEADER = ("function or data", "old", "new", "instructions", "file")


@dataclass(frozen=True)
class Comparison:
    """The differences between two source states of a cell.

    Args:
        patch: number of patches applied at the later state.
        whole: the earlier state is the base, so that the difference is that of the series; else that of one patch.
    """

    patch: int
    whole: bool
    code: CodeRecord

    @property
    def of(self) -> str:
        return "series" if self.whole else "patch"

    @property
    def numbers(self) -> dict[str, int]:
        """How many of each kind differ; empty where so many do that they were not counted."""
        if self.code.more_than:
            return {}
        return {"functions": self.code.changed_functions, "data objects": self.code.changed_objects}

    @property
    def lines(self) -> list[str]:
        """How much differs, and what."""
        names = [] if self.code.same else [changed_names(self.code, CHANGES_SHOWN)]
        return [code_words(self.code), *names]


def comparisons(cell: CellRecord) -> list[Comparison]:
    """Comparisons of each patch that was built after the state before it, and at last that of the whole series."""
    all_comparisons = [Comparison(state.patch, False, state.code) for state in cell.states if state.code]
    whole = [Comparison(cell.states[-1].patch, True, cell.code)] if cell.code and cell.states else []
    return [*all_comparisons, *whole]


def code_words(code: CodeRecord) -> str:
    """How much of a cell's code differs, in a sentence without its full stop."""
    if code.same:
        return f"no code changed: {count(code.functions, 'function')} and {count(code.objects, 'data object')} compared"
    words = [count(code.changed_functions, "function")] if code.changed_functions else []
    words += [count(code.changed_objects, "data object")] if code.changed_objects else []
    sentence = f"code changed in {' and '.join(words)} of {count(code.files, 'file')}" if words else "no code changed"
    if code.more_than:
        sentence = f"code changed in more than {code.more_than} functions and data objects, which are not counted"
    if code.changed_functions:
        sentence += f"; sizes alone show {code.resized or 'none'} of the functions"
    if code.unread:
        sentence += f"; {count(len(code.unread) + code.more_unread, 'object file')} could not be read"
    return sentence


def change_row(change: CodeChangeRecord) -> tuple[str, str, str, str, str]:
    """A change under `HEADER`."""
    name = f"{change.name}()" if change.kind == "function" else change.name
    old, new = ("-" if size is None else str(size) for size in (change.before, change.after))
    amount = str(change.amount) if change.kind == "function" and change.amount else "-"
    return (name, old, new, amount, change.path)


def compared_cells(record: RunRecord) -> Iterator[tuple[CellRecord, CodeRecord]]:
    """Cells whose code was compared; those without a difference last."""
    cells = [(cell, cell.code) for cell in record.cells if cell.code]
    return iter(sorted(cells, key=lambda pair: pair[1].same))


def code_blocks(record: RunRecord, page: Page) -> list[Block]:
    return [
        Block(
            f"{label(record, cell)}: {code_words(code)}",
            page.table([HEADER, *map(change_row, code.changes[:CHANGES_SHOWN])], right={1, 2, 3})
            if code.changes
            else (),
            [*_more(code), *patch_lines(cell)],
        )
        for cell, code in compared_cells(record)
    ]


def patch_lines(cell: CellRecord) -> list[str]:
    """The differences that each patch makes in a cell, a line for each that was built after the state before it."""
    compared = [(state, state.code) for state in cell.states if state.code]
    quiet = line_ranges([state.patch for state, code in compared if code.same])
    lines = [f"patch {state.patch}: {changed_names(code)}" for state, code in compared if not code.same]
    return [*lines, *([f"no code changed by patch {quiet.replace(',', ', ')}"] if quiet else [])]


def changed_names(code: CodeRecord, most: int = PATCH_CHANGES_SHOWN) -> str:
    """The most changed functions and data objects, and how many more there are."""
    if code.more_than:
        return f"more than {code.more_than} functions and data objects"
    names = [f"{change.name}()" if change.kind == "function" else change.name for change in code.changes[:most]]
    hidden = code.changed_functions + code.changed_objects - len(names)
    return ", ".join([*names, *([f"{hidden} more"] if hidden > 0 else [])]) or "not all code could be read"


def _more(code: CodeRecord) -> list[str]:
    hidden = code.changed_functions + code.changed_objects - min(len(code.changes), CHANGES_SHOWN)
    return [f"… and {hidden} more"] if hidden > 0 else []
