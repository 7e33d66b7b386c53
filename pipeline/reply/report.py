"""A finding, prepared for a mail: where it stands, its sentences, and the lines of a tool's log."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass

from pipeline.record import CellRecord, DiagnosticRecord
from pipeline.reply.hunks import Place

BROKEN, WARNS, DOUBT, STYLE = range(4)
"""Weights, the heaviest first: a failure; a new warning; something to look at; style, which alone is worth no mail."""

Logs = Callable[[str], str]
"""A function that reads a log by its name within the run's folder; empty text where there is none."""


@dataclass(frozen=True)
class Report:
    """A finding, prepared for a mail.

    Args:
        patch: number of the patch that brings it; 0 where it concerns the whole series.
        place: the line of the patch that it stands under; None where no line of the patch shows it.
        text: the sentences of the mail, wrapped.
        log: the lines that a tool printed.
        cell: the first cell that shows it; None where no cell is concerned.
        diagnostics: the compiler's errors or warnings, where it is a finding of the compiler.
        weight: one of the weights above; a smaller number matters more.
        applied: the number of patches that were applied when it was seen.
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
        """Sort key within a mail. Without a place, a failure or a warning comes first, and everything else last."""
        return self.place.order if self.place else (-1 if self.weight < DOUBT else sys.maxsize, 0)
