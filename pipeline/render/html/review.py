"""The state of the review: tables of points, trailers, promises and patches; each row leads to its message."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pipeline.assess.reported import Compared
from pipeline.render.html.cells import Part
from pipeline.render.html.links import message
from pipeline.render.html.tables import LONGEST, Item, Table, items, table
from pipeline.render.review import ORDER, balance, name, of_version, opener, opinion_words, this_run, where
from pipeline.review.record import PointRecord, ReviewRecord, SinceRecord
from pipeline.system.text import cut

_SIGNS = {"ok": "✓", "failed": "✗", "warn": "?"}
_POINT_TONES = {
    "answered": "ok",
    **dict.fromkeys(("promised", "volunteered", "undecided"), "warn"),
    **dict.fromkeys(("unanswered", "disputed"), "failed"),
}
_FATE_TONES = {"kept": "ok", "not found": "failed", **dict.fromkeys(("kept in part", "answered otherwise"), "warn")}
# What is not seen here may be seen by another compiler, or in another configuration.
_REPORTED_TONES = {"seen": "failed", "not seen": "warn", "not tried": "warn"}


def review(record: ReviewRecord | None, reported: Sequence[Compared] = ()) -> tuple[Part, ...]:
    """The section's parts, the first one with a sentence above it; none where there is nothing to tell.

    Args:
        reported: what the thread reports of builds, beside what the run saw.
    """
    if record is None or not record.worth_showing:
        return ()
    tables = [
        _points(record),
        _reported(record, reported),
        _opinions(record),
        *_since(record.since, record.version),
        _trailers(record),
    ]
    parts = [Part(filled.caption, (filled,)) for filled in tables if filled]
    return (Part("", (), f"{balance(record)}. States are guessed from the words that are quoted."), *parts)


def _word(word: str, tone: str) -> Item:
    return Item(f"{_SIGNS[tone]} {word}", tone=tone)


def _points(record: ReviewRecord) -> Table | None:
    def rows() -> Iterator[tuple[Item, ...]]:
        for point in sorted(record.points, key=lambda point: ORDER.index(point.state)):
            waits = f"{name(point.waiting)} for {name(point.waiting_for)}" if point.waiting else ""
            yield items(
                Item(cut(" ".join(point.text), LONGEST), message(point.message_id)),
                _word(point.state, _POINT_TONES[point.state]),
                where(point.patch),
                opener(point),
                waits,
                _decisive(point),
                ", ".join(point.symbols),
            )

    header = ("comment", "state", "on", "from", "who waits", "decided by", "symbols")
    return table("Points", header, rows(), sortable=True)


def _opinions(record: ReviewRecord) -> Table | None:
    """Opinions of the user's own program: beside the points, and marked as not the pipeline's."""
    points = {point.number: point for point in record.points}
    rows = (
        items(
            Item(cut(" ".join(point.text), LONGEST), message(point.message_id)),
            name(point.author),
            cut(opinion_words(opinion), LONGEST),
        )
        for opinion in record.opinions
        if (point := points.get(opinion.point))
    )
    return table("Opinions of a program of your own", ("comment", "from", "opinion"), rows)


def _reported(record: ReviewRecord, reported: Sequence[Compared]) -> Table | None:
    return table(
        "Reported of builds, and seen by this run",
        ("report", "on", "from", "this run"),
        (
            items(
                Item(cut(each.line, LONGEST), message(each.point.message_id)),
                f"{where(each.point.patch)}{of_version(each.point, record)}",
                name(each.point.author),
                _word(this_run(each, record.version), _REPORTED_TONES[each.fate]),
            )
            for each in reported
        ),
    )


def _decisive(point: PointRecord) -> Item:
    """The words that a state was guessed from, where they are others than the comment's own."""
    said = next((evidence for evidence in point.evidence if evidence.message_id != point.message_id), None)
    return Item(cut(f'{name(said.author)}: "{said.words}"', LONGEST), message(said.message_id)) if said else Item("")


def _since(since: SinceRecord | None, version: int) -> Iterator[Table | None]:
    if since is None:
        return
    yield table(
        f"Open points of v{since.version}",
        ("point", "state", f"in v{version}", "told by", "symbols", "patches"),
        (
            items(
                Item(cut(" ".join(promise.point.text), LONGEST), message(promise.point.message_id)),
                promise.point.state,
                _word(promise.fate, _FATE_TONES[promise.fate]),
                cut(f"{promise.found_in}: {promise.words}" if promise.words else promise.found_in, LONGEST),
                ", ".join(promise.symbols),
                ", ".join(map(str, promise.patches)),
            )
            for promise in since.promises
        ),
    )
    yield table(
        f"v{version} against v{since.version}, by {since.compared_by}",
        ("patch", f"v{since.version}", f"v{version}", "change"),
        (items(patch.subject, _number(patch.before), _number(patch.after), patch.change) for patch in since.patches),
        (1, 2),
    )


def _number(number: int | None) -> str:
    return "" if number is None else str(number)


def _trailers(record: ReviewRecord) -> Table | None:
    rows = (
        items(
            Item(cut(f"{trailer.name}: {trailer.value}", LONGEST), message(trailer.message_id)),
            where(trailer.patch),
            f"v{trailer.revision}" if trailer.revision else "posted with it",
            _word("collected", "ok") if trailer.collected else _word("not collected", "warn"),
            "; ".join(filter(None, ("given on a condition" if trailer.conditional else "", trailer.reason))),
        )
        for trailer in sorted(record.trailers, key=lambda trailer: (trailer.collected, trailer.patch or 0))
    )
    return table("Trailers", ("trailer", "on", "given on", "b4", "why not"), rows)
