"""What a build host says and does before anything is built."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from pipeline.kernel.buildhost import BuildHost
from pipeline.model import Tree
from pipeline.system.console import Console
from pipeline.system.workspace import Workspace

TREE = Tree("path:/linux", "1", "c" * 40, "e" * 40)


def test_a_run_that_waits_for_another_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    workspace = Workspace(tmp_path / "workspace")
    workspace.prepare()
    nothing: Any = None
    host = BuildHost(workspace, nothing, nothing, nothing, Console(), 1)
    with host.worktree_lock(TREE):
        assert capsys.readouterr().err == ""
        host.worktree_lock(TREE)
        assert "Waiting for another run that uses path:/linux" in capsys.readouterr().err
    host.worktree_lock(TREE)
    assert capsys.readouterr().err == ""
