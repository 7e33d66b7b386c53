"""Cells in which nothing is on but what a series' files declare to need; they may need more than that."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from pipeline.kernel.buildhost import BuildHost
from pipeline.model import Cell, PlannedCell, SourceState, Tree
from pipeline.objects.choose import values_of
from pipeline.objects.further import Further, needed
from pipeline.objects.states import States
from pipeline.objects.touched import TouchedCode
from pipeline.objects.wide import NARROW, narrow_cells, needing_cell
from pipeline.objects.work import Work
from pipeline.plan.configurations import config_digest
from pipeline.system.store import Key

VERSION = 2
"""Raised whenever files come to need something else."""
_COMPILED = (".c", ".S")


def narrow_works(
    host: BuildHost,
    states: States,
    touched: TouchedCode,
    last: SourceState,
    works: Sequence[Work],
    tried: set[str],
    wanted: Collection[str],
) -> list[Work]:
    """Narrow cells of the architectures that compile files of a series, each file in that of the first; the caller
    holds the lock.

    Headers are left to the wide cells: what includes them needs a configuration of its own, and is none of the series'.
    A series of headers alone has no narrow cell.

    Args:
        last: state of the series.
        works: cells that were compiled.
        tried: files for which this was done before; those for which it is done now are added.
        wanted: names of the checks that come with builds.

    Raises:
        InfrastructureError: the machine failed.
    """
    added = list[Work]()
    for wide in [work for work in works if work.planned.cell.base != NARROW and last.patch in work.states]:
        objects = wide.states[last.patch].objects.values()
        compiled = {compiled.source for compiled in objects if compiled.source.endswith(_COMPILED)}
        paths = sorted(compiled.intersection(touched.files).difference(tried))
        tried.update(paths)
        cells = narrow_cells(host, wide.planned.cell, wanted) if paths else ()
        if work := _work(host, states, touched, last, wide.planned.tree, cells, paths):
            added.append(work)
    return added


def _work(
    host: BuildHost,
    states: States,
    touched: TouchedCode,
    last: SourceState,
    tree: Tree,
    cells: Sequence[Cell],
    paths: Sequence[str],
) -> Work | None:
    """A narrow cell with what files need, of the compiler that can; None where kconfig grants none of them."""
    for cell in cells:
        work = Work(PlannedCell(cell, tree))
        states.configure([work], (last,))
        if values_of(work.configs.get(last.patch, "")):
            found = _needed(host, touched, last, cell, work.configs[last.patch], paths)
            planned = PlannedCell(needing_cell(cell, found.requests), tree)
            # What is moved is compared with what it was.
            return Work(planned, only=found.paths | touched.gone) if found.paths else None
    return None


def _needed(
    host: BuildHost, touched: TouchedCode, last: SourceState, cell: Cell, config: str, paths: Sequence[str]
) -> Further:
    """Requests of files on top of a configuration; stored, since all options of the tree have to be read for it."""
    inputs = {"tree": last.tree_id, "arch": cell.arch, "config": config_digest(config), "paths": list(paths)}
    key = Key("needed", {**inputs, "version": VERSION})
    if entry := host.store.get(key):
        try:
            requests = {str(option): str(value) for option, value in entry.value["requests"].items()}
            return Further(requests, frozenset(map(str, entry.value["paths"])))
        except (AttributeError, KeyError, TypeError) as error:
            host.store.drop(key, str(error))
    found = needed(touched.sources_at(last), cell.arch, values_of(config), paths)
    # In the order in which the store gives them back: a cell is what it asks for, line by line.
    requests = dict(sorted(found.requests.items()))
    host.store.put(key, {"requests": requests, "paths": sorted(found.paths)}, {})
    return Further(requests, found.paths)
