"""**clean**: frees space in a workspace."""

from __future__ import annotations

import shutil
from pathlib import Path

from pipeline import runs
from pipeline.system.errors import UsageError
from pipeline.system.store import Store
from pipeline.system.workspace import Workspace

_REBUILT = ("builds", "worktrees")
_REIMPORTED = ("trees.git", "store", "downloads", "mail", "threads", "history")


def clean(workspace: Workspace, *, everything: bool) -> tuple[int, int]:
    """Removes what can be made again.

    Args:
        everything: trees, results and downloads, too.

    Returns:
        Bytes freed, and how many broken runs were removed.

    Raises:
        UsageError: a run is under way in this workspace.
    """
    under_way = [run.id for run in runs.known_runs(workspace) if run.state == "running"]
    if under_way:
        raise UsageError(
            f"{under_way[0]} is under way in {workspace.folder}", hint="Wait for it, or stop it with Ctrl-C."
        )
    before = used(workspace.folder)
    Store(workspace.store, report=print).sweep()
    for name in _REBUILT + (_REIMPORTED if everything else ()):
        shutil.rmtree(workspace.folder / name, ignore_errors=True)
    for abandoned in workspace.folder.glob("apply-*"):
        shutil.rmtree(abandoned, ignore_errors=True)
    broken = runs.remove_broken(workspace)
    return before - used(workspace.folder), broken


def used(folder: Path) -> int:
    """Bytes on disk below a folder."""
    return sum(path.lstat().st_blocks * 512 for path in folder.rglob("*") if not path.is_dir())
