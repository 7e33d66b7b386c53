"""Findings of a run in the words of a mail: each with the patch that it came with, and the line it stands under."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from pipeline.assess import before_after
from pipeline.assess.findings import BlamedPatch, Finding, boot_failures, failures, warnings
from pipeline.assess.words import labelled
from pipeline.kernel import sparse
from pipeline.kernel.diagnostics.words import COMPILERS
from pipeline.record import CellRecord, DiagnosticRecord, RunRecord
from pipeline.render import wording
from pipeline.reply import console
from pipeline.reply.checks import check_reports
from pipeline.reply.excerpt import excerpt
from pipeline.reply.headers import message_id
from pipeline.reply.hunks import Place, hunks, place, place_of_name
from pipeline.reply.quoting import COLUMNS, LOG_COLUMNS
from pipeline.reply.report import BROKEN, DOUBT, WARNS, Logs, Report
from pipeline.system.text import count, cut, wrap

MOST_HUNKS = 5
"""Under which warnings of one kind stand; what is left stands under the last."""


def reports(record: RunRecord, logs: Logs) -> list[Report]:
    """The findings that a mail should be written for, in the order of patches and of their lines.

    Args:
        record: made neutral.
    """
    all_reports = [*_not_applied(record), *_builds(record, logs), *_boots(record, logs), *_structs(record)]
    all_reports += [*_deceptions(record), *check_reports(record)]
    if len(record.series.patches) == 1:
        # A finding on a series of one patch is one on the patch, whether there is a cover letter or not.
        all_reports = [replace(report, patch=record.series.patches[0].number) for report in all_reports]
    return sorted(all_reports, key=lambda report: (report.patch, report.weight, report.order))


def _not_applied(record: RunRecord) -> Iterator[Report]:
    for tree in record.trees:
        if tree.applied == "failed":
            which = wording.patches([tree.failed_patch], len(record.series.patches)) if tree.failed_patch else "This"
            named = record.series.base_commit
            base = (
                f"The series names {named[:40]} as its base." if named else "The series does not say what its base is."
            )
            text = wrap(f"{which} does not apply to {wording.tree(tree)}. {base}", COLUMNS)
            hunks_shown = [f"  {hunk.path}:{hunk.line} {hunk.header}" for hunk in tree.failed_hunks[:5]]
            yield Report(0, None, tuple(text), tuple(cut(line, LOG_COLUMNS) for line in hunks_shown))


def _builds(record: RunRecord, logs: Logs) -> Iterator[Report]:
    cells = dict(labelled(record))
    for kind, findings in (("error", failures(record)), ("warning", warnings(record))):
        parts = findings if kind == "error" else [part for each in findings for part in _by_hunk(record, each)]
        for finding in parts:
            shown = [cells[name] for name in finding.cells]
            what = "The build fails" if kind == "error" else _warns(finding)
            program = _program(finding, shown) if kind == "warning" else ""
            text = _sentences(record, finding.blamed, f"{what} on {wording.kernels(shown, program)}", kind == "error")
            if kind == "error" and (good := _builds_on(record, finding)):
                text = wrap(f"{' '.join(text)} With it, it builds on {wording.kernels(good)}.", COLUMNS, most=8)
            yield Report(
                finding.blamed.patch,
                _place(record, finding.blamed.patch, finding.diagnostics),
                tuple(text),
                tuple(excerpt(logs(finding.log), finding.diagnostics, kind)),
                shown[0],
                finding.diagnostics,
                BROKEN if kind == "error" else WARNS,
                finding.blamed.applied,
            )


def _by_hunk(record: RunRecord, finding: Finding) -> list[Finding]:
    """The warnings of a finding hunk by hunk, so that each stands under its own; what has none goes with the first."""
    groups = dict[int | None, list[DiagnosticRecord]]()
    for diagnostic in finding.diagnostics:
        found = _place(record, finding.blamed.patch, [diagnostic])
        hunk = found.hunk.position if found else next(iter(groups), None)
        if hunk not in groups and len(groups) == MOST_HUNKS:
            hunk = [*groups][-1]
        groups.setdefault(hunk, []).append(diagnostic)
    return [replace(finding, diagnostics=tuple(together)) for together in groups.values()]


def _builds_on(record: RunRecord, finding: Finding) -> list[CellRecord]:
    """Cells that compile the file all the same, at the state at which others do not."""
    paths = {diagnostic.path for diagnostic in finding.diagnostics}
    return [
        cell
        for name, cell in labelled(record)
        if name not in finding.cells
        and any(state.patch == finding.blamed.patch > 0 and state.status == "built" for state in cell.states)
        and any(file.path in paths and file.objects for file in cell.files)
    ]


def _program(finding: Finding, cells: Sequence[CellRecord]) -> str:
    """The program that speaks where it is no compiler, such as sparse or kernel-doc; empty otherwise."""
    tools = {diagnostic.tool for diagnostic in finding.diagnostics}
    if len(tools) != 1 or tools & COMPILERS:
        return ""
    (tool,) = tools
    version = cells[0].checker.split(" ")[0] if tool == sparse.PROGRAM else ""
    return f"{tool} {version}".strip()


def _warns(finding: Finding) -> str:
    return "A new warning" if len(finding.diagnostics) == 1 else f"{len(finding.diagnostics)} new warnings"


def _sentences(record: RunRecord, blamed: BlamedPatch, what: str, failed: bool = False) -> list[str]:
    """Sentences on a finding, and on how certain it is that this patch causes it."""
    total = len(record.series.patches)
    if blamed.proven:
        words = f"{what} with {_named(record, blamed.patch)}." + (" It builds without it." if failed else "")
    elif total == 1:
        words = f"{what} with this patch."
    elif blamed.patch:
        words = f"{what} with {_applied(blamed, total)} applied. I did not build them one by one; only "
        words += f"{_named(record, blamed.patch)} touches the file."
    else:
        words = f"{what} with {_applied(blamed, total)} applied. I did not try them one by one."
    return wrap(words, COLUMNS, most=8)


def _named(record: RunRecord, patch: int) -> str:
    """A patch as an answer to its own mail names it, and as one to another mail does."""
    numbers = {message_id(patch.message_id): patch.number for patch in record.series.patches}
    known = (numbers.get(message_id(letter.message_id)) for letter in (record.series.cover, *record.series.messages))
    return "this patch" if patch in known else f"patch {patch}"


def _applied(blamed: BlamedPatch, total: int) -> str:
    return f"{'all' if blamed.applied == total else 'the first'} {count(blamed.applied, 'patch')}"


def _place(record: RunRecord, patch: int, diagnostics: Sequence[DiagnosticRecord]) -> Place | None:
    diff = next((sent.diff for sent in record.series.patches if sent.number == patch), "")
    places = (
        place(hunks(diff), diagnostic.path, diagnostic.line, diagnostic.source, diagnostic.message)
        for diagnostic in diagnostics
    )
    return next((candidate for candidate in places if candidate), None)


def _boots(record: RunRecord, logs: Logs) -> Iterator[Report]:
    cells = dict(labelled(record))
    for finding, what in boot_failures(record):
        shown = [cells[name] for name in finding.cells]
        scenario, _, words = what.partition(": ")
        text = _sentences(
            record, finding.blamed, f"In QEMU, {console.failure_words(words)} on {wording.kernels(shown)}"
        )
        text = wrap(f"{' '.join(text)} {_without(shown, scenario, finding.blamed, words)}".strip(), COLUMNS, most=8)
        seen = [diagnostic.message for diagnostic in finding.diagnostics]
        lines = console.evidence(words, seen, logs(finding.log))
        yield Report(finding.blamed.patch, None, tuple(text), tuple(lines), shown[0], applied=finding.blamed.applied)


def _without(cells: Sequence[CellRecord], scenario: str, blamed: BlamedPatch, what: str) -> str:
    """A sentence on how kernels behaved before, where they were booted and all did the same.

    Args:
        what: they do now, as a report has it.
    """
    state, name = (blamed.patch - 1, "it") if blamed.proven else (0, "the series")
    before = [boot for cell in cells for boot in cell.boots if (boot.scenario, boot.patch) == (scenario, state)]
    before = [boot for boot in before if boot.conclusive]
    if len(before) < len(cells):
        return ""
    tests = console.failed_tests(what)
    passing = [{check.name for check in boot.checks if check.status == "pass"} for boot in before]
    if tests and all(names.issuperset(tests) for names in passing):
        return f"Without {name}, {'it passes' if len(tests) == 1 else 'they pass'}."
    results = {(boot.status == "pass", boot.reason) for boot in before}
    if len(results) != 1:
        return ""
    ((passed, reason),) = results
    return f"It does not without {name}." if passed else f"Without {name}, {console.failure_words(reason)}."


def _structs(record: RunRecord) -> Iterator[Report]:
    """Structs that grow, and what kconfig takes away; one that shrinks is no reason to write."""
    cells = dict(labelled(record))
    grown = [change for change in before_after.resized(record, labelled(record)) if " grows " in change.what]
    for change in [*grown, *before_after.lost_promises(record, labelled(record))]:
        shown = [cells[name] for name in change.cells]
        what = wording.spoken(record, change.what)
        blamed = BlamedPatch(change.patch or len(record.series.patches), change.patch, proven=bool(change.patch))
        if (
            change not in grown
            and what.startswith("sizeof(struct page)")
            and any("page" in each.what for each in grown)
        ):
            continue
        text = _sentences(record, blamed, f"{what} on {wording.kernels(shown)}")
        yield Report(change.patch, _place_of_struct(record, change), tuple(text), (), shown[0])
    for stub in before_after.emptied(labelled(record))[: before_after.STUBS_SHOWN]:
        shown = [cells[name] for name in stub.cells]
        blamed = BlamedPatch(len(record.series.patches), 0, proven=False)
        words = f"Hardly anything is left of {stub.what} on {wording.kernels(shown)}"
        yield Report(0, None, tuple(_sentences(record, blamed, words)), (), shown[0], weight=DOUBT)


def _place_of_struct(record: RunRecord, change: before_after.Change) -> Place | None:
    """Where the patch changes a member of the struct."""
    diff = next((sent.diff for sent in record.series.patches if sent.number == change.patch), "")
    layouts = [layout for name, cell in labelled(record) if name in change.cells for layout in cell.layouts or ()]
    members = [
        member.after.name
        for layout in layouts
        if change.what.startswith(f"struct {layout.struct} ")
        for member in layout.members
        if member.after and member.change in ("added", "resized")
    ]
    return place_of_name(hunks(diff), members)


def _deceptions(record: RunRecord) -> Iterator[Report]:
    for suspicion in record.series.suspicions:
        if suspicion.deceptive and not suspicion.prerequisite:
            diff = next((patch.diff for patch in record.series.patches if patch.number == suspicion.patch), "")
            text = wrap(
                f"This is not what it looks like: {suspicion.what} ({suspicion.path}:{suspicion.line}).", COLUMNS
            )
            yield Report(suspicion.patch, place(hunks(diff), suspicion.path, suspicion.line), tuple(text))
