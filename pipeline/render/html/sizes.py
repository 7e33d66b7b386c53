"""The effect of the series on the size of vmlinux: over all cells, and for each by patch, symbol and source file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pipeline.assess.words import label
from pipeline.record import CellRecord, RunRecord, SymbolRecord, TextRecord
from pipeline.render.html.bars import BarChart, diverging, waterfall
from pipeline.render.html.links import evidence, said_evidence
from pipeline.render.html.symbols import Totals, growers, shrinkers
from pipeline.render.html.tables import Item, Table, items, table
from pipeline.render.html.treemap import Treemap, treemap
from pipeline.render.sizes import legend, size_rows
from pipeline.render.text_report import summary
from pipeline.system.text import count, cut

OVERVIEW = 60
"""Cells in the picture of all."""

LONGEST_NAME = 120
LONGEST_LABEL = 60


@dataclass(frozen=True)
class CellSizes:
    """A cell's part of the section.

    Args:
        anchor: the fragment by which other parts of the page link here.
        summary: as bloat-o-meter prints it.
        evidence: files to look at.
        waterfall: where every patch was built.
        note: on what no source file is known of.
    """

    anchor: str
    title: str
    delta: str
    tone: str
    summary: str
    evidence: tuple[Item, ...]
    extremes: BarChart | None
    waterfall: BarChart | None
    treemap: Treemap | None
    folders: Table | None
    note: str
    sections: Table | None
    symbols: Table | None


@dataclass(frozen=True)
class Sizes:
    """The section; `left_out` cells are in the run's record only.

    Args:
        kinds: by kind of symbol, and `legend` what each column counts.
    """

    overview: BarChart | None
    kinds: Table | None
    legend: str
    cells: tuple[CellSizes, ...]
    left_out: int


def sizes(record: RunRecord, totals: Sequence[Totals | None], linked: bool, most: int) -> Sizes | None:
    """None where nothing was measured.

    Args:
        totals: of every cell of the record.
        linked: the page lies in the run's folder.
        most: cells that are shown.
    """
    measured = [
        (at, cell, cell.text, total)
        for at, (cell, total) in enumerate(zip(record.cells, totals, strict=True))
        if cell.text and total
    ]
    if not measured:
        return None
    kinds = _kinds(record)
    overview = [(cut(label(record, cell), LONGEST_LABEL), text.delta) for _, cell, text, _ in measured[:OVERVIEW]]
    return Sizes(
        diverging("Size by cell", overview) if len(overview) > 1 else None,
        kinds,
        legend(kinds.header) if kinds else "",
        tuple(_cell(record, cell, text, total, _anchor(at), linked) for at, cell, text, total in measured[:most]),
        max(len(measured) - most, 0),
    )


def _kinds(record: RunRecord) -> Table | None:
    header, *rows = size_rows(record, [cut(label(record, cell), LONGEST_LABEL) for cell in record.cells])
    return table("Change by kind of symbol, bytes", header, (items(*row) for row in rows), range(1, len(header)))


def anchors(record: RunRecord, most: int, elsewhere: str) -> dict[int, str]:
    """Where the sizes of cells stand, by their place in the record: on the page for the first `most`."""
    measured = [at for at, cell in enumerate(record.cells) if cell.text]
    return {at: f"#{_anchor(at)}" if number < most else elsewhere for number, at in enumerate(measured)}


def _anchor(at: int) -> str:
    return f"size-{at + 1}"


def tone(delta: int) -> str:
    return "grow" if delta > 0 else "shrink" if delta < 0 else ""


def _cell(
    record: RunRecord, cell: CellRecord, text: TextRecord, total: Totals, fragment: str, linked: bool
) -> CellSizes:
    files = [*total.files.items(), *([("other files", total.elsewhere)] if total.elsewhere else [])]
    unplaced, bytes_unplaced = total.unplaced
    return CellSizes(
        anchor=fragment,
        title=label(record, cell),
        delta=f"{text.delta:+d}",
        tone=tone(text.delta),
        summary=summary(text),
        evidence=_evidence(cell, linked),
        extremes=diverging(
            f"Largest growers and shrinkers, {label(record, cell)}",
            [
                (cut(symbol.name, LONGEST_LABEL), symbol.delta)
                for symbol in [*growers(text), *reversed(shrinkers(text))]
            ],
        ),
        waterfall=_waterfall(record, cell, linked),
        treemap=treemap(f"Change of the size by source file, {label(record, cell)}", files),
        folders=table(
            "By folder of the source",
            ("folder", "added", "taken", "change"),
            (
                items(path, f"{up:+d}", f"{down:+d}", Item(f"{up + down:+d}", tone=tone(up + down)))
                for path, (up, down) in total.folders.items()
            ),
            (1, 2, 3),
            sortable=True,
        ),
        note=f"No one source file is known of {count(unplaced, 'symbol')} ({bytes_unplaced:+d} bytes)."
        if unplaced and total.files
        else "",
        sections=table(
            "Sections",
            ("section", "base", "patched", "change"),
            (
                items(section.name, str(section.before), str(section.after), f"{section.after - section.before:+d}")
                for section in cell.sections
            ),
            (1, 2, 3),
        ),
        symbols=_symbols(text.symbols, total),
    )


def _evidence(cell: CellRecord, linked: bool) -> tuple[Item, ...]:
    last = cell.states[-1:]
    named = [
        *(("log of the base", state.log) for state in cell.states[:1] if state.patch == 0),
        *((f"log after patch {state.patch}", state.log) for state in last if state.patch),
        ("configuration", cell.config),
        ("run.json", "run.json"),
    ]
    return tuple(item for words, name in named if (item := said_evidence(words, name, linked)))


def _waterfall(record: RunRecord, cell: CellRecord, linked: bool) -> BarChart | None:
    """Only where each patch was built, so that changes add up."""
    known = [(state, state.text_change) for state in cell.states if state.patch and state.text_change is not None]
    whole = [state.patch for state, _ in known] == [*range(1, len(record.series.patches) + 1)]
    if not whole or len(known) < 2:
        return None
    return waterfall(
        f"Change of the size by patch, {label(record, cell)}",
        [(cut(f"{state.patch}  {state.subject}", LONGEST_LABEL), change) for state, change in known],
        total="all patches",
        links=[evidence(state.log, linked) for state, _ in known],
    )


def _symbols(symbols: Sequence[SymbolRecord], total: Totals) -> Table | None:
    if not symbols:
        return None
    placed = bool(total.files)
    header = ("symbol", *(["source"] if placed else []), "base", "patched", "change")
    rows = tuple(
        (
            Item(cut(symbol.name, LONGEST_NAME)),
            *([Item(cut(symbol.path, LONGEST_NAME))] if placed else []),
            Item("-" if symbol.old is None else str(symbol.old)),
            Item("-" if symbol.new is None else str(symbol.new)),
            Item(f"{symbol.delta:+d}", tone=tone(symbol.delta)),
        )
        for symbol in symbols
    )
    numbers = frozenset(range(len(header) - 3, len(header)))
    caption = f"Symbols: {len(symbols)} of {total.symbols}" if total.symbols > len(symbols) else "Symbols"
    return Table(caption, header, rows, numbers, sortable=True, filterable=True, more=total.symbols - len(symbols))
