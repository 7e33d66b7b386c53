"""A command, and how it ended."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from pipeline.system.errors import InfrastructureError
from pipeline.system.policy import LIMITS, Limits

_LAST_WORDS = 2 << 20


@dataclass(frozen=True)
class Command:
    """A command, complete: nothing is inherited but what is named here.

    Args:
        argv: program and arguments.
        cwd: working directory.
        environment: the whole environment.
        stdin: bytes for standard input.
        timeout: seconds of wall time.
        cpu: seconds of a processor, of what it starts as well; 0 is no limit.
        output_limit: bytes of stdout and stderr together.
        pass_fds: file descriptors that stay open (the jobserver's).
        merge_stderr: deliver stderr within stdout, in order.
        name: what to call it in errors; the program's name by default.
        watched: folder that it writes to; with it, what the command uses is looked at while it runs.
        limits: of what it uses.
    """

    argv: tuple[str, ...]
    cwd: Path | None = None
    environment: Mapping[str, str] = field(default_factory=dict)
    stdin: bytes = b""
    timeout: float = 600.0
    cpu: float = 0.0
    output_limit: int = 64 << 20
    pass_fds: tuple[int, ...] = ()
    merge_stderr: bool = False
    name: str = ""
    watched: Path | None = None
    limits: Limits = LIMITS

    @property
    def program(self) -> str:
        return self.name or Path(self.argv[0]).name


@dataclass(frozen=True)
class Completed:
    """How a command ended. `status` is negative for a signal; seconds are wall and CPU (children included)."""

    argv: tuple[str, ...]
    status: int
    stdout: bytes
    stderr: bytes
    seconds: float
    cpu_seconds: float

    @property
    def ok(self) -> bool:
        return self.status == 0

    @property
    def text(self) -> str:
        """Standard output and error, decoded for people."""
        return (self.stdout + self.stderr).decode("utf-8", "replace")

    @property
    def last_words(self) -> str:
        """The end of both: where a program failed it says so there, and megabytes take four times as much as text."""
        return (self.stdout[-_LAST_WORDS:] + self.stderr[-_LAST_WORDS:]).decode("utf-8", "replace")


class CutShortError(InfrastructureError):
    """A command was ended; `output` is what it had written to standard output until then."""

    output = b""


class CommandTimeoutError(CutShortError):
    """A command did not end within its time."""


class ProcessorTimeError(CutShortError):
    """A command took more of a processor than it may."""


class OutputLimitError(CutShortError):
    """A command wrote more than it may."""
