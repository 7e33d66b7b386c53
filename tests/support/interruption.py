"""Runs that are under way: started, waited for, stopped, let go on."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from pipeline.record import RunRecord
from tests.support.runner import Runner, processes_in

PATIENCE = 240.0
"""Seconds until something that must happen counts as never happening, before the makefile of the series gives up.

No test waits that long when all is well.
"""

PROMPTLY = 5.0
"""Seconds from a signal to the end of the command."""


def await_(what: str, happened: Callable[[], object]) -> None:
    started = time.monotonic()
    while not happened():
        assert time.monotonic() - started < PATIENCE, f"never happened: {what}"
        time.sleep(0.02)


@contextmanager
def started(run: Runner, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    """The pipeline, under way; killed at the end if it still is."""
    process = subprocess.Popen(
        run.argv(*arguments),
        env=run.environment,
        cwd=run.folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait()
        for stream in (process.stdout, process.stderr):
            assert stream is not None
            stream.close()
        for left in processes_in(run.workspace):
            os.kill(left, signal.SIGKILL)


def make_waits(run: Runner) -> bool:
    """Whether the makefile of the series waits."""
    return len(processes_in(run.workspace, "test -e /src/go")) > 0


def interrupt(run: Runner, arguments: tuple[str, ...], number: signal.Signals, ready: Callable[[], object]) -> str:
    """Starts a command, sends it a signal once `ready`, and returns what it said; no process may be left."""
    with started(run, *arguments) as process:
        await_("the command is where it is to be stopped", lambda: ready() or process.poll() is not None)
        assert process.poll() is None, process.communicate()
        process.send_signal(number)
        sent = time.monotonic()
        output, said = process.communicate(timeout=PATIENCE)
        assert time.monotonic() - sent < PROMPTLY
        assert output == ""
        # Of a killed pipeline the kernel ends the sandboxes, a moment later; others are gone when it ends.
        if number is signal.SIGKILL:
            await_("no process is left", lambda: not processes_in(run.workspace))
        assert processes_in(run.workspace) == []
        assert process.returncode == (-number if number is signal.SIGKILL else 130)
    if number is not signal.SIGKILL:
        assert [line for line in said.splitlines() if "error" in line] == ["error: stopped"]
        assert said.endswith("error: stopped\n  Finished cells are kept: the same command goes on from there.\n")
    assert "Traceback" not in said
    return said


def states(record: RunRecord) -> dict[tuple[str, int], tuple[str, bool]]:
    """Status by cell and patch, and whether it came from the store."""
    return {(cell.id, state.patch): (state.status, state.cached) for cell in record.cells for state in cell.states}


def let_go(run: Runner) -> None:
    """Ends the wait for every later make: a file that git does not know stays in the worktree."""
    (worktree,) = [path for path in (run.workspace / "worktrees").iterdir() if path.is_dir()]
    (worktree / "go").touch()


def listed(run: Runner) -> list[str]:
    done = run("runs")
    assert (done.returncode, done.stderr) == (0, "")
    return [line.split()[1] for line in done.stdout.splitlines()[1:]]
