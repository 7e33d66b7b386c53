"""Every shipped matrix on every kernel that is supported: which cells each can have, held as tables in `plans/`.

A table is changed by hand, where a kernel or a matrix changed and the new table is right. What a cell's `expect` says
is checked besides: nothing may come out other than the matrix says.
"""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from pipeline.definitions import load_matrix
from pipeline.fetch import Request
from pipeline.kernel.trees import TreeName
from pipeline.model import PlannedCell, SourceState
from pipeline.orders.order import Order
from pipeline.plan import Planner
from pipeline.plan.cells import select_cells
from pipeline.plan.matrix import surprise
from pipeline.run import Pipeline
from pipeline.system import resources
from pipeline.system.process import Processes
from tests.support.kernels import KERNELS, TREES

PLANS = Path(__file__).with_name("plans")
MATRICES = sorted(path.stem for path in resources.folder("kconfigs").glob("*.toml"))


def line(planned_cell: PlannedCell) -> str:
    """A row of a table: what a cell came to."""
    if not planned_cell.reachable:
        return f"{planned_cell.cell.id}: unreachable"
    size = planned_cell.struct_page.size if planned_cell.struct_page else "?"
    return f"{planned_cell.cell.id}: {'virtual' if planned_cell.vmemmap else 'no virtual'} memmap, {size} bytes"


def golden(name: str, table: str) -> str:
    """The table that is held, or a failure that shows the one that it would be."""
    file = PLANS / f"{name}.txt"
    if not file.is_file():
        pytest.fail(f"there is no {file.name} yet; where this is right, it becomes that:\n\n{table}")
    return file.read_text()


@pytest.mark.parametrize("kernel", ["6.12", "7.3"])
def test_kconfig_keeps_what_every_shipped_matrix_asks_for(pipeline: Pipeline, kernel: str) -> None:
    """Without a build. What struct page comes to is not looked at here."""
    host = pipeline.host(Order(request=Request("-"), jobs=os.cpu_count() or 1))
    tree = pipeline.tree(TreeName.parse(TREES[kernel]))
    base = SourceState(0, "base", tree.commit, tree.tree_id)
    cells = {}
    for name in MATRICES:
        matrix, fragments = load_matrix(name)
        for cell in select_cells(matrix, fragments, (), Processes()):
            asked = (cell.arch, cell.toolchain.name, cell.base, cell.fragments)
            # Matrices have cells in common, and others of the same names.
            cells[name, cell.id] = (asked, replace(cell, id=f"{name}.{cell.id}"))
    # Once for all that ask for the same.
    distinct = dict(cells.values())
    refused = Planner(host).refused(tree, base, list(distinct.values()))
    rows = []
    for name in MATRICES:
        answers = {cell: refused[distinct[asked].id] for (of, cell), (asked, _) in cells.items() if of == name}
        rows += [f"[{name}]", *(f"{cell}: {words or 'kept'}" for cell, words in answers.items()), ""]
    table = "\n".join(rows)
    assert table == golden(f"{kernel}-kconfig", table)


@pytest.mark.parametrize("kernel", KERNELS)
def test_every_shipped_matrix_reaches_what_the_kernel_can_have(pipeline: Pipeline, kernel: str) -> None:
    rows, surprises, unexpected = [], [], []
    host = pipeline.host(Order(request=Request("-"), jobs=os.cpu_count() or 1))
    tree = pipeline.tree(TreeName.parse(TREES[kernel]))
    for name in MATRICES:
        matrix, fragments = load_matrix(name)
        cells = select_cells(matrix, fragments, (), Processes())
        planned = pipeline.plan(host, tree, cells)
        rows += [f"[{name}]", *map(line, planned), ""]
        surprises += [
            f"{name} {planned_cell.cell.id}: {words}" for planned_cell in planned if (words := surprise(planned_cell))
        ]
        unexpected += [
            f"{name} {planned_cell.cell.id}: {planned_cell.reason}"
            for planned_cell in planned
            if not planned_cell.reachable and not (planned_cell.cell.expect and planned_cell.cell.expect.unreachable)
        ]
    assert surprises == []
    assert unexpected == []
    table = "\n".join(rows)
    assert table == golden(kernel, table)
