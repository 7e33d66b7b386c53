"""check: a stored run's answer to one mail, as b4's external check commands give it; pure.

b4 0.16 (`b4.review-perpatch-check-cmd`, `b4.review-series-check-cmd`; its b4/review/checks.py) writes one message of
RFC 2822 to the command and reads a JSON array of objects with `tool`, `status` (pass, warn, fail), `summary`, `url` and
`details`. It keeps one result for each message and tool.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Literal

from pipeline.assess.before_after import lost_promises
from pipeline.assess.boots import not_understood, proving_less, regressions
from pipeline.assess.checks import CheckRow, balance, check_rows, finding_words
from pipeline.assess.findings import Finding, boot_failures, failures, warnings
from pipeline.assess.verdict import changed_facts, verdict
from pipeline.assess.words import base_fails, first_failing, label, location, result
from pipeline.record import RunRecord
from pipeline.record.neutral import neutral
from pipeline.system.shell import pasted
from pipeline.system.text import count, visible

Status = Literal["pass", "warn", "fail"]
MOST_LINES = 20
"""Of the details of one entry."""


@dataclass(frozen=True)
class Entry:
    """A result for b4; `details` has lines."""

    tool: str
    status: Status
    summary: str
    url: str = ""
    details: str = ""


def to_json(entries: Sequence[Entry]) -> str:
    return json.dumps([asdict(entry) for entry in entries], ensure_ascii=False)


def no_run(source: str, note: str = "") -> list[Entry]:
    """The answer where nothing is stored.

    Args:
        source: message-id of the series, for the command that makes a run.
        note: what else is known.
    """
    command = pasted(("pipeline", "apply-and-build"), (source or "SERIES",), ("--tree", "TREE"))
    return [Entry("pipeline", "warn", "no run yet", details="\n".join(filter(None, [note, f"Run: {command}"])))]


def headline(record: RunRecord) -> str:
    """A run in one sentence."""
    return verdict(neutral(record)).headline


def unanswered(summary: str) -> list[Entry]:
    """The answer where the question could not be read, or the runs could not."""
    return [Entry("pipeline", "warn", visible(summary))]


def of_series(record: RunRecord, url: str = "", prefix: str = "pipeline-") -> list[Entry]:
    """The answer of a run for the whole series.

    Args:
        url: of the full report.
        prefix: of the tools' names.
    """
    clean = neutral(record)
    entries = [_apply(clean), *_builds(clean), *_promises(clean), *_boots(clean), *_claims(clean)]
    return _finished(clean, entries, url, prefix)


def of_patch(record: RunRecord, number: int, url: str = "") -> list[Entry]:
    """The answer of a run for one patch: whether it applies, and a kernel builds and boots with it."""
    clean = neutral(record)
    entries = [_apply(clean, number)]
    if any(tree.applied in ("clean", "three-way") for tree in clean.trees):
        entries += [_build_of(clean, number), *_boot_of(clean, number)]
    entries += _checks_of(clean, number)
    return _finished(clean, entries, url, "pipeline-")


def _finished(record: RunRecord, entries: Iterable[Entry], url: str, prefix: str) -> list[Entry]:
    about = f"Run {record.id} of {record.started}, v{record.series.version}: {verdict(record).headline}"
    finished = []
    for entry in entries:
        lines = entry.details.split("\n") if entry.details else []
        shown = [*lines[:MOST_LINES], *(["…"] if len(lines) > MOST_LINES else []), about]
        finished.append(Entry(f"{prefix}{entry.tool}", entry.status, entry.summary, url, "\n".join(shown)))
    return finished


def _apply(record: RunRecord, number: int | None = None) -> Entry:
    """The worst that a tree makes of the series, or of one patch of it."""
    lines, statuses, words = [], [], []
    for tree in record.trees:
        at = tree.failed_patch
        if tree.applied == "failed" and number is not None and at is not None and number != at:
            status, word = ("pass", "applies") if number < at else ("warn", f"not tried: patch {at} does not apply")
        elif tree.applied == "failed":
            status, word = "fail", "does not apply" if number else f"patch {at or '?'} does not apply"
        else:
            status = "pass" if tree.applied == "clean" else "warn"
            word = {"clean": "applies", "three-way": "applies with --3way"}.get(tree.applied, "already merged")
        statuses.append(status)
        words.append(word)
        lines.append(f"{tree.name} ({tree.version}): {word}")
        lines += [f"  {hunk.path}:{hunk.line} {hunk.header}" for hunk in tree.failed_hunks if status == "fail"]
    worst = _worst(statuses)
    return Entry("apply", worst, words[statuses.index(worst)] if statuses else "no tree", details="\n".join(lines))


def _builds(record: RunRecord) -> list[Entry]:
    broken, warned = failures(record), warnings(record)
    results = [result(record, cell) for cell in record.cells if cell.status not in ("unreachable", "duplicate")]
    if not results:
        return [Entry("build", "warn", "not built")]
    built = f"builds in {results.count('builds')} of {count(len(results), 'cell')}"
    lines = [line for finding in [*broken, *warned] for line in _words(finding)]
    if broken:
        return [Entry("build", "fail", f"{built}: fails with {broken[0].blame}", details="\n".join(lines))]
    if warned:
        summary = f"{built}: {count(sum(len(finding.diagnostics) for finding in warned), 'new warning')}"
        return [Entry("build", "warn", summary, details="\n".join(lines))]
    covered = verdict(record).covered
    sound = covered and all(word == "builds" for word in results)
    summary = built if covered else f"{built}, and none compiles what the series changes"
    return [Entry("build", "pass" if sound else "warn", summary)]


def _promises(record: RunRecord) -> list[Entry]:
    """Entries for the matrix' promises, where they were checked; a struct that grows is worth a look."""
    looked_at = [cell for cell in record.cells if cell.lost is not None]
    lost = lost_promises(record, [(label(record, cell), cell) for cell in record.cells])
    sizes = changed_facts(record)
    if lost:
        lines = [f"{', '.join(change.cells)}: {change.what}, with {change.blame}" for change in lost]
        return [Entry("promises", "fail", f"broken with {lost[0].blame}", details="\n".join([*lines, *sizes]))]
    if not looked_at:
        return []
    kept = f"kept in {count(len(looked_at), 'cell')}"
    return [Entry("promises", "warn" if sizes else "pass", sizes[0] if sizes else kept, details="\n".join(sizes))]


def _boots(record: RunRecord) -> list[Entry]:
    ran = [boot for cell in record.cells for boot in cell.boots if boot.conclusive]
    worse = boot_failures(record)
    labelled = [(label(record, cell), cell) for cell in record.cells]
    doubts = [*not_understood(labelled), *proving_less(labelled)]
    if not ran:
        unclear = not_understood(labelled)
        return [Entry("boot", "warn", "nothing proven", details="\n".join(unclear))] if unclear else []
    if worse:
        finding, what = worse[0]
        lines = [line for finding, words in worse for line in [f"{words}, with {finding.blame}", *_words(finding)]]
        return [Entry("boot", "fail", f"{what}, with {finding.blame}", details="\n".join(lines))]
    return [Entry("boot", "warn" if doubts else "pass", count(len(ran), "boot"), details="\n".join(doubts))]


def _claims(record: RunRecord) -> list[Entry]:
    verdicts = [claim.verdict for claim in record.claims if claim.verdict != "not checked"]
    if not verdicts:
        return []
    status: Status = "fail" if "refuted" in verdicts else "pass" if set(verdicts) == {"confirmed"} else "warn"
    kinds = [f"{verdicts.count(kind)} {kind}" for kind in dict.fromkeys(verdicts)]
    lines = [f"{claim.verdict}: {' '.join(claim.text.split())}" for claim in record.claims]
    return [Entry("claims", status, ", ".join(kinds), details="\n".join(lines))]


def _build_of(record: RunRecord, number: int) -> Entry:
    states = [(cell, state) for cell in record.cells for state in cell.states if state.patch == number]
    if not states:
        if any(base_fails(cell) or cell.states for cell in record.cells):
            return Entry("build", "warn", "not built after this patch: run again with --per-patch")
        return Entry("build", "warn", "not built")
    own = [(cell, state) for cell, state in states if state is first_failing(cell)]
    before = [(cell, state) for cell, state in states if state.status == "failed" and state is not first_failing(cell)]
    built = f"builds in {sum(state.status == 'built' for _, state in states)} of {count(len(states), 'cell')}"
    lines = [f"{label(record, cell)}: {location(error)}" for cell, state in own for error in state.errors]
    lines += [
        f"{label(record, cell)}: warning: {location(new_warning)}"
        for cell, state in states
        for new_warning in state.new_warnings
    ]
    changes = [(label(record, cell), state.text_change) for cell, state in states if state.text_change]
    lines += [f"{name}: size {change:+d} bytes" for name, change in changes]
    warned = any(state.new_warnings for _, state in states)
    status: Status = "fail" if own else "warn" if before or warned else "pass"
    return Entry("build", status, built + (", new warnings" if warned else ""), details="\n".join(lines))


def _boot_of(record: RunRecord, number: int) -> list[Entry]:
    boots = [(cell, boot) for cell in record.cells for boot in cell.boots if boot.patch == number]
    ran = [(cell, boot) for cell, boot in boots if boot.status != "not run"]
    if not ran:
        return []
    worse = [regression for cell in record.cells for regression in regressions(cell) if regression.boot.patch == number]
    bad = [(cell, boot) for cell, boot in ran if boot.status != "pass"]
    lines = [f"{label(record, regression.cell)}, {regression.boot.scenario}: {regression.what}" for regression in worse]
    lines += [f"{label(record, cell)}, {boot.scenario}: {boot.status} {boot.reason}".rstrip() for cell, boot in bad]
    status: Status = "fail" if worse else "warn" if bad else "pass"
    return [Entry("boot", status, f"{len(ran) - len(bad)} of {count(len(ran), 'boot')} pass", details="\n".join(lines))]


def _checks_of(record: RunRecord, number: int) -> list[Entry]:
    """An entry for each check that has something to look at in a patch; what was not looked at is no pass."""
    by_check: dict[str, list[CheckRow]] = {}
    for row in check_rows(record):
        if row.patch == number and row.word != "-":
            by_check.setdefault(row.check, []).append(row)
    entries = []
    for check, rows in by_check.items():
        lines = [
            f"{row.tree}: {words}" if row.tree else words for row in rows for words in map(finding_words, row.findings)
        ]
        # New warnings of builds are no failure of theirs.
        problem = any(
            finding.problem and not (row.of_builds and finding.severity == "warning")
            for row in rows
            for finding in row.findings
        )
        doubt = any(row.unproven or any(finding.severity != "remark" for finding in row.findings) for row in rows)
        status: Status = "fail" if problem else "warn" if doubt else "pass"
        words = [balance(row.findings) for row in rows if row.findings]
        words += [f"not checked: {row.reason}" for row in rows if row.unproven]
        entries.append(Entry(check, status, ", ".join(dict.fromkeys(words)) or "nothing new", details="\n".join(lines)))
    return entries


def _words(finding: Finding) -> list[str]:
    return [f"{', '.join(finding.cells)}: {location(diagnostic)}" for diagnostic in finding.diagnostics]


def _worst(statuses: Sequence[str]) -> Status:
    return "fail" if "fail" in statuses else "warn" if "warn" in statuses or not statuses else "pass"
