"""Findings of a baseline: trees as they are, without a series that anything could be blamed on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from pipeline.assess.boots import complaining_on_base, failing_on_base
from pipeline.assess.words import location, result
from pipeline.record import CellRecord, RunRecord
from pipeline.system.text import cut


def problems_by_kind(record: RunRecord, cells: Iterable[tuple[str, CellRecord]]) -> Mapping[str, list[str]]:
    """Sentences on what is wrong, by what kernels do.

    Args:
        cells: of the record, with what each is called.
    """
    named = [*cells]
    return {
        "do not build": [
            f"Does not build: {name}{first_error(cell)}" for name, cell in named if result(record, cell) == "base FAILS"
        ],
        "fail when booted": [
            f"Fails when booted: {name}/{boot.scenario}: {boot.reason or boot.status}"
            + "".join(f" ({cut(line, 200)})" for line in evidence[:1])
            + "".join(f"; the kernel complains: {cut(line, 200)}" for line in boot.splats[:1] if line not in evidence)
            for name, cell in named
            for boot, evidence in failing_on_base(cell)
        ],
        "complain when booted": [
            f"The kernel complains: {name}/{boot.scenario}: {', '.join(cut(splat, 200) for splat in boot.splats)}"
            for name, cell in named
            for boot in complaining_on_base(cell)
        ],
    }


def first_error(cell: CellRecord) -> str:
    """The first error of a base, in brackets; nothing where there is none."""
    errors = [location(error) for state in cell.states if state.patch == 0 for error in state.errors]
    return "".join(f" ({cut(error, 100)})" for error in errors[:1])
