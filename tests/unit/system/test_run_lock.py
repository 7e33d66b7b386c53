"""Tasks work in turns, and wait at the same time."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from pipeline.system.command import Command
from pipeline.system.parallel import parallel
from pipeline.system.process import Processes
from pipeline.system.run_lock import RunLock


def test_one_task_works_at_a_time() -> None:
    """Seen red with a lock that several may have."""
    both = threading.Barrier(2)

    def meets_the_other() -> bool:
        try:
            both.wait(timeout=0.5)
        except threading.BrokenBarrierError:
            return False
        return True

    assert parallel({1: meets_the_other, 2: meets_the_other}, 2, Processes()) == {1: False, 2: False}


def test_a_task_that_waits_for_a_process_lets_others_work(tmp_path: Path) -> None:
    """Each process waits for what the other leaves. Seen red with commands that are run in the task's lock."""
    processes = Processes()

    def task(own: Path, other: Path) -> int:
        words = 'touch "$1"; until test -e "$2"; do sleep 0.01; done'
        return processes.run(Command(("sh", "-c", words, "sh", str(own), str(other)), timeout=20)).status

    first, second = tmp_path / "one", tmp_path / "two"
    assert parallel({1: lambda: task(first, second), 2: lambda: task(second, first)}, 2, processes) == {1: 0, 2: 0}


def test_the_lock_is_free_again_after_an_error() -> None:
    lock = RunLock()
    with pytest.raises(ZeroDivisionError), lock.taken(), lock.given_back():
        raise ZeroDivisionError
    with lock.taken(), lock.given_back(), lock.given_back(), lock.taken():
        pass
    with lock.given_back():
        pass
