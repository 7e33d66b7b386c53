"""What the console shows may hold words of servers, of programs and of mails."""

from __future__ import annotations

import pytest

from pipeline.system.console import Console

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
