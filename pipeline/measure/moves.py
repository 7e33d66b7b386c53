"""Line numbers of the base's source after each patch."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

from pipeline.kernel.moved import Moved, moved
from pipeline.model import Applied
from pipeline.system import untrusted
from pipeline.system.git import Repository
from pipeline.system.watched import Allowance


def moved_since(repository: Path, applied: Applied) -> Mapping[int, Moved]:
    """Where the source of the base is, by patch number.

    Args:
        repository: folder of the bare repository that holds the states.
    """
    later = tuple((state.patch, state.tree_id) for state in applied.states[1:])
    return _moved_since(repository, applied.states[0].tree_id, later)


@lru_cache(maxsize=2)
def _moved_since(repository: Path, base: str, later: tuple[tuple[int, str], ...]) -> Mapping[int, Moved]:
    """Where the source of a tree is in later ones; every stage of a run asks it."""
    limited = Repository(repository, allowance=Allowance(untrusted.GIT_MOST_SECONDS))
    return {patch: moved(limited, base, tree) for patch, tree in later}
