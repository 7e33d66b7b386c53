"""Hostile series that reach for other processes, and that use up what there is; as in test_containment.py.

Real bubblewrap, make, gcc and QEMU. A series may write what it likes of itself, fail, or be ended; the run says which.
Every docstring names the defence without which the test was seen red, once, by hand.
"""

from __future__ import annotations

import subprocess
import time
from dataclasses import replace

import pytest

from pipeline.model import BuildStatus
from pipeline.system.command import CommandTimeoutError, OutputLimitError
from pipeline.system.errors import InfrastructureError
from pipeline.system.policy import LIMITS
from pipeline.system.watch import LimitError, extent
from tests.support.clock import at_most
from tests.support.containment import (
    HELD,
    Host,
    attack,
    host,
    intact,
    looted,
    outcome,
    plant,
)
from tests.support.runner import processes_in

pytestmark = pytest.mark.xdist_group("containment-resources")

__all__ = ["host", "intact"]

QUICK = replace(LIMITS, interval=0.1)


# ---------------------------------------------------------------------------
# Reaching other processes


def test_processes_of_the_host_are_neither_seen_nor_reached(host: Host) -> None:
    """Through Kconfig. Seen red without the namespace for processes."""
    with subprocess.Popen(["sleep", "60"]) as victim:
        trace = f"import ctypes; print('traced', ctypes.CDLL(None).ptrace(16, {victim.pid}, 0, 0))"
        script = f"""
        kill -9 {victim.pid}; cat /proc/{victim.pid}/cmdline
        python3 -c "{trace}"
        ls -d /proc/[0-9]* | wc -l
        """
        loot = looted(host, "kills", "kconfig", script)
        assert victim.poll() is None
        victim.kill()
    assert "traced -1" in loot
    assert int(loot.splitlines()[-2]) < 20


def test_a_daemon_ends_with_its_build(host: Host) -> None:
    """Started twice removed, in a session of its own. Seen red without that namespace: it outlived the run."""
    script = "(setsid sh -c '(sleep 2; echo FORGED > /build/daemon; sleep 60) &' < /dev/null > /dev/null 2>&1 &)"
    looted(host, "leaves-a-daemon", "makefile", script)
    assert processes_in(host.workspace) == []
    time.sleep(2.2)
    assert not (host.build_folder() / "daemon").exists()


# ---------------------------------------------------------------------------
# Using up


HARMS = {
    "forks": ("kconfig", "while :; do sleep 60 & done", replace(QUICK, processes=300), LimitError, "processes"),
    "hoards memory": (
        "host program",
        "python3 -c 'kept = []\nwhile True: kept.append(bytes([1]) * (4 << 20))'",
        replace(QUICK, memory=400 << 20),
        LimitError,
        "MiB of memory",
    ),
    "fills the disk": (
        "makefile",
        "n=0; while :; do n=$((n+1)); head -c 4000000 /dev/zero > /build/full$n; done",
        replace(QUICK, folder=100 << 20),
        LimitError,
        "it wrote",
    ),
    "fills the disk with names": (
        "makefile",
        "n=0; while :; do n=$((n+1)); mkdir -p /build/n$n; : > /build/n$n/x; done",
        replace(QUICK, files=2000),
        LimitError,
        "files",
    ),
    "prints 10 GB": ("makefile", "head -c 10000000000 /dev/zero | tr '\\0' x >&2", QUICK, OutputLimitError, "64 MiB"),
    "hoards segments": (
        "kconfig",
        "python3 -c 'import ctypes, time; libc = ctypes.CDLL(None); libc.shmat.restype = ctypes.c_void_p\n"
        "for _ in range(700):\n at = libc.shmat(libc.shmget(0, 1 << 20, 0o1600), None, 0)\n"
        " ctypes.memset(at, 1, 1 << 20); libc.shmdt(ctypes.c_void_p(at))\ntime.sleep(60)'",
        replace(QUICK, memory=200 << 20),
        LimitError,
        "MiB of memory",
    ),
    "keeps what it removed": (
        "makefile",
        "exec 3> /build/full; rm /build/full; head -c 500000000 /dev/zero >&3; sleep 60",
        replace(QUICK, folder=100 << 20),
        LimitError,
        "it wrote",
    ),
    "sleeps forever": ("kconfig", "sleep 100000", replace(QUICK, seconds=3), CommandTimeoutError, "ended after 3 s"),
    "sleeps and will not go": (
        "host program",
        "trap '' TERM INT HUP; exec > /dev/null 2>&1; while :; do sleep 9; done",
        replace(QUICK, seconds=4),
        CommandTimeoutError,
        "ended after 4 s",
    ),
}


@pytest.mark.parametrize("name", HARMS)
def test_a_build_that_uses_too_much_is_ended_and_no_result_is_kept(host: Host, name: str) -> None:
    """An infrastructure error, exit 4; nothing is stored of it, and the machine is as before. Seen red without
    the limits: the names, the output (200 MB of it) and the sleeper here, what would have hurt the machine with less
    of it (`test_watch`). What will not go: without the namespace for processes, it was there for ever."""
    carrier, script, limits, error, words = HARMS[name]
    branch = name.replace(" ", "-")
    plant(host.developer, branch, attack(host.developer, carrier, script))
    before = host.stored("build")
    with at_most(30, wall=True), pytest.raises(error, match=words) as caught:
        host.build(branch, limits)
    assert isinstance(caught.value, InfrastructureError)
    assert caught.value.status == 4
    assert processes_in(host.workspace) == []
    assert host.stored("build") == before
    assert extent(host.workspace / "builds")[0] < 60 << 20


def test_temporary_files_and_shared_memory_have_an_end(host: Host) -> None:
    """They are in memory. Seen red without `--size`."""
    fill = (
        "for at in /tmp /dev/shm; do head -c 40000000 /dev/zero > $at/full; stat -c '%n %s' $at/full; rm $at/full; done"
    )
    plant(host.developer, "fills-tmp", attack(host.developer, "makefile", f"{HELD}{fill}\necho survived"))
    # A compiler beside it would find /tmp full.
    builds = host.build("fills-tmp", replace(QUICK, temporary=20 << 20), jobs=1)
    assert outcome(builds).status is BuildStatus.BUILT
    loot = host.loot()
    assert loot.count("No space left") == 2
    sizes = [int(line.split()[1]) for line in loot.splitlines() if line.startswith("/")]
    assert all(size <= 20 << 20 for size in sizes)
    assert len(sizes) == 2
