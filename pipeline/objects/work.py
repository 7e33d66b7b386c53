"""A cell of the stage while it is under way."""

from __future__ import annotations

from dataclasses import dataclass, field

from pipeline.model import PlannedCell, TouchedFile
from pipeline.objects.results import StateObjects


@dataclass
class Work:
    """A cell under way.

    Args:
        planned: with the base's configuration.
        configs: of every state, by patch number.
        files: that are touched and there, by patch number, with what shows them.
        states: their results, by patch number.
        only: files that it is for; None where it is for all that are touched.
        also: files that it is for, whether they are touched or not.
    """

    planned: PlannedCell
    configs: dict[int, str] = field(default_factory=dict)
    files: dict[int, tuple[TouchedFile, ...]] = field(default_factory=dict)
    states: dict[int, StateObjects] = field(default_factory=dict)
    only: frozenset[str] | None = None
    also: frozenset[str] = frozenset()
