"""Where the source of a base is after each patch."""

from __future__ import annotations

from collections.abc import Mapping
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
    base, later = applied.states[0], applied.states[1:]
    limited = Repository(repository, allowance=Allowance(untrusted.GIT_MOST_SECONDS))
    return {state.patch: moved(limited, base.tree_id, state.tree_id) for state in later}
