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


class TakesTooLongError(PipelineError):
    """Untrusted input takes too much processor time. It is not a ValueError, which parsers handle."""

    status = ExitStatus.NOT_OBTAINED


@contextmanager
def within_seconds(most: int, what: str) -> Iterator[None]:
    """Ends what is done in the context after so many seconds of a processor; time that is waited does not count.

    Signals reach the main thread only: in another one there is no limit.

    Args:
        most: seconds.
        what: takes too long, for the message.

    Raises:
        TakesTooLongError: the time is over.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def over(_: int, __: FrameType | None) -> None:
        raise TakesTooLongError(
            f"{what}: that takes more than {most} s of a processor", hint="Who sent this, and what for?"
        )

    before = signal.signal(signal.SIGVTALRM, over)
    # Again each second: somewhere an exception may be passed over.
    signal.setitimer(signal.ITIMER_VIRTUAL, most, 1)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)
