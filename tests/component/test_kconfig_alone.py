"""What Kconfig alone answers for cells that share a build folder: the same as in a folder of each one's own."""

from __future__ import annotations

from pathlib import Path

from pipeline.definitions import load_matrix
from pipeline.fetch import Request
from pipeline.kernel.trees import TreeName
from pipeline.model import SourceState
from pipeline.orders.order import Order
from pipeline.plan import Planner
from pipeline.plan.cells import select_cells
from pipeline.run import Pipeline
from pipeline.system.console import Console
from pipeline.system.process import Processes
from pipeline.system.workspace import Workspace

FRAGMENTS = {
    "memcg": "CONFIG_MEMCG=y\n",
    "no-memcg": "# CONFIG_MEMCG is not set\n",
    "absent": "CONFIG_NO_TREE_HAS_IT=y\n",
}
MATRIX = """\
title = "cells that share a folder"

[defaults]
base = "tinyconfig"

[axes.arch]
x86_64 = { arch = "x86_64" }
i386 = { arch = "i386" }

[axes.asked]
bare = { fragments = ["no-memcg"] }
absent = { fragments = ["absent"] }
memcg = { fragments = ["memcg"] }
nothing = {}
"""


def made(folder: Path) -> Pipeline:
    workspace = Workspace(folder)
    workspace.prepare()
    return Pipeline(workspace, Processes(), Console())


def test_cells_that_share_a_folder_come_to_what_they_come_to_alone(fake_tree: Path, tmp_path: Path) -> None:
    (tmp_path / "axes.toml").write_text(MATRIX)
    for name, text in FRAGMENTS.items():
        (tmp_path / f"{name}.config").write_text(text)
    matrix, fragments = load_matrix(str(tmp_path / "axes.toml"))
    cells = select_cells(matrix, fragments, (), Processes())
    together, alone = made(tmp_path / "together"), made(tmp_path / "alone")
    place, order = TreeName.parse(f"path:{fake_tree}#master"), Order(request=Request("-"), jobs=2)
    tree = together.tree(place)
    base = SourceState(0, "base", tree.commit, tree.tree_id)
    planner = Planner(together.host(order))
    refused = planner.refused(tree, base, cells)
    assert {cell: bool(words) for cell, words in refused.items()} == {
        cell.id: cell.id.endswith("absent") for cell in cells
    }
    assert "CONFIG_NO_TREE_HAS_IT=y asked (absent.config)" in refused["x86_64-absent"]
    planned = alone.plan(alone.host(order), alone.tree(place), cells)
    assert {planned_cell.cell.id: planned_cell.config for planned_cell in planned} == {
        cell.id: planner.known_config(base, cell) for cell in cells
    }
    assert len({planned_cell.config for planned_cell in planned}) > 2
