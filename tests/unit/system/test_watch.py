"""What a command uses, seen from outside; and that too much of it ends the command and all that it started."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from pipeline.system.command import Command
from pipeline.system.held import segments
from pipeline.system.policy import LIMITS, Limits
from pipeline.system.process import Processes
from pipeline.system.watch import LimitError, Use, Watch, descendants, extent, use
from tests.support.clock import at_most

QUICK = replace(LIMITS, interval=0.05)


def run(script: str, folder: Path, limits: Limits) -> None:
    argv = (sys.executable, "-c", script)
    Processes().run(Command(argv, cwd=folder, watched=folder, limits=limits, timeout=20))


MADE = "import array, ctypes, mmap, os, socket, threading, time\nkept = os.memfd_create('x')"
REMOVED = "import ctypes, mmap, os, time\nkept = os.open('x', os.O_CREAT | os.O_RDWR)\nos.unlink('x')"
MAPPED = """
libc = ctypes.CDLL(None)
libc.mmap.restype = ctypes.c_void_p
held = libc.mmap(None, ctypes.c_size_t(64 << 20), mmap.PROT_READ, mmap.MAP_SHARED, kept, ctypes.c_long(0))
os.close(kept)"""
"""Python's own mmap keeps a descriptor beside the mapping."""
SENT = (
    "one, other = socket.socketpair()\n"
    "one.sendmsg([b'x'], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array('i', [kept]))])\nos.close(kept)"
)
TOO_MUCH = {
    "processes": (
        "import subprocess, time\nkept = [subprocess.Popen(['sleep', '60']) for _ in range(8)]\ntime.sleep(60)",
        replace(QUICK, processes=6),
        r"it ran \d processes",
    ),
    "threads": (
        "import threading, time\n[threading.Thread(target=time.sleep, args=(60,)).start() for _ in range(8)]",
        replace(QUICK, processes=6),
        r"it ran \d processes",
    ),
    "memory": (
        "import time\nkept = b'x' * (64 << 20)\ntime.sleep(60)",
        replace(QUICK, memory=48 << 20),
        r"it used \d+ MiB of memory",
    ),
    "shared memory": (
        "import mmap, time\nkept = mmap.mmap(-1, 64 << 20)\nkept.write(b'x' * (64 << 20))\ntime.sleep(60)",
        replace(QUICK, memory=48 << 20),
        r"it used \d+ MiB of memory",
    ),
    "a file in memory": (
        f"{MADE}\nos.posix_fallocate(kept, 0, 64 << 20)\ntime.sleep(60)",
        replace(QUICK, memory=48 << 20),
        r"it used \d+ MiB of memory",
    ),
    "open files": (
        "import os, time\nkept = [os.open('/dev/null', os.O_RDONLY) for _ in range(60)]\ntime.sleep(60)",
        replace(QUICK, descriptors=50),
        "it had more than 50 files open",
    ),
    "files on their way": (f"{MADE}\n{SENT}\ntime.sleep(60)", QUICK, "it kept files open in sockets or rings"),
    "bytes without a name": (
        f"{REMOVED}\nos.posix_fallocate(kept, 0, 64 << 20)\ntime.sleep(60)",
        replace(QUICK, folder=48 << 20),
        r"it wrote \d+ MiB",
    ),
    "a path that nobody can look up": (
        "import os, time\nfor _ in range(60):\n    os.mkdir('d' * 200)\n    os.chdir('d' * 200)\ntime.sleep(60)",
        QUICK,
        "it made a folder that cannot be read: File name too long",
    ),
    "bytes": (
        "import time\nopen('x', 'wb').write(bytes(3 << 20))\ntime.sleep(60)",
        replace(QUICK, folder=2 << 20),
        r"it wrote [23] MiB",
    ),
    "files": (
        "import time\n[open(f'x{n}', 'w') for n in range(30)]\ntime.sleep(60)",
        replace(QUICK, files=20),
        r"it wrote \d+ files",
    ),
    "free space": ("import time\ntime.sleep(60)", replace(QUICK, free=1 << 60), r"only \d+ MiB of disk are free"),
}


@pytest.mark.parametrize("name", TOO_MUCH)
def test_too_much_ends_a_command(name: str, tmp_path: Path) -> None:
    """Seen red: without the call of `Watch.check` in `Processes` each of them sleeps until its time is over."""
    script, limits, words = TOO_MUCH[name]
    (tmp_path / "folder").mkdir()
    with at_most(10, wall=True), pytest.raises(LimitError, match=f"was ended: {words}") as caught:
        run(script, tmp_path / "folder", limits)
    assert "look at the series" in caught.value.hint


def test_what_is_within_limits_is_left_alone(tmp_path: Path) -> None:
    script = "import time\nopen('x', 'wb').write(bytes(1 << 20))\ntime.sleep(0.5)"
    run(script, tmp_path, replace(QUICK, processes=2, memory=256 << 20, folder=2 << 20, files=2, free=1 << 20))


def test_nine_tenths_of_the_machine_s_memory_are_the_limit_where_none_is_named(tmp_path: Path) -> None:
    whole = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    assert Watch("x", os.getpid(), tmp_path, LIMITS, lambda *_: b"")._memory == whole * 9 // 10


def test_a_command_that_is_not_watched_is_not_looked_at(tmp_path: Path) -> None:
    Processes().run(Command(("true",), cwd=tmp_path, limits=replace(QUICK, processes=0, free=1 << 60)))


def test_a_process_that_is_gone_uses_nothing() -> None:
    done = subprocess.Popen(["true"])
    done.wait()
    assert use(descendants(done.pid, 9), LIMITS, 0) == Use(0, 0)


ALLOCATED = f"{MADE}\nos.posix_fallocate(kept, 0, 64 << 20)"
OWN_LIST = 0x400
"""CLONE_FILES of unshare(2)."""
HELD = {
    "open": ALLOCATED,
    "mapped": f"{ALLOCATED}{MAPPED}",
    "open in a thread": f"""{ALLOCATED}
def work():
    ctypes.CDLL(None).unshare({OWN_LIST})
    alone.wait()
    time.sleep(60)
alone = threading.Event()
threading.Thread(target=work, daemon=True).start()
time.sleep(0.2)
os.close(kept)
alone.set()""",
    "a child's, which has ended": f"""{MADE}
held = mmap.mmap(-1, 64 << 20)
if not os.fork():
    held.write(b'x' * (64 << 20))
    os._exit(0)
os.wait()""",
    "of a thread, the first has ended": f"""{MADE}
def work():
    held = b'x' * (64 << 20)
    print(flush=True)
    time.sleep(60)
threading.Thread(target=work).start()
ctypes.CDLL(None).pthread_exit(None)""",
}


@pytest.mark.parametrize("name", HELD)
def test_memory_is_seen_wherever_it_is(name: str, tmp_path: Path) -> None:
    """Seen red, each of them, without what looks for it."""
    process = subprocess.Popen([sys.executable, "-c", f"{HELD[name]}\nprint(flush=True)\ntime.sleep(60)"], stdout=-1)
    try:
        assert process.stdout is not None
        process.stdout.readline()
        time.sleep(0.1)
        used = use(descendants(process.pid, 99), LIMITS, tmp_path.stat().st_dev)
        assert 64 << 20 <= used.memory < 96 << 20
    finally:
        process.kill()
        process.communicate()


@pytest.mark.parametrize("way", ["open", "mapped"])
def test_a_file_without_a_name_is_counted_where_it_lies(way: str, tmp_path: Path) -> None:
    """Seen red with what is mapped left out, and with descriptors left out."""
    mapped = MAPPED if way == "mapped" else ""
    script = f"{REMOVED}\nos.posix_fallocate(kept, 0, 64 << 20){mapped}\nprint(flush=True)\ntime.sleep(60)"
    process = subprocess.Popen([sys.executable, "-c", script], stdout=-1, cwd=tmp_path)
    try:
        assert process.stdout is not None
        process.stdout.readline()
        used = use(descendants(process.pid, 99), LIMITS, tmp_path.stat().st_dev)
        assert 64 << 20 <= used.held.disk < 65 << 20
        assert used.memory < 32 << 20
    finally:
        process.kill()
        process.communicate()


def test_segments_are_counted_by_their_tables() -> None:
    zeros = b" 0" * 8
    shm = b"key shmid perms size cpid lpid nattch uid gid cuid cgid atime dtime ctime rss swap\n"
    shm += b"  0     0   600  99" + zeros + b" 0 0 734003200 4096\n"
    msg = b"key msqid perms cbytes qnum lspid lrpid uid gid cuid cgid stime rtime ctime\n"
    msg += b"  0     0   600  16384   1" + zeros + b" 0\n"
    own = {os.getpid(): ()}
    assert segments(own, lambda *_: shm + msg) == 0
    entered = subprocess.Popen(["unshare", "--user", "--ipc", "sleep", "60"])
    try:
        time.sleep(0.5)
        assert segments({**own, entered.pid: ()}, lambda *_: shm + msg) == 734003200 + 4096 + 16384
        assert segments({**own, entered.pid: ()}, lambda *_: b"nonsense \xff\n1 2 3\n") == 0
    finally:
        entered.kill()
        entered.wait()


def test_a_folder_is_walked_without_following_links(tmp_path: Path) -> None:
    (tmp_path / "folder/sub").mkdir(parents=True)
    (tmp_path / "large").write_bytes(bytes(4 << 20))
    (tmp_path / "folder/sub/file").write_bytes(bytes(1 << 20))
    for name, target in (("file", tmp_path / "large"), ("parent", tmp_path), ("loop", tmp_path / "folder")):
        (tmp_path / "folder" / name).symlink_to(target)
    with (tmp_path / "folder/sparse").open("wb") as file:
        file.truncate(1 << 30)
    size, files = extent(tmp_path / "folder")
    assert 1 << 20 <= size < 2 << 20
    assert files == 6
    assert extent(tmp_path / "nowhere") == (0, 0)
