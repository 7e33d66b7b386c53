"""Content of a reply: findings under their hunks, claims of the letter, comments on what was built."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from pipeline.assess.words import label
from pipeline.record import ClaimRecord, LetterRecord, RunRecord
from pipeline.render import wording
from pipeline.render.measured import first
from pipeline.render.text_report import summary
from pipeline.reply import points
from pipeline.reply.headers import addresses, message_id
from pipeline.reply.quoting import COLUMNS, LOG_COLUMNS, Span, find, lines_of, own_lines, quoted
from pipeline.reply.report import Report
from pipeline.review.record import PointRecord
from pipeline.system.text import cut, wrap

POINTS_SHOWN = 5
QUOTED_SHOWN = 8
DETAILS_SHOWN = 10
_TRIVIA = ("diffstat", "preparatory")
"""Claims that nobody writes a mail to confirm."""


@dataclass(frozen=True)
class Exchange:
    """Lines that are answered, and the answer.

    Args:
        attribution: who wrote the lines; empty where the exchange before says so.
        quote: as they stand; may be empty.
        answer: as it stands.
        log: lines that a program printed, as they stand.
    """

    attribution: str
    quote: Sequence[str]
    answer: Sequence[str]
    log: Sequence[str] = ()


def under_hunks(letter: LetterRecord, reports: Sequence[Report]) -> list[Exchange]:
    """Findings, each under the lines of the patch that it is about; those of one line under one quote."""
    exchanges: list[Exchange] = []
    attribution, before = attribution_of(letter), None
    for report in reports:
        new = report.place is not None and report.place != before
        quote = quoted(report.place.quote(before)) if report.place and new else []
        exchanges.append(Exchange(attribution if quote else "", quote, report.text, report.log))
        attribution, before = "" if quote else attribution, report.place
    return exchanges


def claims(record: RunRecord, letter: LetterRecord, *, detailed: bool, failing: bool) -> Iterator[Exchange]:
    """Claims in the letter's words; those that share a line are answered together.

    Args:
        detailed: include claims that could not be measured, and the result in each kernel.
        failing: something is wrong with the series, so that nothing is confirmed.
    """
    worth_saying = [claim for claim in record.claims if _is_worth_saying(claim, detailed, failing)]
    spans = [(span, claim) for claim in worth_saying if (span := find(letter.body, claim.text))]
    groups: list[tuple[Span, list[ClaimRecord]]] = []
    for span, claim in sorted(spans, key=lambda pair: (pair[0].first, pair[0].last)):
        if groups and span.first <= groups[-1][0].last:
            before, together = groups.pop()
            groups.append((Span(before.first, max(before.last, span.last)), [*together, claim]))
        else:
            groups.append((span, [claim]))
    attribution = attribution_of(letter)
    for span, together in groups:
        answers = [line for claim in together for line in _answer(record, claim, detailed)]
        quote = lines_of(letter.body, span)
        proofs = [line for line in _proofs(record, together) if line.strip() not in "\n".join(quote)]
        yield Exchange(attribution, quoted(quote), answers, proofs)
        attribution = ""


def refuted(record: RunRecord, letter: LetterRecord) -> bool:
    """Whether the letter says something that is not so."""
    return any(claim.verdict == "refuted" and find(letter.body, claim.text) for claim in record.claims)


def comments(record: RunRecord, letter: LetterRecord) -> Iterator[Exchange]:
    """Comments of the mail that is answered, whether builds say something of them or not."""
    own = _points_of(record, letter)
    # Take the comments that the run can answer, where there are any, without a "nothing" beside them.
    own = [point for point in own if points.answers(record, point)] or own
    for point in own[:POINTS_SHOWN]:
        yield _comment(record, point, letter.body)
    if not own:
        yield Exchange(attribution_of(letter), quoted(own_lines(letter.body)), [])


def has_answers(record: RunRecord, letter: LetterRecord) -> bool:
    """Whether an open comment of the mail is about something that was measured."""
    return any(point.state != "answered" and points.measured(record, point) for point in _points_of(record, letter))


def attribution_of(letter: LetterRecord) -> str:
    return _attribution(letter.date, letter.sender)


def _is_worth_saying(claim: ClaimRecord, detailed: bool, failing: bool) -> bool:
    if claim.verdict == "confirmed":
        return not failing and claim.kind not in _TRIVIA
    return detailed or claim.verdict in ("refuted", "not confirmed")


def _answer(record: RunRecord, claim: ClaimRecord, detailed: bool) -> list[str]:
    details = first(claim.details, DETAILS_SHOWN) if detailed or claim.verdict == "refuted" else []
    sentences = [_result(record, claim), *(wording.spoken(record, detail) for detail in details)]
    return [line for sentence in sentences for line in wrap(sentence, COLUMNS)]


def _result(record: RunRecord, claim: ClaimRecord) -> str:
    """The measured result for a claim, in a sentence."""
    finding = wording.spoken(record, claim.finding)
    if claim.claimed is None or claim.measured is None:
        words = {"confirmed": "Yes", "refuted": "I see something else", "not confirmed": "I cannot confirm that"}
        start = words.get(claim.verdict, "I did not measure that")
        return f"{start}: {finding}." if finding else f"{start}."
    sign = "+" if claim.unit == "bytes" else ""
    place = f" on {wording.spoken(record, claim.cell)}" if claim.cell else ""
    if claim.verdict == "confirmed" and claim.claimed == claim.measured:
        return f"I see the same{place}{f' ({finding})' if finding else ''}."
    instead = f", not {claim.claimed:{sign}d}" if claim.verdict == "refuted" else ""
    return f"I see {claim.measured:{sign}d} {claim.unit}{place}{instead}{f' ({finding})' if finding else ''}."


def _proofs(record: RunRecord, claims_shown: Sequence[ClaimRecord]) -> list[str]:
    """bloat-o-meter's own lines for what claims were measured by."""
    asked = {(claim.cell, claim.measured) for claim in claims_shown if not claim.patches}
    texts = [cell.text for cell in record.cells if cell.text and (cell.id, cell.text.delta) in asked]
    return [f"  {cut(summary(text), LOG_COLUMNS - 2)}" for text in texts][:1]


def sizes(record: RunRecord) -> list[str]:
    """bloat-o-meter's summary of each kernel."""
    return [
        line
        for cell in record.cells
        if cell.text and label(record, cell)
        for line in ("", f"{wording.kernel(record, cell)}:", "", f"  {cut(summary(cell.text), LOG_COLUMNS - 2)}")
    ]


def _points_of(record: RunRecord, letter: LetterRecord) -> list[PointRecord]:
    candidates = record.review.points if record.review else ()
    return [point for point in candidates if message_id(point.message_id) == message_id(letter.message_id)]


def _comment(record: RunRecord, point: PointRecord, body: str) -> Exchange:
    """A comment, quoted with the code that it stands under, and what builds and boots say of it."""
    answers = points.answers(record, point)
    answer = [] if answers else _nothing(point)
    if point.patch and not answers:
        answer += [piece for line in points.of_patch(record, point.patch) for piece in wrap(line, COLUMNS)]
    log = [f"  {cut(line, LOG_COLUMNS - 2)}" for line in answers]
    above = _as_written([f"> {line}" for line in point.quoted[-QUOTED_SHOWN:]], body)
    quote = [*quoted(above), *quoted(_as_written(point.text[:QUOTED_SHOWN], body))]
    return Exchange(_attribution(point.date, point.author), quote, answer, log)


def _as_written(lines: Sequence[str], body: str) -> list[str]:
    """Lines as they stand in the mail, tabs and all; a record keeps them for reports, which have none."""
    written: dict[str, str] = {}
    for line in body.split("\n"):
        written.setdefault("".join(line.split()), line)
    return [written.get("".join(line.split()), line) for line in lines]


def _nothing(point: PointRecord) -> list[str]:
    names = wording.listed(f"{name.removesuffix('()')}()" for name in point.symbols[:4])
    return wrap(f"What I built says nothing of {names or 'that'}.", COLUMNS)


def _attribution(date: str, sender: str) -> str:
    mailbox = addresses([sender])
    name = (mailbox[0].display_name or mailbox[0].addr_spec) if mailbox else "somebody"
    return "\n".join(wrap(f"On {cut(date, 60)}, {cut(name, 60)} wrote:", COLUMNS))
