"""Public names of places in a record: those by which others know a tree, and folders that mean nothing to them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from pipeline.kernel.trees import TreeKind, TreeName
from pipeline.kernel.version import kernel_version
from pipeline.model import Applied
from pipeline.record import TreeRecord
from pipeline.runs import collect
from pipeline.system.git import Repository
from pipeline.system.workspace import Workspace


def tree_record(repository: Repository, applied: Applied) -> TreeRecord:
    """A tree with what others know it by: commit and kernel version."""
    commit = applied.tree.commit
    kind = TreeName.parse(applied.tree.name).kind
    # The imported tree is the first commit; prerequisites are commits on top of it.
    roots = repository.out("rev-list", "--max-parents=0", commit).split()
    named = roots[0] if kind in (TreeKind.GIT, TreeKind.PATH) else ""
    _, makefile, _ = repository.run("cat-file", "blob", f"{commit}:Makefile")
    return collect.tree_record(applied, named, kernel_version(makefile))


def places(workspace: Workspace) -> tuple[str, ...]:
    """Workspace, current and home folder as they are named, then as they are; empty where there is none any more."""
    named = [_there(place) for place in (workspace.folder.absolute, Path.cwd, Path.home)]
    real = [str(Path(place).resolve()) if place else "" for place in named]
    return tuple(named if named == real else named + real)


def _there(place: Callable[[], Path]) -> str:
    try:
        return str(place())
    except (OSError, RuntimeError):
        return ""
