"""Memory that processes hold and that is neither resident in them nor in a folder: files without a name, and segments.

A file that was removed lives as long as somebody has it open or mapped; one of memfd_create(2) never had a name. A
segment of shmget(2) lives until it is removed, with or without processes that have it attached (proc(5), sysvipc(7)).
"""

from __future__ import annotations

import fcntl
import os
import re
import stat
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path

_DELETED = re.compile(
    rb"^(?P<range>(?P<start>[0-9a-f]+)-(?P<end>[0-9a-f]+)) \S+ [0-9a-f]+ "
    rb"(?P<device>[0-9a-f]+:[0-9a-f]+) (?P<inode>\d+) +(?P<path>.*) \(deleted\)$",
    re.MULTILINE,
)
_ON_ITS_WAY = re.compile(rb"^(?:scm_fds|UserFiles):\s*0*[1-9]", re.MULTILINE)
"""Files in a socket, sent and not received (unix(7)), or given to io_uring: open, and in no process's list."""
_WITHOUT_RIGHTS = re.compile(rb"^CapPrm:\s*0+$", re.MULTILINE)
_SECRET = "/secretmem"
"""The name of all files of memfd_secret(2); they have a link more than others without a name, and tell of no blocks."""
_NS_GET_USERNS = 0xB701
"""ioctl_ns(2)."""
_ENDED = re.compile(rb"^State:\s*[ZX]", re.MULTILINE)


Run = Callable[[tuple[str, ...], tuple[int, ...]], bytes]
"""Runs a program with descriptors that it inherits; gives what it wrote, and nothing where it failed."""


@dataclass(frozen=True)
class Held:
    """Files and segments that processes hold open.

    Args:
        memory: bytes of files without a name that lie in memory.
        disk: bytes of those that lie where the build folder does.
        descriptors: how many were looked at.
        hidden: processes whose descriptors this one may not see; not those that have ended, or that are bubblewrap.
        on_its_way: whether files are open that no process has.
    """

    memory: int = 0
    disk: int = 0
    descriptors: int = 0
    hidden: frozenset[int] = frozenset()
    on_its_way: bool = False


def held(processes: Mapping[int, tuple[str, ...]], device: int, most: int) -> Held:
    """Files and segments without a name that processes hold.

    Args:
        processes: each with its threads, which can have descriptors of their own.
        device: of the build folder.
        most: descriptors; there is an end after so many.
    """
    files: dict[tuple[int, int], int] = {}
    hidden, descriptors, on_its_way = set[int](), 0, False
    for pid, threads in processes.items():
        for thread in threads:
            task = f"/proc/{pid}/task/{thread}"
            try:
                for path, about in _open_files(f"{task}/fd"):
                    descriptors += 1
                    if descriptors > most:
                        return Held(descriptors=descriptors)
                    if stat.S_ISREG(about.st_mode) and not about.st_nlink:
                        files[about.st_dev, about.st_ino] = about.st_blocks * 512
                    elif _is_secret(f"{task}/fd/{path}", about):
                        files[about.st_dev, about.st_ino] = about.st_size
                    elif stat.S_ISSOCK(about.st_mode) or not stat.S_IFMT(about.st_mode):
                        on_its_way = on_its_way or bool(_ON_ITS_WAY.search(_read(f"{task}/fdinfo/{path}")))
            except PermissionError:
                if _hides(task):
                    hidden.add(pid)
        for name, size in _mapped(pid):
            files.setdefault(name, size)
    disk = sum(size for (where, _), size in files.items() if where == device)
    return Held(sum(files.values()) - disk, disk, descriptors, frozenset(hidden), on_its_way)


def segments(processes: Iterable[int], run: Run) -> int:
    """Bytes of memory in segments and messages of System V IPC, where processes have a namespace of it to themselves.

    Args:
        run: runs the programs that enter the namespace.
    """
    ours = Path("/proc/self/ns/ipc").stat().st_ino
    for pid in processes:
        with ExitStack() as stack, suppress(OSError):
            ipc = os.open(f"/proc/{pid}/ns/ipc", os.O_RDONLY | os.O_CLOEXEC)
            stack.callback(os.close, ipc)
            if os.fstat(ipc).st_ino == ours:
                continue
            entered = [("--ipc", ipc)]
            # Without root, it can be entered through the user namespace that owns it.
            if os.geteuid() != 0:
                user = fcntl.ioctl(ipc, _NS_GET_USERNS)
                stack.callback(os.close, user)
                entered.append(("--user", user))
            options = (f"{option}=/proc/self/fd/{descriptor}" for option, descriptor in entered)
            argv = (
                "nsenter",
                *options,
                "--preserve-credentials",
                "--",
                "cat",
                "/proc/sysvipc/shm",
                "/proc/sysvipc/msg",
            )
            return _listed(run(argv, tuple(descriptor for _, descriptor in entered)))
    return 0


def _listed(tables: bytes) -> int:
    """Bytes that are in memory by the tables of /proc/sysvipc: `rss` and `swap` of segments, `cbytes` of messages."""
    total, wanted = 0, list[int]()
    for line in tables.splitlines():
        words = line.split()
        if b"key" in words:
            wanted = [words.index(name) for name in (b"rss", b"swap", b"cbytes") if name in words]
        else:
            total += sum(int(words[at]) for at in wanted if at < len(words) and words[at].isdigit())
    return total


def _open_files(folder: str) -> Iterator[tuple[str, os.stat_result]]:
    """Numbers of descriptors, each with what lies behind it."""
    with suppress(FileNotFoundError, ProcessLookupError), os.scandir(folder) as entries:
        for entry in entries:
            with suppress(FileNotFoundError, ProcessLookupError):
                yield entry.name, entry.stat()


def _mapped(pid: int) -> Iterator[tuple[tuple[int, int], int]]:
    """Files without a name that a process has mapped, each with its size; only root is told it, others what is mapped.

    Segments are not included; see `segments`.
    """
    text = _read(f"/proc/{pid}/maps")
    # Mostly there is none, and to look at every line is most of what counting takes.
    for match in _DELETED.finditer(text) if b" (deleted)\n" in text else ():
        major, minor = (int(number, 16) for number in match["device"].split(b":"))
        device = os.makedev(major, minor)
        if match["path"].startswith(b"/SYSV") and device == _memory_device():
            continue
        size = int(match["end"], 16) - int(match["start"], 16)
        if match["path"] != _SECRET.encode():
            with suppress(OSError):
                size = Path(f"/proc/{pid}/map_files/{match['range'].decode()}").stat().st_blocks * 512
        yield (device, int(match["inode"])), size


def _is_secret(path: str, about: os.stat_result) -> bool:
    """Whether an open file is of memfd_secret(2): its pages are in no process's numbers once it is mapped no more."""
    if not stat.S_ISREG(about.st_mode) or about.st_blocks or not about.st_size:
        return False
    with suppress(OSError):
        return str(Path(path).readlink()) == f"{_SECRET} (deleted)"
    return False


@cache
def _memory_device() -> int:
    """Of files that were never given a name, and of segments."""
    descriptor = os.memfd_create("device")
    try:
        return os.fstat(descriptor).st_dev
    finally:
        os.close(descriptor)


def _hides(task: str) -> bool:
    """Whether a process that may nothing and goes on made itself invisible (PR_SET_DUMPABLE of prctl(2))."""
    status = _read(f"{task}/status")
    return bool(_WITHOUT_RIGHTS.search(status)) and not _ENDED.search(status)


def _read(path: str) -> bytes:
    with suppress(OSError):
        return Path(path).read_bytes()
    return b""
