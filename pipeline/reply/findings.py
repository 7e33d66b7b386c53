"""What a run found, as a mail says it: each finding with the patch that it came with, and the line it stands under."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from pipeline.assess import before_after
from pipeline.assess.checks import check_rows, finding_words
from pipeline.assess.findings import Finding, Guilt, boot_failures, failures, warnings
from pipeline.assess.words import count, labelled
from pipeline.record import CellRecord, DiagnosticRecord, RunRecord
from pipeline.reply import wording
from pipeline.reply.excerpt import excerpt
from pipeline.reply.headers import message_id
from pipeline.reply.hunks import Place, hunks, place
from pipeline.reply.quoting import COLUMNS, LOG_COLUMNS
from pipeline.system.text import cut, wrap

CHECKS_SHOWN = 5
"""Findings of checks in one mail."""

Logs = Callable[[str], str]
"""The text of a log by its name within the run's folder; empty where it is not there."""


@dataclass(frozen=True)
class Report:
    """A finding as a mail has it.

    Args:
        patch: that it came with; 0 where it concerns the whole.
        place: line of the patch that it stands under; None where the patch shows none.
        text: sentences, wrapped.
        log: lines that a tool printed.
        cell: the first kernel that shows it; None where it is of none.
        diagnostics: of the compiler, if it is its finding.
        weight: 0 where it breaks something, more for less.
        applied: how many patches are applied where it was seen.
    """

    patch: int
    place: Place | None
    text: tuple[str, ...]
    log: tuple[str, ...] = ()
    cell: CellRecord | None = None
    diagnostics: tuple[DiagnosticRecord, ...] = ()
    weight: int = 0
    applied: int = 0


def reports(record: RunRecord, logs: Logs) -> list[Report]:
    """All that a mail should be written for, in the order of patches and of their lines.

    Args:
        record: made neutral.
    """
    found = [*_not_applied(record), *_builds(record, logs), *_boots(record), *_structs(record)]
    found += [*_deceptions(record), *_checks(record)]
    return sorted(found, key=lambda one: (one.patch, one.weight, one.place.order if one.place else (-1, 0)))


def _not_applied(record: RunRecord) -> Iterator[Report]:
    for tree in record.trees:
        if tree.applied == "failed":
            which = wording.patches([tree.failed_patch], len(record.series.patches)) if tree.failed_patch else "This"
            text = wrap(f"{which} does not apply to {wording.tree(tree)}.", COLUMNS)
            hunks_shown = [f"  {hunk.path}:{hunk.line}: {hunk.header}" for hunk in tree.failed_hunks[:5]]
            yield Report(0, None, tuple(text), tuple(cut(line, LOG_COLUMNS) for line in hunks_shown))


def _builds(record: RunRecord, logs: Logs) -> Iterator[Report]:
    cells = dict(labelled(record))
    for kind, found in (("error", failures(record)), ("warning", warnings(record))):
        for one in found:
            shown = [cells[name] for name in one.cells]
            what = "The build fails" if kind == "error" else _warns(one)
            yield Report(
                one.guilt.patch,
                _place(record, one.guilt.patch, one.diagnostics),
                tuple(_sentences(record, one.guilt, f"{what} on {wording.kernels(shown)}", kind == "error")),
                tuple(excerpt(logs(one.log), one.diagnostics, kind)),
                shown[0],
                one.diagnostics,
                0 if kind == "error" else 1,
                one.guilt.applied,
            )


def _warns(found: Finding) -> str:
    return "A new warning" if len(found.diagnostics) == 1 else f"{len(found.diagnostics)} new warnings"


def _sentences(record: RunRecord, guilt: Guilt, what: str, failed: bool = False) -> list[str]:
    """What was seen, and how far that is from being known of this patch."""
    total = len(record.series.patches)
    if guilt.proven:
        words = f"{what} with {_named(record, guilt.patch)}." + (" It builds without it." if failed else "")
    elif total == 1:
        words = f"{what} with this patch."
    elif guilt.patch:
        words = f"{what} with {_applied(guilt, total)} applied. I did not build them one by one; only "
        words += f"{_named(record, guilt.patch)} touches the file."
    else:
        words = f"{what} with {_applied(guilt, total)} applied. I did not try them one by one."
    return wrap(words, COLUMNS, most=8)


def _named(record: RunRecord, patch: int) -> str:
    """A patch as an answer to its own mail names it, and as one to another mail does."""
    numbers = {message_id(one.message_id): one.number for one in record.series.patches}
    known = (numbers.get(message_id(one.message_id)) for one in (record.series.cover, *record.series.messages))
    return "this patch" if patch in known else f"patch {patch}"


def _applied(guilt: Guilt, total: int) -> str:
    return f"{'all' if guilt.applied == total else 'the first'} {count(guilt.applied, 'patch')}"


def _place(record: RunRecord, patch: int, found: Sequence[DiagnosticRecord]) -> Place | None:
    diff = next((one.diff for one in record.series.patches if one.number == patch), "")
    places = (place(hunks(diff), one.path, one.line, one.source, one.message) for one in found)
    return next((one for one in places if one), None)


def _boots(record: RunRecord) -> Iterator[Report]:
    cells = dict(labelled(record))
    for found, what in boot_failures(record):
        shown = [cells[name] for name in found.cells]
        # The name of the scenario is ours.
        words = what.partition(": ")[2] or what
        sentence = f"In QEMU, booting gets worse on {wording.kernels(shown)}: {words.rstrip('.')},"
        text = _sentences(record, found.guilt, sentence)
        lines = tuple(f"  {cut(diagnostic.message, LOG_COLUMNS - 2)}" for diagnostic in found.diagnostics[:8])
        yield Report(found.guilt.patch, None, tuple(text), lines, shown[0], applied=found.guilt.applied)


def _structs(record: RunRecord) -> Iterator[Report]:
    """Structs that grow, and what kconfig takes away; one that shrinks is no reason to write."""
    cells = dict(labelled(record))
    grown = [one for one in before_after.resized(record, labelled(record)) if " grows " in one.what]
    for one in [*grown, *before_after.lost_promises(record, labelled(record))]:
        shown = [cells[name] for name in one.cells]
        what = wording.spoken(record, one.what)
        guilt = Guilt(one.patch or len(record.series.patches), one.patch, proven=bool(one.patch))
        if one not in grown and what.startswith("sizeof(struct page)") and any("page" in each.what for each in grown):
            continue
        yield Report(
            one.patch, None, tuple(_sentences(record, guilt, f"{what} on {wording.kernels(shown)}")), (), shown[0]
        )
    for stub in before_after.emptied(labelled(record))[: before_after.STUBS_SHOWN]:
        shown = [cells[name] for name in stub.cells]
        guilt = Guilt(len(record.series.patches), 0, proven=False)
        words = f"Hardly anything is left of {stub.what} on {wording.kernels(shown)}"
        yield Report(0, None, tuple(_sentences(record, guilt, words)), (), shown[0], weight=2)


def _deceptions(record: RunRecord) -> Iterator[Report]:
    for suspicion in record.series.suspicions:
        if suspicion.deceptive and not suspicion.prerequisite:
            diff = next((patch.diff for patch in record.series.patches if patch.number == suspicion.patch), "")
            text = wrap(
                f"This is not what it looks like: {suspicion.what} ({suspicion.path}:{suspicion.line}).", COLUMNS
            )
            yield Report(suspicion.patch, place(hunks(diff), suspicion.path, suspicion.line), tuple(text))


def _checks(record: RunRecord) -> Iterator[Report]:
    """What checks say of a patch, at most so many of each patch; remarks are no reason to write."""
    for patch in record.series.patches:
        found = dict.fromkeys(
            finding
            for row in check_rows(record)
            if row.patch == patch.number
            for finding in row.findings
            if finding.problem or finding.severity != "remark"
        )
        diff, order = hunks(patch.diff), sorted(found, key=lambda one: (not one.problem, one.severity != "error"))
        for number, one in enumerate(order[:CHECKS_SHOWN], 1):
            more = len(order) - CHECKS_SHOWN
            rest = (f"({count(more, 'more finding')} like these in this patch.)",)
            text = tuple(wrap(finding_words(one).removesuffix(f" [{one.kind}]"), COLUMNS, most=6))
            where = place(diff, one.path, one.line) if one.path else None
            last = number == CHECKS_SHOWN and more > 0
            yield Report(patch.number, where, (*text, *(rest if last else ())), weight=2)
