"""What a run says of a review comment: of the symbols that it names, and of the patch that it is about."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from pipeline.assess.words import count, label, location
from pipeline.record import BootRecord, CellRecord, DiagnosticRecord, RunRecord
from pipeline.review.record import PointRecord

MOST_LINES = 6
"""Of one symbol."""


def answers(record: RunRecord, point: PointRecord) -> list[str]:
    """Lines on the point's symbols, as builds and boots show them; none where they say nothing."""
    found: list[str] = []
    for symbol in filter(None, dict.fromkeys(name.removesuffix("()") for name in point.symbols)):
        lines = [*_sizes(record, symbol), *_words(record, symbol)]
        found += lines[:MOST_LINES]
        found += [f"… and {len(lines) - MOST_LINES} more of {symbol}()"] if len(lines) > MOST_LINES else []
    return found


def of_patch(record: RunRecord, patch: int) -> list[str]:
    """How the cells take one patch, where it was built alone."""
    states = [(label(record, cell), state) for cell in record.cells for state in cell.states if state.patch == patch]
    if not states:
        return [f"Patch {patch} was not built alone; --per-patch does that."] if patch else []
    failed = [name for name, state in states if state.status == "failed"]
    moved = [f"{name} {state.text_change:+d}" for name, state in states if state.text_change]
    lines = [f"With patches 1 to {patch}: builds in {len(states) - len(failed)} of {count(len(states), 'cell')}."]
    lines += [f"Build fails in {', '.join(failed)}."] if failed else []
    return lines + ([f"Size, in bytes: {', '.join(moved)}."] if moved else [])


def _sizes(record: RunRecord, symbol: str) -> Iterator[str]:
    """A function that the compiler split or cloned (`x.cold`, `x.constprop.0`) counts as itself."""
    for cell in record.cells:
        for one in cell.text.symbols if cell.text else ():
            if one.name.split(".")[0] == symbol:
                sizes = f"{'-' if one.old is None else one.old} -> {'-' if one.new is None else one.new} bytes"
                yield f"{one.name}: {sizes} ({one.delta:+d}) in {label(record, cell)}"


def _words(record: RunRecord, symbol: str) -> Iterator[str]:
    """Where compilers and kernels name the symbol."""
    named = re.compile(rf"\b{re.escape(symbol)}\b")
    for cell in record.cells:
        for words in _reports(cell):
            if named.search(words):
                yield f"{label(record, cell)}: {words}"


def _reports(cell: CellRecord) -> Iterator[str]:
    for state in cell.states:
        for kind, found in (("error", state.errors), ("new warning", state.new_warnings)):
            yield from (f"{kind} {location(one)}" for one in _named(found))
    for boot in cell.boots:
        yield from (f"boot {boot.scenario}, {_state(boot)}: {line}" for line in _complaints(boot))


def _named(found: Sequence[DiagnosticRecord]) -> Sequence[DiagnosticRecord]:
    return found[:100]


def _complaints(boot: BootRecord) -> Iterator[str]:
    yield from boot.splats
    yield from (f"{check.name}: {detail}" for check in boot.checks for detail in check.details)
    yield from boot.new_lines


def _state(boot: BootRecord) -> str:
    return f"patch {boot.patch}" if boot.patch else "base"
