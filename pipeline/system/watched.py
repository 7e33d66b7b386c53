"""A limit on the processor time of what is done with the bytes of strangers in this process itself.

Every parser has its own limits; this one is for unexpected cases. It interrupts regular expressions as well.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from pipeline.system.errors import ExitStatus, PipelineError

_SOON = 0.001
"""Seconds; a timer of none is off."""


class TakesTooLongError(PipelineError):
    """Untrusted input takes too much processor time. It is not a ValueError, which parsers handle."""

    status = ExitStatus.NOT_OBTAINED


class Allowance:
    """Seconds of a processor for one input, whatever is done with it, one thing after the other.

    Signals reach the main thread only: in another one nothing of this process counts.

    Args:
        seconds: in all.
        hint: what a user can do who wants more.
    """

    def __init__(self, seconds: float, hint: str = "Who sent this, and what for?") -> None:
        self._most = seconds
        self._left = seconds
        self._hint = hint
        self._running = False

    @property
    def left(self) -> float:
        """Seconds that are not spent; never none, which would be no limit to some."""
        return max(signal.getitimer(signal.ITIMER_VIRTUAL)[0] if self._running else self._left, _SOON)

    def spend(self, seconds: float) -> None:
        """Counts what other processes took."""
        if self._running:
            signal.setitimer(signal.ITIMER_VIRTUAL, max(self.left - seconds, _SOON), 1)
        else:
            self._left -= seconds

    def grant(self, seconds: float) -> None:
        """Gives more: the input has turned out to be large in a way that is honest as a rule."""
        self._most += seconds
        self.spend(-seconds)

    def require(self, what: str) -> None:
        """Raises TakesTooLongError when nothing is left for it."""
        if self.left <= _SOON:
            raise self.exceeded(what)

    @contextmanager
    def spent_on(self, what: str) -> Iterator[None]:
        """Counts what is done in the context, and ends it when nothing is left; time that is waited does not count.

        In another allowance's context it counts for both, and that one's end comes when this one's context is left.

        Args:
            what: takes too long, for the message.

        Raises:
            TakesTooLongError: the time is over.
        """
        if threading.current_thread() is not threading.main_thread():
            yield
            return

        def over(_: int, __: FrameType | None) -> None:
            raise self.exceeded(what)

        before = signal.signal(signal.SIGVTALRM, over)
        # Again each second: somewhere an exception may be passed over.
        began = self._left
        outer, _ = signal.setitimer(signal.ITIMER_VIRTUAL, self.left, 1)
        self._running = True
        try:
            yield
        finally:
            self._left, self._running = self.left, False
            signal.setitimer(signal.ITIMER_VIRTUAL, 0)
            signal.signal(signal.SIGVTALRM, before)
            if outer:
                signal.setitimer(signal.ITIMER_VIRTUAL, max(outer - (began - self._left), _SOON), 1)

    def exceeded(self, what: str) -> TakesTooLongError:
        """The error of having spent it all."""
        return TakesTooLongError(f"{what}: that takes more than {self._most:g} s of a processor", hint=self._hint)
