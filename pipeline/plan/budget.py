"""Chooses the kernels that fit into the time that a maintainer has; pure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from pipeline.model import Cell
from pipeline.plan.needed import NeededKernels
from pipeline.system.text import duration

USUAL_SECONDS = 300.0
"""CPU seconds of a small kernel that this workspace never built: what x86_64 on top of tinyconfig takes."""
STEP_SECONDS = 0.3
"""CPU seconds of a step of make, where a matrix says how many there are."""
BOOT_SECONDS = 15.0
"""Of the clock, for one boot scenario at one source state, without hardware to help."""


def affordable(
    kernels: NeededKernels, past: Callable[[Cell], float | None], seconds: float, states: int, jobs: int
) -> NeededKernels:
    """The cells that fit, in their order; a note names those that do not, with what they would take.

    Args:
        past: CPU seconds of a cell's last full build in this workspace, where there was one.
        seconds: of the clock that are left.
        states: source states that each cell is built at.
        jobs: compilers at once.
    """
    kept, left_out = list[Cell](), list[str]()
    for cell in kernels.cells:
        needed = _cost(cell, past(cell), states, jobs)
        if needed <= seconds:
            kept.append(cell)
            seconds -= needed
        else:
            left_out.append(f"{cell.id} (about {duration(needed)})")
    notes = [f"Left out, since the budget does not allow it: {', '.join(left_out)}."] if left_out else []
    return replace(kernels, cells=tuple(kept), notes=(*kernels.notes, *notes))


def _cost(cell: Cell, past: float | None, states: int, jobs: int) -> float:
    """Seconds of the clock that a cell takes. What a later state reuses of an earlier one is not counted on."""
    full = past or (cell.steps * STEP_SECONDS if cell.steps else USUAL_SECONDS)
    return states * (full / max(1, jobs) + len(cell.boot) * BOOT_SECONDS)
