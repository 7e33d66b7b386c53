"""A finding as a mail has it."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass

from pipeline.record import CellRecord, DiagnosticRecord
from pipeline.reply.hunks import Place

BROKEN, WARNS, DOUBT, STYLE = range(4)
"""Weights: it breaks something; a new warning; something to look at; what nobody writes a mail for alone."""

Logs = Callable[[str], str]
"""The text of a log by its name within the run's folder; empty where it is not there."""


@dataclass(frozen=True)
class Report:
    """A finding as a mail has it.

    Args:
        patch: that it came with; 0 where it concerns the whole.
        place: line of the patch that it stands under; None where the patch shows none.
        text: sentences, wrapped.
        log: lines that a tool printed.
        cell: the first kernel that shows it; None where it is of none.
        diagnostics: of the compiler, if it is its finding.
        weight: the less, the more it matters.
        applied: how many patches are applied where it was seen.
    """

    patch: int
    place: Place | None
    text: tuple[str, ...]
    log: tuple[str, ...] = ()
    cell: CellRecord | None = None
    diagnostics: tuple[DiagnosticRecord, ...] = ()
    weight: int = BROKEN
    applied: int = 0

    @property
    def order(self) -> tuple[int, int]:
        """Where it stands in an answer to its patch; without a place on top, or at the end where it breaks nothing."""
        return self.place.order if self.place else (-1 if self.weight < DOUBT else sys.maxsize, 0)
