"""Compares two runs, v1 against v2: differences for each cell, patch and symbol, and in the claims."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pipeline.assess.cases import Case, Outcome, cases
from pipeline.assess.readings import columns, patched
from pipeline.assess.verdict import verdict
from pipeline.assess.words import location, result
from pipeline.kernel.diagnostics import new_ones
from pipeline.record import CellRecord, ClaimRecord, DiagnosticRecord, RunRecord, TextRecord
from pipeline.record.neutral import neutral
from pipeline.render.measured import Block, first
from pipeline.render.page import Page
from pipeline.render.words import with_largest_symbols
from pipeline.system.text import count, cut, visible

SYMBOLS_SHOWN = 10
CASES_SHOWN = 20
_WORDS = {Outcome.PASS: "passes", Outcome.FAIL: "fails"} | {
    outcome: outcome.value for outcome in (Outcome.NOT_RUN, Outcome.NOT_UNDERSTOOD)
}


@dataclass(frozen=True)
class Pair:
    """A cell in both runs; None where one has no such cell."""

    name: str
    before: CellRecord | None
    after: CellRecord | None


def render_comparison(before: RunRecord, after: RunRecord, *, colour: bool = False) -> str:
    """Results of the second run that the first has not, and the other way round; at most 78 columns."""
    page = Page(colour=colour)
    symbols = [block for pair in _pairs(before, after) if (block := _symbols(pair, page))]
    before, after = (neutral(with_largest_symbols(record, 0)) for record in (before, after))
    pairs = _pairs(before, after)
    better, worse = _cases(before, after)
    asked = tuple(dict.fromkeys([*columns(before), *columns(after)]))
    return page.fill(
        "comparison.txt.j2",
        different=_different_matrices(pairs),
        runs=[_run(before), _run(after)],
        cells=page.table(
            [("cell", "result", "size was", "is", "differs by"), *_cells(before, after, pairs)], right={2, 3, 4}
        ),
        readings=_readings(pairs, asked, page),
        patches=_patches(before, after, page),
        changes=_size_changes(pairs, page),
        better=first(better, CASES_SHOWN),
        worse=first(worse, CASES_SHOWN),
        symbols=symbols,
        claims=_claims(before.claims, after.claims),
    )


def _different_matrices(pairs: Sequence[Pair]) -> str:
    """A sentence where the runs have not the same cells; empty where they have."""
    gone, new = ([pair.name for pair in pairs if getattr(pair, side) is None] for side in ("after", "before"))
    if not (gone or new):
        return ""
    both = count(len(pairs) - len(gone) - len(new), "cell")
    return f"Different matrices: {both} in both, {len(gone)} only in the first, {len(new)} in the second."


def _run(record: RunRecord) -> tuple[str, str]:
    judged, series = verdict(record), record.series
    return judged.word, f"v{series.version}, {count(len(series.patches), 'patch')}: {series.title} (run {record.id})"


def _pairs(before: RunRecord, after: RunRecord) -> list[Pair]:
    """Cells of both runs; a tree counts by its name, which stays when its version moves on."""
    old, new = ({(cell.tree, cell.id): cell for cell in record.cells} for record in (before, after))
    return [Pair(key[1], old.get(key), new.get(key)) for key in dict.fromkeys([*old, *new])]


def _cells(before: RunRecord, after: RunRecord, pairs: Sequence[Pair]) -> list[tuple[str, ...]]:
    rows = []
    for pair in pairs:
        was, now = (
            result(record, cell) if cell else "not there"
            for record, cell in ((before, pair.before), (after, pair.after))
        )
        sizes = [cell.text.delta if cell and cell.text else None for cell in (pair.before, pair.after)]
        known = [size for size in sizes if size is not None]
        difference = f"{known[1] - known[0]:+d}" if len(known) == 2 else "-"
        rows.append((pair.name, " → ".join(dict.fromkeys((was, now))), *map(_signed, sizes), difference))
    return rows


def _readings(pairs: Sequence[Pair], asked: Sequence[str], page: Page) -> list[str]:
    """Answers to what the matrix asks, after the last patch, where both runs have the cell and they differ."""
    rows = [
        (pair.name, title, was, now)
        for pair in pairs
        if pair.before and pair.after
        for title, was, now in zip(asked, patched(pair.before, asked), patched(pair.after, asked), strict=True)
        if was != now
    ]
    return page.table([("cell", "asked", "was", "is"), *rows]) if rows else []


def _patches(before: RunRecord, after: RunRecord, page: Page) -> list[str]:
    """Patches by subject: where each went, those that were dropped or are new."""
    old, new = ({patch.subject: patch.number for patch in record.series.patches} for record in (before, after))
    rows = [
        (_number(old.get(subject)), _number(new.get(subject)), subject)
        for subject in dict.fromkeys([*new, *old])
        if old.get(subject) != new.get(subject)
    ]
    return page.table([("was", "is", "patch"), *rows], right={0, 1}) if rows else []


def _number(number: int | None) -> str:
    return "-" if number is None else str(number)


def _size_changes(pairs: Sequence[Pair], page: Page) -> list[Block]:
    """The change of size by each patch, where every patch was built in both runs and the two differ."""
    blocks = []
    for pair in pairs:
        was, now = (
            {
                state.subject: state.text_change
                for state in (cell.states if cell else ())
                if state.text_change is not None
            }
            for cell in (pair.before, pair.after)
        )
        rows = [
            (_signed(was.get(subject)), _signed(now.get(subject)), subject)
            for subject in dict.fromkeys([*now, *was])
            if was.get(subject) != now.get(subject)
        ]
        if was and now and rows:
            blocks.append(Block(pair.name, page.table([("was", "is", "patch"), *rows], right={0, 1})))
    return blocks


def _signed(number: int | None) -> str:
    return "-" if number is None else f"{number:+d}"


def _cases(before: RunRecord, after: RunRecord) -> tuple[list[str], list[str]]:
    """Checks after the last patch that went from failing to passing, and those that no longer pass."""
    old, new = _last(before), _last(after)
    better: list[str] = []
    worse: list[str] = []
    for key, case in new.items():
        earlier = old.get(key)
        if earlier is None or (earlier.outcome is case.outcome):
            continue
        words = f"{case.label}, {case.check}: {_WORDS[earlier.outcome]} → {_WORDS[case.outcome]}"
        detail = f" ({cut(case.details[0], 100)})" if case.details and case.outcome is not Outcome.PASS else ""
        (better if case.outcome is Outcome.PASS else worse).append(words + detail)
    for pair in _pairs(before, after):
        was, now = _new_warnings(before, pair.before), _new_warnings(after, pair.after)
        # Where one of the two is missing, the result of its build is reported already.
        if was and now:
            better += _warning_lines(pair.name, "no longer there", new_ones(was, now))
            worse += _warning_lines(pair.name, "not there before", new_ones(now, was))
    unbuilt = {
        (case.tree, case.cell) for case in new.values() if case.check == "build" and case.outcome is Outcome.FAIL
    }
    # For a kernel that does not build there is nothing else to report.
    gone = [case for key, case in old.items() if key not in new and key[:2] not in unbuilt]
    worse += [
        f"{case.label}, {case.check}: passes → not there"
        for case in gone
        if case.outcome is Outcome.PASS and _cell_is_there(after, case)
    ]
    return better, worse


def _new_warnings(record: RunRecord, cell: CellRecord | None) -> Sequence[DiagnosticRecord]:
    """New warnings of a cell after the last patch."""
    total = len(record.series.patches)
    states = [state for state in (cell.states if cell else ()) if state.patch == total]
    return [warning for state in states for warning in state.new_warnings]


def _warning_lines(name: str, what: str, warnings: Sequence[DiagnosticRecord]) -> list[str]:
    if not warnings:
        return []
    return [f"{name}, warnings: {len(warnings)} {what} ({cut(location(warnings[0]), 100)})"]


def _cell_is_there(record: RunRecord, case: Case) -> bool:
    return any((cell.tree, cell.id) == (case.tree, case.cell) for cell in record.cells)


def _last(record: RunRecord) -> Mapping[tuple[str, str, str], Case]:
    """Cases after the last patch of the series, by tree, cell and check."""
    total = len(record.series.patches)
    return {(case.tree, case.cell, case.check): case for case in cases(record) if case.patch == total}


def _symbols(pair: Pair, page: Page) -> Block | None:
    """The symbols that the two revisions change differently, or nothing where that cannot be said."""
    if pair.before is None or pair.before.text is None or pair.after is None or pair.after.text is None:
        return None
    old, new = _deltas(pair.before.text), _deltas(pair.after.text)
    names = [name for name in dict.fromkeys([*old, *new]) if old.get(name, 0) != new.get(name, 0)]
    differ = [(name, old.get(name, 0), new.get(name, 0)) for name in names]
    largest = sorted(differ, key=lambda row: (-abs(row[2] - row[1]), row[0]))[:SYMBOLS_SHOWN]
    if not largest:
        return None
    rows = [(visible(name), f"{was:+d}", f"{now:+d}", f"{now - was:+d}") for name, was, now in largest]
    header = (f"{len(largest)} of {count(len(differ), 'symbol')}", "was", "is", "differs by")
    return Block(visible(pair.name), page.table([header, *rows], right={1, 2, 3}))


def _deltas(text: TextRecord) -> dict[str, int]:
    """Bytes by symbol; the same name can be there more than once."""
    deltas: dict[str, int] = {}
    for symbol in text.symbols:
        deltas[symbol.name] = deltas.get(symbol.name, 0) + symbol.delta
    return deltas


def _claims(before: Sequence[ClaimRecord], after: Sequence[ClaimRecord]) -> list[tuple[str, str]]:
    """A word on each claim, and the claim: kept, lost, new, no longer made, or still not measured."""
    earlier = {_identity(claim): claim for claim in before}
    changes = []
    for claim in after:
        was = earlier.pop(_identity(claim), None)
        changes.append((_became(was, claim), _quoted(claim)))
    return [*changes, *(("no longer made", _quoted(claim)) for claim in earlier.values())]


def _identity(claim: ClaimRecord) -> tuple[str, ...]:
    """Letters say the same of one cell with new numbers in each revision; without a cell the words count."""
    return (claim.cell, claim.unit) if claim.cell else ("".join(char for char in claim.text if char.isalpha()),)


def _became(was: ClaimRecord | None, now: ClaimRecord) -> str:
    if now.verdict == "confirmed":
        return "new, confirmed" if was is None else "kept" if was.verdict == "confirmed" else "won"
    if was is not None and was.verdict == "confirmed":
        return f"lost, {now.verdict}"
    return (
        f"new, {now.verdict}" if was is None else f"still {now.verdict}" if was.verdict == now.verdict else now.verdict
    )


def _quoted(claim: ClaimRecord) -> str:
    return f'"{cut(claim.text, 140)}"' + (f" in {claim.cell}" if claim.cell else "")
