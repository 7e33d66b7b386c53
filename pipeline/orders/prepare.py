"""Preparations of a run before the first mail: definitions, tools, a sandbox that works, cells, boot scenarios."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from pipeline.cluster import Executor, choose
from pipeline.definitions import (
    CHOSEN_MATRIX,
    DEFAULT_MATRIX,
    MatrixDefinition,
    Scenario,
    SeriesDefinition,
    find_series,
    load_matrix,
    load_scenarios,
    load_series,
)
from pipeline.kernel.buildhost import BuildHost
from pipeline.kernel.default_tree import SETTING, default_trees
from pipeline.kernel.trees import EXAMPLES, TreeName
from pipeline.machine import doctor
from pipeline.model import Cell, Series, Stage
from pipeline.orders.order import Order
from pipeline.plan.cells import select_cells
from pipeline.plan.matrix import with_boots
from pipeline.probes import Probe, probe
from pipeline.system import resources
from pipeline.system.console import Console
from pipeline.system.errors import UsageError
from pipeline.system.process import Processes


@dataclass(frozen=True, kw_only=True)
class ResolvedOrder:
    """The files and names that an order stands for.

    Args:
        tracked: the series, where its name was that of a tracked one.
        matrix: with the cells that were asked for only, as toolchains of the others may be missing; with all cells
            where the series decides which are built.
        matrix_name: as `--matrix` takes it.
        fragments: folder of the matrix's fragments.
        trees: each once, in the order in which they were named.
    """

    tracked: SeriesDefinition | None
    matrix: MatrixDefinition
    matrix_name: str
    fragments: Path
    trees: tuple[TreeName, ...]

    @property
    def probes(self) -> tuple[Probe, ...]:
        """Probes that the matrix asks of every cell."""
        return tuple(map(probe, self.matrix.probes))


@dataclass(frozen=True, kw_only=True)
class PreparedRun:
    """An order with everything that it needs.

    Args:
        started, clock: when it was begun, by the calendar and by the monotonic clock in seconds.
        cells: none where the series decides which are built.
        until: the last stage.
        objects: whether objects of what the series touches are compiled, beside the matrix or in its place.
    """

    order: Order
    resolved: ResolvedOrder
    started: datetime
    clock: float
    executor: Executor
    host: BuildHost
    cells: tuple[Cell, ...]
    scenarios: Mapping[str, Scenario]
    until: Stage
    objects: bool


def resolve(order: Order) -> ResolvedOrder:
    """Find what an order names: the tracked series (where there is one), matrix, fragments and trees.

    Raises:
        UsageError: no tree is named, or a name stands for nothing.
    """
    folder = _series_dir(order)
    tracked = load_series(folder) if folder else None
    by_default = DEFAULT_MATRIX if order.baseline else CHOSEN_MATRIX
    matrix_name = order.matrix or (tracked.matrix if tracked else by_default)
    matrix, fragments = load_matrix(matrix_name)
    if order.baseline:
        matrix = matrix.without_series()
    if matrix.chosen:
        # Refuse names of cells that the matrix cannot have; whether the series needs them is known later.
        doctor.candidates(matrix, order.cells)
    names = order.trees or (tracked.trees if tracked else ()) or default_trees(Path.cwd())
    if not names:
        raise UsageError(
            "no tree is named",
            hint=f"Add --tree TREE: {EXAMPLES}. Or stand in a checkout of a kernel, or git config {SETTING} TREE.",
        )
    return ResolvedOrder(
        tracked=tracked,
        # A matrix whose cells the series decides is narrowed after that decision.
        matrix=matrix if matrix.chosen else matrix.narrowed(order.cells),
        matrix_name=matrix_name,
        fragments=fragments,
        trees=tuple(TreeName.parse(name) for name in dict.fromkeys(names)),
    )


def prepare(order: Order, host: Callable[[Order], BuildHost], processes: Processes, console: Console) -> PreparedRun:
    """Look up what an order needs.

    Args:
        host: gives the machine that cells are built on, its sandbox tried out.

    Raises:
        PipelineError: the order is wrong, or something is missing that it needs.
    """
    started, clock = datetime.now(UTC), time.monotonic()
    resolved, until = resolve(order), order.until or Stage.BOOTS
    if not until.includes(Stage.KERNELS):
        # No kernel is built, so that tools for its cells are not needed.
        resolved = replace(resolved, matrix=resolved.matrix.model_copy(update={"cells": ()}))
    executor = choose(order.executor, console)
    needs = doctor.needs(resolved.matrix, resolved.trees, order.sandbox)
    doctor.require([*needs, *([doctor.CCACHE] if order.ccache else [])])
    build_host = host(order)
    cells: tuple[Cell, ...] = ()
    if until.includes(Stage.KERNELS) and not resolved.matrix.chosen:
        cells = with_boots(select_cells(resolved.matrix, resolved.fragments, order.cells, processes), resolved.tracked)
    if not until.includes(Stage.BOOTS):
        cells = tuple(replace(cell, boot=()) for cell in cells)
    return PreparedRun(
        order=order,
        resolved=resolved,
        started=started,
        clock=clock,
        executor=executor,
        host=build_host,
        cells=cells,
        scenarios=_scenarios(order, resolved, cells),
        until=until,
        objects=_with_objects(order, resolved),
    )


def _with_objects(order: Order, resolved: ResolvedOrder) -> bool:
    """Whether the stage is run: where it is asked for, and where the series decides which kernels count."""
    if order.baseline:
        return False
    return order.until.includes(Stage.OBJECTS) if order.until else resolved.matrix.chosen


def tracked_series(series: Series) -> SeriesDefinition | None:
    """The tracked series that a fetched one is, if any: the user may have named any message of its thread."""
    folder = find_series(series.message_id) if series.message_id else None
    return load_series(folder) if folder else None


def _series_dir(order: Order) -> Path | None:
    """The folder of the tracked series that an order names; a baseline names none."""
    return None if order.baseline else find_series(order.request.text)


def _scenarios(order: Order, resolved: ResolvedOrder, cells: Sequence[Cell]) -> Mapping[str, Scenario]:
    """The boot scenarios that cells name: the series' own, those beside the matrix, those that ship."""
    series_dir = _series_dir(order)
    folders = [*([series_dir] if series_dir else []), resolved.fragments, resources.folder("kconfigs")]
    names = [name for cell in cells for name in cell.boot]
    if resolved.matrix.chosen:
        candidates = [*resolved.matrix.cells, *(cell for also in resolved.matrix.also for cell in also.cells)]
        names = [name for candidate in candidates for name in candidate.boot]
    return load_scenarios(names, tuple(dict.fromkeys(folder / "boot" for folder in folders)))
