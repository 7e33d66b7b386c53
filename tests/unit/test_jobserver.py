"""The shared jobserver: as many tokens go back as were taken."""

from __future__ import annotations

import os
import re
import threading
from contextlib import suppress

import pytest

from pipeline.system.jobserver import Jobserver
from tests.unit.clock import at_most


def tokens(jobserver: Jobserver) -> int:
    """How many tokens are free; they are left as they are."""
    read, write = jobserver.descriptors
    os.set_blocking(read, False)
    taken = b""
    try:
        while True:
            taken += os.read(read, 64)
    except BlockingIOError:
        pass
    finally:
        os.set_blocking(read, True)
    os.write(write, taken)
    return len(taken)


@pytest.mark.parametrize("jobs", [1, 2, 64])
def test_there_are_as_many_tokens_as_jobs(jobs: int) -> None:
    with Jobserver(jobs) as jobserver:
        assert tokens(jobserver) == jobs


def test_a_seat_takes_a_token_and_puts_it_back() -> None:
    with Jobserver(2) as jobserver:
        with jobserver.seat(lambda: False) as seated:
            assert seated
            assert tokens(jobserver) == 1
            with jobserver.seat(lambda: False) as also:
                assert also
                assert tokens(jobserver) == 0
        assert tokens(jobserver) == 2


def test_a_token_goes_back_when_the_work_fails() -> None:
    with Jobserver(1) as jobserver:
        with pytest.raises(RuntimeError, match="broken"), jobserver.seat(lambda: False):
            raise RuntimeError("broken")
        assert tokens(jobserver) == 1


def test_the_very_token_that_was_taken_goes_back() -> None:
    with Jobserver(1) as jobserver:
        read, write = jobserver.descriptors
        os.read(read, 1)
        os.write(write, b"-")
        with jobserver.seat(lambda: False):
            pass
        assert os.read(read, 1) == b"-"


def test_a_seat_gives_up_when_none_is_left() -> None:
    asked = []

    def give_up() -> bool:
        asked.append(True)
        return len(asked) == 2

    with Jobserver(1) as jobserver, jobserver.seat(lambda: False):
        with jobserver.seat(give_up) as seated:
            assert not seated
        assert len(asked) == 2
        assert tokens(jobserver) == 0


def test_a_seat_waits_until_one_is_free() -> None:
    seated = threading.Event()

    with Jobserver(1) as jobserver:

        def work() -> None:
            with jobserver.seat(lambda: False) as found:
                assert found
                seated.set()

        with jobserver.seat(lambda: False):
            thread = threading.Thread(target=work)
            thread.start()
            assert not seated.wait(0.1)
        assert seated.wait(10)
        thread.join(10)
        assert tokens(jobserver) == 1


def test_make_is_told_the_descriptors() -> None:
    with Jobserver(3) as jobserver:
        match = re.fullmatch(r"-j --jobserver-auth=(\d+),(\d+)", jobserver.makeflags)
        assert match is not None
        assert (int(match[1]), int(match[2])) == jobserver.descriptors


def test_its_descriptors_are_closed_in_the_end() -> None:
    with Jobserver(1) as jobserver:
        read, write = jobserver.descriptors
    for descriptor in (read, write):
        with pytest.raises(OSError, match="Bad file descriptor"):
            os.fstat(descriptor)


def test_a_seat_outlives_makes_that_take_tokens_and_change_the_pipe() -> None:
    """A make sets O_NONBLOCK on the pipe that it inherits, and is often quicker than select() and read()."""
    with Jobserver(1) as jobserver:
        read, write = jobserver.descriptors
        over = threading.Event()
        failures: list[OSError] = []

        def steal() -> None:
            while not over.is_set():
                os.set_blocking(read, False)
                try:
                    os.write(write, os.read(read, 1))
                except BlockingIOError:
                    continue

        def sit() -> None:
            try:
                for _ in range(300):
                    with jobserver.seat(lambda: False):
                        pass
            except OSError as error:
                failures.append(error)

        thief, sitters = threading.Thread(target=steal), [threading.Thread(target=sit) for _ in range(4)]
        for thread in (thief, *sitters):
            thread.start()
        for thread in sitters:
            thread.join(60)
        over.set()
        thief.join(10)
        assert failures == []
        assert tokens(jobserver) == 1


def test_a_seat_is_given_back_to_a_pipe_that_a_make_has_filled() -> None:
    with Jobserver(1) as jobserver:
        _, write = jobserver.descriptors
        with at_most(5, wall=True), jobserver.seat(lambda: False) as seated:
            assert seated
            os.set_blocking(write, False)
            with suppress(BlockingIOError):
                while True:
                    os.write(write, b"+" * 4096)
            os.set_blocking(write, True)
