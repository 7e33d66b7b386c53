"""Measures from outside what a command and all that it started use while they run.

An ordinary user cannot set a limit on the processes or the memory of several processes together, and root's are not
counted at all (setrlimit(2), RLIMIT_NPROC); a control group takes rights that neither always has.
"""

from __future__ import annotations

import errno
import os
import re
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from pipeline.system import untrusted_dir
from pipeline.system.errors import InfrastructureError
from pipeline.system.held import Held, Run, held, segments
from pipeline.system.policy import Limits

_HINT = "Patches can do this on purpose: look at the series. Where they do not, free space or memory and run it again."
_RESIDENT = re.compile(r"^Rss(Anon|Shmem):\s+(\d+) kB", re.MULTILINE)
_PAUSE = 50
"""Times that a walk over a folder took, until the next."""
_SELDOM = 4
"""Looks at processes for one at segments, which takes a program of its own."""
ASLEEP = 10.0
"""Seconds without a look at a command after which this process must have been stopped."""


class LimitError(InfrastructureError):
    """A command used more than it may, and was ended."""


@dataclass(frozen=True)
class Use:
    """Resources that processes use: threads, bytes of memory that no file backs, and open files."""

    processes: int
    memory: int
    held: Held = field(default_factory=Held)


class Watch:
    """Looks at one command; how often is up to its limits, and to how long a look takes.

    Args:
        name: of the command, for errors.
        pid: the command's first process.
        folder: that it writes to.
        run: runs programs that look where this process cannot.
    """

    def __init__(self, name: str, pid: int, folder: Path, limits: Limits, run: Run) -> None:
        self._name = name
        self._pid = pid
        self._folder = folder
        self._limits = limits
        self._run = run
        self._memory = limits.memory or os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") * 9 // 10
        self._next = self._next_walk = self._next_segments = time.monotonic() + limits.interval
        self._device = folder.stat().st_dev
        self._written = self._segments = 0
        self._hidden: frozenset[int] = frozenset()

    def check(self) -> None:
        """Raises LimitError when the command uses too much; does nothing when the last look was a moment ago."""
        now = time.monotonic()
        if now < self._next:
            return
        limits = self._limits
        processes = descendants(self._pid, limits.processes)
        used = use(processes, limits, self._device)
        self._require(used.processes, limits.processes, f"it ran {used.processes} processes, more than it may")
        self._require_seen(used.held)
        if now >= self._next_segments:
            self._segments = segments(processes, self._run)
            self._next_segments = time.monotonic() + _SELDOM * limits.interval
        memory = used.memory + self._segments
        self._require(memory, self._memory, f"it used {memory >> 20} MiB of memory, more than it may")
        with suppress(OSError):
            disk = os.statvfs(self._folder)
            free = disk.f_bavail * disk.f_frsize
            self._require(limits.free, free, f"only {free >> 20} MiB of disk are free")
        if now >= self._next_walk:
            self._written, files = self._extent()
            self._require(files, limits.files, f"it wrote {files} files, more than it may")
            self._next_walk = time.monotonic() + _PAUSE * (time.monotonic() - now)
        size = self._written + used.held.disk
        self._require(size, limits.folder, f"it wrote {size >> 20} MiB, more than it may")
        self._next = time.monotonic() + limits.interval

    def _require_seen(self, held: Held) -> None:
        """Raises LimitError where what processes hold open cannot be counted."""
        most = self._limits.descriptors
        self._require(held.descriptors, most, f"it had more than {most} files open")
        if held.on_its_way:
            raise LimitError(f"{self._name} was ended: it kept files open in sockets or rings", hint=_HINT)
        # A program can be so for a moment, while it is started; bubblewrap, the first, always is.
        hidden = held.hidden - {self._pid}
        if hidden & self._hidden:
            raise LimitError(f"{self._name} was ended: it hid which files it has open", hint=_HINT)
        self._hidden = hidden

    def _extent(self) -> tuple[int, int]:
        try:
            return extent(self._folder)
        except OSError as error:
            if error.errno not in (errno.EACCES, errno.ENAMETOOLONG, errno.E2BIG):
                raise
            words = f"it made a folder that cannot be read: {error.strerror}"
            raise LimitError(f"{self._name} was ended: {words}", hint=_HINT) from error

    def _require(self, used: int, most: int, words: str) -> None:
        if used > most:
            raise LimitError(f"{self._name} was ended: {words}", hint=_HINT)


def use(processes: Mapping[int, tuple[str, ...]], limits: Limits, device: int) -> Use:
    """Resources that processes use (proc(5)); counting stops at more threads than allowed.

    A fork bomb leaves us little of the processor, so that counting must be cheap.

    Args:
        processes: each with its threads.
        device: of the folder that they write to.
    """
    threads = sum(map(len, processes.values()))
    if threads > limits.processes:
        return Use(threads, 0)
    sizes = [_memory(pid, names) for pid, names in processes.items()]
    own, shared = sum(own for own, _ in sizes), sum(shared for _, shared in sizes)
    open_files = held(processes, device, limits.descriptors)
    # What is resident of a file without a name is counted as that file's, too.
    return Use(threads, own + max(shared, open_files.memory), open_files)


def descendants(pid: int, most: int) -> dict[int, tuple[str, ...]]:
    """A process and its descendants, each with its threads, until these are more than `most`."""
    processes: dict[int, tuple[str, ...]] = {}
    waiting, threads = [pid], 0
    while waiting and threads + len(waiting) <= most:
        process = waiting.pop()
        with suppress(OSError):
            processes[process] = tuple(path.name for path in Path(f"/proc/{process}/task").iterdir())
            threads += len(processes[process])
            for thread in processes[process]:
                # Of CONFIG_PROC_CHILDREN, which distributions set; orphans are children of the sandbox's first process.
                waiting += map(int, _read(Path(f"/proc/{process}/task/{thread}/children")).split())
    # What was not looked at has one thread at least.
    return processes | {process: (str(process),) for process in waiting}


def _memory(pid: int, threads: Sequence[str]) -> tuple[int, int]:
    """Bytes of a process that no file backs, its own and shared ones; none when it has ended."""
    for thread in threads:
        # The first thread can have ended before others, which then are the ones to ask.
        with suppress(OSError):
            sizes = dict(_RESIDENT.findall(_read(Path(f"/proc/{pid}/task/{thread}/status"))))
            if sizes:
                return int(sizes["Anon"]) << 10, int(sizes["Shmem"]) << 10
    return 0, 0


def is_alive(pid: int) -> bool:
    """Whether there is such a process, and it has not ended."""
    with suppress(OSError):
        # The name of the program, in parentheses, may hold anything; the state is behind it.
        return _read(Path(f"/proc/{pid}/stat")).rpartition(")")[2].split()[0] not in "ZX"
    return False


def processor_seconds(pid: int) -> float:
    """Seconds of a processor that a process took, with its children that ended; none when it has ended itself."""
    with suppress(OSError, IndexError):
        # proc(5): utime, stime, cutime and cstime are fields 14 to 17; the parenthesis ends the second.
        fields = _read(Path(f"/proc/{pid}/stat")).rpartition(")")[2].split()[11:15]
        return sum(map(int, fields)) / os.sysconf("SC_CLK_TCK")
    return 0.0


def extent(folder: Path) -> tuple[int, int]:
    """Bytes on disk and number of files below a folder; links are not followed, what vanishes is not counted.

    Raises:
        OSError: a folder hides what it holds.
    """
    size = files = 0
    for _, about in untrusted_dir.entries(folder):
        files += 1
        size += about.st_blocks * 512
    return size, files


def _read(path: Path) -> str:
    return path.read_bytes().decode("utf-8", "replace")


class TimeAwake:
    """Time in which this process ran: while it is stopped (Ctrl-Z, a debugger, a frozen container) no limit runs."""

    def __init__(self) -> None:
        self._seconds, self._last = 0.0, time.monotonic()

    def seconds(self) -> float:
        """Since it was made; asked every second or so."""
        now = time.monotonic()
        if now - self._last < ASLEEP:
            self._seconds += now - self._last
        self._last = now
        return self._seconds
