"""Results that are verdicts: what a broken, a noisy, a harmless and a rerolled series come to."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from pipeline.record import CellRecord
from tests.support.developer import PatchSeries, mbox
from tests.support.main_job import build, cell, words
from tests.support.matrices import FRAGMENTS, HVO, ODD, matrix_text, write_matrix
from tests.support.published import faces, named_in
from tests.support.runner import Runner

pytestmark = pytest.mark.xdist_group("verdicts")


def statuses(cell_record: CellRecord) -> dict[int, str]:
    return {state.patch: state.status for state in cell_record.states}


def test_broken_patch_is_found_by_bisection(
    run: Runner, fake_tree: Path, two_cells: Path, posted: Mapping[str, PatchSeries]
) -> None:
    record, done = build(run, posted["breaks"], f"path:{fake_tree}#master", two_cells, status=1)
    for name in (HVO, ODD):
        cell_record = cell(record, name)
        assert (cell_record.status, cell_record.text) == ("failed", None)
        assert statuses(cell_record) == {0: "built", 1: "built", 2: "failed", 3: "failed"}
        (bad,) = [state for state in cell_record.states if state.patch == 2]
        assert bad.subject == "mm: use a helper that is not there"
        assert bad.errors[0].path == "mm/util.c"
        assert "implicit declaration of function" in bad.errors[0].message
        log = (run.workspace / "runs" / record.id / bad.log).read_text()
        assert f"/src/mm/util.c:{bad.errors[0].line}:" in log
        assert bad.errors[0].message in log
    report = words(done.stdout)
    assert report.startswith("PROBLEM: The series breaks the build")
    assert 'Build fails with patch 2, "mm: use a helper that is not there", in 2 of 2 cells' in report
    assert f"mm/util.c:{bad.errors[0].line}: " in report
    assert "no_such_helper" in report
    # What comes after the first failure is not a finding of its own.
    assert "patch 3" not in report


def test_what_breaks_in_one_configuration_is_pinned_on_its_patch_and_cell(
    run: Runner, fake_tree: Path, two_cells: Path, posted: Mapping[str, PatchSeries]
) -> None:
    record, done = build(run, posted["breaks-one"], f"path:{fake_tree}#master", two_cells, status=1)
    assert statuses(cell(record, HVO)) == {0: "built", 3: "built"}
    assert statuses(cell(record, ODD)) == {0: "built", 1: "built", 2: "failed", 3: "failed"}
    report = words(done.stdout)
    assert f'Build fails with patch 2, "mm: lean on the virtual memmap", in 1 of 2 cells: {ODD}' in report
    assert "there is no memmap to lean on" in report


def test_new_warning_is_told_from_a_known_one(
    run: Runner, fake_tree: Path, two_cells: Path, posted: Mapping[str, PatchSeries]
) -> None:
    options = (f"--cell={HVO}", "--per-patch")
    record, done = build(run, posted["warns"], f"path:{fake_tree}#noisy", two_cells, *options, status=1)
    cell_record = cell(record, HVO)
    assert cell_record.status == "built"
    new = {
        state.patch: [(diagnostic.path, diagnostic.message) for diagnostic in state.new_warnings]
        for state in cell_record.states
    }
    assert (new[0], new[1]) == ([], [])
    ((path, message),) = new[2]
    assert path == "mm/util.c"
    assert "unused variable" in message
    assert "unused_by_patch_2" in message
    # The base warns of its own, and says so in its log.
    assert "old_and_known" in (run.workspace / "runs" / record.id / cell_record.states[0].log).read_text()
    report = words(done.stdout)
    assert report.startswith("PROBLEM: The series adds warnings.")
    assert '1 new warning with patch 2, "mm: prepare page_mapping()", in 1 of 1 cell' in report
    assert "unused_by_patch_2" in report
    assert "old_and_known" not in report
    assert "with patch 3" not in report


def test_per_patch_builds_every_state(
    run: Runner, fake_tree: Path, two_cells: Path, posted: Mapping[str, PatchSeries]
) -> None:
    record, done = build(run, posted["good"], f"path:{fake_tree}#master", two_cells, f"--cell={HVO}", "--per-patch")
    assert statuses(cell(record, HVO)) == dict.fromkeys(range(5), "built")
    assert [state.subject for state in cell(record, HVO).states][1:] == [
        patch.subject for patch in record.series.patches
    ]
    (row,) = [line for line in done.stdout.splitlines() if line.split() == [HVO, *["ok"] * 4, "="]]
    assert row
    assert "--per-patch" in record.command
    changes = [state.text_change for state in cell(record, HVO).states]
    text = cell(record, HVO).text
    assert text is not None
    assert changes[0] is None
    assert sum(change or 0 for change in changes) == text.delta
    assert any(changes)


def test_documentation_weighs_nothing(
    run: Runner, fake_tree: Path, two_cells: Path, posted: Mapping[str, PatchSeries]
) -> None:
    """Two builds whose source differs in no compiled file are the noise floor, and it is zero."""
    record, _ = build(run, posted["documents"], f"path:{fake_tree}#good", two_cells)
    for name in (HVO, ODD):
        text = cell(record, name).text
        assert text is not None
        assert (text.add, text.remove, text.grow, text.shrink, text.up, text.down, text.delta) == (0,) * 7
        assert text.before == text.after > 0
        assert text.symbols == ()
        assert all(section.before == section.after for section in cell(record, name).sections)


def test_reroll_of_messages_builds_nothing(
    run: Runner, fake_tree: Path, two_cells: Path, posted: Mapping[str, PatchSeries], tmp_path: Path
) -> None:
    """Results belong to the source, so other words in a commit message cost no build."""
    tree = f"path:{fake_tree}#master"
    build(run, posted["good"], tree, two_cells)
    for number, mail in enumerate(posted["good-v2"].mails):
        reworded = mail.replace(b"do not look for", b"stop looking for").replace(
            b"\n\nSigned-off", b"\n\nWhy.\n\nSigned-off"
        )
        assert number in (0,) or reworded != mail
        (tmp_path / f"{number:04}.patch").write_bytes(mbox([reworded]))
    record, done = build(run, tmp_path, tree, two_cells)
    assert record.series.version == 2
    assert record.series.patches[1].subject == "mm: stop looking for fake heads in compound_head()"
    assert [state.cached for cell_record in record.cells for state in cell_record.states] == [True] * 4
    assert "Building" not in done.stderr


def test_only_the_cells_that_are_asked_for(
    run: Runner, fake_tree: Path, two_cells: Path, posted: Mapping[str, PatchSeries]
) -> None:
    tree = f"path:{fake_tree}#master"
    record, _ = build(run, posted["good"], tree, two_cells, "--cell=i386-*")
    assert [cell_record.id for cell_record in record.cells] == [ODD]
    assert "--cell 'i386-*'" in record.command
    done = run(
        "apply-and-build", str(posted["good"].folder), f"--tree={tree}", f"--matrix={two_cells}", "--cell=arm64*"
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert "no cell of the matrix matches arm64*" in done.stderr
    assert f"{HVO}, {ODD}" in done.stderr


def test_json_goes_where_it_is_asked_for(
    run: Runner, fake_tree: Path, two_cells: Path, posted: Mapping[str, PatchSeries], tmp_path: Path
) -> None:
    arguments = (str(posted["good"].folder), f"--tree=path:{fake_tree}#master", f"--matrix={two_cells}")
    target = tmp_path / "record.json"
    done = run("apply-and-build", *arguments, f"--json={target}")
    assert done.returncode == 0, done.stderr
    record = json.loads(target.read_text())
    assert target.read_text() == (run.workspace / "runs" / record["id"] / "run.json").read_text()
    assert done.stdout.startswith("OK: ")
    piped = run("apply-and-build", *arguments, "--json=-")
    assert piped.returncode == 0, piped.stderr
    assert json.loads(piped.stdout)["series"] == record["series"]


def test_json_that_cannot_be_written_is_refused_first(
    run: Runner, fake_tree: Path, two_cells: Path, posted: Mapping[str, PatchSeries], tmp_path: Path
) -> None:
    """Not after twenty minutes of building."""
    target = tmp_path / "nowhere" / "run.json"
    before = {path.name for path in (run.workspace / "runs").glob("*")}
    arguments = (str(posted["good"].folder), f"--tree=path:{fake_tree}#master", f"--matrix={two_cells}")
    done = run("apply-and-build", *arguments, f"--json={target}")
    assert done.returncode == 2, done.stderr
    assert str(target) in done.stderr
    assert {path.name for path in (run.workspace / "runs").glob("*")} == before


def test_unsandboxed_build_is_shown(
    run: Runner, fake_tree: Path, two_cells: Path, posted: Mapping[str, PatchSeries]
) -> None:
    tree = f"path:{fake_tree}#master"
    build(run, posted["good"], tree, two_cells, f"--cell={HVO}")
    record, done = build(run, posted["good"], tree, two_cells, f"--cell={HVO}", "--sandbox=none")
    assert record.sandbox == "none"
    assert "--sandbox=none" in record.command
    assert "warning: no sandbox" in done.stderr
    assert "- Built without a sandbox." in done.stdout
    assert "Sandbox   none" in done.stdout
    # What was built in the sandbox is another result: the two see different paths.
    assert not any(state.cached for state in cell(record, HVO).states)
    places = (fake_tree, fake_tree.parent, two_cells, posted["good"].folder)
    assert not [(name, named) for name, text in faces(run, record) if (named := named_in(text, run, *places))]


def test_paths_of_a_build_without_a_sandbox_stay_here(
    run: Runner, fake_tree: Path, two_cells: Path, posted: Mapping[str, PatchSeries]
) -> None:
    """Compilers see where they run: what they say of it is in the log, not in what others get."""
    record, _ = build(
        run, posted["breaks"], f"path:{fake_tree}#master", two_cells, f"--cell={HVO}", "--sandbox=none", status=1
    )
    places = (fake_tree, fake_tree.parent, two_cells, posted["breaks"].folder)
    assert not [(name, named) for name, text in faces(run, record) if (named := named_in(text, run, *places))]


def test_base_that_does_not_build_is_not_the_series_fault(
    run: Runner, fake_tree: Path, posted: Mapping[str, PatchSeries], tmp_path: Path
) -> None:
    """The other cell decides, and the failure is shown as the tree's own."""
    matrix = write_matrix(tmp_path, matrix_text({HVO: "hvo", "x86_64-broken": "broken"}))
    (tmp_path / "broken.config").write_text(FRAGMENTS["hvo"] + "CONFIG_FAKE_BROKEN_CC=y\n")
    record, done = build(run, posted["good"], f"path:{fake_tree}#master", matrix)
    assert statuses(cell(record, "x86_64-broken"))[0] == "failed"
    report = words(done.stdout)
    assert report.startswith("OK: ")
    assert "Base does not build: x86_64-broken (lib/fake_broken.c:" in report
    assert "that is the tree, not the series." in report
