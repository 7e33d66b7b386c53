"""Compiles the objects of a series on a tree that an order asks for, and reports on them step by step."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass

from pipeline.build import Builds
from pipeline.checks.compiled import wanted
from pipeline.checks.registry import configured
from pipeline.measure.moves import moved_since
from pipeline.model import Applied, BuildStatus, PlannedCell, Series
from pipeline.objects import ObjectsStage
from pipeline.orders.prepare import PreparedRun
from pipeline.plan.concerned import objects_cell_id
from pipeline.plan.reported import reported_builds
from pipeline.record import RunRecord
from pipeline.runs import collect, places
from pipeline.runs.cells import cell_records
from pipeline.runs.results import TreeResult
from pipeline.system.git import Repository

_FURTHER = 2.0
"""What other architectures take at most, as a multiple of the time until then: each is configured from scratch, and the
kernels' share of a budget comes after them."""


@dataclass(frozen=True)
class CompiledObjects:
    """The results of the stage so far.

    Args:
        record: of the stage alone; None where it is not asked for.
        notes: what must be said of it, a sentence each.
    """

    planned: tuple[PlannedCell, ...] = ()
    builds: Builds | None = None
    record: RunRecord | None = None
    notes: tuple[str, ...] = ()

    def broken(self, last: int) -> frozenset[str]:
        """Architectures whose wide cell fails after the last patch, the one of that number."""
        wide = [planned.cell for planned in self.planned if planned.cell.id == objects_cell_id(planned.cell.arch)]
        builds = {cell.arch: (self.builds or {}).get((cell.id, last)) for cell in wide}
        return frozenset(arch for arch, build in builds.items() if build and build.status is BuildStatus.FAILED)


def compiled_objects(
    prepared: PreparedRun, repository: Repository, series: Series, applied: Applied
) -> Iterator[CompiledObjects]:
    """Results of the stage: first for what the series concerns, then with further architectures, if they add to it.

    Raises:
        PipelineError: the machine failed.
    """
    order = prepared.order
    reports = reported_builds(series.replies)
    stage = ObjectsStage(prepared.host, repository, applied, order.cells, wanted(series, configured()), reports)
    if not prepared.objects or not applied.usable or not stage.wanted:
        return
    first = stage.run()
    record = _record(prepared, repository, series, TreeResult(applied, *first))
    spent = time.monotonic() - prepared.clock
    if order.budget is not None and spent * (1 + _FURTHER) > order.budget / len(prepared.resolved.trees):
        notes = ("Further architectures were left out, since the budget does not allow it.",)
        yield CompiledObjects(*first, record, (*notes, *stage.unreached()))
        return
    if first[0] or not stage.cells():
        yield CompiledObjects(*first, record)
    more = stage.run_elsewhere()
    if more[0] != first[0]:
        record = _record(prepared, repository, series, TreeResult(applied, *more))
    yield CompiledObjects(*more, record if more[0] != first[0] else None, stage.unreached())


def _record(prepared: PreparedRun, repository: Repository, series: Series, result: TreeResult) -> RunRecord:
    applied = result.applied
    result = TreeResult(applied, result.planned, result.builds, moved=moved_since(repository.folder, applied))
    tree, started = places.tree_record(repository, applied), prepared.started.isoformat(timespec="seconds")
    return collect.stage_record(series, tree, cell_records([result]), started)
