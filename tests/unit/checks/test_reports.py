"""What every report says of checks on patches."""

from __future__ import annotations

import json
from typing import Any
from xml.etree import ElementTree

import pytest

from pipeline.assess.checks import check_rows
from pipeline.assess.verdict import remarks, verdict
from pipeline.b4.check_protocol import of_patch
from pipeline.record import CheckFindingRecord, PatchCheckRecord, RunRecord
from pipeline.render.html import render_html
from pipeline.render.junit import render_junit
from pipeline.render.kcidb import render_kcidb
from pipeline.render.markdown import render_markdown
from pipeline.render.text_report import render_text
from tests.support import records

LONG = CheckFindingRecord(
    severity="warning", message="line is long", path="mm/a.c", line=12, tool="checkpatch", kind="LONG_LINE"
)
UNSIGNED = CheckFindingRecord(
    severity="error", message="signed off by nobody", tool="sign-off", kind="author-did-not-sign", problem=True
)


def check(patch: int, name: str, *findings: CheckFindingRecord, **changes: Any) -> PatchCheckRecord:
    fields = {"tree": records.TREE, "status": "checked", "patch": patch, "check": name, "findings": findings}
    return PatchCheckRecord(**{**fields, **changes})


CLEAN = (check(1, "checkpatch"), check(2, "checkpatch", LONG), check(3, "checkpatch", status="not concerned"))
UNPROVEN = tuple(
    check(at, "kernel-doc", status="not checked", reason="the tree has no scripts/kernel-doc") for at in (1, 2, 3)
)


def run(*checks: PatchCheckRecord) -> RunRecord:
    return records.run(checks=checks)


def test_findings_alone_change_no_verdict_and_are_counted() -> None:
    record = run(*CLEAN, *UNPROVEN)
    assert verdict(record).problems == verdict(run()).problems
    assert "Checks of patches: 1 warning in 1 of 3 patches." in remarks(record)
    assert "Not checked: kernel-doc: the tree has no scripts/kernel-doc." in remarks(record)


def test_a_check_that_is_switched_off_is_no_gap() -> None:
    off = check(1, "coccinelle", status="not concerned", reason="switched off in checks.toml")
    assert remarks(run(off)) == remarks(run())


def test_what_configuration_calls_a_problem_changes_the_verdict() -> None:
    judgement = verdict(run(check(2, "sign-off", UNSIGNED)))
    assert judgement.word == "PROBLEM"
    assert any(problem.startswith("Patch 2: error: sign-off: signed off by nobody") for problem in judgement.problems)
    assert "fails checks of its patches" in judgement.headline


def test_a_check_that_could_not_look_at_some_patches_names_them() -> None:
    assert "Not checked: kernel-doc of patches 1, 3: gone." in remarks(
        run(*(check(at, "kernel-doc", status="not checked", reason="gone") for at in (1, 3)))
    )


def test_trees_that_agree_are_one_row_and_others_are_named() -> None:
    other = "debian:linux-source-6.1"
    same = [check(1, "checkpatch", LONG), check(1, "checkpatch", LONG, tree=other)]
    assert [row.tree for row in check_rows(run(*same))] == [""]
    differ = [check(1, "checkpatch", LONG), check(1, "checkpatch", tree=other)]
    assert [(row.tree, row.word) for row in check_rows(run(*differ))] == [(records.TREE, "1 warning"), (other, "ok")]


def test_the_text_has_a_table_and_findings_under_their_patch() -> None:
    text = render_text(run(*CLEAN, *UNPROVEN, check(2, "sign-off", UNSIGNED)))
    rows = {line.split()[0]: line.split()[1:] for line in text.splitlines() if line.startswith("  ") and line.split()}
    assert rows["checkpatch"] == ["ok", "1", "·"]
    assert rows["kernel-doc"] == ["?", "?", "?"]
    assert rows["sign-off"] == ["·", "FAIL", "·"]
    block = text.partition("  Patch 2, ")[2]
    assert "mm/a.c:12: warning: checkpatch: line is long [LONG_LINE]" in block


@pytest.mark.parametrize("render", [render_markdown, render_html, render_text])
def test_pages_name_what_was_found_and_what_was_not_looked_at(render: Any) -> None:
    page = render(run(*CLEAN, *UNPROVEN))
    for words in ("line is long", "the tree has no scripts/kernel-doc", "LONG_LINE"):
        assert words in page


def test_a_run_without_checks_says_nothing_of_them() -> None:
    for page in (render_text(run()), render_markdown(run())):
        assert "Checks" not in page
    assert 'id="checks"' not in render_html(run())


def test_junit_fails_for_problems_and_skips_what_was_not_looked_at() -> None:
    root = ElementTree.fromstring(render_junit(run(*CLEAN, *UNPROVEN, check(2, "sign-off", UNSIGNED))))
    suites = {suite.get("name"): suite for suite in root}
    second = {case.get("name"): case for case in suites["checks of patch 2"].iter("testcase")}
    assert second["sign-off"].find("failure") is not None
    assert second["kernel-doc"].find("skipped") is not None
    assert [*second["checkpatch"]] == []
    assert "line is long" in (suites["checks of patch 2"].findtext("system-out") or "")


def test_kcidb_tells_checks_in_the_checkout_of_their_patch() -> None:
    report = json.loads(render_kcidb(run(*CLEAN, *UNPROVEN, check(2, "sign-off", UNSIGNED))))
    told = {checkout["misc"]["patches"]: checkout["misc"].get("checks", {}) for checkout in report["checkouts"]}
    assert {name: result["status"] for name, result in told[2].items()} == {
        "checkpatch": "PASS",
        "kernel-doc": "SKIP",
        "sign-off": "FAIL",
    }
    assert told[2]["checkpatch"]["findings"] == ["mm/a.c:12: warning: checkpatch: line is long [LONG_LINE]"]


def test_b4_is_answered_for_each_check_and_what_was_not_looked_at_is_no_pass() -> None:
    entries = {entry.tool: entry for entry in of_patch(run(*CLEAN, *UNPROVEN, check(2, "sign-off", UNSIGNED)), 2)}
    assert entries["pipeline-checkpatch"].status == "warn"
    assert entries["pipeline-kernel-doc"].status == "warn"
    assert entries["pipeline-kernel-doc"].summary == "not checked: the tree has no scripts/kernel-doc"
    assert entries["pipeline-sign-off"].status == "fail"
    assert "pipeline-checkpatch" not in {entry.tool for entry in of_patch(run(*CLEAN), 3)}
    assert {entry.tool: entry.status for entry in of_patch(run(*CLEAN), 1)}["pipeline-checkpatch"] == "pass"
