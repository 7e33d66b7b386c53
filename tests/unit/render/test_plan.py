"""The plan as a user sees it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pipeline.definitions import MatrixDefinition
from pipeline.definitions.matrix_file import ExcludedDefinition
from pipeline.model import Expectation, Fragment, PlannedCell
from pipeline.plan.matrix import with_duplicates_marked
from pipeline.render.plan import COLUMNS, render_plan
from pipeline.system.text import duration
from tests.support.planned import TREE, planned

EXCLUDED = (ExcludedDefinition(ids=("x86_64-odd", "arm64-odd"), reason="no compiler does that"),)


def shown(*cells: PlannedCell, jobs: int = 2, probes: tuple[str, ...] = ("struct-page",)) -> str:
    return render_plan(TREE, cells, MatrixDefinition(title="m", cells=(), excluded=EXCLUDED, probes=probes), jobs)


def row(text: str, name: str) -> list[str]:
    return next(line for line in text.splitlines() if line.startswith(f"  {name} ")).split()


def test_a_cell_is_shown_with_what_it_came_to() -> None:
    cell = replace(planned("one"), promises=3, kept=3, cpu_seconds=95.0)
    assert row(shown(cell), "one") == ["one", "gcc", "on", "64", "3", "of", "3", "95", "s"]
    assert row(shown(cell, probes=()), "one") == ["one", "gcc", "3", "of", "3", "95", "s"]


def test_a_broken_promise_is_shown_with_the_reason() -> None:
    text = shown(replace(planned("one", "", "CONFIG_A=y asked (a.config), n got"), promises=3, kept=2))
    assert row(text, "one") == ["one", "gcc", "-", "-", "2", "of", "3", "unreachable"]
    assert "\nUnreachable\n  one: CONFIG_A=y asked (a.config), n got\n" in text


def test_a_promise_that_was_not_looked_at_is_told() -> None:
    cell = planned("one", "", "no", fragments=(Fragment("even", "", {}, power_of_two=True),))
    assert "one: no; the size of struct page was not compiled then" in shown(cell)


def test_what_was_expected_to_be_out_of_reach_is_no_surprise() -> None:
    text = shown(planned("one", "", "n got", expect=Expectation(unreachable=True)))
    assert "one: as the matrix says: n got" in text
    assert "Not what" not in text


def test_a_surprise_comes_first() -> None:
    text = shown(planned("one", expect=Expectation(struct_page=56)))
    assert "\nNot what the matrix says\n  one: struct page of 56 bytes expected, 64 found\n" in text


def test_a_duplicate_is_shown_as_the_cell_that_is_built() -> None:
    text = shown(*with_duplicates_marked([replace(planned("one"), cpu_seconds=60.0), planned("two")]))
    assert row(text, "two")[-2:] == ["as", "one"]
    assert "two: same configuration as one, built once" in text
    assert "60 s of CPU time for 1 cell," in text


def test_excluded_products_are_shown_with_their_reason() -> None:
    assert "\nExcluded\n  x86_64-odd, arm64-odd: no compiler does that\n" in shown(planned("one"))


@pytest.mark.parametrize(
    ("seconds", "jobs", "words"),
    [
        ((None, None), 2, "No estimate: 2 cells to build, none of which this workspace has built before."),
        ((300.0, 600.0), 2, "built in full: 15 min of CPU time for 2 cells, about 8 min with 2 jobs."),
        ((300.0, 600.0), 1, "built in full: 15 min of CPU time for 2 cells."),
        ((300.0, None), 1, "for 1 cell; not built here before, and not counted: two."),
    ],
)
def test_the_estimate_is_the_sum_of_past_builds(seconds: tuple[float | None, ...], jobs: int, words: str) -> None:
    cells = [
        replace(planned(name, f"\nCONFIG_{name}=y\n"), cpu_seconds=past)
        for name, past in zip(("one", "two"), seconds, strict=True)
    ]
    assert words in " ".join(shown(*cells, jobs=jobs).split())


def test_nothing_is_wider_than_the_page() -> None:
    text = shown(planned("c" * 64, "", "word " * 90), planned("two"))
    assert max(map(len, text.splitlines())) <= COLUMNS


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.4, "0 s"), (119, "119 s"), (120, "2 min"), (7199, "120 min"), (7200, "2.0 h")]
)
def test_a_duration_is_said_in_the_unit_that_fits(seconds: float, text: str) -> None:
    assert duration(seconds) == text


def test_a_wish_that_was_not_granted_is_one_line_for_all_its_cells() -> None:
    gone = "CONFIG_B=y (a.config): no such option in this tree"
    cells = [
        replace(planned("one"), refused=(gone, "CONFIG_C=y (a.config): n got")),
        replace(planned("two"), refused=(gone,)),
    ]
    text = shown(*cells)
    assert "\nWishes not granted\n  CONFIG_B=y (a.config): no such option in this tree\n" in text
    assert "\n  CONFIG_C=y (a.config): n got (one)\n" in text
    assert "Unreachable" not in text
