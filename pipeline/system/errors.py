"""Errors that are raised, and their messages for the user.

A compile error, a failed apply or a failed claim is a *result* and never raises; what raises is listed here. Every
error carries one line that says what happened, and where it helps a second that says what to type next.
"""

from __future__ import annotations

import re
from enum import IntEnum
from pathlib import Path

_MACHINE_FAILED = re.compile(
    r"^(?!Applying: )(?! *\d* \|).*(No space left on device|Disk quota exceeded|Read-only file system|"
    r"Input/output error|Cannot allocate memory|virtual memory exhausted|File size limit exceeded|"
    r"fork: (?:retry: )?Resource temporarily unavailable|"
    r"(?P<killed>Killed signal terminated program|internal compiler error: Killed|"
    r"error: \S+ died of signal (?:9|15)$|LLVM ERROR: out of memory|unable to execute command: Killed|"
    r"\*\*\* \[[^\]\n]{1,1000}\] (?:Killed|Terminated))).*$",
    re.MULTILINE,
)
"""A line in which a program says that the machine failed; not one in which git or gcc quotes the series."""


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


class KilledError(InfrastructureError):
    """A program was killed from outside, most often by the kernel when memory is short."""


def require_sound_machine(what: str, status: int, output: str) -> None:
    """Raise if a program failed because of the machine, and not because of its input.

    Args:
        what: was being done, for the message.
        status: exit status of the program; below 0 it was killed, above 128 its shell or sandbox says so.
        output: all that it printed.

    Raises:
        KilledError: the program or a child of it was killed.
        InfrastructureError: the machine failed in another way. Neither error says anything about the input.
    """
    if status == 0:
        return
    failure = _MACHINE_FAILED.search(output)
    if failure is None and 0 <= status <= 128:
        return
    words = failure[0].strip() if failure else f"the program was killed (status {status})"
    message = f"the machine failed {what}: {words[:200]}"
    if failure and not failure["killed"]:
        raise InfrastructureError(
            message, hint="Free disk space or memory, then run the same command again; finished cells are kept."
        )
    raise KilledError(
        message,
        hint="If memory was short, free some or use fewer compilers at once (--jobs N). "
        "Then run the same command again; finished cells are kept.",
    )
