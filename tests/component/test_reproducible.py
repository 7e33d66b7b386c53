"""Numbers that can be relied on: the same again wherever and whenever measured, and 0 where nothing changed."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.support.containment import KEPT, stored_results
from tests.support.developer import PatchSeries
from tests.support.main_job import build, words
from tests.support.runner import Runner

pytestmark = pytest.mark.xdist_group("reproducible")


def kernels(workspace: Path) -> dict[str, str]:
    """SHA-256 of every vmlinux that is left in a workspace, by its cell and build folder."""
    paths = sorted(workspace.rglob("vmlinux"))
    return {"/".join(path.parts[-3:-1]): hashlib.sha256(path.read_bytes()).hexdigest() for path in paths}


def test_another_time_folder_and_number_of_jobs_give_the_same_digests(
    run: Runner, fake_tree: Path, two_cells: Path, posted: Mapping[str, PatchSeries], tmp_path: Path
) -> None:
    """Seen red with KBUILD_BUILD_TIMESTAMP not set by kbuild.variables; with a seat awaited in turn, it never ends."""
    tree = f"path:{fake_tree}#master"
    build(run, posted["good"], tree, two_cells, "--jobs=1")
    # The clock has gone on by more than the second that a date could be rounded to.
    time.sleep(1.1)
    elsewhere = run.within(tmp_path / "quite" / "another place", TZ="Pacific/Auckland")
    build(elsewhere, posted["good"], tree, two_cells, "--jobs=4")
    first, second = stored_results(run.workspace), stored_results(elsewhere.workspace)
    assert {name.partition(" ")[0] for name in first} == set(KEPT)
    assert first == second
    assert len(kernels(run.workspace)) == 4
    assert kernels(run.workspace) == kernels(elsewhere.workspace)


def test_documents_change_no_byte_by_measurement(
    run: Runner, fake_tree: Path, two_cells: Path, posted: Mapping[str, PatchSeries]
) -> None:
    """With --noise-floor nothing is reused: base and last state are built, and the base once more.

    Seen red with reused builds left as they are by Repeater.repeat.
    """
    tree = f"path:{fake_tree}#good"
    record, done = build(run, posted["documents"], tree, two_cells, "--noise-floor")
    for cell in record.cells:
        assert [(state.reused, state.cpu_seconds > 0) for state in cell.states] == [(False, True)] * 2
        assert cell.text is not None
        assert (cell.text.up, cell.text.down, cell.text.delta, cell.text.symbols) == (0, 0, 0, ())
        assert cell.text.before == cell.text.after > 0
        assert all(section.before == section.after for section in cell.sections)
        assert cell.noise_floor is not None
        assert cell.noise_floor.silent
    assert words(done.stdout).count("no size change: every symbol and every section is as large as on the base") == 2
    # A second time it is known.
    again, done = build(run, posted["documents"], tree, two_cells, "--noise-floor")
    assert "Building" not in done.stderr
    assert [cell.noise_floor for cell in again.cells] == [cell.noise_floor for cell in record.cells]


def test_reordered_functions_are_no_size_change(
    run: Runner, fake_tree: Path, two_cells: Path, posted: Mapping[str, PatchSeries]
) -> None:
    """Seen red with a function that is made one statement longer by the same patch."""
    record, done = build(run, posted["reorders"], f"path:{fake_tree}#master", two_cells, "--noise-floor")
    for cell in record.cells:
        assert [state.reused for state in cell.states] == [False, False]
        assert cell.text is not None
        assert (cell.text.delta, cell.text.symbols) == (0, ())
    report = words(done.stdout)
    assert report.count("A/A, two clean builds of the base: +0 -0 bytes") == 2
    assert "A/A 0 bytes, two clean builds of the base in 2 of 2 cells" in report
    assert "--noise-floor" in record.command


def test_a_floor_that_was_not_measured_is_said_to_be_so(
    run: Runner, fake_tree: Path, two_cells: Path, posted: Mapping[str, PatchSeries]
) -> None:
    record, done = build(run, posted["reorders"], f"path:{fake_tree}#master", two_cells)
    assert [cell.noise_floor for cell in record.cells] == [None, None]
    assert "A/A not measured: --noise-floor builds each base twice" in words(done.stdout)
