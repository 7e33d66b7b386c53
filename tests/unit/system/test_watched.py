"""Seconds of a processor for one input: over several things that are done with it, and over several processes."""

from __future__ import annotations

import signal
import time
from threading import Thread

import pytest

from pipeline.system.command import Command, ProcessorTimeError
from pipeline.system.process import Processes
from pipeline.system.watched import Allowance, TakesTooLongError


def spin(seconds: float) -> None:
    end = time.process_time() + seconds
    while time.process_time() < end:
        pass


def test_an_unexpected_case_ends_after_its_seconds() -> None:
    before = signal.getsignal(signal.SIGVTALRM)
    allowance = Allowance(0.2, "Why?")
    with (
        pytest.raises(TakesTooLongError, match=r"the mails: that takes more than 0\.2 s") as error,
        allowance.spent_on("the mails"),
    ):
        spin(20)
    assert error.value.hint == "Why?"
    assert signal.getsignal(signal.SIGVTALRM) is before
    assert signal.getitimer(signal.ITIMER_VIRTUAL)[0] == 0


def test_time_that_a_task_takes_is_lost_to_the_next_one() -> None:
    allowance = Allowance(0.2)
    with allowance.spent_on("the mails"):
        while allowance.left > 0.1:
            pass
    assert allowance.left <= 0.1
    with pytest.raises(TakesTooLongError), allowance.spent_on("the replies"):
        spin(20)


@pytest.mark.parametrize("within", [True, False])
def test_what_other_processes_take_counts(within: bool) -> None:
    allowance = Allowance(60)
    if within:
        with allowance.spent_on("the mails"):
            allowance.spend(59)
    else:
        allowance.spend(59)
    assert 0.5 < allowance.left <= 1.1
    allowance.spend(10)
    assert 0 < allowance.left < 0.1


@pytest.mark.parametrize("within", [True, False])
def test_granted_time_can_be_spent(within: bool) -> None:
    allowance = Allowance(1)
    if within:
        with allowance.spent_on("the mails"):
            allowance.grant(59)
    else:
        allowance.grant(59)
    assert 58 < allowance.left < 60.5
    assert "more than 60 s" in allowance.exceeded("the mails").message


def test_other_threads_are_not_limited() -> None:
    """Signals reach the first alone: a limit there would end it for what another one does."""
    ended = []

    def work() -> None:
        with Allowance(0.01).spent_on("the mails"):
            spin(0.05)
        ended.append(True)

    thread = Thread(target=work)
    thread.start()
    thread.join()
    assert ended == [True]


CHILD = "i=0; while [ $i -lt 300000 ]; do i=$((i+1)); done"


@pytest.mark.parametrize("script", ["while :; do :; done", f"sh -c '{CHILD}'; sleep 5"])
def test_command_that_takes_more_of_a_processor_than_it_may(script: str) -> None:
    """What its children took counts when they have ended; waiting does not."""
    with pytest.raises(ProcessorTimeError, match=r"^sh was ended after 0\.1 s of a processor"):
        Processes().run(Command(("/bin/sh", "-c", script), cpu=0.1, timeout=30))
    Processes().run(Command(("/bin/sleep", "0.3"), cpu=0.1))
