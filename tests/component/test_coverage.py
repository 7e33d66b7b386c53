"""What the cells compile of a series, and how the structs that it touches come out; on two fake kernels."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path

import pytest

from pipeline.record import CellRecord
from tests.support.developer import PatchSeries
from tests.support.main_job import build, cell, words
from tests.support.matrices import HVO, ODD
from tests.support.runner import Runner

pytestmark = pytest.mark.xdist_group("coverage")


def coverage(cell_record: CellRecord) -> dict[str, tuple[bool, str, str | None]]:
    assert cell_record.coverage is not None
    return {file.path: (file.compiled, file.lines, file.kept) for file in cell_record.coverage}


def line_of(tree: Path, path: str, text: str) -> int:
    (number,) = [number for number, line in enumerate((tree / path).read_text().split("\n"), 1) if text in line]
    return number


def test_each_cell_says_what_it_compiles(
    run: Runner, fake_tree: Path, two_cells: Path, posted: Mapping[str, PatchSeries]
) -> None:
    record, done = build(run, posted["partly"], f"path:{fake_tree}#master", two_cells)
    memcg = line_of(fake_tree, "mm/util.c", "return READ_ONCE(compound_head(page)->memcg_data)")
    huge = str(line_of(fake_tree, "mm/hugetlb.c", "set_max_huge_pages(1)"))
    extra = str(line_of(fake_tree, "lib/fake_extra.c", "sum * 31"))
    # A blank line between the two is none of code.
    lines = f"{memcg},{memcg + 2}"
    assert coverage(cell(record, HVO)) == {
        "lib/fake_extra.c": (False, extra, ""),
        "mm/hugetlb.c": (True, huge, huge),
        "mm/util.c": (True, lines, ""),
    }
    assert coverage(cell(record, ODD)) == {
        "lib/fake_extra.c": (False, extra, ""),
        "mm/hugetlb.c": (False, huge, ""),
        "mm/util.c": (True, lines, lines),
    }
    report = words(done.stdout)
    assert report.startswith("OK: ")
    assert "- Not covered, no cell compiles it: lib/fake_extra.c." in report
    assert "2 of 3 files compiled, 3 of 4 changed lines of code kept" in report
    assert f"mm/hugetlb.c: only in {HVO}" in report


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("uncompiled", "Not covered, no cell compiles it: lib/fake_extra.c."),
        ("dropped", "Not covered, the preprocessor drops every changed line: kernel/main.c."),
    ],
)
def test_a_series_that_no_cell_compiles_never_passes(
    run: Runner, fake_tree: Path, two_cells: Path, posted: Mapping[str, PatchSeries], name: str, reason: str
) -> None:
    record, done = build(run, posted[name], f"path:{fake_tree}#master", two_cells, status=1)
    assert [cell_record.status for cell_record in record.cells] == ["built", "built"]
    report = words(done.stdout)
    assert report.startswith("NOT COVERED: Nothing proven: no cell compiles what the series changes.")
    assert reason in report


def test_a_header_is_covered_through_an_object_that_includes_it(
    run: Runner, fake_tree: Path, two_cells: Path, posted: Mapping[str, PatchSeries]
) -> None:
    record, _ = build(run, posted["good"], f"path:{fake_tree}#master", two_cells)
    for name in (HVO, ODD):
        compiled, lines, kept = coverage(cell(record, name))["include/linux/page-flags.h"]
        assert compiled
        # Of a conditional pair of functions, only the one for HugeTLB's memmap is changed.
        assert (kept == lines) == (name == HVO)
        assert kept


def test_a_series_of_documents_has_nothing_to_compile(
    run: Runner, fake_tree: Path, two_cells: Path, posted: Mapping[str, PatchSeries]
) -> None:
    record, done = build(run, posted["documents"], f"path:{fake_tree}#good", two_cells)
    assert [cell_record.coverage for cell_record in record.cells] == [(), ()]
    assert "- The series changes no code that could be compiled." in words(done.stdout)


def test_a_struct_that_grows_is_shown_member_by_member(
    run: Runner, fake_tree: Path, two_cells: Path, posted: Mapping[str, PatchSeries]
) -> None:
    tree = f"path:{fake_tree}#master"
    build(run, posted["uncompiled"], tree, two_cells, status=1)
    record, done = build(run, posted["grows"], tree, two_cells, status=1)
    for name, word, before, after in ((HVO, 64, 64, 80), (ODD, 32, 40, 48)):
        cell_record = cell(record, name)
        # The base was built for another series: of this one it is asked with a probe, not with a build.
        assert [state.cached for state in cell_record.states] == [True, False]
        assert cell_record.layouts is not None
        (page,) = cell_record.layouts
        assert (page.struct, page.before, page.after) == ("page", before, after)
        changes = {(member_delta.after or member_delta.before).name: member_delta for member_delta in page.members}  # type: ignore[union-attr]
        owners, head = changes["owners"], changes["compound_head"]
        assert owners.change == "added"
        assert owners.after is not None
        assert (owners.after.offset, owners.after.size) == (word, 2 * word)
        assert head.change == "moved"
        assert head.before is not None
        assert head.after is not None
        assert (head.before.offset, head.after.offset) == (word, 3 * word)
        assert "flags" not in changes
        assert ("memcg_data" in changes) == (name == ODD)
    report = words(done.stdout)
    assert f"struct page, 64 → 80 bytes, in {HVO}" in report
    assert "owners added 8 16" in report


def test_what_does_not_differ_is_not_shown(
    run: Runner, fake_tree: Path, two_cells: Path, posted: Mapping[str, PatchSeries]
) -> None:
    record, done = build(run, posted["partly"], f"path:{fake_tree}#master", two_cells)
    assert [cell_record.layouts for cell_record in record.cells] == [(), ()]
    assert "Layout" not in done.stdout


def test_results_of_an_older_workspace_are_measured_when_they_are_asked_for(
    run: Runner, fake_tree: Path, two_cells: Path, posted: Mapping[str, PatchSeries], tmp_path: Path
) -> None:
    """What a build came to stays as it was; what was not asked of it is asked now, and only once."""
    tree = f"path:{fake_tree}#master"
    before, _ = build(run, posted["partly"], tree, two_cells)
    old = run.within(Path(shutil.copytree(run.workspace, tmp_path / "workspace", symlinks=True)))
    shutil.rmtree(old.workspace / "store/coverage")
    shutil.rmtree(old.workspace / "store/struct-layout")
    measured, done = build(old, posted["partly"], tree, two_cells)
    assert "Measuring" in done.stderr
    assert [cell_record.coverage for cell_record in measured.cells] == [
        cell_record.coverage for cell_record in before.cells
    ]
    assert [cell_record.layouts for cell_record in measured.cells] == [(), ()]
    assert all(state.cached for cell_record in measured.cells for state in cell_record.states)
    assert "Measuring" not in build(old, posted["partly"], tree, two_cells)[1].stderr


def test_without_a_sandbox_the_same_is_found(
    run: Runner, fake_tree: Path, two_cells: Path, posted: Mapping[str, PatchSeries]
) -> None:
    tree = f"path:{fake_tree}#master"
    boxed, _ = build(run, posted["grows"], tree, two_cells, f"--cell={HVO}", status=1)
    openly, _ = build(run, posted["grows"], tree, two_cells, f"--cell={HVO}", "--sandbox=none", status=1)
    assert cell(openly, HVO).coverage == cell(boxed, HVO).coverage
    assert cell(openly, HVO).layouts == cell(boxed, HVO).layouts != ()
