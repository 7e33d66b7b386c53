"""The kernels that an order builds for a series on a tree: those of its matrix, and of them what the budget allows."""

from __future__ import annotations

import time
from collections.abc import Collection

from pipeline.measure import changed_files
from pipeline.model import Applied, Series, Stage
from pipeline.orders.prepare import PreparedRun
from pipeline.plan.budget import affordable
from pipeline.plan.needed import KernelChooser, NeededKernels


def wanted_kernels(
    prepared: PreparedRun, series: Series, applied: Applied, broken: Collection[str] = ()
) -> NeededKernels:
    """The cells whose kernels are built; where the matrix leaves the choice, those that the series needs.

    Args:
        broken: architectures for which the series is known not to compile: unasked, no kernel is built there.

    Raises:
        PipelineError: as `KernelChooser.choose`.
    """
    order, matrix = prepared.order, prepared.resolved.matrix
    if not matrix.chosen:
        kernels = NeededKernels(prepared.cells)
    elif not applied.usable or not prepared.until.includes(Stage.KERNELS):
        return NeededKernels()
    else:
        repository = prepared.host.repository
        changed = changed_files(repository, applied.states[0].commit, applied.states[-1].commit)
        chooser = KernelChooser(prepared.host, matrix, prepared.resolved.fragments)
        kernels = chooser.choose(applied, series.title, changed).narrowed(order.cells)
        if not order.cells:
            kernels = kernels.without_archs(broken)
    if order.budget is not None:
        # Kernels of all trees are built after all are planned: the budget is divided by their number.
        left = (order.budget - (time.monotonic() - prepared.clock)) / len(prepared.resolved.trees)
        states = len(applied.states) if order.per_patch else min(2, len(applied.states))
        kernels = affordable(kernels, lambda cell: prepared.host.past(cell)[1], left, states, order.jobs)
    return kernels if prepared.until.includes(Stage.BOOTS) else kernels.without_boots()
