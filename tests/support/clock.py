"""A limit on the processor time that a block may take, so that a test of slowness ends soon when it fails."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

YARDSTICK_SECONDS = 0.03
"""CPU seconds that `_yardstick` takes where the limits of tests were found."""


class _LateError(BaseException):
    """Not an Exception, so that the code under test does not take it for one of its own."""


def _yardstick() -> float:
    """Seconds of the processor that this thread needs now for work that is always the same."""
    started, text = time.thread_time(), "".join(f"{number}\n" for number in range(60_000))
    sum(len(line) for line in text.split("\n"))
    sum(number * number % 7 for number in range(150_000))
    return time.thread_time() - started


@contextmanager
def at_most(seconds: float, *, wall: bool = False) -> Iterator[None]:
    """Fails the test when the block needs more CPU seconds (`wall`: seconds by the clock on the wall).

    CPU seconds are those of the machine that YARDSTICK_SECONDS is of: one that is slower, or shared with others, is
    given more of them.
    """
    timer, number = (signal.ITIMER_REAL, signal.SIGALRM) if wall else (signal.ITIMER_PROF, signal.SIGPROF)
    most = seconds if wall else seconds * max(1.0, _yardstick() / YARDSTICK_SECONDS)

    def late(*_: object) -> None:
        raise _LateError

    before = signal.signal(number, late)
    signal.setitimer(timer, most)
    missed = False
    try:
        yield
    except _LateError:
        missed = True
    finally:
        signal.setitimer(timer, 0)
        signal.signal(number, before)
    if missed:
        pytest.fail(f"not done within {most:.2f} s", pytrace=False)
