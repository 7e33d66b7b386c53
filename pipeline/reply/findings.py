"""What a run found, as a mail says it: each finding with the patch that it came with, and the line it stands under."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from pipeline.assess import before_after
from pipeline.assess.checks import check_rows, finding_words
from pipeline.assess.findings import Finding, Guilt, boot_failures, failures, warnings
from pipeline.assess.words import labelled
from pipeline.record import CellRecord, DiagnosticRecord, RunRecord
from pipeline.reply import wording
from pipeline.reply.excerpt import excerpt
from pipeline.reply.headers import message_id
from pipeline.reply.hunks import Place, hunks, place
from pipeline.reply.quoting import COLUMNS, LOG_COLUMNS
from pipeline.system.text import count, cut, wrap

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
    all_reports = [*_not_applied(record), *_builds(record, logs), *_boots(record), *_structs(record)]
    all_reports += [*_deceptions(record), *_checks(record)]
    return sorted(
        all_reports, key=lambda report: (report.patch, report.weight, report.place.order if report.place else (-1, 0))
    )


def _not_applied(record: RunRecord) -> Iterator[Report]:
    for tree in record.trees:
        if tree.applied == "failed":
            which = wording.patches([tree.failed_patch], len(record.series.patches)) if tree.failed_patch else "This"
            text = wrap(f"{which} does not apply to {wording.tree(tree)}.", COLUMNS)
            hunks_shown = [f"  {hunk.path}:{hunk.line}: {hunk.header}" for hunk in tree.failed_hunks[:5]]
            yield Report(0, None, tuple(text), tuple(cut(line, LOG_COLUMNS) for line in hunks_shown))


def _builds(record: RunRecord, logs: Logs) -> Iterator[Report]:
    cells = dict(labelled(record))
    for kind, findings in (("error", failures(record)), ("warning", warnings(record))):
        for finding in findings:
            shown = [cells[name] for name in finding.cells]
            what = "The build fails" if kind == "error" else _warns(finding)
            yield Report(
                finding.guilt.patch,
                _place(record, finding.guilt.patch, finding.diagnostics),
                tuple(_sentences(record, finding.guilt, f"{what} on {wording.kernels(shown)}", kind == "error")),
                tuple(excerpt(logs(finding.log), finding.diagnostics, kind)),
                shown[0],
                finding.diagnostics,
                0 if kind == "error" else 1,
                finding.guilt.applied,
            )


def _warns(finding: Finding) -> str:
    return "A new warning" if len(finding.diagnostics) == 1 else f"{len(finding.diagnostics)} new warnings"


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
    numbers = {message_id(patch.message_id): patch.number for patch in record.series.patches}
    known = (numbers.get(message_id(letter.message_id)) for letter in (record.series.cover, *record.series.messages))
    return "this patch" if patch in known else f"patch {patch}"


def _applied(guilt: Guilt, total: int) -> str:
    return f"{'all' if guilt.applied == total else 'the first'} {count(guilt.applied, 'patch')}"


def _place(record: RunRecord, patch: int, diagnostics: Sequence[DiagnosticRecord]) -> Place | None:
    diff = next((sent.diff for sent in record.series.patches if sent.number == patch), "")
    places = (
        place(hunks(diff), diagnostic.path, diagnostic.line, diagnostic.source, diagnostic.message)
        for diagnostic in diagnostics
    )
    return next((candidate for candidate in places if candidate), None)


def _boots(record: RunRecord) -> Iterator[Report]:
    cells = dict(labelled(record))
    for finding, what in boot_failures(record):
        shown = [cells[name] for name in finding.cells]
        # The name of the scenario is ours.
        words = what.partition(": ")[2] or what
        sentence = f"In QEMU, booting gets worse on {wording.kernels(shown)}: {words.rstrip('.')},"
        text = _sentences(record, finding.guilt, sentence)
        lines = tuple(f"  {cut(diagnostic.message, LOG_COLUMNS - 2)}" for diagnostic in finding.diagnostics[:8])
        yield Report(finding.guilt.patch, None, tuple(text), lines, shown[0], applied=finding.guilt.applied)


def _structs(record: RunRecord) -> Iterator[Report]:
    """Structs that grow, and what kconfig takes away; one that shrinks is no reason to write."""
    cells = dict(labelled(record))
    grown = [change for change in before_after.resized(record, labelled(record)) if " grows " in change.what]
    for change in [*grown, *before_after.lost_promises(record, labelled(record))]:
        shown = [cells[name] for name in change.cells]
        what = wording.spoken(record, change.what)
        guilt = Guilt(change.patch or len(record.series.patches), change.patch, proven=bool(change.patch))
        if (
            change not in grown
            and what.startswith("sizeof(struct page)")
            and any("page" in each.what for each in grown)
        ):
            continue
        yield Report(
            change.patch, None, tuple(_sentences(record, guilt, f"{what} on {wording.kernels(shown)}")), (), shown[0]
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
        findings = dict.fromkeys(
            finding
            for row in check_rows(record)
            if row.patch == patch.number
            for finding in row.findings
            if finding.problem or finding.severity != "remark"
        )
        diff, order = (
            hunks(patch.diff),
            sorted(findings, key=lambda finding: (not finding.problem, finding.severity != "error")),
        )
        for number, check_finding in enumerate(order[:CHECKS_SHOWN], 1):
            more = len(order) - CHECKS_SHOWN
            rest = (f"({count(more, 'more finding')} like these in this patch.)",)
            text = tuple(wrap(finding_words(check_finding).removesuffix(f" [{check_finding.kind}]"), COLUMNS, most=6))
            where = place(diff, check_finding.path, check_finding.line) if check_finding.path else None
            last = number == CHECKS_SHOWN and more > 0
            yield Report(patch.number, where, (*text, *(rest if last else ())), weight=2)
