"""From axes to cells, and mistakes in them."""

from __future__ import annotations

import tomllib

import pytest

from pipeline.definitions import CellDefinition, MatrixDefinition
from pipeline.definitions.expansion import expand
from pipeline.definitions.matrix_file import MatrixFile
from pipeline.system.errors import UsageError

AXES = """\
title = "mine"

[defaults]
base = "tinyconfig"
fragments = ["console"]

[axes.arch]
x86_64 = { arch = "x86_64", about = "64-bit x86" }
riscv64 = { arch = "riscv", cross = "riscv64-linux-gnu-", fragments = ["mmu"] }

[axes.memmap]
vmemmap = { fragments = ["vmemmap"], about = "virtual memmap" }
sparse = { fragments = ["no-vmemmap"] }
"""


def expanded(*parts: str) -> MatrixDefinition:
    return expand(MatrixFile.model_validate(tomllib.loads("\n".join([AXES, *parts]))))


def cell(matrix: MatrixDefinition, name: str) -> CellDefinition:
    (cell_definition,) = [cell_definition for cell_definition in matrix.cells if cell_definition.id == name]
    return cell_definition


def refused(*parts: str) -> UsageError:
    with pytest.raises(UsageError) as caught:
        expanded(*parts)
    return caught.value


def test_the_product_of_the_axes_makes_the_cells_in_the_order_of_the_file() -> None:
    assert [cell_definition.id for cell_definition in expanded().cells] == [
        *("x86_64-vmemmap", "x86_64-sparse"),
        *("riscv64-vmemmap", "riscv64-sparse"),
    ]


def test_a_cell_has_what_defaults_and_its_values_say() -> None:
    cell_definition = cell(expanded(), "x86_64-vmemmap")
    assert (cell_definition.arch, cell_definition.base, cell_definition.toolchain, cell_definition.about) == (
        *("x86_64", "tinyconfig", "gcc"),
        "64-bit x86, virtual memmap",
    )
    assert (cell_definition.boot, cell_definition.steps, cell_definition.expect) == ((), None, None)


def test_fragments_add_up_from_defaults_over_axes_to_includes_each_once() -> None:
    include = '[[include]]\nwhen = { memmap = "vmemmap" }\nfragments = ["hvo", "console"]'
    cell_definition = cell(expanded(include), "riscv64-vmemmap")
    assert cell_definition.fragments == ("console", "mmu", "vmemmap", "hvo")


def test_boot_scenarios_add_up() -> None:
    include = '[[include]]\nwhen = { memmap = "vmemmap" }\nboot = ["hvo-on"]'
    with_boot = AXES.replace("[defaults]", '[defaults]\nboot = ["userspace"]')
    matrix = expand(MatrixFile.model_validate(tomllib.loads(f"{with_boot}\n{include}")))
    assert cell(matrix, "x86_64-vmemmap").boot == ("userspace", "hvo-on")
    assert cell(matrix, "x86_64-sparse").boot == ("userspace",)


TOOLCHAINS = '[axes.toolchain]\ngcc-12 = { toolchain = "gcc-12" }\nllvm-14 = { toolchain = "llvm-14" }'


@pytest.mark.parametrize(
    ("name", "toolchain"),
    [
        ("x86_64-vmemmap-gcc-12", "gcc-12"),
        ("riscv64-vmemmap-gcc-12", "riscv64-linux-gnu-gcc-12"),
        ("riscv64-vmemmap-llvm-14", "llvm-14"),
    ],
)
def test_the_cross_prefix_goes_before_toolchains_that_need_it(name: str, toolchain: str) -> None:
    assert cell(expanded(TOOLCHAINS), name).toolchain == toolchain


@pytest.mark.parametrize(
    ("when", "changed"),
    [
        ('{ arch = "riscv64" }', ["riscv64-vmemmap", "riscv64-sparse"]),
        ('{ arch = "riscv64", memmap = "sparse" }', ["riscv64-sparse"]),
        ('{ arch = ["x86_64", "riscv64"], memmap = ["sparse"] }', ["x86_64-sparse", "riscv64-sparse"]),
    ],
)
def test_an_include_holds_where_every_axis_has_one_of_its_values(when: str, changed: list[str]) -> None:
    matrix = expanded(f"[[include]]\nwhen = {when}\nsteps = 7")
    assert [cell_definition.id for cell_definition in matrix.cells if cell_definition.steps == 7] == changed


def test_an_include_has_the_last_word_and_the_last_include_the_very_last() -> None:
    first = '[[include]]\nwhen = { arch = "x86_64" }\nbase = "defconfig"\nabout = "big"'
    other = '[[include]]\nwhen = { arch = "x86_64", memmap = "sparse" }\nid = "flat"\nbase = "allnoconfig"'
    matrix = expanded(first, other)
    assert (cell(matrix, "x86_64-vmemmap").base, cell(matrix, "x86_64-vmemmap").about) == ("defconfig", "big")
    assert (cell(matrix, "flat").base, cell(matrix, "flat").about) == ("allnoconfig", "big")


def test_what_is_excluded_is_no_cell_but_named_with_the_reason() -> None:
    matrix = expanded('[[exclude]]\nwhen = { arch = "x86_64", memmap = "sparse" }\nreason = "selected"')
    assert [cell_definition.id for cell_definition in matrix.cells] == [
        "x86_64-vmemmap",
        "riscv64-vmemmap",
        "riscv64-sparse",
    ]
    assert [(exclusion.ids, exclusion.reason) for exclusion in matrix.excluded] == [(("x86_64-sparse",), "selected")]


def test_cells_of_their_own_come_after_the_products_and_share_the_defaults() -> None:
    matrix = expanded('[[cells]]\nid = "own"\narch = "s390"\nfragments = ["mine"]\nbase = "defconfig"')
    assert matrix.cells[-1].id == "own"
    assert matrix.cells[-1].fragments == ("console", "mine")
    assert matrix.cells[-1].base == "defconfig"


def test_an_expectation_is_a_word_or_a_table() -> None:
    matrix = expanded(
        '[[include]]\nwhen = { arch = "x86_64", memmap = "sparse" }\nexpect = "unreachable"',
        '[[include]]\nwhen = { arch = "riscv64" }\nexpect = { struct_page = 64, vmemmap = false }',
    )
    unreachable, table = cell(matrix, "x86_64-sparse").expect, cell(matrix, "riscv64-sparse").expect
    assert unreachable is not None
    assert [expectation.unreachable for expectation in unreachable] == [True]
    assert table is not None
    assert [(expectation.unreachable, expectation.struct_page, expectation.vmemmap) for expectation in table] == [
        (False, 64, False)
    ]


def test_expectations_can_differ_by_what_the_tree_says() -> None:
    matrix = expanded(
        '[[include]]\nwhen = { arch = "riscv64" }\n'
        'expect = [{ when = "!$(prompt,A)", unreachable = true }, { struct_page = 64 }]'
    )
    several = cell(matrix, "riscv64-sparse").expect
    assert several is not None
    assert [(expectation.when, expectation.unreachable, expectation.struct_page) for expectation in several] == [
        ("!$(prompt,A)", True, None),
        ("", False, 64),
    ]


def include(when: str, rest: str = "steps = 1") -> str:
    return f"[[include]]\nwhen = {when}\n{rest}"


def exclude(when: str) -> str:
    return f'[[exclude]]\nwhen = {when}\nreason = "no"'


MISTAKES = {
    "no such axis": ([include('{ memap = "sparse" }')], ["include.0.when", "no axis 'memap'", "Did you mean 'memmap'"]),
    "no such value": ([exclude('{ arch = "riscv" }')], ["exclude.0.when", "no value 'riscv'", "mean 'riscv64'"]),
    "no condition": ([include("{}")], ["include.0.when", "names no axis"]),
    "an include for what is excluded": (
        [exclude('{ arch = "x86_64" }'), include('{ arch = "x86_64", memmap = "sparse" }')],
        ["include.0", "arch = x86_64, memmap = sparse"],
    ),
    "an exclude for what is excluded": (
        [exclude('{ arch = "x86_64" }'), exclude('{ arch = "x86_64", memmap = "sparse" }')],
        ["exclude.1", "excluded already"],
    ),
    "two products of one id": (
        [include('{ memmap = "sparse" }', 'id = "flat"')],
        ["two cells are called 'flat'", "arch=x86_64 memmap=sparse", "arch=riscv64 memmap=sparse"],
    ),
    "a product and a cell of one id": (
        ['[[cells]]\nid = "x86_64-sparse"\narch = "x86_64"'],
        ["two cells are called 'x86_64-sparse'", "cells.0"],
    ),
    "axes that disagree": (
        ['[axes.bits]\n32 = { arch = "i386" }'],
        ["axes.arch.x86_64 and axes.bits.32 disagree about arch"],
    ),
    "something required that nobody says": (
        ['[axes.other]\nnone = {}\n[[cells]]\nid = "own"'],
        ["cells.0: arch is required"],
    ),
    "an id that is too long": ([f"[axes.long]\n{'x' * 60} = {{}}"], ["arch=x86_64", "id"]),
    "no such toolchain": (
        [include('{ arch = "x86_64" }', 'toolchain = "tcc"')],
        ["arch=x86_64", "there is no toolchain 'tcc'"],
    ),
}


@pytest.mark.parametrize(("parts", "words"), MISTAKES.values(), ids=MISTAKES.keys())
def test_a_mistake_is_refused_with_its_place(parts: list[str], words: list[str]) -> None:
    message = refused(*parts).message
    assert [word for word in words if word not in message] == [], message


def test_includes_settle_what_axes_disagree_about() -> None:
    bits = '[axes.bits]\n32 = { arch = "i386" }'
    matrix = expanded(
        bits, *(include(f'{{ arch = "{arch}", bits = "32" }}', 'arch = "i386"') for arch in ("x86_64", "riscv64"))
    )
    assert {cell_definition.arch for cell_definition in matrix.cells} == {"i386"}


def test_a_matrix_without_cells_is_refused() -> None:
    with pytest.raises(UsageError, match="has no cells"):
        expand(MatrixFile(title="nothing"))


def test_a_matrix_without_axes_has_its_own_cells_alone() -> None:
    text = 'title = "x"\n[[cells]]\nid = "one"\narch = "x86_64"\nbase = "tinyconfig"'
    assert [cell_definition.id for cell_definition in expand(MatrixFile.model_validate(tomllib.loads(text))).cells] == [
        "one"
    ]


NARROWED = [
    (["*-sparse"], ["riscv64-sparse"], [("x86_64-sparse",)]),
    (["x86_64-*"], ["x86_64-vmemmap"], [("x86_64-sparse",)]),
    (["*-vmemmap"], ["x86_64-vmemmap", "riscv64-vmemmap"], []),
    ([], ["x86_64-vmemmap", "riscv64-vmemmap", "riscv64-sparse"], [("x86_64-sparse",)]),
]


@pytest.mark.parametrize(("globs", "cells", "excluded"), NARROWED)
def test_globs_choose_among_cells_and_excluded_products(
    globs: list[str], cells: list[str], excluded: list[tuple[str, ...]]
) -> None:
    matrix = expanded(exclude('{ arch = "x86_64", memmap = "sparse" }')).narrowed(globs)
    assert [cell_definition.id for cell_definition in matrix.cells] == cells
    assert [exclusion.ids for exclusion in matrix.excluded] == excluded
