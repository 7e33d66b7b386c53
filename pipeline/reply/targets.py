"""Chooses the mails of the thread to answer: one draft for each sub-thread, none where there is nothing to say."""

from __future__ import annotations

from dataclasses import dataclass

from pipeline.assess.verdict import verdict
from pipeline.record import LetterRecord, RunRecord
from pipeline.record.neutral import neutral
from pipeline.reply import answers
from pipeline.reply.body import concerns
from pipeline.reply.findings import reports
from pipeline.reply.headers import message_id
from pipeline.reply.report import STYLE, Report
from pipeline.reply.results import without_code
from pipeline.system.text import count


@dataclass(frozen=True)
class Target:
    """A mail that deserves an answer.

    Args:
        message_id: of the mail.
        subject: of the mail.
        why: it does, in a few words.
    """

    message_id: str
    subject: str
    why: str


def targets(record: RunRecord) -> list[Target]:
    """Mails to answer: first those about what breaks something, then in the order of the thread."""
    clean = neutral(record)
    all_reports = reports(clean, lambda _: "")
    kept: list[tuple[int, Target]] = []
    for letter in (clean.series.cover, *clean.series.messages):
        own = [report for report in all_reports if report.weight < STYLE and concerns(clean, letter, report)]
        if message_id(letter.message_id) and (why := _why(clean, letter, own)):
            weight = min((report.weight for report in own), default=STYLE)
            kept.append((weight, Target(message_id(letter.message_id), letter.subject, why)))
    return [target for _, target in sorted(kept, key=lambda pair: pair[0])]


def _why(record: RunRecord, letter: LetterRecord, own: list[Report]) -> str:
    if own:
        return count(len(own), "finding")
    if answers.refuted(record, letter):
        return "a claim that does not hold"
    if message_id(letter.message_id) == message_id(record.series.cover.message_id):
        return "it builds" if verdict(record).word == "OK" and not without_code(record) else ""
    return "a comment that builds answer" if answers.has_answers(record, letter) else ""
