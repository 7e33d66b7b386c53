"""The real Linux 6.12, imported once, in a workspace that is kept between runs."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from pipeline.run import Pipeline
from pipeline.system.console import Console
from pipeline.system.process import Processes
from pipeline.system.workspace import Workspace

ROOM = 8 << 30
"""Bytes that the tree, its worktree and build folders need, with room to spare."""


@pytest.fixture(scope="session")
def workspace() -> Path:
    """A kernel tree is 90,000 small files: they go to memory where there is room for them."""
    named = os.environ.get("PIPELINE_TEST_WORKSPACE")
    if named:
        return Path(named)
    shared_memory = Path("/dev/shm")
    if shared_memory.is_dir() and shutil.disk_usage(shared_memory).free > ROOM:
        return shared_memory / f"kernel-series-pipeline-test-{os.getuid()}"
    return Path.home() / ".cache/kernel-series-pipeline-test"


@pytest.fixture(scope="session")
def pipeline(workspace: Path) -> Pipeline:
    prepared = Workspace(workspace.resolve())
    prepared.prepare()
    return Pipeline(prepared, Processes(), Console())
