"""What the cells of a plan are to one another, to what the matrix says of them and to the series; pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from pipeline.definitions import SeriesDefinition
from pipeline.kernel import kbuild
from pipeline.model import Cell, PlannedCell
from pipeline.plan import config_digest, touches_kconfig


def with_boots(cells: Sequence[Cell], tracked: SeriesDefinition | None) -> tuple[Cell, ...]:
    """Cells with the boot scenarios that a tracked series asks for, beside the matrix's own."""
    added = {cell.id: tracked.boots_of(cell.id) if tracked else () for cell in cells}
    return tuple(replace(cell, boot=tuple(dict.fromkeys([*cell.boot, *added[cell.id]]))) for cell in cells)


def with_duplicates_marked(planned: Sequence[PlannedCell], changed: Sequence[str] = ()) -> tuple[PlannedCell, ...]:
    """Cells of one tree, those marked that come to the same kernel as an earlier one: two would prove no more.

    The earlier cell runs the boot scenarios of both.

    Args:
        changed: paths that the series changes. Where kconfig may answer otherwise afterwards, cells that are alike on
            the base stay so only if they ask for the same.
    """
    asked_counts = touches_kconfig(changed)
    firsts: dict[object, int] = {}
    result = list(planned)
    for at, one in enumerate(planned):
        if not one.reachable:
            continue
        first = firsts.setdefault((_kernel(one), _asked(one) if asked_counts else None), at)
        if first != at:
            kept = result[first].cell
            boot = tuple(dict.fromkeys([*kept.boot, *one.cell.boot]))
            result[first] = replace(result[first], cell=replace(kept, boot=boot))
            result[at] = replace(one, same_as=kept.id)
    return tuple(result)


def surprise(one: PlannedCell) -> str:
    """How a cell is not what the matrix expects of it, in words; empty when it is."""
    expect = one.cell.expect
    if expect is None:
        return ""
    if expect.unreachable:
        return "expected to be unreachable, and every promise is kept" if one.reachable else ""
    if not one.reachable:
        return "expected to be reachable"
    found = []
    if expect.struct_page and one.struct_page and expect.struct_page != one.struct_page.size:
        found.append(f"struct page of {expect.struct_page} bytes expected, {one.struct_page.size} found")
    if expect.vmemmap not in (None, one.vmemmap):
        found.append(f"{_memmap(not one.vmemmap)} expected, {_memmap(one.vmemmap)} found")
    return "; ".join(found)


def _kernel(one: PlannedCell) -> tuple[object, ...]:
    variables = tuple(kbuild.variables(one.cell).items())
    return (one.tree.tree_id, config_digest(one.config), one.cell.toolchain.digest, variables)


def _asked(one: PlannedCell) -> tuple[object, ...]:
    options = {name: value for fragment in one.cell.fragments for name, value in fragment.options.items()}
    return (one.cell.base, tuple(sorted(options.items())))


def _memmap(virtual: bool) -> str:
    return "virtual memmap" if virtual else "no virtual memmap"
