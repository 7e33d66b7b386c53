"""Relations of a plan's cells to one another, to the expectations of the matrix and to the series; pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from pipeline.definitions import SeriesDefinition
from pipeline.kernel import kbuild, kconfig
from pipeline.model import Cell, Expectation, LostPromise, PlannedCell, StructPage
from pipeline.plan.configurations import config_digest, touches_kconfig


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
    for at, planned_cell in enumerate(planned):
        if not planned_cell.reachable:
            continue
        first = firsts.setdefault((_kernel(planned_cell), _asked(planned_cell) if asked_counts else None), at)
        if first != at:
            kept = result[first].cell
            boot = tuple(dict.fromkeys([*kept.boot, *planned_cell.cell.boot]))
            result[first] = replace(result[first], cell=replace(kept, boot=boot))
            result[at] = replace(planned_cell, same_as=kept.id)
    return tuple(result)


def surprise(planned: PlannedCell) -> str:
    """How a cell is not what the matrix expects of it, in words; empty when it is."""
    expect = planned.cell.expect
    if expect is None:
        return ""
    if expect.unreachable:
        return "expected to be unreachable, and every promise is kept" if planned.reachable else ""
    if not planned.reachable:
        return "expected to be reachable"
    return "; ".join(broken_expectations(planned.cell, planned.struct_page, planned.vmemmap).values())


def broken_expectations(cell: Cell, struct_page: StructPage | None, vmemmap: bool) -> dict[str, str]:
    """Expectations of the matrix that the measured values of a cell contradict, in words, by what they are about."""
    expect, broken = cell.expect or Expectation(), {}
    if expect.struct_page and struct_page and expect.struct_page != struct_page.size:
        broken["struct page"] = f"struct page of {expect.struct_page} bytes expected, {struct_page.size} found"
    if expect.vmemmap not in (None, vmemmap):
        broken["vmemmap"] = f"{_memmap(not vmemmap)} expected, {_memmap(vmemmap)} found"
    return broken


def lost_facts(cell: Cell, measured: Mapping[int, tuple[StructPage | None, bool]]) -> tuple[LostPromise, ...]:
    """Promises of what is measured that are kept on the base, and not at the last source state.

    Args:
        measured: struct page (None where it was not built) and virtual memmap, by patch number; 0 is the base.
    """
    broken = {patch: _broken_facts(cell, *facts) for patch, facts in sorted(measured.items())}
    lost = []
    for promise, what in broken[max(broken)].items():
        # A state whose struct page is not known proves nothing.
        measured_states = [patch for patch in broken if measured[patch][0] or promise == "vmemmap"]
        kept = [patch for patch in measured_states if promise not in broken[patch]]
        if measured_states[0] == 0 and kept and kept[0] == 0:
            lost.append(LostPromise(what, min(patch for patch in measured_states if patch > kept[-1]), kept[-1]))
    return tuple(lost)


def _broken_facts(cell: Cell, struct_page: StructPage | None, vmemmap: bool) -> dict[str, str]:
    broken = broken_expectations(cell, struct_page, vmemmap)
    for fragment in cell.fragments:
        if struct_page and (words := kconfig.broken_struct_page([fragment], struct_page)):
            broken[fragment.name] = words[0]
    return broken


def _kernel(planned: PlannedCell) -> tuple[object, ...]:
    variables = tuple(kbuild.variables(planned.cell).items())
    return (planned.tree.tree_id, config_digest(planned.config), planned.cell.toolchain.digest, variables)


def _asked(planned: PlannedCell) -> tuple[object, ...]:
    options = {name: value for fragment in planned.cell.fragments for name, value in fragment.asked.items()}
    return (planned.cell.base, tuple(sorted(options.items())))


def _memmap(virtual: bool) -> str:
    return "virtual memmap" if virtual else "no virtual memmap"
