"""Rows of what comes with builds: what each patch brings, breaks and mends, and why nothing is known of it."""

from __future__ import annotations

import json
from typing import Any
from xml.etree import ElementTree

import pytest

from pipeline.assess.checks import check_rows
from pipeline.assess.verdict import remarks
from pipeline.b4.check_protocol import of_patch
from pipeline.record import (
    CellRecord,
    DiagnosticRecord,
    FileCoverageRecord,
    PatchCheckRecord,
    RunRecord,
    ToolRecord,
    TouchedFileRecord,
)
from pipeline.render.html import render_html
from pipeline.render.junit import render_junit
from pipeline.render.kcidb import render_kcidb
from pipeline.render.markdown import render_markdown
from pipeline.render.text_report import render_text
from pipeline.reply.checks import check_reports
from tests.support import records

GCC, CLANG = "gcc (Debian 12.2.0-14) 12.2.0", "Debian clang version 19.1.7"
UNUSED = DiagnosticRecord(
    path="mm/page_alloc.c", line=7, message="unused variable 'x' [-Wunused-variable]", tool="gcc", function="f"
)
SHADOW = UNUSED.model_copy(update={"message": "declaration of 'x' shadows a parameter [-Wshadow]"})
OF_SPARSE = DiagnosticRecord(
    path="mm/page_alloc.c", line=9, message="symbol 'y' was not declared. Should it be static?", tool="sparse"
)
GONE = DiagnosticRecord(path="mm/page_alloc.c", line=3, message="'z' undeclared", tool="gcc")


def file(path: str, *, compiled: bool = True, reason: str = "") -> TouchedFileRecord:
    return TouchedFileRecord(path=path, objects=(path.replace(".c", ".o"),), compiled=compiled, reason=reason)


ALL = tuple(map(file, ("mm/page_alloc.c", "mm/internal.h", "include/linux/mm_types.h", "mm/hugetlb.c")))


def cell(name: str = "x86_64-objects", *warned: tuple[int, DiagnosticRecord], **changes: Any) -> CellRecord:
    """An objects cell of three patches, which warns from the patches on that are named."""
    states = tuple(
        records.state(patch, new_warnings=tuple(diagnostic for since, diagnostic in warned if since <= patch))
        for patch in range(4)
    )
    fields = {"stage": "objects", "toolchain": GCC, "words": ("W=1",), "files": ALL, "states": states, "coverage": ()}
    return records.cell(name, **{**fields, **changes})


def broken(*patches: int) -> tuple[Any, ...]:
    return tuple(
        records.state(patch, "failed", errors=(GONE,)) if patch in patches else records.state(patch)
        for patch in range(4)
    )


def run(*cells: CellRecord, **changes: Any) -> RunRecord:
    return records.run(cells=cells, **changes)


def words(record: RunRecord, check: str) -> list[str]:
    return [row.word for row in check_rows(record) if row.check == check]


def reasons(record: RunRecord, check: str) -> list[str]:
    return [row.reason for row in check_rows(record) if row.check == check]


def test_a_new_warning_is_a_problem_of_the_patch_that_brought_it_and_of_no_other() -> None:
    record = run(cell("x86_64-objects", (2, UNUSED)))
    assert words(record, "W=1") == ["ok", "PROBLEM", "ok"]
    (row,) = [row for row in check_rows(record) if row.check == "W=1" and row.patch == 2]
    (finding,) = row.findings
    assert (finding.kind, finding.path, finding.line, finding.tool) == ("-Wunused-variable", UNUSED.path, 7, "gcc")


def test_each_compiler_and_sparse_answer_for_themselves() -> None:
    clang = cell("x86_64-objects-narrow", (1, UNUSED), toolchain=CLANG, checker="0.6.4 (Debian: 0.6.4-3)")
    with_sparse = cell("i386-objects", (3, OF_SPARSE), checker="0.6.4 (Debian: 0.6.4-3)")
    record = run(cell(), clang, with_sparse)
    assert words(record, "W=1") == ["ok", "ok", "ok"]
    assert words(record, "clang") == ["PROBLEM", "ok", "ok"]
    assert words(record, "sparse") == ["ok", "ok", "PROBLEM"]


def test_what_both_compilers_makes_say_is_no_warning_of_clang() -> None:
    of_kernel_doc = UNUSED.model_copy(update={"message": "cannot understand function prototype", "tool": "kernel-doc"})
    clang = cell("x86_64-objects-narrow", (1, of_kernel_doc), (2, UNUSED), toolchain=CLANG)
    record = run(cell("x86_64-objects", (1, of_kernel_doc), (2, UNUSED)), clang)
    assert (words(record, "W=1"), words(record, "clang")) == (["PROBLEM", "PROBLEM", "ok"], ["ok", "PROBLEM", "ok"])
    assert words(run(clang), "clang") == ["PROBLEM", "PROBLEM", "ok"]


def test_more_warnings_are_a_row_where_they_are_asked_for_and_have_their_own_alone() -> None:
    more = cell("x86_64-objects-more-warnings", (1, UNUSED), (2, SHADOW), words=("W=2",))
    assert words(run(cell()), "W=2") == []
    record = run(cell("x86_64-objects", (1, UNUSED)), more)
    assert (words(record, "W=1"), words(record, "W=2")) == (["PROBLEM", "ok", "ok"], ["ok", "PROBLEM", "ok"])


def test_the_patch_that_breaks_the_one_that_mends_and_those_between() -> None:
    record = run(cell(states=broken(1, 2)))
    assert words(record, "bisectability") == ["PROBLEM", "not checked", "1 remark"]
    rows = [row for row in check_rows(record) if row.check == "bisectability"]
    assert rows[0].findings[0].message == "'z' undeclared (patch 3 mends it)"
    assert rows[1].reason == "patch 1 broke what is built here"
    assert rows[2].findings[0].message == "compiles again, which patch 1 broke"
    last = run(cell(states=broken(3)))
    (finding,) = [row.findings[0] for row in check_rows(last) if row.check == "bisectability" and row.findings]
    assert finding.message.endswith("(no later patch mends it)")


def test_what_the_base_has_broken_is_nobodys() -> None:
    record = run(cell(states=broken(0, 1, 2, 3), status="failed"))
    assert "PROBLEM" not in words(record, "bisectability")


def test_what_was_not_compiled_is_never_green() -> None:
    left_out = tuple(file(one.path, compiled=False, reason="needs CONFIG_X") for one in ALL)
    record = run(cell(files=left_out))
    assert words(record, "W=1") == ["not checked"] * 3
    assert set(reasons(record, "W=1")) == {"needs CONFIG_X"}
    in_part = run(cell(files=(*ALL[:1], *left_out[1:])))
    assert (words(in_part, "W=1"), reasons(in_part, "W=1")[0]) == (["not checked"] * 3, "in part: needs CONFIG_X")


def test_why_a_check_did_not_look() -> None:
    tools = tuple(ToolRecord(name=name, version=version) for name, version in (("clang-19", ""), ("sparse", "")))
    record = run(cell(), tools=tools)
    assert reasons(record, "clang") == ["clang-19 is not installed"] * 3
    assert reasons(record, "sparse") == ["sparse is not installed"] * 3
    assert "Not checked: clang: clang-19 is not installed." in remarks(record)
    unreachable = cell(states=(), status="unreachable", reason="gcc is not installed", files=())
    assert reasons(run(unreachable), "bisectability") == ["gcc is not installed"] * 3


def test_what_sparse_cannot_read_is_not_checked() -> None:
    states = tuple(records.state(patch, unread=("mm/page_alloc.c",)) for patch in range(4))
    record = run(cell("i386-objects", checker="0.6.4 (Debian: 0.6.4-3)", states=states))
    assert words(record, "sparse") == ["not checked", "not checked", "ok"]
    assert reasons(record, "sparse")[0] == "in part: sparse 0.6.4 cannot read what the compiler can"


def test_a_patch_before_the_one_that_breaks_was_compiled() -> None:
    """Seen red: what its files came to at last was taken for what each patch left."""
    files = (file("mm/page_alloc.c", compiled=False), *ALL[1:])
    record = run(cell(states=broken(2, 3), files=files))
    assert words(record, "W=1")[:2] == ["ok", "not checked"]
    mended = run(cell(states=broken(1)))
    assert words(mended, "W=1") == ["not checked", "ok", "ok"]
    assert reasons(mended, "W=1")[0] == "in part: it does not compile"


def test_lines_that_a_compiler_never_saw_are_not_checked_by_it() -> None:
    dropped = FileCoverageRecord(path="mm/page_alloc.c", compiled=True, lines="3-7", kept="")
    in_part = dropped.model_copy(update={"kept": "3"})
    record = run(cell(), cell("x86_64-objects-narrow", toolchain=CLANG, coverage=(dropped,)))
    assert words(record, "clang")[:2] == ["not checked"] * 2
    assert "the preprocessor drops every changed line" in reasons(record, "clang")[0]
    record = run(cell(), cell("x86_64-objects-narrow", toolchain=CLANG, coverage=(in_part,)))
    assert words(record, "clang") == ["ok", "ok", "ok"]


def test_a_patch_of_documents_has_nothing_to_compile() -> None:
    patches = records.series().patches
    of_text = patches[0].model_copy(update={"files": ("Documentation/mm/a.rst",)})
    record = run(cell(), series=records.series(patches=(of_text, *patches[1:])))
    assert [words(record, check)[0] for check in ("W=1", "clang", "bisectability")] == ["-"] * 3


def test_without_the_stage_there_is_no_row_and_what_is_switched_off_says_so() -> None:
    assert check_rows(run()) == []
    off = PatchCheckRecord(
        tree=records.TREE, patch=1, check="clang", status="not concerned", reason="switched off in checks.toml"
    )
    rows = [row for row in check_rows(run(cell(), checks=(off,))) if row.check == "clang" and row.patch == 1]
    assert [(row.word, row.reason) for row in rows] == [("-", "switched off in checks.toml")]


RECORD = run(cell("x86_64-objects", (2, UNUSED)), cell("x86_64-objects-narrow", toolchain=CLANG))


@pytest.mark.parametrize("render", [render_text, render_markdown, render_html])
def test_pages_have_the_rows(render: Any) -> None:
    page = render(RECORD)
    for name in ("W=1", "clang", "sparse", "bisectability"):
        assert name in page


def test_the_text_has_them_below_the_other_checks() -> None:
    other = PatchCheckRecord(tree=records.TREE, patch=1, check="checkpatch", status="checked")
    text = render_text(run(*RECORD.cells, checks=(other,)))
    lines = [line.split() for line in text.splitlines()]
    rows = {line[0]: line[1:] for line in lines if line and line[0] in ("checkpatch", "W=1", "clang", "sparse")}
    assert list(rows) == ["checkpatch", "W=1", "clang", "sparse"]
    assert (rows["W=1"], rows["sparse"]) == (["ok", "FAIL", "ok"], ["?", "?", "?"])


def test_machines_read_them_too() -> None:
    suites = {suite.get("name"): suite for suite in ElementTree.fromstring(render_junit(RECORD))}
    second = {case.get("name"): case for case in suites["checks of patch 2"].iter("testcase")}
    assert second["W=1"].find("failure") is not None
    assert second["sparse"].find("skipped") is not None
    assert [*second["bisectability"]] == []
    report = json.loads(render_kcidb(RECORD))
    told = {checkout["misc"]["patches"]: checkout["misc"].get("checks", {}) for checkout in report["checkouts"]}
    assert {name: told[2][name]["status"] for name in ("W=1", "clang", "sparse")} == {
        "W=1": "FAIL",
        "clang": "PASS",
        "sparse": "SKIP",
    }
    entries = {entry.tool: entry.status for entry in of_patch(RECORD, 2)}
    # As of the build: a warning fails none.
    assert (entries["pipeline-W=1"], entries["pipeline-clang"]) == ("warn", "pass")


def test_what_builds_tell_is_told_once() -> None:
    """In sections of its own, and in mails as what it is. Seen red with all rows where findings are told."""
    assert [*check_reports(RECORD)] == []
    assert render_text(RECORD).count("unused variable 'x'") == 1
    assert "Checks of patches" not in " ".join(remarks(RECORD))
