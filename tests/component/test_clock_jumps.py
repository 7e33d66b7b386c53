"""The clock on the wall jumps, as it does when NTP or somebody sets it: no result and no order of runs depends on it.

A library before the C library gives the pipeline, git and b4 such a clock. Files, what is built in the sandbox and the
clock that says how long something takes, which nobody can set (clock_settime(2)), stay the machine's.
"""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from pipeline.record import RunRecord
from tests.support.developer import PatchSeries
from tests.support.interruption import await_, let_go, make_waits, started
from tests.support.matrices import CELLS, ODD, matrix_text, write_matrix
from tests.support.runner import Runner
from tests.support.timeless import without_times

LIMIT = 300
"""Seconds for what a run does in ten."""


LIBRARY = r"""
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static long offset(void)
{
	FILE *file = fopen(getenv("CLOCK_OFFSET"), "re");
	long seconds = 0;

	if (!file || fscanf(file, "%ld", &seconds) != 1)
		abort();
	fclose(file);
	return seconds;
}

int clock_gettime(clockid_t clock, struct timespec *found)
{
	int failed = syscall(SYS_clock_gettime, clock, found);

	if (!failed && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE))
		found->tv_sec += offset();
	return failed;
}

int gettimeofday(struct timeval *restrict found, void *restrict zone)
{
	int failed = syscall(SYS_gettimeofday, found, zone);

	if (!failed)
		found->tv_sec += offset();
	return failed;
}

time_t time(time_t *found)
{
	struct timeval now;

	gettimeofday(&now, NULL);
	if (found)
		*found = now.tv_sec;
	return now.tv_sec;
}
"""
"""libfaketime 0.9.10 cannot do it: with the monotonic clock left alone, clock_nanosleep() fails with EINVAL."""


@dataclass(frozen=True)
class Clock:
    """A clock for the processes of a runner.

    Args:
        file: seconds that it is before the machine's.
    """

    file: Path
    run: Runner

    def set(self, offset: timedelta) -> None:
        aside = self.file.with_suffix(".part")
        aside.write_text(f"{offset // timedelta(seconds=1)}\n")
        aside.rename(self.file)


@pytest.fixture
def clock(run_pipeline: Runner, tmp_path: Path) -> Clock:
    source, library = tmp_path / "clock.c", tmp_path / "clock.so"
    source.write_text(LIBRARY)
    subprocess.run(["gcc", "-Wall", "-Werror", "-shared", "-fPIC", "-o", library, source], check=True)
    made = Clock(
        tmp_path / "clock",
        run_pipeline.within(run_pipeline.workspace, LD_PRELOAD=str(library), CLOCK_OFFSET=str(tmp_path / "clock")),
    )
    made.set(timedelta())
    return made


def order(fake_tree: Path, posted: dict[str, PatchSeries], folder: Path, name: str = "good") -> tuple[str, ...]:
    matrix = write_matrix(folder, matrix_text({ODD: CELLS[ODD]}))
    return ("apply-and-build", str(posted[name].folder), f"--tree=path:{fake_tree}#master", f"--matrix={matrix}")


def through(run: Runner, arguments: tuple[str, ...], meanwhile: Callable[[], None]) -> RunRecord:
    """The record of a run, in which something happens while make builds the patch."""
    with started(run, *arguments) as process:
        await_("the patch is built", lambda: make_waits(run) or process.poll() is not None)
        meanwhile()
        let_go(run)
        output, said = process.communicate(timeout=LIMIT)
    assert process.returncode == 0, output + said
    return run.record()


def test_a_clock_that_jumps_during_a_run_changes_nothing(
    clock: Clock, run_pipeline: Runner, fake_tree: Path, posted: dict[str, PatchSeries], tmp_path: Path
) -> None:
    """Forth by a week, which is beyond every time-out, then back; the same run again builds nothing.

    Seen red with seconds by the clock on the wall. (Time-outs count no leap of any clock: `TimeAwake`.)
    """

    def jump() -> None:
        clock.set(timedelta(days=7))
        # Time enough to look at it.
        time.sleep(2)
        clock.set(timedelta(hours=-2))

    arguments = order(fake_tree, posted, tmp_path, "waits")
    calm = through(run_pipeline.within(tmp_path / "calm"), arguments, lambda: None)
    record = through(clock.run, arguments, jump)
    assert without_times(record) == without_times(calm)
    assert 0 <= record.seconds < LIMIT
    assert all(0 <= state.seconds < LIMIT for cell in record.cells for state in cell.states)
    assert clock.run(*arguments).returncode == 0
    assert all(state.cached for cell in clock.run.record().cells for state in cell.states)


def test_the_last_run_is_the_last_whatever_the_clock_said(
    clock: Clock, fake_tree: Path, posted: dict[str, PatchSeries], tmp_path: Path
) -> None:
    """The first run began tomorrow. Seen red with names of runs made from the clock alone."""
    clock.set(timedelta(days=1))
    assert clock.run(*order(fake_tree, posted, tmp_path, "grows")).returncode in (0, 1)
    early = clock.run.record()
    clock.set(timedelta())
    assert clock.run(*order(fake_tree, posted, tmp_path)).returncode == 0
    late = clock.run.record()
    assert datetime.fromisoformat(early.started) - datetime.fromisoformat(late.started) > timedelta(hours=23)
    assert datetime.fromisoformat(late.started) <= datetime.now(UTC)
    listed = clock.run("runs").stdout
    assert listed.index(early.id) < listed.index(late.id)
    assert late.series.title in clock.run("report", "last").stdout
