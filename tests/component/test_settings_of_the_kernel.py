"""What the kernel of the machine is told through /proc, a series cannot tell it, whoever runs the pipeline."""

from __future__ import annotations

from pathlib import Path

from pipeline.system.process import Processes
from pipeline.system.sandbox import Box, Bubblewrap, Job

SETTING = "/proc/sys/kernel/printk_ratelimit_burst"
OPENED = f"""
import os
for path in ("{SETTING}", "/proc/self/comm", "/proc/self/oom_score_adj"):
    try:
        os.close(os.open(path, os.O_WRONLY))
        print(path)
    except OSError as error:
        assert error.strerror == "Read-only file system", (path, error)
"""
"""Names what can be opened for writing; the first is root's, the others anybody's."""


def test_nothing_of_proc_can_be_written(tmp_path: Path) -> None:
    """Seen red without `--remount-ro /proc`, for root with all three: sysctl's files ask for no capability."""
    command = Bubblewrap().command(Job(("python3", "-c", OPENED)), Box(Path("/usr"), tmp_path))
    done = Processes().run(command)
    assert (done.text, done.status) == ("", 0)


def test_builds_are_ended_first_when_memory_is_short(tmp_path: Path) -> None:
    """Seen red without choom(1) before bubblewrap."""
    command = Bubblewrap().command(Job(("cat", "/proc/self/oom_score_adj")), Box(Path("/usr"), tmp_path))
    assert Processes().run(command).text == "1000\n"
