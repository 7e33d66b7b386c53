"""Writes of a run that fail, one at a time: status 4, nothing recorded that is not so, and the next run is whole.

In the store, and everywhere else in the workspace: making files, folders and links, renaming and flushing. Every so
many of them are tried, or all, in turn with ENOSPC, EIO and EROFS. All were run when this was written.
"""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from tests.support.interruption import listed
from tests.support.paths import TRACER
from tests.support.runner import Runner
from tests.support.sweeps import some
from tests.support.undisturbed import Undisturbed, assert_goes_on

ERRORS = (errno.ENOSPC, errno.EIO, errno.EROFS)
WRITES = 160
"""In a run of one cell, nearly."""
CASES = some([(number, ERRORS[number % len(ERRORS)]) for number in range(1, WRITES + 1)], 23)


def test_there_are_as_many_writes(run_pipeline: Runner, undisturbed: Undisturbed, tmp_path: Path) -> None:
    listed = tmp_path / "writes"
    failing = f"{run_pipeline.workspace}:0:0"
    traced = run_pipeline.within(
        run_pipeline.workspace,
        PYTHONPATH=str(TRACER),
        PIPELINE_TEST_FAILING=failing,
        PIPELINE_TEST_WRITES=str(listed),
    )
    assert traced(*undisturbed.arguments).returncode == 0
    writes = listed.read_text().splitlines()
    assert len(writes) >= WRITES
    assert sum("/store/" in line for line in writes) > 100
    assert {line.split()[0] for line in writes} >= {"open", "os.mkdir", "os.rename", "fsync"}


@pytest.mark.parametrize(
    ("number", "error"), CASES, ids=[f"{number}-{errno.errorcode[error]}" for number, error in CASES]
)
def test_a_failing_write_ends_the_run(run_pipeline: Runner, undisturbed: Undisturbed, number: int, error: int) -> None:
    """Seen red with results written in place."""
    failing = f"{run_pipeline.workspace}:{number}:{error}"
    traced = run_pipeline.within(run_pipeline.workspace, PYTHONPATH=str(TRACER), PIPELINE_TEST_FAILING=failing)
    done = traced(*undisturbed.arguments)
    assert done.returncode == 4, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    assert os.strerror(error) in done.stderr
    assert "error: " in done.stderr
    assert done.stdout == ""
    assert "finished" not in listed(run_pipeline)
    assert_goes_on(run_pipeline, undisturbed)
