"""Sizes and code of a tree's cells, base against patched."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from pipeline.measure.code import code_delta, code_deltas
from pipeline.measure.text import Measurer
from pipeline.model import Applied, Build, BuildStatus, CodeDelta, PlannedCell, TextDelta


@dataclass(frozen=True)
class Measured:
    """Sizes and code of one cell.

    Args:
        text: of the whole series; None where base or last state was not built.
        text_changes: of each patch in bytes, by patch number.
        code: what differs between base and last state.
        code_changes: what each patch changes, by patch number.
    """

    text: TextDelta | None = None
    text_changes: Mapping[int, int] = field(default_factory=dict)
    code: CodeDelta | None = None
    code_changes: Mapping[int, CodeDelta] = field(default_factory=dict)


def measured_cells(
    measurer: Measurer, applied: Applied, planned: Sequence[PlannedCell], builds: Mapping[tuple[str, int], Build]
) -> dict[str, Measured]:
    """Measure every cell, by cell id.

    Args:
        builds: by cell id and patch number.
    """
    return {cell.cell.id: _measured(measurer, applied, _states(cell, builds)) for cell in planned}


def _states(planned: PlannedCell, builds: Mapping[tuple[str, int], Build]) -> dict[int, Build]:
    return {patch: build for (cell_id, patch), build in builds.items() if cell_id == planned.cell.id}


def _measured(measurer: Measurer, applied: Applied, states: Mapping[int, Build]) -> Measured:
    base = applied.states[0]
    before, after = states.get(0), states.get(applied.states[-1].patch)
    measured = Measured(text_changes=measurer.text_changes(base.commit, states), code_changes=code_deltas(states))
    if before is None or after is None or not before.status is after.status is BuildStatus.BUILT:
        return measured
    return replace(measured, text=measurer.text_delta(base.commit, before, after), code=code_delta(before, after))
