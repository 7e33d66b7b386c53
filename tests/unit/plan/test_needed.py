"""What makes a series one that another matrix asks about, and which kernels fit into a budget."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pipeline.definitions import AlsoDefinition
from pipeline.model import Cell, ChangedFile, Toolchain
from pipeline.plan.budget import affordable
from pipeline.plan.needed import NeededKernels, is_about
from pipeline.system.errors import UsageError

WHEN = AlsoDefinition(matrix="quick", reason="x", files=("mm/hugetlb*", "arch/*/mm/init*.c"), names=(r"vmemmap_\w+",))
CELL = Cell("a", "x86_64", Toolchain("gcc", "", ""), "tinyconfig", (), boot=("starts",))
KERNELS = NeededKernels((CELL, replace(CELL, id="b", boot=()), replace(CELL, id="c")))


def changed(line: str) -> ChangedFile:
    return ChangedFile("kernel/a.c", f"first\n{line}\nlast\n", (2,))


@pytest.mark.parametrize(
    ("paths", "line", "about"),
    [
        (["mm/hugetlb_vmemmap.c"], "", True),
        (["arch/riscv/mm/init.c"], "", True),
        (["fs/hugetlbfs/inode.c"], "", False),
        (["kernel/a.c"], "\tvmemmap_populate(start);", True),
        (["kernel/a.c"], "\tmy_vmemmap_populate(start);", False),
        (["kernel/a.c"], "\tvmemmap(start);", False),
        ([], "", False),
    ],
)
def test_a_series_is_about_what_it_touches(paths: list[str], line: str, about: bool) -> None:
    assert is_about(WHEN, paths, [changed(line)]) is about


def test_names_that_are_not_changed_do_not_count() -> None:
    file = ChangedFile("kernel/a.c", "vmemmap_populate(start);\nother();\n", (2, 3))
    assert not is_about(WHEN, ["kernel/a.c"], [file])


def test_patterns_of_others_end_soon() -> None:
    """Seen red: it went on, for longer than anybody waits."""
    when = WHEN.model_copy(update={"names": ("(a|a)*b",)})
    with pytest.raises(UsageError, match="looking for what matrix quick is about: that takes more than 2 s"):
        is_about(when, ["kernel/a.c"], [changed("a" * 80)])


def test_kernels_are_narrowed_and_stripped_of_boots() -> None:
    assert [cell.id for cell in KERNELS.narrowed(("[ac]",)).cells] == ["a", "c"]
    assert KERNELS.narrowed(()) == KERNELS
    assert [cell.boot for cell in KERNELS.without_boots().cells] == [(), (), ()]


def test_the_budget_is_spent_in_order_and_what_does_not_fit_is_named() -> None:
    # 2 states: a takes 2 x (100 / 2 + 15) s, b 2 x 400 / 2, c as much as nobody knows.
    past = {"a": 100.0, "b": 400.0}
    kept = affordable(KERNELS, lambda cell: past.get(cell.id), 500.0, 2, 2)
    assert [cell.id for cell in kept.cells] == ["a", "c"]
    assert kept.notes == ("Left out, since the budget does not allow it: b (about 7 min).",)
    none = affordable(KERNELS, lambda cell: past.get(cell.id), 129.0, 2, 2)
    assert none.cells == ()
    assert affordable(KERNELS, lambda _: 1.0, 100.0, 2, 2) == KERNELS


def test_a_matrix_says_how_many_steps_a_kernel_takes() -> None:
    cell = replace(CELL, steps=1000, boot=())
    assert affordable(NeededKernels((cell,)), lambda _: None, 300.0, 2, 2).cells == (cell,)
    assert affordable(NeededKernels((cell,)), lambda _: None, 299.0, 2, 2).cells == ()
