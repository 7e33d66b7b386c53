"""A stored run's answer to b4's check runner."""

from __future__ import annotations

import json
from typing import Any

import pytest

from pipeline.b4.check_protocol import Entry, no_run, of_patch, of_series, to_json
from pipeline.record import BootRecord, CheckRecord, HunkRecord, RunRecord
from tests.support import records

URL = "https://ci.example.org/report"


def told(entries: list[Entry]) -> dict[str, tuple[str, str]]:
    """Status and summary by tool."""
    assert len({entry.tool for entry in entries}) == len(entries)
    return {entry.tool: (entry.status, entry.summary) for entry in entries}


def boot(patch: int, status: str = "pass", **changes: Any) -> BootRecord:
    check = CheckRecord(name="memmap", status="pass" if status == "pass" else "fail", details=("7 fake heads",))
    return BootRecord(patch=patch, scenario="hvo", status=status, checks=(check,), **changes)  # type: ignore[arg-type]


def test_a_clean_run_passes() -> None:
    entries = of_series(records.run(cells=(records.cell(boots=(boot(0), boot(3))),)), URL)
    assert told(entries) == {
        "pipeline-apply": ("pass", "applies"),
        "pipeline-build": ("pass", "builds in 1 of 1 cell"),
        "pipeline-boot": ("pass", "2 boots"),
        "pipeline-claims": ("pass", "1 confirmed"),
    }
    assert {entry.url for entry in entries} == {URL}
    assert all("Run 2025-12-08T09-12-44-hvo of 2025" in entry.details for entry in entries)


def test_what_the_series_breaks_fails() -> None:
    cells = (
        records.broken("flat", "built", "failed", "failed", "failed"),
        records.cell(boots=(boot(0), boot(3, "fail", reason="failed: memmap"))),
    )
    by_tool = told(of_series(records.run(cells=cells, claims=(records.claim("refuted", 5),))))
    assert by_tool["pipeline-build"][0] == "fail"
    assert by_tool["pipeline-build"][1].startswith("builds in 1 of 2 cells: fails with patch 1, ")
    assert by_tool["pipeline-boot"][0] == "fail"
    assert by_tool["pipeline-claims"] == ("fail", "1 refuted")


@pytest.mark.parametrize(
    ("changes", "tool", "summary"),
    [
        ({"trees": (records.tree(applied="three-way"),)}, "apply", "applies with --3way"),
        ({"trees": (records.tree(applied="already-merged"),), "cells": ()}, "build", "not built"),
        (
            {"cells": (records.cell(states=records.states("failed", "built", "built", "built")),)},
            "build",
            "builds in 0",
        ),
        ({"claims": (records.claim("not measured", None),)}, "claims", "1 not measured"),
        (
            {"cells": (records.measured(coverage=records.measured().coverage[1:]),)},  # type: ignore[index]
            "build",
            "builds in 1 of 1 cell, and none compiles what the series changes",
        ),
    ],
)
def test_a_doubt_is_a_warning(changes: dict[str, Any], tool: str, summary: str) -> None:
    status, words = told(of_series(records.run(**changes)))[f"pipeline-{tool}"]
    assert (status, words[: len(summary)]) == ("warn", summary)


def test_new_warnings_are_told_with_the_compilers_words() -> None:
    states = (records.state(0), records.state(1), records.state(2, new_warnings=(records.diagnostic(),)))
    run = records.run(cells=(records.cell(states=(*states, records.state(3))),))
    (entry,) = [entry for entry in of_series(run) if entry.tool == "pipeline-build"]
    assert (entry.status, entry.summary) == ("warn", "builds in 1 of 1 cell: 1 new warning")
    assert entry.details.startswith("x86_64-gcc-small: mm/hugetlb.c:1234: too few arguments\n")
    statuses = [told(of_patch(run, at))["pipeline-build"][0] for at in (1, 2, 3)]
    assert statuses == ["pass", "warn", "pass"]


def refused(at: int) -> RunRecord:
    hunk = HunkRecord(path="mm/util.c", line=7, header="@@ -7 +7 @@")
    return records.run(trees=(records.tree(applied="failed", failed_patch=at, failed_hunks=(hunk,)),), cells=())


def test_only_the_patch_that_does_not_apply_fails() -> None:
    assert [told(of_patch(refused(2), at)) for at in (1, 2, 3)] == [
        {"pipeline-apply": ("pass", "applies")},
        {"pipeline-apply": ("fail", "does not apply")},
        {"pipeline-apply": ("warn", "not tried: patch 2 does not apply")},
    ]
    assert told(of_series(refused(2)))["pipeline-apply"] == ("fail", "patch 2 does not apply")
    assert "mm/util.c:7 @@ -7 +7 @@" in of_patch(refused(2), 2)[0].details


def test_only_the_patch_that_breaks_the_build_fails() -> None:
    run = records.run(cells=(records.broken("one", "built", "built", "failed", "failed"), records.cell("two")))
    results = [told(of_patch(run, at))["pipeline-build"] for at in (1, 2, 3)]
    assert results == [
        ("pass", "builds in 2 of 2 cells"),
        ("fail", "builds in 1 of 2 cells"),
        ("warn", "builds in 1 of 2 cells"),
    ]
    (entry,) = [entry for entry in of_patch(run, 2) if entry.tool == "pipeline-build"]
    assert entry.details.startswith("one: mm/hugetlb.c:1234: too few arguments\n")


def test_a_patch_that_was_not_built_alone_says_what_to_type() -> None:
    run = records.run(cells=(records.cell(states=(records.state(0), records.state(3))),))
    status, summary = told(of_patch(run, 1))["pipeline-build"]
    assert status == "warn"
    assert "--per-patch" in summary
    assert told(of_patch(run, 3))["pipeline-build"][0] == "pass"


def test_a_boot_that_gets_worse_is_the_patchs() -> None:
    boots = (boot(0), boot(1), boot(2, "fail", reason="failed: memmap"), boot(3, "fail", reason="failed: memmap"))
    run = records.run(cells=(records.cell(boots=boots),))
    assert [told(of_patch(run, at))["pipeline-boot"][0] for at in (1, 2, 3)] == ["pass", "fail", "warn"]
    known = (boot(0, "fail"), boot(1, "fail"))
    assert told(of_patch(records.run(cells=(records.cell(boots=known),)), 1))["pipeline-boot"][0] == "warn"
    assert "pipeline-boot" not in told(of_patch(records.run(), 1))


def test_without_a_run_there_is_a_warning_and_a_command() -> None:
    (entry,) = no_run("cover@x", "v1 was run: fine")
    assert (entry.tool, entry.status, entry.summary) == ("pipeline", "warn", "no run yet")
    assert entry.details == "v1 was run: fine\nRun: pipeline apply-and-build cover@x --tree TREE"


def test_the_answer_is_an_array_of_objects_with_strings() -> None:
    entries = json.loads(to_json(of_series(records.run())))
    assert all(set(entry) == {"tool", "status", "summary", "url", "details"} for entry in entries)
    assert all(isinstance(value, str) for entry in entries for value in entry.values())


def test_details_of_many_errors_are_cut() -> None:
    errors = tuple(records.diagnostic(message=f"error {at}") for at in range(90))
    states = (records.state(0), records.state(1, "failed", errors=errors))
    run = records.run(cells=(records.broken("one", states=states),))
    assert max(len(entry.details.split("\n")) for entry in of_patch(run, 1)) == 22
