"""What a command uses, seen from outside; and that too much of it ends the command and all that it started."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from pipeline.system.policy import LIMITS, Limits
from pipeline.system.process import Command, Processes
from pipeline.system.watch import LimitError, Use, Watch, extent, use
from tests.unit.clock import at_most

QUICK = replace(LIMITS, interval=0.05)


def run(script: str, folder: Path, limits: Limits) -> None:
    argv = (sys.executable, "-c", script)
    Processes().run(Command(argv, cwd=folder, watched=folder, limits=limits, timeout=20))


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
    "bytes": (
        "import time\nopen('x', 'wb').write(bytes(3 << 20))\ntime.sleep(60)",
        replace(QUICK, folder=2 << 20),
        "it wrote 3 MiB",
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
    assert Watch("x", os.getpid(), tmp_path, LIMITS)._memory == whole * 9 // 10


def test_a_command_that_is_not_watched_is_not_looked_at(tmp_path: Path) -> None:
    Processes().run(Command(("true",), cwd=tmp_path, limits=replace(QUICK, processes=0, free=1 << 60)))


def test_a_process_that_is_gone_uses_nothing() -> None:
    done = subprocess.Popen(["true"])
    done.wait()
    assert use(done.pid, 9) == Use(0, 0)


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
