"""Chooses the states of a series that are built."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pipeline.model import BuildStatus, SourceState


def selected_states(states: Sequence[SourceState], per_patch: bool) -> tuple[SourceState, ...]:
    """Base and last state, or all of them."""
    return tuple(states) if per_patch or len(states) <= 2 else (states[0], states[-1])


def to_bisect(known: Mapping[int, BuildStatus]) -> int | None:
    """The patch halfway between the last good state and the first bad one; None where these are neighbours."""
    failed = min((patch for patch, status in known.items() if status is BuildStatus.FAILED), default=0)
    built = max((patch for patch in known if patch < failed), default=failed)
    return None if failed - built < 2 else (built + failed) // 2
