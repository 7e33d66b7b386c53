"""A lock that one of several threads holds while it works itself, and gives back while it waits for a process."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager


class RunLock:
    """Held by the one thread that works; given back by it for as long as it waits.

    Threads cannot work at the same time in Python anyway: its interpreter has a lock (the GIL), which each call of the
    system gives up. Several threads that read and write small files hand it to one another hundreds of times for each
    kernel, which takes twice the time of the work itself.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._thread = threading.local()

    @contextmanager
    def taken(self) -> Iterator[None]:
        """Wait for the lock, and hold it."""
        self._take()
        try:
            yield
        finally:
            self._give_back()

    @contextmanager
    def given_back(self) -> Iterator[None]:
        """Let others work meanwhile; nothing changes for a thread that does not hold the lock."""
        if not getattr(self._thread, "holds", False):
            yield
            return
        self._give_back()
        try:
            yield
        finally:
            self._take()

    def _take(self) -> None:
        self._lock.acquire()
        self._thread.holds = True

    def _give_back(self) -> None:
        self._thread.holds = False
        self._lock.release()
