"""The jobserver: no more jobs than tokens, a pipe for each make, and none that others have to wait for."""

from __future__ import annotations

import os
import re
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest

from pipeline.system.jobserver import Jobserver, Seat
from tests.support.clock import at_most


def never() -> bool:
    return False


def seated(stack: ExitStack, jobserver: Jobserver) -> Seat:
    seat = stack.enter_context(jobserver.seat(never))
    assert seat is not None
    return seat


def take(seat: Seat, most: int = 1 << 16) -> int:
    """Reads tokens as a make does, no more than there are now; returns how many."""
    read, _ = seat.descriptors
    os.set_blocking(read, False)
    with suppress(BlockingIOError):
        return len(os.read(read, most))
    return 0


def put(seat: Seat, count: int) -> None:
    os.write(seat.descriptors[1], b"+" * count)


def fill(seat: Seat) -> None:
    _, write = seat.descriptors
    os.set_blocking(write, False)
    with suppress(BlockingIOError):
        while True:
            os.write(write, b"+" * 4096)
    os.set_blocking(write, True)


def eventually(holds: Callable[[], bool]) -> bool:
    last = time.monotonic() + 10
    while time.monotonic() < last:
        if holds():
            return True
        time.sleep(0.01)
    return holds()


def gathered(seat: Seat, wanted: int) -> bool:
    """Whether a make gets `wanted` tokens when it asks again and again; it keeps them."""
    tokens = 0

    def enough() -> bool:
        nonlocal tokens
        tokens += take(seat, wanted - tokens)
        return tokens == wanted

    return eventually(enough)


@pytest.mark.parametrize("jobs", [1, 2, 64])
def test_a_make_alone_gets_every_token_but_its_own(jobs: int) -> None:
    with Jobserver(jobs) as jobserver, ExitStack() as stack:
        seat = seated(stack, jobserver)
        assert gathered(seat, jobs - 1)
        time.sleep(0.3)
        assert take(seat) == 0


def test_two_makes_share_the_tokens() -> None:
    """Each asks for as many as it can get, and puts one back now and then, as compilers end."""
    with Jobserver(8) as jobserver, ExitStack() as stack:
        seats = [seated(stack, jobserver) for _ in range(2)]
        held = [0, 0]

        def shares_are_equal() -> bool:
            for at, seat in enumerate(seats):
                if held[at]:
                    put(seat, 1)
                    held[at] -= 1
                time.sleep(0.005)
                held[at] += take(seat, 2)
            assert sum(held) <= 6
            return held == [3, 3]

        assert eventually(shares_are_equal)


def test_a_make_that_comes_later_gets_what_is_put_back(monkeypatch: pytest.MonkeyPatch) -> None:
    """The first keeps taking tokens again soon after it has put them back, and nobody looks there now and then.

    Seen red without the pipes of those that have more than a share being waited for.
    """
    monkeypatch.setattr("pipeline.system.jobserver._PAUSE", 600)
    with Jobserver(9) as jobserver, ExitStack() as stack:
        first = seated(stack, jobserver)
        assert gathered(first, 8)
        over = threading.Event()

        def work() -> None:
            held = 8
            while not over.is_set():
                if held:
                    put(first, 1)
                    held -= 1
                time.sleep(0.002)
                held += take(first, 1)

        thread = threading.Thread(target=work)
        thread.start()
        try:
            assert gathered(seated(stack, jobserver), 1)
        finally:
            over.set()
            thread.join(10)


def test_unused_tokens_are_moved_to_builds_without_any() -> None:
    with Jobserver(4) as jobserver, ExitStack() as stack:
        idle = seated(stack, jobserver)
        assert eventually(lambda: idle.idle == 3)
        assert gathered(seated(stack, jobserver), 2)


def test_all_tokens_are_there_again_when_a_make_ends() -> None:
    """Whatever it kept. Seen red with only those given back that lay in the pipe."""
    with Jobserver(3) as jobserver:
        for _ in range(3):
            with ExitStack() as stack:
                assert gathered(seated(stack, jobserver), 2)
        with pytest.raises(RuntimeError, match="broken"), jobserver.seat(never):
            raise RuntimeError("broken")
        with ExitStack() as stack:
            assert gathered(seated(stack, jobserver), 2)


def test_a_seat_gives_up_when_none_is_left() -> None:
    asked = []

    def give_up() -> bool:
        asked.append(True)
        return len(asked) == 2

    with Jobserver(1) as jobserver, jobserver.seat(never):
        with jobserver.seat(give_up) as seat:
            assert seat is None
        assert len(asked) == 2


def test_a_seat_waits_until_one_is_free() -> None:
    taken = threading.Event()

    with Jobserver(1) as jobserver:

        def work() -> None:
            with jobserver.seat(never) as seat:
                assert seat
                taken.set()

        with jobserver.seat(never):
            thread = threading.Thread(target=work)
            thread.start()
            assert not taken.wait(0.3)
        assert taken.wait(10)
        thread.join(10)


def test_a_build_that_waits_gets_a_token_that_is_put_back() -> None:
    with Jobserver(2) as jobserver, ExitStack() as stack:
        first = seated(stack, jobserver)
        assert gathered(first, 1)
        timer = threading.Timer(0.3, put, (first, 1))
        timer.start()
        with at_most(5, wall=True):
            seated(stack, jobserver)
        timer.join(10)
        assert take(first) == 0


def test_a_make_that_keeps_every_token_is_waited_for_no_longer_than_a_while() -> None:
    """Seen red with one pipe for all: nobody else began, until the one that kept the tokens came to its end."""
    with Jobserver(4, patience=0.5) as jobserver, ExitStack() as stack:
        assert gathered(seated(stack, jobserver), 3)
        with at_most(5, wall=True):
            others = [seated(stack, jobserver) for _ in range(3)]
        assert [take(seat) for seat in others] == [0, 0, 0]


def test_jobs_that_makes_own_are_waited_for_however_long() -> None:
    """Two cells that are built take their time; a third does not begin meanwhile. Seen red with seats without tokens
    after a while."""
    over = time.monotonic() + 1
    with Jobserver(2, patience=0.1) as jobserver, ExitStack() as stack:
        for _ in range(2):
            seated(stack, jobserver)
        with jobserver.seat(lambda: time.monotonic() > over) as seat:
            assert seat is None


def test_a_make_that_fills_its_pipe_stops_nobody() -> None:
    """Seen red with one pipe for all: who had a token to put back waited until the one that had filled it ended."""
    with Jobserver(4) as jobserver, ExitStack() as stack:
        hostile, other = seated(stack, jobserver), seated(stack, jobserver)
        assert gathered(other, 1)
        fill(hostile)
        with at_most(5, wall=True):
            put(other, 1)
            seated(stack, jobserver)
        # Nor are there more jobs for others.
        time.sleep(0.3)
        assert take(other) <= 3


def test_tokens_that_a_make_adds_are_none() -> None:
    with Jobserver(2) as jobserver, ExitStack() as stack:
        hostile, other = seated(stack, jobserver), seated(stack, jobserver)
        put(hostile, 50)
        time.sleep(0.5)
        assert take(other) == 0


def test_make_is_told_the_descriptors() -> None:
    with Jobserver(3) as jobserver, ExitStack() as stack:
        seat = seated(stack, jobserver)
        match = re.fullmatch(r"-j --jobserver-auth=(\d+),(\d+)", seat.makeflags)
        assert match is not None
        assert (int(match[1]), int(match[2])) == seat.descriptors


def test_its_descriptors_are_closed_in_the_end() -> None:
    before = len(list(Path("/proc/self/fd").iterdir()))
    with Jobserver(1) as jobserver, jobserver.seat(never) as seat:
        assert seat
    for descriptor in seat.descriptors:
        with pytest.raises(OSError, match="Bad file descriptor"):
            os.fstat(descriptor)
    assert len(list(Path("/proc/self/fd").iterdir())) == before


def test_there_are_never_more_jobs_than_tokens() -> None:
    """Four makes that come, take, put back and go."""
    jobs, most = 5, 0
    running, lock = 0, threading.Lock()

    def change(by: int) -> None:
        nonlocal running, most
        with lock:
            running += by
            most = max(most, running)

    def make() -> None:
        for _ in range(10):
            with jobserver.seat(never) as seat:
                assert seat
                change(1)
                for _ in range(10):
                    tokens = take(seat, 2)
                    change(tokens)
                    time.sleep(0.001)
                    change(-tokens)
                    put(seat, tokens)
                change(-1)

    with Jobserver(jobs) as jobserver:
        threads = [threading.Thread(target=make) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        assert most == jobs
