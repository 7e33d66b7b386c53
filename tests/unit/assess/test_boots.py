"""What is said of boots: only what is worse than on the base is the series' own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from pipeline.assess.boots import measured, regressions, worse_than
from pipeline.assess.verdict import remarks
from pipeline.record import BootRecord, CheckRecord, RunRecord
from pipeline.render.html import render_html
from pipeline.render.junit import render_junit
from pipeline.render.markdown import render_markdown
from pipeline.render.text_report import exit_status, render_text, verdict
from pipeline.system.errors import ExitStatus
from tests.support import records

WALK = CheckRecord(name="walk", status="pass", values={"heads": 64, "fake-heads": 448})
BAD_WALK = CheckRecord(name="walk", status="fail", details=("3 pages are bad",), values={"heads": 512, "fake-heads": 0})
UNCLEAR = CheckRecord(name="memmap", status="not understood", details=("no offset is known",), values={"masks": 3})
BAD_POOL = CheckRecord(name="pool", status="fail", details=("131 kB are lost",))


def boot(patch: int, status: str = "pass", *checks: CheckRecord, **changes: Any) -> BootRecord:
    reasons = {"fail": "failed: walk", "time-out": "hung in walk", "flaky": "hung in walk", "not run": "no QEMU"}
    values: dict[str, Any] = {
        "patch": patch,
        "scenario": "hvo",
        "status": status,
        "reason": reasons.get(status, ""),
        "checks": checks,
    }
    return BootRecord(**(values | changes))


def run(*boots: BootRecord) -> RunRecord:
    return records.run(cells=(records.cell("small", boots=boots),))


@pytest.mark.parametrize(
    ("base", "patched", "worse"),
    [
        (boot(0), boot(3), ""),
        (boot(0), boot(3, "flaky"), ""),
        (boot(0), boot(3, "not run"), ""),
        (boot(0), boot(3, "fail", BAD_WALK), "failed: walk"),
        (boot(0), boot(3, "time-out"), "hung in walk"),
        (boot(0, "fail", BAD_WALK), boot(3, "fail", BAD_WALK), ""),
        (boot(0, "fail", BAD_POOL), boot(3, "fail", BAD_WALK, BAD_POOL), "failed: walk"),
        (boot(0, "fail", BAD_POOL), boot(3, "time-out"), "hung in walk"),
        (boot(0, "time-out"), boot(3, "time-out"), ""),
        (boot(0), boot(3, splats=("BUG: x",)), "the kernel complains: BUG: x"),
        (boot(0, splats=("BUG: x",)), boot(3, splats=("BUG: x",)), ""),
        (None, boot(3, "fail", BAD_WALK), "failed: walk"),
        (boot(0), boot(3, "not understood", UNCLEAR), ""),
        (boot(0, "not understood", UNCLEAR), boot(3, "not understood", UNCLEAR), ""),
        (boot(0, "not understood", UNCLEAR), boot(3, "fail", BAD_WALK, UNCLEAR), "failed: walk"),
        (
            boot(0, "not understood", UNCLEAR),
            boot(3, "not understood", UNCLEAR, splats=("BUG: x",)),
            "the kernel complains: BUG: x",
        ),
    ],
)
def test_what_is_worse_than_the_base(base: BootRecord | None, patched: BootRecord, worse: str) -> None:
    assert worse_than(base, patched) == worse


def test_a_regression_is_found_at_the_first_patch_that_shows_it() -> None:
    cell = records.cell(boots=(boot(3, "fail", BAD_WALK), boot(0, "pass", WALK), boot(2, "fail", BAD_WALK), boot(1)))
    (regression,) = regressions(cell)
    assert regression.boot.patch == 2
    assert regression.evidence == ("walk: 3 pages are bad",)


def test_each_scenario_is_compared_with_itself() -> None:
    other = boot(3, "fail", BAD_WALK, scenario="stress")
    assert [regression.boot.scenario for regression in regressions(records.cell(boots=(boot(0), boot(3), other)))] == [
        "stress"
    ]


def test_a_boot_that_gets_worse_is_a_problem_with_its_patch() -> None:
    record = run(boot(0, "pass", WALK), boot(1), boot(2, "fail", BAD_WALK), boot(3, "fail", BAD_WALK))
    judgement = verdict(record)
    assert judgement.headline == "The series fails when booted."
    (problem,) = judgement.problems
    assert problem.startswith('Boot gets worse with patch 2, "mm: Rename')
    assert problem.endswith("in 1 of 1 cell: small: hvo: failed: walk")
    assert exit_status(record) is ExitStatus.SERIES_HAS_A_PROBLEM
    assert "hvo: walk: 3 pages are bad" in render_text(record)


def test_a_fault_of_the_base_is_a_remark_and_no_problem() -> None:
    record = run(boot(0, "fail", BAD_POOL, reason="failed: pool"), boot(3))
    assert verdict(record).ok
    assert verdict(record).headline == "No problem found: 3 patches, 1 of 1 cell built, 2 boots."
    assert "Boot fails on the base: small/hvo: failed: pool; that is the tree, not the series." in remarks(record)


def test_what_was_not_run_is_said_with_its_reason() -> None:
    skipped = CheckRecord(name="memmap", status="not run", details=("no /proc/kcore",))
    record = run(boot(0, "not run"), boot(3, "flaky", skipped))
    texts = remarks(record)
    assert "Not booted: small/hvo: no QEMU." in texts
    assert "Flaky after patch 3, passed when tried again: small/hvo: hung in walk." in texts
    assert "Check not run: small/hvo, memmap: no /proc/kcore." in texts


def test_braces_of_a_guest_are_text() -> None:
    hostile = CheckRecord(name="memmap", status="not run", details=("{0} {x!r}",))
    assert "Check not run: small/hvo, memmap: {0} {x!r}." in remarks(run(boot(3, "pass", hostile)))


def test_numbers_are_shown_where_they_change() -> None:
    gone = WALK.model_copy(update={"values": {"heads": 64, "fake-heads": 0}})
    assert measured([boot(0, "pass", WALK), boot(3, "pass", gone)]) == [("walk fake-heads", "448", "0")]
    text = render_text(run(boot(0, "pass", WALK), boot(3, "pass", gone)))
    assert "  hvo: walk fake-heads   448   0" in text


@pytest.mark.parametrize(
    ("before", "after", "shown"),
    [({"lost-kb": 0}, {"lost-kb": -64}, False), ({"lost-kb": 0}, {"lost-kb": 65}, True), ({}, {"lost-kb": 1}, True)],
)
def test_a_little_free_memory_is_no_difference(before: dict[str, int], after: dict[str, int], shown: bool) -> None:
    boots = [boot(at, "pass", WALK.model_copy(update={"values": values})) for at, values in ((0, before), (3, after))]
    assert bool(measured(boots)) is shown


def test_the_table_has_a_word_for_every_state() -> None:
    text = render_text(run(boot(0), boot(1, "time-out"), boot(2, "flaky"), boot(3, "fail", BAD_WALK)))
    assert "  scenario base p1    p2    p3\n  hvo      ok   HANGS flaky FAIL\n" in text


def test_a_check_that_does_not_understand_the_kernel_is_a_fault_of_ours() -> None:
    """It is no problem of the series, and nothing is green by it: neither the verdict nor the number of boots."""
    record = run(boot(0, "pass", WALK), boot(3, "not understood", WALK, UNCLEAR))
    judgement = verdict(record)
    assert (judgement.word, judgement.problems) == ("NO VERDICT", ())
    assert judgement.headline == "No problem found, but 1 check of ours did not understand a kernel."
    assert exit_status(record) is ExitStatus.SERIES_HAS_A_PROBLEM
    assert (
        "The check memmap does not understand this kernel, a fault of the pipeline: small/hvo, patch 3: "
        "no offset is known." in remarks(record)
    )
    assert not [line for line in remarks(record) if line.startswith(("Boot fails", "Check not run", "Not booted"))]
    assert "| hvo       ok    ?" in render_text(record).replace("  hvo", "| hvo")


def test_a_problem_of_the_series_weighs_more_than_a_fault_of_ours() -> None:
    record = run(boot(0, "not understood", UNCLEAR), boot(3, "fail", BAD_WALK, UNCLEAR))
    assert verdict(record).word == "PROBLEM"
    assert exit_status(record) is ExitStatus.SERIES_HAS_A_PROBLEM


def test_of_boots_that_are_not_understood_none_is_counted() -> None:
    headlines = [verdict(run(boot(0), boot(3, status))).headline for status in ("pass", "not understood", "not run")]
    assert ["boot" in headline for headline in headlines] == [True, True, True]
    assert [headline.split(", ")[-1] for headline in headlines] == ["2 boots.", "1 boot.", "1 boot."]


def baseline(*boots: BootRecord) -> RunRecord:
    """A run without a series."""
    series = records.series(patches=(), message_id="", cover=records.letter(message_id=""), title="Baseline of t")
    cell = records.cell("small", boots=boots, states=(records.state(0),), coverage=None, text=None)
    return records.run(cells=(cell,), series=series, claims=(), review=None)


def test_a_baseline_tells_all_that_was_measured() -> None:
    record = baseline(boot(0, "pass", WALK))
    assert (verdict(record).word, exit_status(record)) == ("OK", ExitStatus.CLEAN)
    assert verdict(record).headline == "No problem found: baseline without a series, 1 of 1 cell built, 1 boot."
    text = " ".join(render_text(record).split())
    assert "Series none: trees as they are, a baseline" in text
    assert "hvo: walk heads 64 hvo: walk fake-heads 448" in text
    assert "as it is" in text
    assert "compiled" not in text


@pytest.mark.parametrize("render", [render_html, render_markdown, render_junit], ids=["html", "markdown", "junit"])
def test_every_face_shows_a_baseline(render: Callable[[RunRecord], str]) -> None:
    shown = render(baseline(boot(0, "pass", WALK), boot(0, "fail", BAD_POOL, scenario="stress")))
    assert "small" in shown
    assert ("448" in shown) is (render is render_html)


def test_what_fails_in_a_baseline_is_a_problem() -> None:
    """There is no series that it could be none of."""
    record = baseline(boot(0, "fail", BAD_POOL))
    assert (verdict(record).word, exit_status(record)) == ("PROBLEM", ExitStatus.SERIES_HAS_A_PROBLEM)
    assert verdict(record).headline == "Without a series, kernels fail when booted."
    assert verdict(record).problems == ("Fails when booted: small/hvo: failed: walk (pool: 131 kB are lost)",)
    assert not [line for line in remarks(record) if "not the series" in line]


def test_what_the_kernel_complained_of_is_said_beside_what_fails_in_a_baseline() -> None:
    complaint = "BUG: Bad page state pfn:N"
    (problem,) = verdict(baseline(boot(0, "fail", BAD_POOL, splats=(complaint,)))).problems
    assert problem.endswith(f"(pool: 131 kB are lost); the kernel complains: {complaint}")
    (alone,) = verdict(baseline(boot(0, "fail", splats=(complaint,)))).problems
    assert alone.count(complaint) == 1


def test_a_complaint_of_a_kernel_that_boots_is_a_problem_of_a_baseline() -> None:
    """Seen red: a bad page while gigantic pages were taken was in no report."""
    record = baseline(boot(0, "pass", WALK, splats=("WARNING: at mm/x.c:N f", "BUG: y")))
    assert verdict(record).headline == "Without a series, kernels complain when booted."
    assert verdict(record).problems == ("The kernel complains: small/hvo: WARNING: at mm/x.c:N f, BUG: y",)
    assert exit_status(record) == ExitStatus.SERIES_HAS_A_PROBLEM


def test_a_baseline_says_why_a_check_was_not_run() -> None:
    skipped = CheckRecord(name="selftest", status="not run", details=("this tree has none",))
    record = baseline(boot(0, "pass", WALK, skipped))
    assert "Check not run: small/hvo, selftest: this tree has none." in remarks(record)
