"""Findings of checks on a patch in the words of a mail: each once, with the other places where it is so."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pipeline.assess.checks import finding_words, own_rows
from pipeline.record import CheckFindingRecord, RunRecord
from pipeline.render.wording import listed
from pipeline.reply.hunks import hunks, place
from pipeline.reply.quoting import COLUMNS
from pipeline.reply.report import DOUBT, STYLE, Report
from pipeline.system.text import count, wrap

CHECKS_SHOWN = 5
"""Different findings in one mail."""
PLACES_SHOWN = 5


def check_reports(record: RunRecord) -> Iterator[Report]:
    """At most so many of each patch; remarks are left out."""
    for patch in record.series.patches:
        findings = dict.fromkeys(
            finding
            for row in own_rows(record)
            if row.patch == patch.number
            for finding in row.findings
            if finding.problem or finding.severity != "remark"
        )
        groups: dict[CheckFindingRecord, list[CheckFindingRecord]] = {}
        for finding in sorted(findings, key=lambda finding: (not finding.problem, finding.severity != "error")):
            groups.setdefault(_without_place(finding), []).append(finding)
        diff, more = hunks(patch.diff), len(groups) - CHECKS_SHOWN
        for number, alike in enumerate([*groups.values()][:CHECKS_SHOWN], 1):
            first = alike[0]
            where = place(diff, first.path, first.line) if first.path else None
            text = wrap(_words(alike, quoted=where is not None), COLUMNS, most=6)
            rest = (f"({count(more, 'more finding')} like these in this patch.)",)
            last = number == CHECKS_SHOWN and more > 0
            weight = DOUBT if first.problem or first.severity == "error" else STYLE
            yield Report(patch.number, where, (*text, *(rest if last else ())), weight=weight)


def _without_place(finding: CheckFindingRecord) -> CheckFindingRecord:
    """The finding without its place: what makes several alike."""
    return finding.model_copy(update={"path": "", "line": 0})


def _words(alike: Sequence[CheckFindingRecord], *, quoted: bool) -> str:
    """The words of the tool; its place where no quoted line shows it, and the places where it says the same."""
    first, *others = alike
    tool = f"{first.tool}: " if first.tool else ""
    words = f"{tool}{first.message}" if quoted else finding_words(first).removesuffix(f" [{first.kind}]")
    places = [f"{finding.path}:{finding.line}" for finding in others if finding.line]
    named = [*places[:PLACES_SHOWN], *([f"{len(places) - PLACES_SHOWN} places more"] if places[PLACES_SHOWN:] else [])]
    return f"{words.rstrip('.')}. The same at {listed(named)}." if named else words
