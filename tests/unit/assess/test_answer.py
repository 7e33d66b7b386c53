"""May I apply this? The answer, what to do next, and what matters most."""

from __future__ import annotations

from typing import Any

import pytest

from pipeline.assess.answer import MATTERS, answer, files_compiled, matters, waits
from pipeline.record import BootRecord, FileCoverageRecord, RunRecord
from pipeline.review.record import PointRecord, ReviewRecord
from tests.support import records
from tests.support.comments import point
from tests.support.sample_runs import everything


def good(**changes: Any) -> RunRecord:
    """A run in which all went well, all files compiled and a kernel booted."""
    boot = BootRecord(patch=3, scenario="hvo", status="pass")
    cell = records.measured(layouts=(), coverage=compiled(True, "mm/a.c"), boots=(boot,))
    return records.run(**({"cells": (cell,), "claims": ()} | changes))


def compiled(is_compiled: bool, *paths: str) -> tuple[FileCoverageRecord, ...]:
    kept = "1" if is_compiled else ""
    return tuple(FileCoverageRecord(path=path, compiled=is_compiled, lines="1", kept=kept) for path in paths)


def covering(*files: FileCoverageRecord) -> RunRecord:
    return good(cells=(records.measured(layouts=(), coverage=files),))


def reviewed(*points: PointRecord) -> RunRecord:
    return good(review=ReviewRecord(version=1, messages=2, points=points))


@pytest.mark.parametrize(
    ("record", "word", "step", "yours"),
    [
        (good(), "Yes", "apply it", True),
        (everything(), "No", "send what was found", True),
        (covering(*compiled(False, "mm/a.c")), "Not known", "build a configuration that compiles it", True),
        (records.run(cells=(), claims=()), "Not known", "build it again", True),
        (
            covering(*compiled(True, "mm/a.c"), *compiled(False, "mm/b.c")),
            "As far as seen, yes",
            "apply it, or build the rest",
            True,
        ),
        (reviewed(point()), "Not yet", "wait for Kiryl Shutsemau", False),
        (reviewed(point(waiting="", waiting_for="", state="answered")), "Yes", "apply it", True),
        (good(trees=(records.tree(applied="already-merged"),), cells=()), "It is merged", "nothing", False),
    ],
)
def test_what_is_to_be_done_follows_from_the_run(record: RunRecord, word: str, step: str, yours: bool) -> None:
    said = answer(record)
    assert said is not None
    assert (said.word, said.step, said.yours) == (word, step, yours)


def test_a_run_without_a_series_is_no_answer() -> None:
    baseline = good(series=records.series(patches=()))
    assert (answer(baseline), matters(baseline)) == (None, [])


def test_three_things_matter_and_what_is_wrong_comes_first() -> None:
    shown = matters(everything())
    assert len(shown) == MATTERS
    assert shown[0].startswith("Patch 2 does not apply to ")
    assert shown[2].startswith("… and ")
    assert shown[2].endswith(" more that are wrong")


def test_of_a_good_run_what_waits_and_what_was_not_looked_at_matters() -> None:
    files = (*compiled(True, "mm/a.c"), *compiled(False, "mm/b.c", "mm/c.c", "mm/d.c", "mm/e.c"))
    record = covering(*files).model_copy(
        update={"review": ReviewRecord(version=1, messages=2, points=(point(), point(number=2)))}
    )
    assert matters(record) == [
        'Frank van der Linden waits for Kiryl Shutsemau: "Is this faster?", and 1 more',
        "Not compiled: mm/b.c, mm/c.c, mm/d.c and 1 file more.",
        "No kernel with the series was booted.",
    ]
    assert matters(good()) == []


def test_pairs_of_people_and_files_are_counted_once() -> None:
    assert waits(reviewed(point(), point(number=2), point(number=3, waiting="", waiting_for=""))) == [
        ("Frank van der Linden", "Kiryl Shutsemau")
    ]
    assert files_compiled(covering(*compiled(True, "mm/a.c"), *compiled(False, "mm/b.c"))) == "1 of 2 files"
    assert files_compiled(covering()) == "no code"
    assert files_compiled(records.run(cells=(records.cell(),))) == ""
