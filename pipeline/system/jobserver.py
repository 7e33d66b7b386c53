"""One GNU make jobserver for all builds that run at once (GNU make manual, "POSIX Jobserver Interaction").

A pipe holds one byte for every job that may still start. Every make owns one job from its birth without taking a byte,
so a byte is taken before a make starts and put back when it ends.
"""

from __future__ import annotations

import os
import selectors
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Self

_TOKEN = b"+"


class Jobserver:
    """A pipe of `jobs` tokens; a context manager that closes it.

    Args:
        jobs: compilers that may run at once, over all makes.
    """

    def __init__(self, jobs: int) -> None:
        self._read, self._write = os.pipe()
        # A description of our own: a make sets O_NONBLOCK on the one that it inherits or relies on its absence,
        # depending on its version, and may take the byte that was there a moment ago.
        self._own = os.open(f"/proc/self/fd/{self._read}", os.O_RDONLY | os.O_NONBLOCK)
        os.write(self._write, _TOKEN * jobs)
        # Nor one that waits: a makefile can fill the pipe.
        self._own_write = os.open(f"/proc/self/fd/{self._write}", os.O_WRONLY | os.O_NONBLOCK)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for descriptor in (self._own, self._own_write, self._read, self._write):
            os.close(descriptor)

    @property
    def makeflags(self) -> str:
        """The value of MAKEFLAGS; this form of --jobserver-auth is read by make 4.2 and later alike."""
        return f"-j --jobserver-auth={self._read},{self._write}"

    @property
    def descriptors(self) -> tuple[int, int]:
        """To be inherited by make."""
        return (self._read, self._write)

    @contextmanager
    def seat(self, give_up: Callable[[], bool]) -> Iterator[bool]:
        """Holds the job that a make owns from its birth; False when `give_up` turned true while waiting."""
        token = self._take() or self._awaited(give_up)
        if token is None:
            yield False
            return
        try:
            yield True
        finally:
            with suppress(BlockingIOError):
                os.write(self._own_write, token)

    def _awaited(self, give_up: Callable[[], bool]) -> bytes | None:
        with selectors.DefaultSelector() as selector:
            selector.register(self._own, selectors.EVENT_READ)
            while (token := self._take()) is None:
                if not selector.select(0.5) and give_up():
                    return None
        return token

    def _take(self) -> bytes | None:
        try:
            return os.read(self._own, 1)
        except BlockingIOError:
            return None
