"""What a command and everything that it started use, looked at from outside while it runs.

An ordinary user cannot set a limit on the processes or the memory of several processes together, and root's are not
counted at all (setrlimit(2), RLIMIT_NPROC); a control group takes rights that neither always has.
"""

from __future__ import annotations

import errno
import os
import re
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from pipeline.system import beneath
from pipeline.system.errors import InfrastructureError
from pipeline.system.policy import Limits

_HINT = "Patches can do this on purpose: look at the series. Where they do not, free space or memory and run it again."
_ANONYMOUS = re.compile(r"^Rss(?:Anon|Shmem):\s+(\d+) kB", re.MULTILINE)
_PAUSE = 50
"""Times that a walk over a folder took, until the next."""
ASLEEP = 10.0
"""Seconds without a look at a command after which this process must have been stopped."""


class LimitError(InfrastructureError):
    """A command used more than it may, and was ended."""


@dataclass(frozen=True)
class Use:
    """What processes use: threads, and bytes of memory that no file backs."""

    processes: int
    memory: int


class Watch:
    """Looks at one command; how often is up to its limits, and to how long a look takes.

    Args:
        name: of the command, for errors.
        pid: the command's first process.
        folder: that it writes to.
    """

    def __init__(self, name: str, pid: int, folder: Path, limits: Limits) -> None:
        self._name = name
        self._pid = pid
        self._folder = folder
        self._limits = limits
        self._memory = limits.memory or os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") * 9 // 10
        self._next = self._next_walk = time.monotonic() + limits.interval

    def check(self) -> None:
        """Raises LimitError when the command uses too much; does nothing when the last look was a moment ago."""
        now = time.monotonic()
        if now < self._next:
            return
        limits = self._limits
        used = use(self._pid, limits.processes)
        self._require(used.processes, limits.processes, f"it ran {used.processes} processes, more than it may")
        self._require(used.memory, self._memory, f"it used {used.memory >> 20} MiB of memory, more than it may")
        with suppress(OSError):
            disk = os.statvfs(self._folder)
            free = disk.f_bavail * disk.f_frsize
            self._require(limits.free, free, f"only {free >> 20} MiB of disk are free")
        if now >= self._next_walk:
            size, files = self._extent()
            self._require(size, limits.folder, f"it wrote {size >> 20} MiB, more than it may")
            self._require(files, limits.files, f"it wrote {files} files, more than it may")
            self._next_walk = time.monotonic() + _PAUSE * (time.monotonic() - now)
        self._next = time.monotonic() + limits.interval

    def _extent(self) -> tuple[int, int]:
        try:
            return extent(self._folder)
        except OSError as error:
            if error.errno not in (errno.EACCES, errno.ENAMETOOLONG):
                raise
            words = f"it made a folder into which nobody can look: {error.strerror}"
            raise LimitError(f"{self._name} was ended: {words}", hint=_HINT) from error

    def _require(self, used: int, most: int, words: str) -> None:
        if used > most:
            raise LimitError(f"{self._name} was ended: {words}", hint=_HINT)


def use(pid: int, most: int) -> Use:
    """What a process and its descendants use (proc(5)); no more is counted once there are more than `most` threads.

    A fork bomb leaves us little of the processor, so that counting must be cheap.
    """
    processes = descendants(pid, most)
    threads = sum(map(len, processes.values()))
    return Use(threads, 0 if threads > most else sum(map(_memory, processes)))


def descendants(pid: int, most: int) -> dict[int, tuple[str, ...]]:
    """A process and its descendants, each with its threads, until these are more than `most`."""
    found: dict[int, tuple[str, ...]] = {}
    waiting, threads = [pid], 0
    while waiting and threads + len(waiting) <= most:
        one = waiting.pop()
        with suppress(OSError):
            found[one] = tuple(path.name for path in Path(f"/proc/{one}/task").iterdir())
            threads += len(found[one])
            for thread in found[one]:
                # Of CONFIG_PROC_CHILDREN, which distributions set; orphans are children of the sandbox's first process.
                waiting += map(int, _read(Path(f"/proc/{one}/task/{thread}/children")).split())
    # What was not looked at has one thread at least.
    return found | {one: (str(one),) for one in waiting}


def _memory(pid: int) -> int:
    """Bytes of a process that no file backs; 0 when it has ended."""
    with suppress(OSError):
        return sum(int(size) << 10 for size in _ANONYMOUS.findall(_read(Path(f"/proc/{pid}/status"))))
    return 0


def is_alive(pid: int) -> bool:
    """Whether there is such a process, and it has not ended."""
    with suppress(OSError):
        # The name of the program, in parentheses, may hold anything; the state is behind it.
        return _read(Path(f"/proc/{pid}/stat")).rpartition(")")[2].split()[0] not in "ZX"
    return False


def extent(folder: Path) -> tuple[int, int]:
    """Bytes on disk and number of files below a folder; links are not followed, what vanishes is not counted.

    Raises:
        OSError: a folder hides what it holds.
    """
    size = files = 0
    for _, about in beneath.entries(folder):
        files += 1
        size += about.st_blocks * 512
    return size, files


def _read(path: Path) -> str:
    return path.read_bytes().decode("utf-8", "replace")


class TimeAwake:
    """Time in which this process ran: while it is stopped (Ctrl-Z, a debugger, a frozen container) nobody is late."""

    def __init__(self) -> None:
        self._seconds, self._last = 0.0, time.monotonic()

    def seconds(self) -> float:
        """Since it was made; asked every second or so."""
        now = time.monotonic()
        if now - self._last < ASLEEP:
            self._seconds += now - self._last
        self._last = now
        return self._seconds
