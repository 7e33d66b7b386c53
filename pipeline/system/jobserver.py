"""GNU make's jobserver for all builds that run at once (GNU make manual, "POSIX Jobserver Interaction").

A pipe holds one byte, a token, for every job that may still start. Every make owns one job from its birth without
taking a token. Makefiles can read and write the pipe as make does: one that all builds share could be emptied by one of
them, and the others would go on with one compiler each; or be filled, and the others would wait for ever to put a token
back. So each make has a pipe of its own. Tokens that lie unused in one are moved to where there are none; what a
makefile adds counts for nothing, and what it keeps is given back when its make ends.
"""

from __future__ import annotations

import array
import fcntl
import os
import select
import termios
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Self

_TOKEN = b"+"
_PAUSE = 0.1
"""Seconds between two looks at where tokens lie unused."""
PATIENCE = 120.0
"""Seconds after which a token is written off that others wait for: a compiler puts it back earlier."""


class Seat:
    """A make's place: the job that it owns, and a pipe with tokens for more.

    Attributes:
        lent: tokens that were put into the pipe and not taken out again, by us.
    """

    def __init__(self) -> None:
        self.lent = 0
        self._read, self._write = os.pipe()
        # File descriptions that are not shared: depending on its version, a make sets O_NONBLOCK on the one that it
        # inherits, or relies on its absence.
        self._own_read = os.open(f"/proc/self/fd/{self._read}", os.O_RDONLY | os.O_NONBLOCK)
        self._own_write = os.open(f"/proc/self/fd/{self._write}", os.O_WRONLY | os.O_NONBLOCK)

    @property
    def makeflags(self) -> str:
        """The value of MAKEFLAGS; this form of --jobserver-auth is read by make 4.2 and later alike."""
        return f"-j --jobserver-auth={self._read},{self._write}"

    @property
    def descriptors(self) -> tuple[int, ...]:
        """To be inherited by make."""
        return (self._read, self._write)

    @property
    def number(self) -> int:
        """A descriptor that can be read from when a token lies in the pipe."""
        return self._own_read

    @property
    def idle(self) -> int:
        """Tokens that this process put into the pipe; a makefile may have added more."""
        size = array.array("i", [0])
        fcntl.ioctl(self._own_read, termios.FIONREAD, size)
        return min(size[0], self.lent)

    def lend(self) -> bool:
        """Puts a token into the pipe, unless a makefile has filled it."""
        with suppress(BlockingIOError):
            os.write(self._own_write, _TOKEN)
            self.lent += 1
            return True
        return False

    def take_back(self) -> bool:
        """Take one of this process's tokens out of the pipe, if there is one."""
        with suppress(BlockingIOError):
            if self.lent and os.read(self._own_read, 1):
                self.lent -= 1
                return True
        return False

    def close(self) -> None:
        for descriptor in (self._own_read, self._own_write, self._read, self._write):
            os.close(descriptor)


class Jobserver:
    """Shares `jobs` tokens among seats; a context manager that ends it.

    Args:
        jobs: compilers that may run at once, over all makes.
        patience: seconds that a make waits for tokens which others were lent.
    """

    def __init__(self, jobs: int, patience: float = PATIENCE) -> None:
        self._free = jobs
        self._patience = patience
        self._seats: list[Seat] = []
        self._waiting = 0
        self._over = False
        self._changed = threading.Condition()
        self._bell = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        self._thread = threading.Thread(target=self._share, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over = True
        self._ring()
        self._thread.join()
        os.close(self._bell)

    @contextmanager
    def seat(self, give_up: Callable[[], bool]) -> Iterator[Seat | None]:
        """Holds a seat; None when `give_up` turned true while waiting."""
        if not self._awaited(give_up):
            yield None
            return
        seat = Seat()
        try:
            with self._changed:
                self._seats.append(seat)
            self._ring()
            yield seat
        finally:
            with self._changed:
                self._seats.remove(seat)
                self._free += 1 + seat.lent
                self._changed.notify_all()
                seat.close()
            self._ring()

    def _awaited(self, give_up: Callable[[], bool]) -> bool:
        """Takes a token for a new seat; False when `give_up` turned true meanwhile."""
        last = time.monotonic() + self._patience
        with self._changed:
            self._waiting += 1
            try:
                while self._free < 1:
                    self._ring()
                    self._changed.wait(0.5)
                    if give_up():
                        return False
                    if time.monotonic() > last:
                        # Nothing is lent while somebody waits: it was out all the time.
                        self._write_off()
                self._free -= 1
                return True
            finally:
                self._waiting -= 1

    def _write_off(self) -> None:
        """Counts a token as back that a make keeps; the jobs that makes own come back with their ends alone."""
        richest = max(self._seats, key=lambda seat: seat.lent, default=None)
        if richest and richest.lent:
            richest.lent -= 1
            self._free += 1

    def _ring(self) -> None:
        os.eventfd_write(self._bell, 1)

    def _share(self) -> None:
        """Moves tokens until the end."""
        while not self._over:
            with self._changed:
                rich = self._balance()
            poll = select.poll()
            for number in (self._bell, *rich):
                poll.register(number, select.POLLIN)
            poll.poll(_PAUSE * 1000)
            with suppress(BlockingIOError):
                os.eventfd_read(self._bell)

    def _balance(self) -> list[int]:
        """Moves tokens from where they lie unused, or more than a share of them is, to where there are none.

        Returns:
            Descriptors of pipes out of which a token is to be taken as soon as make has put it back.
        """
        hungry = [seat for seat in self._seats if not seat.idle]
        if self._waiting or hungry:
            for seat in self._seats:
                for _ in range(seat.idle):
                    self._free += seat.take_back()
        if self._waiting and self._free:
            self._changed.notify_all()
        while self._free > self._waiting and hungry:
            poorest = min(hungry, key=lambda seat: seat.lent)
            if poorest.lend():
                self._free -= 1
            else:
                hungry.remove(poorest)
        if self._waiting:
            return [seat.number for seat in self._seats if seat.lent]
        least = min((seat.lent for seat in hungry), default=0)
        return [seat.number for seat in self._seats if seat.lent > least + 1] if hungry else []
