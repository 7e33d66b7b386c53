"""Differences between kernels before and after the series, sizes left out: memmap, structs, promises of the matrix."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from pipeline.record import CellRecord, RunRecord, StructPageRecord
from pipeline.system.text import cut

STRUCTS_SHOWN = 8
STUBS_SHOWN = 5
LARGEST_STUB, LEAST_BODY = 12, 64
"""Bytes of a function that only returns, with what mitigations put into it, and of one that did something before."""


@dataclass(frozen=True)
class Change:
    """A change that the series makes in several cells alike.

    Args:
        what: in words.
        blame: the patch that it came with, or what is known of it; empty where nothing is.
        cells: their labels.
        patch: that it came with; 0 where that is not known.
    """

    what: str
    blame: str
    cells: tuple[str, ...]
    patch: int = 0


Labelled = Sequence[tuple[str, CellRecord]]
"""Cells with their labels."""


def last_struct_page(cell: CellRecord) -> StructPageRecord | None:
    """After the last patch that it is known of; in records of older versions, on the base."""
    known = [state.struct_page for state in cell.states if state.patch and state.struct_page]
    return known[-1] if known else cell.struct_page


def last_memmap(cell: CellRecord) -> bool | None:
    """Whether the memmap is virtual after the last patch that it is known of, or else on the base."""
    known = [state.vmemmap for state in cell.states if state.patch and state.vmemmap is not None]
    return known[-1] if known else cell.vmemmap


def lost_promises(record: RunRecord, cells: Labelled) -> list[Change]:
    """Promises of the matrix that the base keeps and the series breaks."""
    lost = ((promise.what, (promise.patch, promise.kept), name) for name, cell in cells for promise in cell.lost or ())
    return _grouped(record, lost)


def resized(record: RunRecord, cells: Labelled) -> list[Change]:
    """Structs that are asked about in every run, and have another size with the series.

    Those that are asked about because the series touches them are not: that they change is what the series is for, and
    stands in a section of its own.
    """
    return _grouped(record, (change for name, cell in cells for change in _resized(name, cell)))


def resized_sentences(record: RunRecord, cells: Labelled) -> list[str]:
    changes = resized(record, cells)
    sentences = [
        f"{change.what}{f' with {change.blame}' if change.blame else ''}, in {', '.join(change.cells)}."
        for change in changes[:STRUCTS_SHOWN]
    ]
    more = len(changes) - STRUCTS_SHOWN
    return [*sentences, *([f"{more} structs more have another size."] if more > 0 else [])]


def grown(record: RunRecord) -> str:
    """A few words on tracked structs that grow in some cell, none of them a stranger's; empty where none does."""
    names = {name for cell in record.cells for name, before, after, _ in _sizes(cell) if before < after}
    others = len(names - {"page"})
    plural = "s" if others > 1 else ""
    if "page" in names:
        return f"struct page and {others} other struct{plural} grow" if others else "struct page grows"
    return f"{others} struct{plural} grow{'' if plural else 's'}" if others else ""


def emptied(cells: Labelled) -> list[Change]:
    """Symbols of which hardly anything is left: what they did may be compiled out, which no total shows."""
    stubs = (
        (f"{cut(symbol.name, 60)} ({symbol.old} → {symbol.new} bytes)", None, name)
        for name, cell in cells
        for symbol in (cell.text.symbols if cell.text else ())
        if (symbol.old or 0) >= LEAST_BODY and 0 < (symbol.new or 0) <= LARGEST_STUB
    )
    return _grouped(None, stubs)


def emptied_sentences(cells: Labelled) -> list[str]:
    changes = emptied(cells)
    sentences = [
        f"Hardly anything is left of {change.what}, in {', '.join(change.cells)}." for change in changes[:STUBS_SHOWN]
    ]
    more = len(changes) - STUBS_SHOWN
    return [*sentences, *([f"So it is of {more} symbols more."] if more > 0 else [])]


_Since = tuple[int, int] | None
"""The first state that shows something, and the last before that is known not to."""


def _resized(label: str, cell: CellRecord) -> Iterator[tuple[str, _Since, str]]:
    for name, before, after, since in _sizes(cell):
        words = f"struct {cut(name, 40)} {'grows' if before < after else 'shrinks'} from {before} to {after} bytes"
        yield words, since, label


def _sizes(cell: CellRecord) -> Iterator[tuple[str, int, int, tuple[int, int] | None]]:
    """Tracked structs of another size: name, bytes before and after, and the states between which it came, if known."""
    base, last = cell.struct_page, last_struct_page(cell)
    named = set()
    if base and last and base.size != last.size:
        known = [(state.patch, state.struct_page.size) for state in cell.states if state.struct_page]
        kept = max((patch for patch, size in known if size != last.size), default=0)
        named.add("page")
        yield "page", base.size, last.size, (min(patch for patch, _ in known if patch > kept), kept)
    for layout in cell.layouts or ():
        if not layout.tracked or layout.struct in named or layout.before is None or layout.after is None:
            continue
        if layout.before != layout.after:
            yield layout.struct, layout.before, layout.after, None


def _blame(record: RunRecord, patch: int, kept: int) -> str:
    """The patch that something came with, where the state before is known; else how many patches were applied."""
    if kept == patch - 1:
        subject = next((this.subject for this in record.series.patches if this.number == patch), "")
        return f'patch {patch}, "{cut(subject, 64)}"'
    which = "all" if patch == len(record.series.patches) else "the first"
    return f"{which} {patch} patches applied (run with --per-patch to find the first)"


def _grouped(record: RunRecord | None, changes: Iterator[tuple[str, _Since, str]]) -> list[Change]:
    groups: dict[tuple[str, _Since], dict[str, None]] = {}
    for what, since, cell in changes:
        groups.setdefault((what, since), {})[cell] = None
    return [
        Change(
            what,
            _blame(record, *since) if record and since else "",
            tuple(cells),
            since[0] if since and since[1] == since[0] - 1 else 0,
        )
        for (what, since), cells in groups.items()
    ]
