"""Cells that are one kernel, and cells that are not what was expected."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pipeline.model import Expectation, Fragment, LostPromise, PlannedCell, StructPage
from pipeline.plan.matrix import lost_facts, surprise, with_duplicates_marked
from tests.support.planned import CONFIG, GCC, TREE, planned


def same(*cells: PlannedCell, changed: tuple[str, ...] = ()) -> list[str]:
    return [planned_cell.same_as for planned_cell in with_duplicates_marked(cells, changed)]


def test_a_cell_of_the_same_configuration_is_marked_with_the_first() -> None:
    assert same(planned("one"), planned("two"), planned("three")) == ["", "one", "one"]


def test_comments_of_a_configuration_do_not_make_it_another() -> None:
    assert same(planned("one"), planned("two", f"# Linux 6.12{CONFIG}")) == ["", "one"]


@pytest.mark.parametrize(
    "other",
    [
        planned("two", "\nCONFIG_A=m\n"),
        planned("two", toolchain=replace(GCC, digest="0" * 64)),
        planned("two", toolchain=replace(GCC, name="gcc-12")),
        planned("two", arch="i386"),
        replace(planned("two"), tree=replace(TREE, tree_id="f" * 40)),
    ],
    ids=["config", "digest", "variables", "architecture", "tree"],
)
def test_another_kernel_is_no_duplicate(other: PlannedCell) -> None:
    assert same(planned("one"), other) == ["", ""]


def test_cells_out_of_reach_are_no_duplicates() -> None:
    assert same(planned("one", "", "no"), planned("two", "", "no")) == ["", ""]


def test_only_what_is_no_duplicate_and_within_reach_is_built() -> None:
    marked = with_duplicates_marked([planned("one"), planned("two"), planned("three", "", "no")])
    assert [planned_cell.to_build for planned_cell in marked] == [True, False, False]


@pytest.mark.parametrize(
    ("changed", "asked", "duplicate"),
    [
        (("mm/util.c",), "n", True),
        (("mm/Kconfig",), "n", False),
        (("mm/Kconfig",), "y", True),
    ],
)
def test_after_a_change_of_kconfig_cells_are_alike_if_they_ask_for_the_same(
    changed: tuple[str, ...], asked: str, duplicate: bool
) -> None:
    marks = same(planned("one"), planned("two", asked=asked), changed=changed)
    assert marks == ["", "one" if duplicate else ""]


def test_the_cell_that_is_built_runs_the_boots_of_both() -> None:
    marked = with_duplicates_marked([planned("one", boot=("a", "b")), planned("two", boot=("b", "c"))])
    assert [planned_cell.cell.boot for planned_cell in marked] == [("a", "b", "c"), ("b", "c")]


@pytest.mark.parametrize(
    ("expect", "words"),
    [
        (None, ""),
        (Expectation(struct_page=64, vmemmap=True), ""),
        (Expectation(struct_page=56), "struct page of 56 bytes expected, 64 found"),
        (Expectation(vmemmap=False), "no virtual memmap expected, virtual memmap found"),
        (Expectation(unreachable=True), "expected to be unreachable, and every promise is kept"),
    ],
)
def test_a_cell_within_reach_can_be_a_surprise(expect: Expectation | None, words: str) -> None:
    assert surprise(planned("one", expect=expect)) == words


@pytest.mark.parametrize(
    ("expect", "words"),
    [(None, ""), (Expectation(unreachable=True), ""), (Expectation(struct_page=64), "expected to be reachable")],
)
def test_a_cell_out_of_reach_can_be_a_surprise(expect: Expectation | None, words: str) -> None:
    assert surprise(planned("one", "", "no", expect=expect)) == words


PROMISING = replace(
    planned("one").cell,
    fragments=(Fragment("hvo", "", {}, power_of_two=True), Fragment("print", "", {})),
    expect=Expectation(struct_page=64, vmemmap=True),
)
BROKEN = [
    "struct page of 64 bytes expected, 80 found",
    "sizeof(struct page) is 80; hvo.config promises a power of two",
]


def measured(*sizes: int, vmemmap: bool = True) -> dict[int, tuple[StructPage | None, bool]]:
    """A size for each source state; 0 where it was not built."""
    return {patch: (StructPage(size) if size else None, vmemmap) for patch, size in enumerate(sizes)}


@pytest.mark.parametrize(
    ("sizes", "since"),
    [
        ((64, 80), (1, 0)),
        ((64, 64, 80, 80), (2, 1)),
        ((64, 80, 64, 80), (3, 2)),
        ((64, 64, 0, 80), (3, 1)),
    ],
)
def test_a_promise_is_lost_at_the_first_state_after_the_last_that_keeps_it(
    sizes: tuple[int, ...], since: tuple[int, int]
) -> None:
    lost = lost_facts(PROMISING, measured(*sizes))
    assert lost == tuple(LostPromise(words, *since) for words in BROKEN)


@pytest.mark.parametrize(
    "sizes",
    [(64, 64), (64, 80, 64), (64, 80, 0), (0, 80), (80, 80), (64,), (64, 0)],
    ids=["kept", "kept again", "not built at last", "not built at first", "never kept", "the base alone", "unknown"],
)
def test_a_fact_that_is_not_known_to_be_lost_is_not_told(sizes: tuple[int, ...]) -> None:
    assert lost_facts(PROMISING, measured(*sizes)) == ()


def test_a_memmap_that_is_not_virtual_any_more_is_lost_though_nothing_was_built() -> None:
    facts = measured(64, 0)
    facts[1] = (None, False)
    assert lost_facts(PROMISING, facts) == (LostPromise("virtual memmap expected, no virtual memmap found", 1, 0),)
