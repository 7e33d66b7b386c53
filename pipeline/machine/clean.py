"""**clean**: frees space in a workspace, and lists what takes it."""

from __future__ import annotations

import stat
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from pipeline import runs
from pipeline.system import untrusted_dir
from pipeline.system.errors import InfrastructureError, UsageError
from pipeline.system.shell import pasted
from pipeline.system.store import Store
from pipeline.system.workspace import LEFT_BY_A_KILLED_RUN, Workspace

_REBUILT = ("builds", "worktrees", "imports", "tools")
_REIMPORTED = ("trees.git", "store", "downloads", "mail", "threads", "history", "ccache", "logs")


def clean(workspace: Workspace, *, everything: bool) -> tuple[int, int]:
    """Removes what can be made again.

    Args:
        everything: trees, results and downloads, too.

    Returns:
        Bytes freed, and how many broken runs were removed.

    Raises:
        UsageError: a run is under way in this workspace.
        InfrastructureError: something cannot be removed.
    """
    before, broken = _begin(workspace)
    for name in _REBUILT + (_REIMPORTED if everything else ()):
        _remove(workspace.folder / name)
    return before - used(workspace.folder), broken


def keep(workspace: Workspace, most: int) -> tuple[int, int]:
    """Removes what was not used for longest, until no more than `most` bytes are left.

    Build folders and worktrees go first, then ccache, then downloads, then results. Trees and runs stay: the ones are
    slow to get, the others cannot be made again.

    Returns:
        Bytes freed, and how many broken runs were removed.

    Raises:
        UsageError: a run is under way in this workspace.
        InfrastructureError: something cannot be removed.
    """
    before, broken = _begin(workspace)
    bytes_used = used(workspace.folder)
    for folder in _by_use(workspace):
        if bytes_used <= most:
            break
        bytes_used -= used(folder)
        _remove(folder)
    return before - used(workspace.folder), broken


def _begin(workspace: Workspace) -> tuple[int, int]:
    """Remove broken runs and files that writers left aside; the bytes used before, and the number of these runs."""
    under_way = [run.id for run in runs.known_runs(workspace) if run.state == "running"]
    if under_way:
        raise UsageError(
            f"{under_way[0]} is under way in {workspace.folder}", hint="Wait for it, or stop it with Ctrl-C."
        )
    before = used(workspace.folder)
    Store(workspace.store, report=print).sweep()
    for prefix in LEFT_BY_A_KILLED_RUN:
        for abandoned in workspace.folder.glob(f"{prefix}*"):
            _remove(abandoned)
    return before, runs.remove_broken(workspace)


def _by_use(workspace: Workspace) -> Iterator[Path]:
    """Folders in the order in which they can be done without."""
    folder = workspace.folder
    built = [*folder.glob("builds/*/*/[!.]*"), *folder.glob("worktrees/*")]
    yield from sorted(built, key=_last_use)
    yield from sorted(folder.glob("ccache"))
    yield from sorted(folder.glob("downloads"))
    yield from sorted(Store(workspace.store, report=print).entries(), key=_last_use)


def _last_use(folder: Path) -> float:
    return folder.stat().st_mtime


def shares(workspace: Workspace) -> dict[str, int]:
    """Bytes by part of the workspace, largest first."""
    sizes = {path.name: used(path) for path in workspace.folder.iterdir() if path.is_dir()}
    return dict(sorted(sizes.items(), key=lambda size: -size[1]))


def used(folder: Path) -> int:
    """Bytes on disk below a folder, as far as it can be looked into."""
    total = 0
    with suppress(OSError):
        for _, about in untrusted_dir.entries(folder):
            total += 0 if stat.S_ISDIR(about.st_mode) else about.st_blocks * 512
    return total


def _remove(folder: Path) -> None:
    """Removes what may be a stranger's; a link is removed itself.

    Raises:
        InfrastructureError: something stays.
    """
    try:
        if folder.is_symlink():
            folder.unlink()
        else:
            untrusted_dir.remove(folder)
    except OSError as error:
        raise InfrastructureError(
            f"{folder} cannot be removed: {error.strerror}", hint=pasted(("sudo", "rm", "-rf"), (str(folder),))
        ) from error
