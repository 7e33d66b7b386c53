"""The plan of a matrix on a tree, before anything is built: cells, their promises, and how long they take."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pipeline.definitions import MatrixDefinition
from pipeline.model import PlannedCell, Stage, Tree
from pipeline.plan.matrix import surprise
from pipeline.probes import UNKNOWN, Facts, Probe, probe
from pipeline.render.page import Page
from pipeline.system.text import count, duration, visible, wrap

COLUMNS = 100
"""Of the page: cells and cross compilers have long names."""


def render_plan(
    tree: Tree, planned: Sequence[PlannedCell], matrix: MatrixDefinition, jobs: int, notes: Sequence[str] = ()
) -> str:
    """The plan as text, for a terminal.

    Args:
        planned: the cells on the tree, duplicates marked.
        matrix: where they come from, for the products that are no cells.
        jobs: compilers at once, for the estimate of wall time.
        notes: on the choice of cells, a sentence each.
    """
    page = Page(columns=COLUMNS)
    probes = [probe(name) for name in matrix.probes]
    columns = [column for asked in probes for column in asked.columns]
    header = ("cell", "toolchain", *columns, "promises", "CPU time")
    rows = [_row(cell, probes) for cell in planned]
    numbers = {len(header) - 2, len(header) - 1}
    lines = [f"{tree.name} ({tree.version})", "", *page.table([header, *rows], right=numbers)]
    broken = [(candidate.cell.id, _reason(candidate)) for candidate in planned if not candidate.reachable]
    surprises = [(candidate.cell.id, words) for candidate in planned if (words := surprise(candidate))]
    same = [
        (candidate.cell.id, f"same configuration as {candidate.same_as}, built once")
        for candidate in planned
        if candidate.same_as
    ]
    excluded = [(", ".join(exclusion.ids), exclusion.reason) for exclusion in matrix.excluded]
    why = [(candidate.cell.id, candidate.cell.about) for candidate in planned] if matrix.chosen else []
    for title, entries in (
        ("Why", why),
        ("Not what the matrix says", surprises),
        ("Unreachable", broken),
        ("Wishes not granted", _refused(planned)),
        ("Duplicates", same),
        ("Excluded", excluded),
    ):
        lines += _section(title, entries)
    for note in notes:
        lines += ["", *wrap(note, COLUMNS)]
    lines += ["", *wrap(_estimate(planned, jobs), COLUMNS)]
    return "\n".join(visible(line) for line in lines) + "\n"


def _row(planned: PlannedCell, probes: Sequence[Probe]) -> tuple[str, ...]:
    if planned.cell.stage is Stage.OBJECTS:
        readings = [UNKNOWN for probe in probes for _ in probe.columns]
        return planned.cell.id, planned.cell.toolchain.name, *readings, UNKNOWN, "objects" if planned.reachable else "-"
    facts = Facts(planned.vmemmap, planned.struct_page) if planned.reachable else Facts()
    readings = [reading for probe in probes for reading in probe.read(facts)]
    return (
        planned.cell.id,
        planned.cell.toolchain.name,
        *readings,
        f"{planned.kept} of {planned.promises}",
        _cost(planned),
    )


def _cost(planned: PlannedCell) -> str:
    if not planned.to_build:
        return f"as {planned.same_as}" if planned.same_as else "unreachable"
    return duration(planned.cpu_seconds) if planned.cpu_seconds else "?"


def _reason(planned: PlannedCell) -> str:
    expected = "as the matrix says: " if planned.cell.expect and planned.cell.expect.unreachable else ""
    unproven = not planned.struct_page and any(fragment.power_of_two is not None for fragment in planned.cell.fragments)
    return f"{expected}{planned.reason}{'; the size of struct page was not compiled then' if unproven else ''}"


def _refused(planned: Sequence[PlannedCell]) -> list[tuple[str, str]]:
    """Wishes that kconfig did not grant, each once, with the cells that refused it."""
    cells: dict[str, list[str]] = {}
    for cell in planned:
        for words in cell.refused:
            cells.setdefault(words, []).append(cell.cell.id)
    entries = []
    for words, names in cells.items():
        wish, _, reason = words.partition(": ")
        entries.append((wish, reason if len(names) == len(planned) else f"{reason} ({_listed(names)})"))
    return entries


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names) if len(names) <= 3 else f"{', '.join(names[:3])} and {len(names) - 3} more"


def _section(title: str, entries: Sequence[tuple[str, str]]) -> Iterator[str]:
    if entries:
        yield from ("", title)
    for name, words in entries:
        first, *rest = wrap(f"{name}: {words}", COLUMNS - 6, most=8)
        yield from (f"  {first}", *(f"      {line}" for line in rest))


def _estimate(planned: Sequence[PlannedCell], jobs: int) -> str:
    """The estimated time of one source state, from the last full build of each cell in this workspace."""
    wanted = [candidate for candidate in planned if candidate.to_build and candidate.cell.stage is Stage.KERNELS]
    known = [candidate.cpu_seconds for candidate in wanted if candidate.cpu_seconds]
    if not wanted:
        return "No kernel to build."
    if not known:
        return f"No estimate: {count(len(wanted), 'cell')} to build, none of which this workspace has built before."
    new = [candidate.cell.id for candidate in wanted if not candidate.cpu_seconds]
    total = sum(known)
    wall = f", about {duration(total / jobs)} with {jobs} jobs" if jobs > 1 else ""
    missing = f"; not built here before, and not counted: {', '.join(new)}" if new else ""
    cells = count(len(known), "cell")
    return f"Each source state, built in full: {duration(total)} of CPU time for {cells}{wall}{missing}."
