"""Coverage and layouts in the report and in the verdict."""

from __future__ import annotations

import pytest
from rich.cells import cell_len

from pipeline.assess.coverage import covered_files, not_covered
from pipeline.record import (
    CellRecord,
    FileCoverageRecord,
    LayoutRecord,
    MemberDeltaRecord,
    MemberRecord,
    RunRecord,
    line_numbers,
    line_ranges,
)
from pipeline.render.text_report import exit_status, render_text, verdict
from pipeline.system.errors import ExitStatus
from tests.support import records

UTIL = FileCoverageRecord(path="mm/util.c", compiled=True, lines="3-5,9", kept="3-5,9")
PART = FileCoverageRecord(path="mm/util.c", compiled=True, lines="3-5,9", kept="3-4")
DROPPED = FileCoverageRecord(path="mm/util.c", compiled=True, lines="3-5,9", kept="")
COMMENT = FileCoverageRecord(path="mm/util.c", compiled=True, lines="", kept="")
UNASKED = FileCoverageRecord(path="rust/lib.rs", compiled=True, lines="3", kept=None)
EXTRA = FileCoverageRecord(path="lib/extra.c", compiled=False, lines="7", kept="")


def covering(name: str, *files: FileCoverageRecord, **changes: object) -> CellRecord:
    return records.cell(name, coverage=files, **changes)


def report(*cells: CellRecord) -> tuple[RunRecord, str]:
    """A run of these cells and its report in one line: sentences are wrapped where the page ends."""
    record = records.run(cells=cells, claims=())
    text = render_text(record)
    assert all(cell_len(line) <= 78 for line in text.splitlines())
    return record, " ".join(text.split())


@pytest.mark.parametrize(
    ("lines", "text"), [([], ""), ([7], "7"), ([7, 8], "7-8"), ([1, 3, 4, 5, 9], "1,3-5,9"), ([1, 2, 4], "1-2,4")]
)
def test_line_numbers_are_written_as_ranges_and_read_again(lines: list[int], text: str) -> None:
    assert line_ranges(lines) == text
    assert line_numbers(text) == set(lines)


@pytest.mark.parametrize("text", ["x", "1,", "-1", "1-", "1--2", "1 2", "99999999", "1\n"])
def test_other_text_is_no_range(text: str) -> None:
    with pytest.raises(ValueError, match="pattern"):
        FileCoverageRecord(path="a.c", compiled=True, lines=text, kept=None)


def test_files_are_shown_with_the_cells_that_compile_them() -> None:
    record, text = report(covering("a", UTIL, EXTRA), covering("b", PART, EXTRA))
    assert verdict(record).ok
    assert "1 of 2 files compiled, 4 of 5 changed lines of code kept" in text
    assert "file cells lines lib/extra.c 0 of 2 0 of 1 mm/util.c 2 of 2 4 of 4" in text
    assert "lib/extra.c: not covered, no cell compiles it" in text
    assert "- Not covered, no cell compiles it: lib/extra.c." in text


def test_what_not_every_cell_compiles_and_no_cell_keeps_is_named() -> None:
    other = FileCoverageRecord(path="mm/util.c", compiled=False, lines="3-5,9", kept="")
    record, text = report(covering("a", PART), covering("b", other))
    assert verdict(record).ok
    assert "mm/util.c 1 of 2 2 of 4 mm/util.c: only in a; no cell keeps lines 5, 9" in text


@pytest.mark.parametrize(
    "files",
    [(EXTRA,), (DROPPED,), (EXTRA, DROPPED)],
    ids=["not compiled", "all changes dropped", "both"],
)
def test_a_series_that_no_cell_compiles_never_passes(files: tuple[FileCoverageRecord, ...]) -> None:
    record, text = report(covering("a", *files), covering("b", *files))
    assert not_covered(record)
    assert text.startswith("NOT COVERED: Nothing proven: no cell compiles what the series changes.")
    assert "\x1b[1;33mNOT COVERED\x1b[0m" in render_text(record, colour=True)
    assert not verdict(record).ok
    assert exit_status(record) is ExitStatus.SERIES_HAS_A_PROBLEM


def test_dropped_changes_are_named() -> None:
    assert "- Not covered, the preprocessor drops every changed line: mm/util.c." in report(covering("a", DROPPED))[1]


@pytest.mark.parametrize(
    "cells",
    [
        [covering("a", EXTRA), covering("b", EXTRA, UTIL)],
        [covering("a", DROPPED), covering("b", PART)],
        [covering("a", COMMENT)],
        [covering("a", UNASKED)],
        [covering("a")],
        [records.cell("a")],
    ],
    ids=["one cell", "one line", "comments only", "not asked", "no code", "not measured"],
)
def test_a_series_of_which_anything_is_compiled_passes(cells: list[CellRecord]) -> None:
    record, text = report(*cells)
    assert not not_covered(record)
    assert verdict(record).ok
    assert text.startswith("OK: ")


def test_a_problem_comes_before_what_is_not_covered() -> None:
    record, text = report(covering("a", EXTRA), records.broken("b", "built", "failed"))
    assert text.startswith("PROBLEM: The series breaks the build.")
    assert "Not covered, no cell compiles it: lib/extra.c." in text
    assert not verdict(record).covered


def test_a_series_without_code_is_told_from_one_that_is_not_covered() -> None:
    _, text = report(covering("a"))
    assert "- The series changes no code that could be compiled." in text
    assert "Coverage," not in text


def test_a_cell_that_was_not_asked_is_named_beside_one_that_was() -> None:
    assert "- Coverage not measured: b." in report(covering("a", UTIL), records.cell("b"))[1]
    assert "Coverage" not in report(records.cell("a"))[1]


def test_lines_of_two_trees_are_counted_apart() -> None:
    record, text = report(
        covering("a", PART),
        covering("b", FileCoverageRecord(path="mm/util.c", compiled=True, lines="13-16", kept="13-16"), tree="other"),
    )
    assert [(covered.tree, sorted(covered.dropped)) for covered in covered_files(record)] == [
        (records.TREE, [5, 9]),
        ("other", []),
    ]
    assert f"mm/util.c on {records.TREE}: no cell keeps lines 5, 9" in text


def test_a_tree_wide_series_is_cut() -> None:
    files = [FileCoverageRecord(path=f"fs/f{at}.c", compiled=True, lines="1", kept="1") for at in range(100)]
    text = report(covering("a", *files, EXTRA))[1]
    assert "100 of 101 files compiled" in text
    assert "lib/extra.c 0 of 1" in text
    assert text.count("1 of 1 1 of 1") == 29


HEAD, INFO = (
    MemberRecord(name="compound_head", offset=64, size=64),
    MemberRecord(name="compound_info", offset=64, size=64),
)
RENAMED = MemberDeltaRecord(change="renamed", before=HEAD, after=INFO)
MOVED = MemberDeltaRecord(change="moved", before=HEAD, after=MemberRecord(name="compound_head", offset=131, size=64))
ADDED = MemberDeltaRecord(change="added", after=MemberRecord(name="bits", offset=128, size=3))
PAGE = LayoutRecord(struct="page", before=64, after=72, members=(RENAMED, MOVED, ADDED), tracked=True)


def test_a_layout_is_shown_once_for_the_cells_in_which_it_differs_alike() -> None:
    _, text = report(
        records.cell("a", layouts=(PAGE,)),
        records.cell("b", layouts=(PAGE,)),
        records.cell("c", layouts=(PAGE.model_copy(update={"after": 64}),)),
    )
    assert "Layout, base against all patches struct page, 64 → 72 bytes, in a, b member change offset size" in text
    assert "compound_head → compound_info renamed 8 8 compound_head moved 8 → 16:3 8 bits added 16 0:3" in text
    assert "struct page, 64 bytes, in c" in text


def test_structs_that_come_and_go_are_shown() -> None:
    new, old = LayoutRecord(struct="new", before=None, after=8), LayoutRecord(struct="old", before=16, after=None)
    text = report(records.cell("a", layouts=(new, old)))[1]
    assert "struct new, new, 8 bytes, in a struct old, 16 bytes, removed, in a" in text


def test_no_difference_is_no_section() -> None:
    assert "Layout" not in report(records.cell("a", layouts=()), records.cell("b"))[1]


def test_a_long_list_of_members_is_cut() -> None:
    long = PAGE.model_copy(update={"members": (ADDED,) * 40})
    text = report(records.cell("a", layouts=(long,)))[1]
    assert text.count(" added ") == 12
    assert "… and 28 members more" in text
