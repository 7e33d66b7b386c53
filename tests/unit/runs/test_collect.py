"""From the verbs' values to the record of the run."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from pipeline.kernel.moved import Moved
from pipeline.measure import parse_bloat
from pipeline.measure.cells import Measured
from pipeline.model import (
    Applied,
    ApplyStatus,
    Build,
    BuildStatus,
    Cell,
    Coverage,
    Diagnostic,
    Expectation,
    FileCoverage,
    Hunk,
    Layout,
    Letter,
    Member,
    Patch,
    PlannedCell,
    Series,
    SourceState,
    StructPage,
    Toolchain,
    Tree,
)
from pipeline.record import CellRecord
from pipeline.runs.cells import cell_records
from pipeline.runs.collect import series_record, tree_record
from pipeline.runs.names import log_name
from pipeline.runs.results import TreeResult
from tests.support.bloat_o_meter import OUTPUT

TREE = Tree("path:/x", "1", "c" * 40, "e" * 40)
CELL = Cell("one", "x86_64", Toolchain("gcc", "gcc (Debian) 12", "d" * 64), "tinyconfig", (), about="small")
PLANNED = PlannedCell(CELL, TREE, config="\nCONFIG_SPARSEMEM_VMEMMAP=y\n", struct_page=StructPage(40))
STATES = tuple(SourceState(at, f"change {at}", f"{at:040}", f"{at:040}") for at in range(3))
OLD, NEW = Diagnostic("a.c", 1, "odd"), Diagnostic("b.c", 2, "new")
BUILT = Build(
    *(BuildStatus.BUILT, 2.0, 3.0, 4, (OLD,), (), Path("log")),
    sections={".text": 100, ".data": 5},
    struct_page=StructPage(64),
)
FAILED = Build(BuildStatus.FAILED, 1.0, 1.0, 1, (), (NEW,), Path("log"))


def recorded(
    *builds: Build, planned: PlannedCell = PLANNED, measured: bool = False, changes: dict[int, int] | None = None
) -> CellRecord:
    """The record of the one cell, built at the states from the base on."""
    by_state = {(planned.cell.id, patch): build for patch, build in enumerate(builds)}
    sizes = {planned.cell.id: Measured(parse_bloat(OUTPUT) if measured else None, changes or {})}
    result = TreeResult(Applied(TREE, ApplyStatus.CLEAN, STATES), (planned,), by_state, sizes)
    return cell_records([result])[0]


def test_a_cell_that_builds_is_recorded_whole() -> None:
    after = replace(BUILT, sections={".text": 90, ".data": 5}, cached=True)
    cell = recorded(BUILT, after, measured=True)
    assert (cell.id, cell.tree, cell.arch, cell.toolchain, cell.about, cell.status, cell.reason) == (
        *("one", "path:/x", "x86_64", "gcc (Debian) 12"),
        *("small", "built", ""),
    )
    assert cell.vmemmap is True
    assert cell.struct_page is not None
    assert (cell.struct_page.size, cell.struct_page.power_of_two) == (64, True)
    assert [(state.patch, state.subject, state.status, state.cached) for state in cell.states] == [
        (0, "change 0", "built", False),
        (1, "change 1", "built", True),
    ]
    assert cell.text is not None
    assert (cell.text.delta, cell.text.symbols[0].name) == (-1022, "prep_compound_page")
    assert [(section.name, section.before, section.after) for section in cell.sections] == [(".text", 100, 90)]


def test_what_each_patch_changed_is_recorded_with_its_state() -> None:
    cell = recorded(BUILT, BUILT, BUILT, changes={1: 0, 2: -7})
    assert [state.text_change for state in cell.states] == [None, 0, -7]


def test_an_unreachable_cell_is_recorded_with_its_reason() -> None:
    cell = recorded(planned=PlannedCell(CELL, TREE, reason="CONFIG_X=n asked, y got"))
    assert (cell.status, cell.reason, cell.states) == ("unreachable", "CONFIG_X=n asked, y got", ())


@pytest.mark.parametrize(
    ("builds", "status"),
    [
        ((BUILT, BUILT), "built"),
        ((BUILT, FAILED), "failed"),
        ((FAILED, FAILED), "failed"),
        ((FAILED, BUILT), "failed"),
        ((BUILT, FAILED, BUILT), "failed"),
    ],
)
def test_a_cell_failed_when_any_of_its_builds_did(builds: tuple[Build, ...], status: str) -> None:
    cell = recorded(*builds)
    assert cell.status == status
    assert [state.status for state in cell.states] == [build.status.value for build in builds]


def test_the_errors_of_a_failed_build_are_recorded() -> None:
    cell = recorded(BUILT, FAILED)
    assert [(diagnostic.path, diagnostic.line, diagnostic.message) for diagnostic in cell.states[1].errors] == [
        ("b.c", 2, "new")
    ]
    assert cell.sections == ()
    assert cell.text is None


def test_a_renamed_file_s_old_warning_is_not_new_and_its_new_one_names_the_old_file() -> None:
    there, second = replace(OLD, path="c.c"), replace(OLD, path="c.c", message="odder")
    builds = {
        (PLANNED.cell.id, at): replace(BUILT, warnings=warnings) for at, warnings in ((0, (OLD,)), (2, (there, second)))
    }
    moved = {2: Moved({"a.c": "c.c", "x.c": "y.c"})}
    result = TreeResult(Applied(TREE, ApplyStatus.CLEAN, STATES), (PLANNED,), builds, moved=moved)
    state = cell_records([result])[0].states[1]
    assert [(diagnostic.path, diagnostic.message) for diagnostic in state.new_warnings] == [("c.c", "odder")]
    assert state.renames == {"c.c": "a.c"}


def test_a_diagnostic_is_recorded_whole() -> None:
    whole = Diagnostic("b.o", 2, "new", "objtool", "f", "int x;")
    (diagnostic,) = recorded(BUILT, replace(BUILT, warnings=(whole,))).states[1].new_warnings
    assert Diagnostic(**diagnostic.model_dump()) == whole


def test_the_plan_s_struct_page_stands_where_the_base_does_not_build() -> None:
    struct_page = recorded(FAILED, BUILT).struct_page
    assert struct_page is not None
    assert (struct_page.size, struct_page.power_of_two) == (40, False)


@pytest.mark.parametrize(
    ("warnings", "new"),
    [((OLD,), []), ((replace(OLD, line=99),), []), ((OLD, NEW), ["new"]), ((), []), ((NEW,), ["new"])],
)
def test_only_warnings_that_the_base_has_not_are_new(warnings: tuple[Diagnostic, ...], new: list[str]) -> None:
    cell = recorded(BUILT, replace(BUILT, warnings=warnings))
    assert [diagnostic.message for diagnostic in cell.states[1].new_warnings] == new
    assert cell.states[0].new_warnings == ()


COVERAGE = Coverage(
    (FileCoverage("a.c", True, (3, 4, 9), (3, 4)), FileCoverage("b.rs", True, (1,), None), FileCoverage("c.c", False))
)


def test_the_coverage_of_the_last_state_is_recorded() -> None:
    files = recorded(BUILT, replace(BUILT, coverage=COVERAGE)).coverage
    assert files is not None
    assert [(file.path, file.compiled, file.lines, file.kept) for file in files] == [
        ("a.c", True, "3-4,9", "3-4"),
        ("b.rs", True, "1", None),
        ("c.c", False, "", ""),
    ]
    assert recorded(replace(BUILT, coverage=COVERAGE), BUILT).coverage is None


def test_layouts_that_differ_are_recorded_where_both_ends_were_measured() -> None:
    old, new = Layout("page", 8, (Member("a", 0, 64),), "a.c"), Layout("page", 16, (Member("b", 0, 64),), "a.c")
    before, after = replace(BUILT, layouts=(old,)), replace(BUILT, layouts=(new,), coverage=COVERAGE)
    layouts = recorded(before, after).layouts
    assert layouts is not None
    assert [(layout.struct, layout.before, layout.after, layout.members[0].change) for layout in layouts] == [
        ("page", 8, 16, "renamed")
    ]
    assert recorded(before, replace(after, layouts=(old,))).layouts == ()
    assert recorded(before, BUILT).layouts is None
    assert recorded(BUILT, after).layouts is None


def test_a_layout_of_a_file_that_is_not_compiled_is_not_recorded() -> None:
    old, new = Layout("page", 8, (), "c.c"), Layout("page", 16, (), "c.c")
    assert recorded(replace(BUILT, layouts=(old,)), replace(BUILT, layouts=(new,), coverage=COVERAGE)).layouts == ()


def test_a_flood_of_diagnostics_is_cut() -> None:
    errors = tuple(Diagnostic("a.c", at, f"error {at}") for at in range(500))
    assert len(recorded(replace(FAILED, errors=errors)).states[0].errors) == 100


def test_logs_of_two_trees_and_states_have_names_of_their_own() -> None:
    result = TreeResult(
        Applied(TREE, ApplyStatus.CLEAN, STATES), (PLANNED,), {("one", at): BUILT for at in range(3)}, {}
    )
    logs = [state.log for cell in cell_records([result, result]) for state in cell.states]
    assert len(set(logs)) == 6
    assert logs[0] == log_name("one", "tree1", 0) == "logs/tree1-one-base.log"
    assert logs[-1] == "logs/tree2-one-patch-02.log"


def test_a_duplicate_is_recorded_with_the_cell_that_was_built() -> None:
    cell = recorded(planned=replace(PLANNED, same_as="other"))
    assert (cell.status, cell.same_as, cell.reason, cell.states) == ("duplicate", "other", "", ())
    assert cell.vmemmap is True
    assert cell.struct_page is not None
    assert cell.struct_page.size == 40


def test_the_identity_of_the_toolchain_is_recorded() -> None:
    assert recorded(BUILT).toolchain_digest == "d" * 64


@pytest.mark.parametrize(
    ("expect", "expected_unreachable", "unexpected"),
    [
        (None, False, ""),
        (Expectation(unreachable=True), True, "expected to be unreachable, and every promise is kept"),
        (Expectation(struct_page=64), False, "struct page of 64 bytes expected, 40 found"),
    ],
)
def test_what_the_matrix_expects_is_recorded(
    expect: Expectation | None, expected_unreachable: bool, unexpected: str
) -> None:
    cell_record = recorded(BUILT, planned=replace(PLANNED, cell=replace(CELL, expect=expect)))
    assert (cell_record.expected_unreachable, cell_record.unexpected) == (expected_unreachable, unexpected)


def test_a_cell_without_any_build_is_missing() -> None:
    cell = recorded()
    assert (cell.status, cell.vmemmap, cell.states) == ("missing", PLANNED.vmemmap, ())


def test_a_failed_apply_is_recorded_with_its_hunks() -> None:
    applied = Applied(TREE, ApplyStatus.FAILED, STATES[:1], 2, (Hunk("a.c", 7, "@@ -7 +7 @@"),), "log")
    tree = tree_record(applied)
    assert (tree.name, tree.applied, tree.failed_patch, tree.log) == ("path:/x", "failed", 2, "log")
    assert [(hunk.path, hunk.line) for hunk in tree.failed_hunks] == [("a.c", 7)]


def test_a_series_is_recorded_without_the_bytes_of_its_mails() -> None:
    letter = Letter("c@x", "[PATCH 0/1] t", "A <a@x>", ("l@x",), (), (), "", "Hello.\n")
    series = Series(
        "t", 3, "c@x", letter, (Patch(1, "one", "A", "1@x", b"raw", ("a.c",), ("R-by: B",)),), replies=(letter,)
    )
    record = series_record(series, ["later"])
    assert (record.title, record.version, record.replies, record.follow_ups) == ("t", 3, 1, ("later",))
    assert record.cover.to == ("l@x",)
    assert record.patches[0].collected_trailers == ("R-by: B",)
    assert "raw" not in record.model_dump_json()


def test_the_mails_of_the_thread_are_kept_without_diffs_and_cut() -> None:
    cover = Letter("c@x", "[PATCH 0/1] t", "A <a@x>", ("l@x",), (), (), "", "Hello.\n")
    first = replace(
        cover, message_id="1@x", references=("c@x",), body="mm: why\n---\n a.c | 2 +-\n\ndiff --git a/a.c b/a.c\n"
    )
    answer = replace(cover, message_id="r@x", body="x" * 20000)
    patches = (Patch(1, "one", "A", "1@x", b"", ("a.c",), letter=first), Patch(2, "two", "A", "2@x", b"", ()))
    series = Series("t", 1, "c@x", cover, patches, replies=(answer, replace(answer, message_id=""), cover))
    letters = series_record(series, ()).messages
    assert [(letter.message_id, len(letter.body)) for letter in letters] == [("1@x", len("mm: why\n")), ("r@x", 8192)]
    assert letters[0].references == ("c@x",)
