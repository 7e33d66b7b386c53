"""Ends of a command: what it says and its exit status, whatever is raised."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer

from pipeline.cli.session import INTERRUPTED, session


@pytest.fixture(autouse=True)
def _signals() -> Iterator[None]:
    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    yield
    for number, handler in handlers.items():
        signal.signal(number, handler)


@pytest.mark.parametrize("error", [OSError("closed by the other end"), RuntimeError("cannot cancel")])
def test_what_fails_while_an_interruption_is_cleaned_up_is_no_other_end(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], error: Exception
) -> None:
    def interrupted() -> None:
        try:
            signal.raise_signal(signal.SIGTERM)
        finally:
            raise error

    with pytest.raises(typer.Exit) as ended, session(tmp_path, verbose=False, quiet=False):
        interrupted()
    assert ended.value.exit_code == INTERRUPTED
    assert "stopped" in capsys.readouterr().err


def test_an_error_without_an_interruption_is_one_of_the_machine(tmp_path: Path) -> None:
    with pytest.raises(typer.Exit) as ended, session(tmp_path, verbose=False, quiet=True):
        raise OSError("no room")
    assert ended.value.exit_code == 4
