"""What can go wrong, and what a user is told about it.

A compile error, a failed apply or a failed claim is a *result* and never raises; what raises is listed here. Every
error carries one line that says what happened, and where it helps a second that says what to type next.
"""

from __future__ import annotations

from enum import IntEnum
from pathlib import Path


class ExitStatus(IntEnum):
    """Exit statuses of every command."""

    CLEAN = 0
    SERIES_HAS_A_PROBLEM = 1
    USAGE = 2
    NOT_OBTAINED = 3
    INFRASTRUCTURE = 4


class PipelineError(Exception):
    """Base of the errors shown to a user.

    Args:
        message: one line, what happened and where.
        hint: what to do or type next.
        log: a file that holds the whole output.
    """

    status = ExitStatus.INFRASTRUCTURE

    def __init__(self, message: str, *, hint: str = "", log: Path | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.log = log


class UsageError(PipelineError):
    """The command line or a file that a maintainer edits is wrong."""

    status = ExitStatus.USAGE


class NotObtainedError(PipelineError):
    """The series could not be obtained, or no tree took it."""

    status = ExitStatus.NOT_OBTAINED


class InfrastructureError(PipelineError):
    """The machine failed, not the series: disk full, a killed compiler, no sandbox, a time-out."""

    status = ExitStatus.INFRASTRUCTURE
