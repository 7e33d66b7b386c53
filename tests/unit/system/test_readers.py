"""The server that forks readers: it may be lost, and it ends with those it serves."""

from __future__ import annotations

import gc
import os
import signal
import threading
import time
from pathlib import Path

import pytest

from pipeline.system import confined, readers
from pipeline.system.process import Processes, StoppedError


def servers() -> set[int]:
    """Process ids of the servers that this process started."""
    children = Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()
    return {int(pid) for pid in children if b"pipeline.system.readers" in Path(f"/proc/{pid}/cmdline").read_bytes()}


def test_readers_come_from_one_server() -> None:
    before, processes = servers(), Processes()
    own = {confined.call(processes, os.getpid) for _ in range(3)}
    assert len(own) == 3
    assert len(servers() - before) == 1


def test_a_server_that_was_killed_is_started_again() -> None:
    before, processes = servers(), Processes()
    confined.call(processes, os.getpid)
    (server,) = servers() - before
    os.kill(server, signal.SIGKILL)
    os.waitid(os.P_PID, server, os.WEXITED | os.WNOWAIT)
    assert confined.call(processes, os.getpid) > 0


def test_a_server_ends_with_those_it_serves() -> None:
    before, processes = servers(), Processes()
    confined.call(processes, os.getpid)
    assert servers() - before
    del processes
    gc.collect()
    assert servers() <= before


def test_a_run_that_is_stopped_waits_for_no_reader() -> None:
    """Seen red without the call of `check`: it slept to the end."""
    processes = Processes()
    started = time.monotonic()
    threading.Timer(0.5, processes.stop).start()
    with pytest.raises(StoppedError):
        confined.call(processes, time.sleep, 60)
    assert time.monotonic() - started < 30


def test_what_a_reader_has_of_the_machine_is_no_more_than_its_request() -> None:
    """No environment and no file but the standard streams, the request and the answer."""
    processes = Processes()
    assert confined.call(processes, os.getenv, "HOME") is None
    assert len(confined.call(processes, os.listdir, "/proc/self/fd")) <= 6


def test_how_a_reader_ended_may_be_said_before_anybody_asks_who_it_is() -> None:
    said, heard = os.pipe()
    os.write(heard, b"7438\n[0, 0.006]\n")
    os.close(heard)
    last = time.monotonic() + 10
    assert [readers._line(said, last, lambda: None) for _ in range(3)] == [b"7438\n", b"[0, 0.006]\n", b""]
    os.close(said)
