"""Cells of a run done by `pipeline run-job` in workspaces of their own: what comes back makes the same record."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.support.developer import PatchSeries
from tests.support.matrices import CELLS, GUEST, HVO, ODD, matrix_text, write_matrix
from tests.support.runner import Runner
from tests.support.timeless import timeless

pytestmark = pytest.mark.xdist_group("run-job")


def worker(run: Runner, name: str) -> Runner:
    """Another machine: nothing but the tools is shared."""
    return run.within(run.folder / name)


def jobs_in(folder: Path) -> dict[str, Path]:
    """Jobs that wait in a folder, by cell."""
    return {json.loads(path.read_text())["cell"]["id"]: path for path in sorted(folder.glob("*.job.json"))}


@pytest.fixture
def order(fake_tree: Path, posted: Mapping[str, PatchSeries], tmp_path: Path) -> tuple[str, ...]:
    """Two cells, before and after four patches."""
    matrix = write_matrix(tmp_path, matrix_text({name: CELLS[name] for name in (HVO, ODD)}))
    return (
        "apply-and-build",
        str(posted["good"].folder),
        f"--tree=path:{fake_tree}#master",
        f"--matrix={matrix}",
        "--per-patch",
    )


def elsewhere(run: Runner, order: tuple[str, ...], *options: str) -> None:
    """The same order in the workspace of `run`, every cell by a worker of its own; what is built here is an error."""
    folder = run.folder / "jobs"
    first = run(*order, f"--executor=folder:{folder}")
    assert first.returncode == 4, first.stdout + first.stderr
    assert "have no result yet" in first.stderr
    for cell, path in jobs_in(folder).items():
        done = worker(run, f"worker-{cell}")("run-job", str(path), *options)
        assert done.returncode == 0, done.stderr
    again = run(*order, f"--executor=folder:{folder}")
    assert again.returncode in (0, 1), again.stdout + again.stderr
    assert "Building" not in again.stderr
    assert "warning" not in again.stderr


def test_record_is_that_of_a_local_run(run_pipeline: Runner, order: tuple[str, ...]) -> None:
    local = run_pipeline.within(run_pipeline.folder / "local")
    assert local(*order).returncode == 0
    elsewhere(run_pipeline, order)
    assert timeless(run_pipeline.record()) == timeless(local.record())
    # Every build counts as one of this run.
    states = [state for cell in run_pipeline.record().cells for state in cell.states]
    assert len(states) == 10
    assert all(state.reused for state in states if state.cached)
    assert not list((run_pipeline.workspace / "builds").rglob("vmlinux"))


def test_failure_is_traced_by_the_worker(
    run_pipeline: Runner, order: tuple[str, ...], posted: Mapping[str, PatchSeries]
) -> None:
    order = (order[0], str(posted["breaks"].folder), *order[2:-1])
    local = run_pipeline.within(run_pipeline.folder / "local")
    assert local(*order).returncode == 1
    elsewhere(run_pipeline, order)
    assert timeless(run_pipeline.record()) == timeless(local.record())


@pytest.mark.skipif(shutil.which("qemu-system-x86_64") is None, reason="needs qemu-system-x86")
def test_boots_are_the_workers(run_pipeline: Runner, order: tuple[str, ...], tmp_path: Path) -> None:
    (tmp_path / "guest.config").write_text("".join(f"CONFIG_{name}=y\n" for name in GUEST))
    (tmp_path / "boot").mkdir()
    (tmp_path / "boot/brief.toml").write_text('about = "brief"\nmemory = 64\ncpus = 1\nlimit = 20\n')
    (tmp_path / "fake.toml").write_text(f'{matrix_text({"x86_64-guest": "guest"})}boot = ["brief"]\n')
    elsewhere(run_pipeline, order[:-1])
    (cell,) = run_pipeline.record().cells
    assert [(boot.patch, boot.status, boot.cached) for boot in cell.boots] == [(0, "fail", False), (4, "fail", False)]


def test_what_the_run_has_is_not_built_again(
    run_pipeline: Runner, order: tuple[str, ...], posted: Mapping[str, PatchSeries]
) -> None:
    assert run_pipeline(*order[:-1]).returncode == 0
    other = (order[0], str(posted["grows"].folder), *order[2:-1])
    elsewhere(run_pipeline, other)
    for cell in run_pipeline.record().cells:
        assert [(state.patch, state.cached) for state in cell.states] == [(0, True), (1, False)]
    # Nor by the worker, which had none of it in its own store: it makes one kernel, that of the patch.
    assert len(list((worker(run_pipeline, f"worker-{HVO}").workspace / "store/symbol-origins").glob("*/*"))) == 2


def test_a_job_done_twice_is_found(run_pipeline: Runner, order: tuple[str, ...]) -> None:
    folder = run_pipeline.folder / "jobs"
    run_pipeline(*order[:-1], f"--executor=folder:{folder}", f"--cell={ODD}")
    (path,) = jobs_in(folder).values()
    machine = worker(run_pipeline, "machine")
    results = []
    for _ in range(2):
        done = machine("run-job", str(path), "-o", str(folder / "result.json"))
        assert done.returncode == 0, done.stderr
        results.append(json.loads((folder / "result.json").read_text())["results"])
    assert "Building" not in done.stderr
    first, second = (sorted((entry["stage"], entry["digest"]) for entry in result) for result in results)
    assert first == second
    assert all(entry["made"] for entry in results[0])
    assert not any(entry["made"] for entry in results[1])


@pytest.mark.parametrize(
    ("place", "value", "complaint"),
    [
        (("tree_id",), "0" * 40, "is git tree"),
        (("states", 1), "0" * 40, "the patches come to another tree"),
        (("cell", "toolchain", "digest"), "0" * 64, "the compiler is"),
        (("pipeline",), "0.0.1", "Install one version everywhere"),
        (("sandbox",), "none", "PIPELINE_SANDBOX=none"),
    ],
    ids=lambda value: value[-1] if isinstance(value, tuple) else None,
)
def test_a_machine_that_is_another_says_so(
    run_pipeline: Runner, order: tuple[str, ...], place: tuple[Any, ...], value: str, complaint: str
) -> None:
    folder = run_pipeline.folder / "jobs"
    run_pipeline(*order, f"--executor=folder:{folder}", f"--cell={ODD}")
    (path,) = jobs_in(folder).values()
    job = json.loads(path.read_text())
    within = job
    for word in place[:-1]:
        within = within[word]
    within[place[-1]] = value
    path.write_text(json.dumps(job))
    done = worker(run_pipeline, "machine")("run-job", str(path))
    assert (done.returncode, done.stdout) == (4, ""), done.stderr
    assert complaint in done.stderr
    assert done.stderr.splitlines()[-1].startswith("  ")
    assert not list(folder.glob("*.result.json*"))


def test_what_was_not_asked_for_does_not_enter_the_store(run_pipeline: Runner, order: tuple[str, ...]) -> None:
    """A result of another cell in place of the right one: it is refused, and the cell built here."""
    folder = run_pipeline.folder / "jobs"
    words = (*order[:-1], f"--executor=folder:{folder}")
    run_pipeline(*words)
    jobs = jobs_in(folder)
    done = worker(run_pipeline, "machine")("run-job", str(jobs[HVO]))
    assert done.returncode == 0, done.stderr
    right = Path(str(jobs[HVO]).replace(".job.", ".result."))
    forged = json.loads(right.read_text()) | {"job": jobs[ODD].name.removesuffix(".job.json")}
    Path(str(jobs[ODD]).replace(".job.", ".result.")).write_text(json.dumps(forged))
    done = run_pipeline(*words)
    assert done.returncode == 0, done.stderr
    assert re.search(f"warning: {ODD}, by .*: does not count: build .not asked for.", done.stderr)
    assert re.search(f"warning: {ODD}, by .*: results are missing, so that it is built here", done.stderr)
    assert {cell.id: cell.status for cell in run_pipeline.record().cells} == {HVO: "built", ODD: "built"}
    assert f"Building the base: {ODD}" in done.stderr


def test_a_damaged_result_is_refused(run_pipeline: Runner, order: tuple[str, ...]) -> None:
    folder = run_pipeline.folder / "jobs"
    words = (*order[:-1], f"--executor=folder:{folder}", f"--cell={ODD}")
    run_pipeline(*words)
    (path,) = jobs_in(folder).values()
    target = Path(str(path).replace(".job.", ".result."))
    assert worker(run_pipeline, "machine")("run-job", str(path)).returncode == 0
    result = json.loads(target.read_text())
    result["results"][0]["value"]["seconds"] = 99.0
    target.write_text(json.dumps(result))
    done = run_pipeline(*words)
    assert done.returncode == 2
    assert "does not match" in done.stderr
    target.write_text("{")
    assert run_pipeline(*words).returncode == 2


def test_executors_that_there_are_not(run_pipeline: Runner, order: tuple[str, ...]) -> None:
    for name in ("slurm", "dask:", "folder:"):
        done = run_pipeline(*order, f"--executor={name}")
        assert done.returncode == 2
        assert "An executor is local, dask://HOST:PORT" in done.stderr
    done = replace(run_pipeline)("run-job", "missing.json")
    assert done.returncode == 2
    assert "cannot be read" in done.stderr
