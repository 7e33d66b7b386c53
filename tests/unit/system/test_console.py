"""What the console shows may hold words of servers, of programs and of mails."""

from __future__ import annotations

import io

import pytest
from rich.console import Console as RichConsole

from pipeline.system.console import Console, Tracker

HOSTILE = "a\x1b[2J\x9b31m\u202e\x07 ##[error]b\n::error::c"


@pytest.mark.parametrize("name", ["say", "detail", "warn", "error"])
def test_nothing_in_a_message_is_obeyed(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    getattr(Console(verbose=True), name)(HOSTILE)
    shown = capsys.readouterr().err
    assert all(line.isprintable() for line in shown.split("\n"))
    assert "\\x1b[2J" in shown
    assert "##[" not in shown
    assert "\n::" not in shown


def test_nothing_in_a_hint_is_obeyed(capsys: pytest.CaptureFixture[str]) -> None:
    Console().error("x", HOSTILE)
    shown = capsys.readouterr().err
    assert "\x1b" not in shown
    assert "##[" not in shown


def test_an_estimate_counts_from_the_first_step() -> None:
    """Seen red with the time counted from the start of all: "1 of 1123 steps, about 1158400 s left"."""
    printed, times = io.StringIO(), iter([1000.0, 1010.0, 1031.0, 1090.0])
    tracker = Tracker({"cell": 61}, None, {}, RichConsole(file=printed, width=200), clock=lambda: next(times))
    for steps in (1, 10, 20, 20):
        tracker.advance("cell", steps)
    assert printed.getvalue().splitlines() == [
        "  cell: 31 of 61 steps, about 31 s left",
        "  cell: 51 of 61 steps, about 18 s left",
    ]
