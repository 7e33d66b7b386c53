"""Cells that are planned."""

from __future__ import annotations

from dataclasses import replace

from pipeline.model import Cell, Fragment, PlannedCell, StructPage, Toolchain, Tree

TREE = Tree("path:/x", "1", "c" * 40, "e" * 40)

GCC = Toolchain("gcc", "gcc 12", "d" * 64)

CONFIG = "\nCONFIG_A=y\nCONFIG_SPARSEMEM_VMEMMAP=y\n"


def planned(name: str, config: str = CONFIG, reason: str = "", asked: str = "y", **changes: object) -> PlannedCell:
    fragments = (Fragment(f"of-{name}", "", {"A": asked}),)
    cell = replace(Cell(name, "x86_64", GCC, "tinyconfig", fragments), **changes)  # type: ignore[arg-type]
    return PlannedCell(cell, TREE, config=config, reason=reason, struct_page=None if reason else StructPage(64))
