"""Ctrl-C, SIGTERM, SIGHUP and kill -9 in the middle of a build: nothing is left behind or broken, and it resumes."""

from __future__ import annotations

import signal
import socket
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.support.developer import PatchSeries
from tests.support.interruption import (
    PATIENCE,
    await_,
    interrupt,
    let_go,
    listed,
    make_waits,
    started,
    states,
)
from tests.support.matrices import CELLS, HVO, ODD, matrix_text, write_matrix
from tests.support.runner import Runner


@pytest.fixture
def waiting(fake_tree: Path, posted: Mapping[str, PatchSeries], tmp_path: Path) -> tuple[str, ...]:
    """The main job on a series whose makefile waits for a file."""
    matrix = write_matrix(tmp_path, matrix_text({ODD: CELLS[ODD]}))
    series = str(posted["waits"].folder)
    return ("apply-and-build", series, f"--tree=path:{fake_tree}#master", f"--matrix={matrix}")


@pytest.mark.parametrize(
    "number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGKILL], ids=lambda number: number.name
)
def test_build_goes_on_where_it_was_stopped(
    run_pipeline: Runner, waiting: tuple[str, ...], number: signal.Signals
) -> None:
    said = interrupt(run_pipeline, waiting, number, lambda: make_waits(run_pipeline))
    assert "Building after patch 1/1" in said
    assert listed(run_pipeline) == ["broken"]
    assert list(run_pipeline.workspace.glob("store/tmp/*")) == []
    let_go(run_pipeline)
    again = run_pipeline(*waiting)
    assert again.returncode == 0, again.stderr
    assert states(run_pipeline.record()) == {(ODD, 0): ("built", True), (ODD, 1): ("built", False)}
    # Neither planned nor applied anew.
    assert "Configuring" not in again.stderr
    assert "Fetching" not in again.stderr


def test_finished_cell_is_kept_while_another_is_killed(
    run_pipeline: Runner, fake_tree: Path, posted: Mapping[str, PatchSeries], tmp_path: Path
) -> None:
    matrix = write_matrix(tmp_path, matrix_text({name: CELLS[name] for name in (HVO, ODD)}))
    series = str(posted["waits-on-i386"].folder)
    arguments = ("apply-and-build", series, f"--tree=path:{fake_tree}#master", f"--matrix={matrix}")

    def one_of_two() -> bool:
        stored = len(list(run_pipeline.workspace.glob("store/build/*/*")))
        return stored == 3 and make_waits(run_pipeline)

    interrupt(run_pipeline, arguments, signal.SIGKILL, one_of_two)
    let_go(run_pipeline)
    again = run_pipeline(*arguments)
    assert again.returncode == 0, again.stderr
    assert states(run_pipeline.record()) == {
        (HVO, 0): ("built", True),
        (HVO, 1): ("built", True),
        (ODD, 0): ("built", True),
        (ODD, 1): ("built", False),
    }


def test_run_is_listed_as_running_and_is_not_cleaned_away(run_pipeline: Runner, waiting: tuple[str, ...]) -> None:
    def ready() -> bool:
        if not make_waits(run_pipeline):
            return False
        assert listed(run_pipeline) == ["running"]
        cleaned = run_pipeline("clean", "--all")
        assert cleaned.returncode == 2
        assert "is under way in" in cleaned.stderr
        return True

    interrupt(run_pipeline, waiting, signal.SIGINT, ready)
    let_go(run_pipeline)
    assert run_pipeline(*waiting).returncode == 0


def test_two_runs_at_once_build_once(run_pipeline: Runner, waiting: tuple[str, ...]) -> None:
    """The second waits for the first, and takes over when that is killed."""
    with started(run_pipeline, *waiting) as first:
        await_("the first run builds", lambda: make_waits(run_pipeline))
        with started(run_pipeline, *waiting) as second:
            await_("both runs are under way", lambda: listed(run_pipeline) == ["running", "running"])
            first.kill()
            let_go(run_pipeline)
            output, said = second.communicate(timeout=PATIENCE)
            assert second.returncode == 0, said
            assert output.startswith("OK: ")
    assert "1 broken run(s) removed" in run_pipeline("clean").stdout
    assert listed(run_pipeline) == ["finished"]
    assert states(run_pipeline.record()) == {(ODD, 0): ("built", True), (ODD, 1): ("built", False)}


def test_fetch_from_a_silent_server_is_stopped(run_pipeline: Runner) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent, ExitStack() as connections:
        silent.settimeout(PATIENCE)

        def connected() -> bool:
            connections.enter_context(silent.accept()[0])
            return True

        midmask = f"--midmask=http://127.0.0.1:{silent.getsockname()[1]}/all/%s"
        interrupt(run_pipeline, ("fetch", "somebody@example.org", midmask), signal.SIGINT, connected)
    assert list((run_pipeline.workspace / "mail").iterdir()) == []


def test_nothing_is_left_running_without_a_sandbox(run_pipeline: Runner, waiting: tuple[str, ...]) -> None:
    interrupt(run_pipeline, (*waiting, "--sandbox=none"), signal.SIGTERM, lambda: make_waits(run_pipeline))
