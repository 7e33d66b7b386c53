"""Memory and disk that a sandboxed program keeps where its processes' own numbers do not show them: real bubblewrap.

Each is tried by the user that runs the tests and, where that is root, by one without rights, who sees less.
"""

from __future__ import annotations

import ctypes
import errno
import os
import re
import subprocess
import sys
import tempfile
import textwrap
from collections.abc import Iterator
from pathlib import Path

import pytest

import pipeline
from tests.support.clock import at_most

RUN = """
import sys
from dataclasses import replace
from pathlib import Path
from pipeline.system.policy import LIMITS
from pipeline.system.process import Processes
from pipeline.system.sandbox import Box, Bubblewrap, Job
from pipeline.system.errors import InfrastructureError
limits = replace(LIMITS, interval=0.1, memory=200 << 20, folder=100 << 20)
sandbox = Bubblewrap(limits)
try:
    job = Job(("python3", "-c", sys.argv[2]), timeout=30)
    done = Processes().run(sandbox.command(job, Box(Path("/usr"), Path(sys.argv[1]))))
    print(done.status, done.text)
except InfrastructureError as error:
    print(error.message)
"""
TOLD = "import array, ctypes, mmap, os, socket, time\nlibc = ctypes.CDLL(None, use_errno=True)\n"
SECRET_CALL = 447
"""memfd_secret(2), on every architecture but Alpha."""
SEGMENT = """
libc.shmat.restype = ctypes.c_void_p
segments = []
for _ in range({count}):
    segments.append(libc.shmget(0, 1 << 20, 0o1600))
    assert segments[-1] >= 0
    place = libc.shmat(segments[-1], None, 0)
    ctypes.memset(place, 1, 1 << 20)
    libc.shmdt(ctypes.c_void_p(place))
"""
MESSAGES = """
for _ in range(15000):
    queue = libc.msgget(0, 0o1600)
    assert queue >= 0
    for _ in range(2):
        assert libc.msgsnd(queue, (ctypes.c_char * 8200)(1), 8190, 0) == 0
"""
CHILD = textwrap.indent(SEGMENT.format(count=700), "    ")
MEMORY = r"it used \d+ MiB of memory"
REMOVED = "kept = os.open('x', os.O_CREAT | os.O_RDWR); os.unlink('x')"
WRITTEN = r"it wrote \d+ MiB"
UNSEEN = "it made a folder that cannot be read"
FULL = "os.posix_fallocate(kept, 0, 700 << 20)"
MAPPED = f"""{FULL}
libc.mmap.restype = ctypes.c_void_p
held = libc.mmap(None, ctypes.c_size_t(700 << 20), mmap.PROT_READ, mmap.MAP_SHARED, kept, ctypes.c_long(0))
os.close(kept)"""
"""Python's own mmap keeps a descriptor beside the mapping."""
SECRET = f"""
libc.mmap.restype = ctypes.c_void_p
kept = []
for _ in range(100):
    kept.append(libc.syscall({SECRET_CALL}, 0))
    assert kept[-1] >= 0
    os.ftruncate(kept[-1], 7 << 20)
    words = (ctypes.c_size_t(7 << 20), mmap.PROT_READ | mmap.PROT_WRITE, mmap.MAP_SHARED, kept[-1], ctypes.c_long(0))
    place = libc.mmap(None, *words)
    ctypes.memset(place, 1, 7 << 20)
    libc.munmap(ctypes.c_void_p(place), ctypes.c_size_t(7 << 20))
"""
"""Seven megabytes at a time: more may not be locked."""
ATTACKS = {
    "memfd": (f"kept = os.memfd_create('x')\n{FULL}", MEMORY),
    "many memfds": ("for _ in range(700): os.write(os.memfd_create('x'), bytes(1 << 20))", MEMORY),
    "memfd, mapped": (f"kept = os.memfd_create('x')\n{MAPPED}", MEMORY),
    "segments, detached": (SEGMENT.format(count=700), MEMORY),
    "segments of one that ended": (f"if os.fork():\n    os.wait()\nelse:\n{CHILD}\n    os._exit(0)", MEMORY),
    "messages": (MESSAGES, MEMORY),
    "secret memory, mapped no more": (SECRET, MEMORY),
    "unlinked": (f"{REMOVED}\n{FULL}", WRITTEN),
    "unlinked, in pieces": (
        f"for _ in range(100):\n    {REMOVED}; os.posix_fallocate(os.dup(kept), 0, 5 << 20)",
        WRITTEN,
    ),
    "unlinked, mapped": (f"{REMOVED}\n{MAPPED}", WRITTEN),
    "sent to itself": (
        "kept = os.memfd_create('x'); one, other = socket.socketpair()\n"
        "one.sendmsg([b'x'], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array('i', [kept]))])\n"
        "os.posix_fallocate(kept, 0, 100 << 20); os.close(kept)",
        "it kept files open in sockets or rings",
    ),
    "hidden": (
        f"libc.prctl(4, 0); kept = os.memfd_create('x')\n{FULL}",
        f"it hid which files it has open|{MEMORY}",
    ),
    "a folder without rights": (
        f"os.mkdir('d'); os.chdir('d'); kept = os.open('x', os.O_CREAT | os.O_RDWR); os.chmod('.', 0)\n{FULL}",
        f"{WRITTEN}|{UNSEEN}",
    ),
    "a path that nobody can look up": ("for _ in range(60):\n    os.mkdir('d' * 200); os.chdir('d' * 200)", UNSEEN),
}


@pytest.fixture
def build() -> Iterator[Path]:
    """A build folder that a user without rights gets to."""
    with tempfile.TemporaryDirectory(prefix="contained-") as name:
        Path(name).chmod(0o755)
        (Path(name) / "build").mkdir()
        yield Path(name) / "build"
        subprocess.run(["rm", "-rf", "--", f"{name}/build"], check=True)


def has_secret_memory() -> bool:
    """Whether the kernel has memfd_secret(2); flags that there are not are another mistake."""
    ctypes.CDLL(None, use_errno=True).syscall(SECRET_CALL, -1)
    return ctypes.get_errno() != errno.ENOSYS


def run(build: Path, script: str, *, as_root: bool) -> str:
    """What became of a program in the sandbox, in the words of whoever ran it."""
    prefix: list[str] = []
    if not as_root and os.geteuid() == 0:
        os.chown(build, 65534, 65534)
        prefix = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--"]
    argv = [*prefix, sys.executable, "-c", RUN, str(build), script]
    environment = {"PYTHONPATH": str(Path(pipeline.__file__).parents[1]), "PATH": "/usr/bin:/bin"}
    return subprocess.run(argv, env=environment, cwd="/", capture_output=True, text=True, check=True).stdout


@pytest.mark.parametrize("as_root", [True, False], ids=["whoever runs this", "without rights"])
@pytest.mark.parametrize("name", ATTACKS)
def test_what_is_kept_out_of_sight_is_counted(build: Path, name: str, as_root: bool) -> None:
    """Seen red with what is resident and what has a name counted alone: each of them slept until its time was over."""
    script, words = ATTACKS[name]
    if script == SECRET and not has_secret_memory():
        pytest.skip("this kernel has none")
    with at_most(20, wall=True):
        told = run(build, f"{TOLD}{script}\ntime.sleep(25)", as_root=as_root)
    assert re.search(words, told), told


@pytest.mark.parametrize("as_root", [True, False], ids=["whoever runs this", "without rights"])
def test_honest_programs_are_left_alone(build: Path, as_root: bool) -> None:
    """Files that are removed while they are open, segments, sockets, threads, each within limits."""
    script = f"""{TOLD}
kept = os.open('x', os.O_CREAT | os.O_RDWR)
os.unlink('x')
os.posix_fallocate(kept, 0, 10 << 20)
{SEGMENT.format(count=20)}
pair = socket.socketpair()
held = mmap.mmap(-1, 10 << 20)
held.write(bytes(10 << 20))
import subprocess
for _ in range(100):
    subprocess.run(["sh", "-c", "true; true"])
time.sleep(1)
print("survived")
"""
    assert run(build, script, as_root=as_root) == "0 survived\n\n"
