"""A plan divided into jobs for several machines: one for each kernel, so that its patches are built one upon another.

The plan is the record of a run in which nothing was built yet: its trees, its cells, and no result. `merge` joins it
with what the jobs leave.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass

from pipeline.record import RunRecord
from pipeline.system.errors import UsageError

MOST_JOBS = 256
"""Of one matrix, in a workflow of GitHub Actions."""


@dataclass(frozen=True)
class WorkflowJob:
    """The share of one machine in a plan.

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
