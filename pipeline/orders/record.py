"""The record of a finished order."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace

from pipeline.machine import doctor
from pipeline.model import Series, Stage
from pipeline.orders.order import reproducer
from pipeline.orders.prepare import PreparedRun, tracked_series
from pipeline.record import RunRecord
from pipeline.review.record import ReviewRecord
from pipeline.runs import collect, places
from pipeline.runs.cells import cell_records
from pipeline.runs.checks import check_records
from pipeline.runs.claims import claim_records
from pipeline.runs.results import TreeResult
from pipeline.system.git import Repository
from pipeline.system.process import Processes
from pipeline.system.workspace import Workspace


def run_record(
    run_id: str,
    prepared: PreparedRun,
    series: Series,
    results: Sequence[TreeResult],
    review: ReviewRecord | None,
    notes: Sequence[str],
    workspace: Workspace,
    repository: Repository,
    processes: Processes,
) -> RunRecord:
    """The record of a run; trees are those of the results, as they were named there.

    Args:
        review: of the thread; None where it was not looked at.
        notes: what else must be said of the run, a sentence each.
        repository: holds the source states.
        processes: to ask the tools for their versions.
    """
    order, resolved = prepared.order, prepared.resolved
    tracked = resolved.tracked or tracked_series(series)
    cells, applied = cell_records(results), [result.applied for result in results]
    names = [applied_tree.tree.name for applied_tree in applied]
    kernels = [planned.cell for result in results for planned in result.planned if planned.cell.stage is Stage.KERNELS]
    # With a matrix from which cells are chosen, objects are compiled by default.
    until = prepared.until if prepared.objects and not resolved.matrix.chosen else order.until
    return RunRecord(
        id=run_id,
        started=prepared.started.isoformat(timespec="seconds"),
        seconds=round(time.monotonic() - prepared.clock, 1),
        command=reproducer(replace(order, until=until), names, matrix_name=resolved.matrix_name),
        series=collect.series_record(series, tracked.follow_ups if tracked else ()),
        matrix=resolved.matrix.title,
        trees=tuple(places.tree_record(repository, applied_tree) for applied_tree in applied),
        cells=cells,
        checks=check_records(results),
        claims=claim_records(repository, tracked, series, kernels, cells, applied),
        review=review,
        tools=doctor.tool_records(resolved.matrix, order.sandbox, processes),
        sandbox=order.sandbox,
        notes=tuple(dict.fromkeys(notes)),
        places=places.places(workspace),
    )
