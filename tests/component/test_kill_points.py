"""kill -9 anywhere in a run: the same command again ends as if nothing had been.

At named points (each seen to be reached: the process dies there and nowhere else) and at random moments
(`PIPELINE_SEED`: others). 200 were run when this was written.
"""

from __future__ import annotations

import importlib
import operator
import os
import random
import signal
import subprocess
import time

import pytest

from tests.support.paths import TRACER
from tests.support.runner import Runner, processes_in
from tests.support.sweeps import ALL, some
from tests.support.undisturbed import Undisturbed, assert_goes_on

POINTS = (
    "pipeline.run:Pipeline.prepare@return",
    "pipeline.fetch.assembly:series_of@return",
    "pipeline.run:Pipeline.tree@call",
    "pipeline.kernel.trees:TreeImporter._fetch@call",
    "pipeline.kernel.trees:TreeImporter._fetch@return",
    "pipeline.apply.base:BaseChooser.applied@call",
    "pipeline.apply:Applier._checkout@return",
    "pipeline.apply.sparse_am:narrowed@return",
    "pipeline.apply:Applier._am_all@call",
    "pipeline.apply.changed:changed_paths@call#2",
    "pipeline.apply.sparse_am:widened@call",
    "pipeline.apply.sparse_am:widened@return",
    "pipeline.system.store:Store.put@call#1",
    "pipeline.system.store:_write_flushed@call#1",
    "pipeline.system.store:_write_flushed@return#1",
    "pipeline.system.store:_flush_folder@call#1",
    "pipeline.kernel.worktree:Worktree.move_to@call#1",
    "pipeline.kernel.worktree:Worktree._create@call",
    "pipeline.kernel.worktree:Worktree._create@return",
    "pipeline.kernel.buildfolder:BuildFolder.claim@return#1",
    "pipeline.kernel.buildfolder:BuildFolder.begin@return#1",
    "pipeline.kernel.buildfolder:BuildFolder.set_config@return",
    "pipeline.kernel.make:Make.run@return#1",
    "pipeline.kernel.buildfolder:BuildFolder.finish@call#1",
    "pipeline.system.store:Store.put@call#2",
    "pipeline.kernel.make:Make.struct_page_size@call",
    "pipeline.run:Pipeline.plan@return",
    "pipeline.build:Builder._build_cell@call#1",
    "pipeline.kernel.kbuild:count_steps@call#9",
    "pipeline.build.products:measured@call#1",
    "pipeline.measure.inspector:Inspector.inspect@call#1",
    "pipeline.build.results:BuildResults.put_dependencies@call#1",
    "pipeline.build.results:BuildResults.put@call#1",
    "pipeline.build.results:BuildResults.put@return#1",
    "pipeline.kernel.worktree:Worktree.move_to@call#3",
    "pipeline.kernel.worktree:Worktree.move_to@return#3",
    "pipeline.build:Builder._build_cell@call#2",
    "pipeline.build.results:BuildResults.put@call#2",
    "pipeline.build.results:BuildResults.put@return#2",
    "pipeline.measure.cells:measured_cells@call",
    "pipeline.measure.text:Measurer.text_delta@return",
    "pipeline.run:Pipeline.record@call",
    "pipeline.runs.evidence:keep_evidence@return",
    "pipeline.runs:RunFolder.finish@call",
    "pipeline.render.formats:write_reports@call",
    "pipeline.render.formats:write_reports@return",
)
"""Functions in the order of a run, at whose call or return (of that occurrence) the process is killed."""

KILLS = 40 if ALL else 4
SEED = int(os.environ.get("PIPELINE_SEED", "8"))
TRIED = some(POINTS, 6)
"""Each takes two runs."""
MOMENTS = [random.Random(f"{SEED} {number}").random() for number in range(KILLS)]
"""Shares of an undisturbed run's time."""


def test_there_are_enough_points() -> None:
    """Those that are not tried by default are looked up, so that none is named that is not there any more."""
    assert len(set(POINTS)) == len(POINTS) >= 32
    for point in POINTS:
        module, _, name = point.partition("@")[0].partition(":")
        assert operator.attrgetter(name)(importlib.import_module(module))


@pytest.mark.parametrize("point", TRIED)
def test_killed_at_a_point(run_pipeline: Runner, undisturbed: Undisturbed, point: str) -> None:
    """Seen red with results written in place, and with a worktree's commit noted before it is checked out."""
    traced = run_pipeline.within(run_pipeline.workspace, PYTHONPATH=str(TRACER), PIPELINE_TEST_POINT=point)
    killed = traced(*undisturbed.arguments)
    assert killed.returncode == -signal.SIGKILL, f"{point} was not reached: {killed.stderr}"
    assert_goes_on(run_pipeline, undisturbed)


@pytest.mark.parametrize(
    ("point", "number"),
    some(
        [
            ("pipeline.fetch.assembly:series_of@call", signal.SIGINT),
            ("pipeline.kernel.trees:TreeImporter._fetch@call", signal.SIGTERM),
            ("pipeline.apply:Applier._am_all@call", signal.SIGHUP),
            ("pipeline.kernel.make:Make.run@call#1", signal.SIGINT),
            ("pipeline.kernel.kbuild:count_steps@call#9", signal.SIGTERM),
            ("pipeline.measure.inspector:Inspector.inspect@call#1", signal.SIGHUP),
            ("pipeline.measure.text:Measurer.text_delta@call", signal.SIGINT),
            ("pipeline.render.formats:write_reports@call", signal.SIGTERM),
        ],
        2,
    ),
)
def test_a_signal_ends_every_part(
    run_pipeline: Runner, undisturbed: Undisturbed, point: str, number: signal.Signals
) -> None:
    """Children first, with a word of how to go on. Seen red with a handler that does nothing."""
    environment = {"PYTHONPATH": str(TRACER), "PIPELINE_TEST_POINT": point, "PIPELINE_TEST_SIGNAL": str(int(number))}
    done = run_pipeline.within(run_pipeline.workspace, **environment)(*undisturbed.arguments)
    assert (done.returncode, done.stdout) == (130, ""), done.stderr
    assert done.stderr.endswith("error: stopped\n  Finished cells are kept: the same command goes on from there.\n")
    assert processes_in(run_pipeline.workspace) == []
    assert_goes_on(run_pipeline, undisturbed)


@pytest.mark.parametrize("share", MOMENTS, ids=[f"{share:.3f}" for share in MOMENTS])
def test_killed_at_a_moment(run_pipeline: Runner, undisturbed: Undisturbed, share: float) -> None:
    with subprocess.Popen(
        run_pipeline.argv(*undisturbed.arguments),
        env=run_pipeline.environment,
        cwd=run_pipeline.folder,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as process:
        time.sleep(share * undisturbed.seconds)
        process.kill()
    assert_goes_on(run_pipeline, undisturbed)
