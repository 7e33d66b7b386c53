"""A plan divided into jobs: one for each kernel, and what a workflow is told of them."""

from __future__ import annotations

import json

import pytest

from pipeline.orders.jobs import WorkflowJob, github_matrix, jobs_of
from pipeline.record import CellRecord
from pipeline.system.errors import UsageError
from tests.support import records


def planned(name: str, status: str = "missing", **changes: object) -> CellRecord:
    return records.cell(name, **{"status": status, "states": (), "text": None, "sections": (), **changes})


CELLS = (
    planned("x86-a"),
    planned("x86-flat", "unreachable", reason="no such option"),
    planned("x86-twin", "duplicate", same_as="x86-a"),
    planned("i386"),
)


def test_each_kernel_is_a_job_with_all_cells_that_come_to_it() -> None:
    jobs = jobs_of(records.run(cells=CELLS))
    assert jobs == (
        WorkflowJob("x86-a", records.TREE, "a" * 40, ("x86-a", "x86-twin")),
        WorkflowJob("i386", records.TREE, "a" * 40, ("i386",)),
    )


def test_jobs_on_two_trees_have_names_of_their_own() -> None:
    other = records.tree(name="tar:x", tree_id="b" * 40)
    cells = (*CELLS, planned("x86-a", tree="tar:x"), planned("i386", tree="tar:x", status="duplicate", same_as="x86-a"))
    jobs = jobs_of(records.run(trees=(records.tree(), other), cells=cells))
    assert [(job.id, job.tree_id[0], job.cells) for job in jobs] == [
        ("tree1-x86-a", "a", ("x86-a", "x86-twin")),
        ("tree1-i386", "a", ("i386",)),
        ("tree2-x86-a", "b", ("x86-a", "i386")),
    ]


def test_a_workflow_reads_one_line_of_ascii() -> None:
    text = github_matrix([WorkflowJob("a", "path:/tmp/Größe\n::set-output name=x::y#m", "b" * 40, ("a", "twin"))])
    assert text.isascii()
    assert "\n" not in text
    assert json.loads(text) == {
        "include": [
            {"id": "a", "tree": "path:/tmp/Größe\n::set-output name=x::y#m", "tree_id": "b" * 40, "cells": "a twin"}
        ]
    }


def test_no_job_is_a_matrix_that_a_workflow_can_ask_for() -> None:
    assert github_matrix([]) == '{"include":[]}'


def test_a_workflow_has_at_most_256_jobs() -> None:
    jobs = [WorkflowJob(str(number), "t", "a", (str(number),)) for number in range(257)]
    assert len(json.loads(github_matrix(jobs[:256]))["include"]) == 256
    with pytest.raises(UsageError, match="257 jobs") as caught:
        github_matrix(jobs)
    assert "--cell" in caught.value.hint
