"""A limit on the processor time that a block may take, so that a test of slowness ends soon when it fails."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager

import pytest


class _LateError(BaseException):
    """Not an Exception, so that the code under test does not take it for one of its own."""


@contextmanager
def at_most(seconds: float, *, wall: bool = False) -> Iterator[None]:
    """Fails the test when the block needs more CPU seconds (`wall`: seconds by the clock on the wall)."""
    timer, number = (signal.ITIMER_REAL, signal.SIGALRM) if wall else (signal.ITIMER_VIRTUAL, signal.SIGVTALRM)

    def late(*_: object) -> None:
        raise _LateError

    before = signal.signal(number, late)
    signal.setitimer(timer, seconds)
    missed = False
    try:
        yield
    except _LateError:
        missed = True
    finally:
        signal.setitimer(timer, 0)
        signal.signal(number, before)
    if missed:
        pytest.fail(f"not done within {seconds} s", pytrace=False)
