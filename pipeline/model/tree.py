"""A tree that a series is applied to, and the result."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


@dataclass(frozen=True)
class Tree:
    """An imported kernel tree.

    Args:
        name: as the user named it.
        version: what it turned out to be (package version, or commit).
        commit: in the workspace's own repository.
        tree_id: git tree id of that commit.
    """

    name: str
    version: str
    commit: str
    tree_id: str


@dataclass(frozen=True)
class SourceState:
    """A tree after its first `patch` patches (0 is the base)."""

    patch: int
    subject: str
    commit: str
    tree_id: str
    changed: tuple[str, ...] = ()


class ApplyStatus(StrEnum):
    CLEAN = "clean"
    THREE_WAY = "three-way"
    ALREADY_MERGED = "already-merged"
    FAILED = "failed"


@dataclass(frozen=True)
class Hunk:
    """A hunk that did not apply: its file, its line in the tree, its `@@` header."""

    path: str
    line: int
    header: str


@dataclass(frozen=True)
class BaseCandidate:
    """A commit that a series could be applied to, and why it was taken or passed over."""

    name: str
    taken: bool
    reason: str


@dataclass(frozen=True)
class Applied:
    """The result of applying a series to a tree.

    Args:
        tree: what the patches were applied to, prerequisites included.
        states: the base, and after each patch up to where applying ended.
        log: what git said.
        bases: that were considered, in order.
        prerequisites: what happened to each, in words.
    """

    tree: Tree
    status: ApplyStatus
    states: tuple[SourceState, ...]
    failed_patch: int | None = None
    failed_hunks: tuple[Hunk, ...] = ()
    log: str = ""
    bases: tuple[BaseCandidate, ...] = ()
    prerequisites: tuple[str, ...] = ()

    @property
    def usable(self) -> bool:
        return self.status in (ApplyStatus.CLEAN, ApplyStatus.THREE_WAY)

    @property
    def changed(self) -> tuple[str, ...]:
        """Paths that the patches change."""
        return tuple(path for state in self.states[1:] for path in state.changed)
