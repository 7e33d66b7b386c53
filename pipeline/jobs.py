"""A plan divided into jobs for several machines: one for each kernel, so that its patches are built one upon another.

The plan is the record of a run in which nothing was built yet: its trees, its cells, and no result. `merge` joins it
with what the jobs leave.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass

from pipeline.collect import TreeResult
from pipeline.kernel.history import pinned
from pipeline.model import Tree
from pipeline.order import Order
from pipeline.record import RunRecord
from pipeline.render.plan import render_plan
from pipeline.run import Pipeline
from pipeline.system.errors import UsageError

MOST_JOBS = 256
"""Of one matrix, in a workflow of GitHub Actions."""


@dataclass(frozen=True)
class WorkflowJob:
    """What one machine builds.

    Args:
        id: unique, fit for names of files and artifacts.
        tree: as `--tree` takes it.
        tree_id: git tree id of its base, which the job must find as well.
        cells: as `--cell` takes them: one that is built, and those that are the same kernel.
    """

    id: str
    tree: str
    tree_id: str
    cells: tuple[str, ...]


def plan_jobs(pipeline: Pipeline, order: Order) -> RunRecord:
    """Fetches and applies the series and plans every cell; builds nothing.

    Trees are named by their commits, where they have any: a branch may move before a job looks it up.
    """
    work = pipeline.prepare(order)
    series = pipeline.fetch(order.request)
    trees: dict[str, Tree] = {}
    for name in work.names:
        found = pipeline.tree(pinned(name, pipeline.tree(name).commit))
        trees.setdefault(found.name, found)
    results = []
    for tree in trees.values():
        applied = pipeline.apply(series, tree, order.base)
        planned = pipeline.plan(work.host, applied.tree, work.cells, applied.changed) if applied.usable else ()
        results.append(TreeResult(applied, planned))
        pipeline.console.say(render_plan(applied.tree, planned, work.matrix, order.jobs))
    return pipeline.record("plan", work, series, results)


def jobs_of(plan: RunRecord) -> tuple[WorkflowJob, ...]:
    """The jobs that bring what is missing, in the order of the plan."""
    jobs = []
    for number, tree in enumerate(plan.trees, 1):
        cells = [cell for cell in plan.cells if cell.tree == tree.name]
        for cell in cells:
            if cell.status == "missing":
                same = [other.id for other in cells if other.same_as == cell.id]
                place = f"tree{number}-" if len(plan.trees) > 1 else ""
                jobs.append(WorkflowJob(f"{place}{cell.id}", tree.name, tree.tree_id, (cell.id, *same)))
    return tuple(jobs)


def github_matrix(jobs: Sequence[WorkflowJob]) -> str:
    """Jobs as a workflow's `strategy.matrix` takes them through `fromJSON`: one line of ASCII.

    Raises:
        UsageError: there are more than a workflow may have.
    """
    if len(jobs) > MOST_JOBS:
        raise UsageError(
            f"the plan has {len(jobs)} jobs, and a workflow may have {MOST_JOBS}",
            hint="Choose cells with --cell GLOB, or name fewer trees.",
        )
    include = [{**asdict(job), "cells": " ".join(job.cells)} for job in jobs]
    return json.dumps({"include": include}, separators=(",", ":"))
