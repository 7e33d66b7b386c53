"""What a reply answers: the claims of a letter, and comments that builds or boots have something to say of."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from pipeline.record import ClaimRecord, LetterRecord, RunRecord
from pipeline.render import measured, summary
from pipeline.render.measured import first
from pipeline.reply import points
from pipeline.reply.headers import addresses, message_id
from pipeline.reply.quoting import COLUMNS, LOG_COLUMNS, Span, find, lines_of, own_lines, quoted
from pipeline.review.record import PointRecord
from pipeline.system.text import cut, wrap

POINTS_SHOWN = 5
QUOTED_SHOWN = 8
DETAILS_SHOWN = 10


@dataclass(frozen=True)
class Exchange:
    """Lines that are answered, and the answer.

    Args:
        attribution: who wrote the lines; empty where the exchange before says so.
        quote: as they stand.
        answer: as it stands.
        log: lines that a program printed.
    """

    attribution: str
    quote: Sequence[str]
    answer: Sequence[str]
    log: Sequence[str] = ()


def exchanges(record: RunRecord, letter: LetterRecord, *, detailed: bool = False) -> list[Exchange]:
    """All that an answer to `letter` takes up, in the order in which the letter says it.

    Args:
        record: made neutral.
        letter: of `record`.
        detailed: what came of a claim, cell by cell.
    """
    found = [*_claims(record, letter, detailed)]
    cover = letter.message_id == record.series.cover.message_id
    if cover:
        found += _unsaid(record, letter, detailed)
    return [*found, *_points(record, letter, cover)]


def _claims(record: RunRecord, letter: LetterRecord, detailed: bool) -> Iterator[Exchange]:
    """Claims in the letter's words; those that share a line are answered together."""
    found = [(span, claim) for claim in record.claims if (span := find(letter.body, claim.text))]
    groups: list[tuple[Span, list[ClaimRecord]]] = []
    for span, claim in sorted(found, key=lambda pair: (pair[0].first, pair[0].last)):
        if groups and span.first <= groups[-1][0].last:
            before, claims = groups.pop()
            groups.append((Span(before.first, max(before.last, span.last)), [*claims, claim]))
        else:
            groups.append((span, [claim]))
    attribution = _attribution(letter.date, letter.sender)
    for span, claims in groups:
        answers = [line for claim in claims for line in _answer(claim, detailed)]
        yield Exchange(attribution, quoted(lines_of(letter.body, span)), answers, _proofs(record, claims))
        attribution = ""


def _unsaid(record: RunRecord, letter: LetterRecord, detailed: bool) -> Iterator[Exchange]:
    """Claims that are tracked beside the series: put into nobody's mouth unless the letter says so."""
    for claim in record.claims:
        if not find(letter.body, claim.text):
            words = [f"  {line}" for line in wrap(claim.text, COLUMNS - 2)]
            yield Exchange("Claimed for the series:", ["", *words], _answer(claim, detailed), _proofs(record, [claim]))


def _answer(claim: ClaimRecord, detailed: bool) -> list[str]:
    details = first(claim.details, DETAILS_SHOWN) if detailed or claim.kind == "preparatory" else []
    lines = wrap(f"{claim.verdict.capitalize()}: {measured(claim)}.", COLUMNS - 2)
    return lines + [f"  {line}" for detail in details for line in wrap(detail, COLUMNS - 2)]


def _proofs(record: RunRecord, claims: Sequence[ClaimRecord]) -> list[str]:
    """bloat-o-meter's own lines for what claims were measured by."""
    asked = {(claim.cell, claim.measured) for claim in claims if not claim.patches}
    texts = [cell.text for cell in record.cells if cell.text and (cell.id, cell.text.delta) in asked]
    return [cut(summary(text), LOG_COLUMNS - 2) for text in texts][:1]


def _points(record: RunRecord, letter: LetterRecord, cover: bool) -> Iterator[Exchange]:
    """Comments of the answered mail; in an answer to the cover letter, all that the run says something of."""
    review = record.review
    own = (
        [one for one in review.points if message_id(one.message_id) == message_id(letter.message_id)] if review else []
    )
    known = [(one, points.answers(record, one)) for one in (review.points if review and cover else own)]
    for point, found in [pair for pair in known if pair[1] or not cover][:POINTS_SHOWN]:
        yield _point(record, point, found, context=not cover)
    patches = {one.message_id for one in record.series.patches}
    if not cover and not own and letter.message_id not in patches:
        said = quoted(own_lines(letter.body))
        answer = ["What builds and boots can say of that is above."]
        yield Exchange(_attribution(letter.date, letter.sender), said, answer)


def _point(record: RunRecord, point: PointRecord, found: Sequence[str], *, context: bool) -> Exchange:
    """A comment, quoted, and what was found; with the code that it stands under where that is not in sight."""
    code = point.quoted[-QUOTED_SHOWN:] if context else ()
    answer = [] if found else _nothing(point)
    if point.patch and context:
        answer += [piece for line in points.of_patch(record, point.patch) for piece in wrap(line, COLUMNS - 2)]
    log = [cut(line, LOG_COLUMNS - 2) for line in found]
    quote = [*quoted(code, "> > "), *quoted(point.text[:QUOTED_SHOWN])]
    return Exchange(_attribution(point.date, point.author), quote, answer or ["What was measured of it:"], log)


def _nothing(point: PointRecord) -> list[str]:
    names = ", ".join(point.symbols[:4])
    words = f"Builds and boots of this run say nothing of {names or 'that'}."
    return wrap(words, COLUMNS - 2)


def _attribution(date: str, sender: str) -> str:
    mailbox = addresses([sender])
    name = (mailbox[0].display_name or mailbox[0].addr_spec) if mailbox else "somebody"
    return f"On {date}, {name} wrote:"
