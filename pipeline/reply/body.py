"""The text of a reply: findings under the lines that are guilty, or what was built; how others see the same."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from enum import StrEnum

from pipeline.assess.verdict import verdict
from pipeline.record import LetterRecord, RunRecord
from pipeline.record.neutral import neutral
from pipeline.record.public import words_for_others
from pipeline.render import wording
from pipeline.render.page import Page
from pipeline.reply import answers
from pipeline.reply.circumstances import circumstances, reproducer
from pipeline.reply.findings import reports
from pipeline.reply.headers import message_id
from pipeline.reply.points import of_patch
from pipeline.reply.quoting import COLUMNS
from pipeline.reply.report import DOUBT, STYLE, Logs, Report
from pipeline.reply.results import outcome
from pipeline.system.text import wrap

REPORTS_SHOWN = 8

# What b4 takes for a trailer; a reply gives none, and what it reports may be worded by somebody who would like one.
_TRAILER = re.compile(r"^(?P<indent>\s*)(?P<line>(?P<name>\w\S*):\s+(?P<value>\S.*))$")
_NAMES = re.compile(r"cc|.*-(by|to|commit|id)|(bug)?link|closes|fixes|subject|date", re.IGNORECASE)


class Style(StrEnum):
    """How much a reply says."""

    SUMMARY = "summary"
    FULL = "full"


def text(record: RunRecord, letter: LetterRecord, style: Style, link: str, logs: Logs) -> str:
    """The body of an answer to `letter`: 72 columns, but for what is quoted, what a program printed, and the link.

    Args:
        link: URL of the full report, or empty.
        logs: of the run.
    """
    clean, page, full = neutral(record), Page(COLUMNS), style is Style.FULL
    position = [record.series.cover, *record.series.messages].index(letter)
    answered = [clean.series.cover, *clean.series.messages][position]
    # Logs are files beside the record, and have the names that it gives.
    all_reports = reports(clean, lambda name: words_for_others(record, logs(name)))
    own = [report for report in all_reports if concerns(clean, answered, report)]
    shown = own[:REPORTS_SHOWN]
    first = next((report for report in shown if report.cell), None)
    exchanges = answers.under_hunks(answered, sorted(shown, key=lambda report: report.order))
    exchanges += answers.claims(clean, answered, detailed=full, failing=bool(verdict(clean).problems))
    if _is_comment(clean, answered):
        exchanges += answers.comments(clean, answered)
    body = page.fill(
        "reply.txt.j2",
        opening=[] if any(report.weight < STYLE for report in own) else _opening(clean, answered, all_reports),
        exchanges=exchanges,
        more=len(own) - len(shown),
        circumstances=circumstances(clean, first.cell, link) if first and first.cell else [],
        reproducer=reproducer(clean, first.cell, first.applied, first.diagnostics)
        if first and first.cell and first.diagnostics
        else [],
        sizes=answers.sizes(clean) if full else [],
        link=link,
    )
    return "\n".join(_guarded(body.split("\n")))


def concerns(record: RunRecord, letter: LetterRecord, report: Report) -> bool:
    """Whether a finding is to be said in an answer to the letter: its patch's, or the cover letter's for the whole."""
    numbers = _patches_of(record, letter)
    if report.patch in numbers:
        return True
    return message_id(letter.message_id) == message_id(record.series.cover.message_id) and not has_mail(
        record, report.patch
    )


def has_mail(record: RunRecord, patch: int) -> bool:
    """Whether the mail of a patch is there to be answered."""
    known = {message_id(letter.message_id) for letter in (record.series.cover, *record.series.messages)}
    return any(sent.number == patch and message_id(sent.message_id) in known for sent in record.series.patches)


def _opening(record: RunRecord, letter: LetterRecord, all_reports: Sequence[Report]) -> list[str]:
    """The first paragraph, where the mail that is answered has no finding of its own."""
    numbers = _patches_of(record, letter)
    cover = message_id(letter.message_id) == message_id(record.series.cover.message_id)
    elsewhere = list(dict.fromkeys(report.patch for report in all_reports if report.weight < DOUBT))
    if cover and elsewhere:
        named = wording.patches(elsewhere, 0).lower()
        replies = "reply" if len(elsewhere) == 1 else "replies"
        return wrap(f"I found something in {named}; see my {replies} there.", COLUMNS)
    if numbers and not cover:
        return [line for words in of_patch(record, numbers[0]) for line in wrap(words, COLUMNS)]
    return outcome(record) if cover else []


def _patches_of(record: RunRecord, letter: LetterRecord) -> list[int]:
    wanted = message_id(letter.message_id)
    return [patch.number for patch in record.series.patches if message_id(patch.message_id) == wanted]


def _is_comment(record: RunRecord, letter: LetterRecord) -> bool:
    cover = message_id(letter.message_id) == message_id(record.series.cover.message_id)
    return not cover and not _patches_of(record, letter)


def _guarded(lines: Sequence[str]) -> Iterable[str]:
    """Lines in which no program finds a trailer: one that looks like it gets a bar for its last two blanks."""
    for line in lines:
        match = _TRAILER.match(line)
        if match and ("@" in match["value"] or _NAMES.fullmatch(match["name"])):
            yield f"{match['indent'][:-2]}| {match['line']}"
        else:
            yield line
