"""Facts that a run has on a review comment: on the symbols that it names, and on the patch that it is about."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from pipeline.assess.words import location
from pipeline.record import BootRecord, CellRecord, DiagnosticRecord, RunRecord
from pipeline.render import wording
from pipeline.review.record import PointRecord

MOST_LINES = 6
"""Of one symbol."""


def answers(record: RunRecord, point: PointRecord) -> list[str]:
    """Lines on the point's symbols, as builds and boots show them; none where they say nothing."""
    shown: list[str] = []
    total = len(record.series.patches)
    # Sizes are those of the whole series, which a comment on one patch is not about.
    whole = f", with all {total} patches" if point.patch and total > 1 else ""
    for symbol in filter(None, dict.fromkeys(name.removesuffix("()") for name in point.symbols)):
        # Later states repeat a diagnostic of the patch that brought it.
        lines = list(dict.fromkeys([*(f"{size}{whole}" for size in _sizes(record, symbol)), *_words(record, symbol)]))
        shown += lines[:MOST_LINES]
        shown += [f"… and {len(lines) - MOST_LINES} more of {symbol}()"] if len(lines) > MOST_LINES else []
    return shown


def measured(record: RunRecord, point: PointRecord) -> bool:
    """Whether a size was measured that the comment names; what compilers say is told in the mails of patches."""
    names = filter(None, (name.removesuffix("()") for name in point.symbols))
    return any(True for name in names for _ in _sizes(record, name))


def of_patch(record: RunRecord, patch: int) -> list[str]:
    """How the cells take one patch, where it was built alone."""
    states = [(cell, state) for cell in record.cells for state in cell.states if state.patch == patch]
    if not states:
        return [f"I did not build patch {patch} without those that follow it."] if patch else []
    good = [cell for cell, state in states if state.status == "built"]
    failed = [cell for cell, state in states if state.status == "failed"]
    moved = [
        f"{state.text_change:+d} bytes on {wording.kernel(record, cell)}" for cell, state in states if state.text_change
    ]
    which = wording.patches([1], len(record.series.patches)) if patch == 1 else f"With patches 1-{patch}"
    verbs = ("builds", "fails to build") if patch == 1 else ("it builds", "the build fails")
    comma = " " if patch == 1 else ", "
    lines = [f"{which}{comma}{verbs[0]} on {wording.kernels(good)}."] if good else []
    lines += [f"{which}{comma}{verbs[1]} on {wording.kernels(failed)}."] if failed else []
    return lines + ([f"Size: {wording.listed(moved)}."] if moved else [])


def _sizes(record: RunRecord, symbol: str) -> Iterator[str]:
    """A function that the compiler split or cloned (`x.cold`, `x.constprop.0`) counts as itself."""
    for cell in record.cells:
        for delta in cell.text.symbols if cell.text else ():
            if delta.name.split(".")[0] == symbol:
                place = wording.kernel(record, cell)
                if delta.old is None or delta.new is None:
                    yield f"{delta.name}(): {'new' if delta.old is None else 'gone'}, {delta.delta:+d} bytes on {place}"
                else:
                    yield f"{delta.name}(): {delta.old} → {delta.new} bytes on {place}"


def _words(record: RunRecord, symbol: str) -> Iterator[str]:
    """Where compilers and kernels name the symbol."""
    named = re.compile(rf"\b{re.escape(symbol)}\b")
    for cell in record.cells:
        for words in _reports(cell):
            if named.search(words):
                yield f"{wording.kernel(record, cell)}: {words}"


def _reports(cell: CellRecord) -> Iterator[str]:
    for state in cell.states:
        for kind, diagnostics in (("error", state.errors), ("new warning", state.new_warnings)):
            yield from (f"{kind} {location(diagnostic)}" for diagnostic in _named(diagnostics))
    for boot in cell.boots:
        yield from (f"booted, {_state(boot)}: {line}" for line in _complaints(boot))


def _named(diagnostics: Sequence[DiagnosticRecord]) -> Sequence[DiagnosticRecord]:
    return diagnostics[:100]


def _complaints(boot: BootRecord) -> Iterator[str]:
    yield from boot.splats
    yield from (f"{check.name}: {detail}" for check in boot.checks for detail in check.details)
    yield from boot.new_lines


def _state(boot: BootRecord) -> str:
    return f"with {'patch 1' if boot.patch == 1 else f'patches 1-{boot.patch}'}" if boot.patch else "without the series"
