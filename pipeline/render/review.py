"""Text of a review: what is open and who waits for whom, each line with the message that says it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from rich.cells import cell_len, chop_cells

from pipeline.assess.reported import Compared
from pipeline.record.neutral import neutral
from pipeline.render.page import Page
from pipeline.render.wording import kernels
from pipeline.review.record import (
    EvidenceRecord,
    OpinionRecord,
    PointRecord,
    PointState,
    PromiseRecord,
    ReviewRecord,
    SinceRecord,
    TrailerRecord,
)
from pipeline.system.text import count, cut, visible, wrap

ORDER: tuple[PointState, ...] = ("unanswered", "disputed", "undecided", "promised", "volunteered", "answered")
"""What needs somebody comes first."""
QUOTED_SHOWN = 2
TEXT_SHOWN = 5
MOST_OWED = 10
"""Lines that say who has to act."""
INDENT = 6


@dataclass(frozen=True)
class Item:
    """An entry of the review, headed by a word that is painted.

    Args:
        word: state of a point, fate of a promise or trailer.
        title: wrapped by the template.
        lines: as they stand, no longer than the page is wide.
    """

    word: str
    title: str
    lines: Sequence[str]


def render_review(review: ReviewRecord, title: str, *, colour: bool = False, open_only: bool = False) -> str:
    """A review for a terminal or a file, in at most 78 columns.

    Args:
        title: of the series.
        colour: paint states with ANSI sequences, and make message-ids links.
        open_only: leave out the points that nobody waits for.
    """
    review, page = neutral(review), Page(colour=colour)
    points = [point for point in review.points if point.waiting or not open_only]
    return page.fill(
        "review.txt.j2",
        heading=f"{visible(cut(title, 300))}, v{review.version}",
        **_view(review, page, points),
        trailers=_trailers(review.trailers, page),
    )


def review_view(review: ReviewRecord, page: Page, reported: Sequence[Compared] = ()) -> dict[str, object]:
    """The part of a review that the report shows: all but trailers that are collected, and points that are settled.

    Args:
        reported: what the thread reports of builds, beside what the run saw.
    """
    points = [point for point in review.points if point.state != "answered"]
    return {
        **_view(review, page, points),
        "reported": [_reported(each, review, page) for each in reported],
        "trailers": _trailers([trailer for trailer in review.trailers if not trailer.collected], page),
    }


def _reported(compared: Compared, review: ReviewRecord, page: Page) -> Item:
    point = compared.point
    lines = [
        *_indented([cut(compared.line, page.columns - INDENT)]),
        *_indented(wrap(this_run(compared, review.version), page.columns - INDENT)),
        *_message(point.message_id, point.link, page),
    ]
    return Item(compared.fate, f"{where(point.patch)}{of_version(point, review)}, {name(point.author)}", lines)


def of_version(point: PointRecord, review: ReviewRecord) -> str:
    """` of v1`, where that is not the revision that is reviewed."""
    return f" of v{point.revision}" if point.revision != review.version else ""


def this_run(compared: Compared, version: int) -> str:
    """What the run saw of a reported line, in words.

    Args:
        version: of the series.
    """
    build = compared.build
    own = f" in the configuration that it was reported of, {build.config}" if build and compared.alike else ""
    if compared.fate == "seen":
        return f"reproduced with patch {compared.patch} on {kernels(compared.cells)}{own}"
    of = f"; reported of {build.arch}, {build.config}{f', {build.compiler}' if build.compiler else ''}" if build else ""
    if compared.fate == "not tried":
        return f"not tried: nothing of the file was compiled{of}"
    later = version > compared.point.revision
    fate = f"fixed in v{version}" if later and own else f"not reproduced{f' in v{version}' if later else ''}"
    return f"{fate} on {kernels(compared.alike or compared.cells)}, which compiled the file{own or of}"


def _view(review: ReviewRecord, page: Page, points: Iterable[PointRecord]) -> dict[str, object]:
    return {
        "summary": balance(review),
        "owed": owed(review.points, page),
        "points": [_item(point, page, review.opinions) for point in sorted(points, key=_by_patch)],
        "since": _since(review.since, review.version) if review.since else "",
        "promises": [_promise(promise, page) for promise in review.since.promises] if review.since else [],
        "compared": _compared(review.since, review.version, page) if review.since else [],
    }


def _by_patch(point: PointRecord) -> tuple[int, int]:
    return point.patch or 0, ORDER.index(point.state)


def owed(points: Iterable[PointRecord], page: Page) -> list[str]:
    """Debts of an answer, by person: a line for each open point, or for each pair of people where they are many."""
    waiting = sorted((point for point in points if point.waiting), key=_by_patch)
    if len(waiting) <= MOST_OWED:
        lines = []
        for point in waiting:
            who = f"  {name(point.waiting_for)} owes {name(point.waiting)}, {where(point.patch)}, {point.state}: "
            text = cut(" ".join(" ".join(point.text).split()), max(page.columns - cell_len(who), 12))
            lines.append(cut(who, page.columns - 12) + page.link(text, point.link))
        return lines
    pairs: dict[tuple[str, str], list[PointRecord]] = {}
    for point in waiting:
        pairs.setdefault((name(point.waiting_for), name(point.waiting)), []).append(point)
    many = sorted(pairs.items(), key=lambda pair: -len(pair[1]))
    lines = []
    for (who, whom), owing in many[: MOST_OWED - 1]:
        states = Counter(point.state for point in owing)
        words = ", ".join(f"{states[state]} {state}" for state in ORDER if states[state])
        line = cut(f"  {who} owes {whom} {count(len(owing), 'point')}: {words}", page.columns)
        lines.append(page.link(line, owing[0].link))
    rest = many[MOST_OWED - 1 :]
    return lines + ([f"  and {count(sum(len(owing) for _, owing in rest), 'point')} between others"] if rest else [])


def balance(review: ReviewRecord) -> str:
    """How many points there are of each state, and trailers."""
    states = Counter(point.state for point in review.points)
    words = [f"{states[state]} {state}" for state in ORDER if states[state]]
    collected = sum(trailer.collected for trailer in review.trailers)
    replies = "1 reply" if review.messages == 1 else f"{review.messages} replies"
    unread = [f"{review.unread} too long to be read"] if review.unread else []
    parts = [f"{replies} read", *unread, count(len(review.points), "point")]
    text = ", ".join(parts) + (f" ({', '.join(words)})" if words else "")
    return text + (f"; {collected} of {count(len(review.trailers), 'trailer')} collected" if review.trailers else "")


def where(patch: int | None) -> str:
    return "cover letter" if patch is None else f"patch {patch}"


def _item(point: PointRecord, page: Page, opinions: Sequence[OpinionRecord]) -> Item:
    waits = f"; {name(point.waiting)} waits for {name(point.waiting_for)}" if point.waiting else ""
    lines = [
        *_comment(point, page),
        *(line for evidence in point.evidence for line in _evidence(evidence, point, page)),
    ]
    if point.symbols:
        lines += _indented(wrap(f"about {', '.join(point.symbols)}", page.columns - INDENT, 2))
    lines += [
        line
        for opinion in opinions
        if opinion.point == point.number
        for line in _indented(wrap(opinion_words(opinion), page.columns - INDENT, 4))
    ]
    return Item(point.state, f"{where(point.patch)}, {opener(point)}{waits}", lines)


def opinion_words(opinion: OpinionRecord) -> str:
    """The opinion of the user's own program on a point, in words."""
    acts = ", ".join(
        f"{act.act} (comment {act.comment}{f': {act.words}' if act.words else ''})" for act in opinion.acts
    )
    said = "; ".join(filter(None, (acts, opinion.note))) or "nothing"
    return f"opinion of {opinion.program}: {said}"


def _comment(point: PointRecord, page: Page) -> list[str]:
    """The end of what is quoted, the start of what is said."""
    columns = page.columns - INDENT
    quoted = [line for line in point.quoted if line.strip()][-QUOTED_SHOWN:]
    text = wrap(" ".join(point.text), columns - 2, TEXT_SHOWN)
    return [
        *_indented(cut(f"> {line}", columns) for line in quoted),
        *_indented([f'"{text[0]}', *(f" {line}" for line in text[1:])], '"'),
        *_message(point.message_id, point.link, page),
    ]


def _evidence(evidence: EvidenceRecord, point: PointRecord, page: Page) -> list[str]:
    if evidence.message_id == point.message_id:
        return []
    words = wrap(f'{name(evidence.author)}: "{evidence.words}"', page.columns - INDENT, 4)
    return [*_indented(words), *_message(evidence.message_id, evidence.link, page)]


def _message(message_id: str, link: str, page: Page) -> list[str]:
    pieces = chop_cells(f"<{cut(message_id, 200)}>", page.columns - INDENT - 2) if message_id else []
    return [" " * (INDENT + 2) + page.link(piece, link) for piece in pieces]


def _trailers(trailers: Iterable[TrailerRecord], page: Page) -> list[Item]:
    """Trailers that want a look, one by one; those that are collected are counted."""
    every = sorted(trailers, key=lambda trailer: trailer.patch or 0)
    collected = Counter(trailer.name for trailer in every if trailer.collected and not trailer.conditional)
    folded = (
        [Item("collected", ", ".join(f"{times} {kind}" for kind, times in collected.items()), [])] if collected else []
    )
    return [*folded, *(_trailer(trailer, page) for trailer in every if not trailer.collected or trailer.conditional)]


def _trailer(trailer: TrailerRecord, page: Page) -> Item:
    given = f"on v{trailer.revision}" if trailer.revision else "posted with it"
    return Item(
        "collected" if trailer.collected else "not collected",
        f"{where(trailer.patch)}, {given}{', on a condition' if trailer.conditional else ''}, "
        f"{trailer.name}: {trailer.value}",
        [
            *_indented(wrap(trailer.reason, page.columns - INDENT) if trailer.reason else []),
            *_message(trailer.message_id, trailer.link, page),
        ],
    )


def _since(since: SinceRecord, version: int) -> str:
    how = "git range-diff" if since.compared_by == "range-diff" else f"patch-id and subject, since {since.reason}"
    changes = Counter(patch.change for patch in since.patches)
    return f"v{version} against v{since.version}, by {how}: " + ", ".join(
        f"{times} {change}" for change, times in changes.items()
    )


def _promise(promise: PromiseRecord, page: Page) -> Item:
    point = promise.point
    numbers = ", ".join(map(str, promise.patches))
    place = f" in {'patches' if len(promise.patches) > 1 else 'patch'} {numbers}" if promise.patches else ""
    about = ", ".join(promise.symbols or point.symbols)
    whom = {"promised": "promised to", "volunteered": "volunteered by"}.get(point.state, f"{point.state}, from")
    title = f"{whom} {name(point.author)}"
    evidence = [f'{promise.found_in}: "{promise.words}"'] if promise.words else []
    return Item(
        promise.fate,
        f"{about}{place}; {title}" if about else title,
        [
            *_indented(piece for line in evidence for piece in wrap(line, page.columns - INDENT, 3)),
            *_comment(point, page),
            *(line for evidence in point.evidence for line in _evidence(evidence, point, page)),
        ],
    )


def _compared(since: SinceRecord, version: int, page: Page) -> list[str]:
    rows = [(str(patch.before or "-"), str(patch.after or "-"), patch.change, patch.subject) for patch in since.patches]
    return page.table([(f"v{since.version}", f"v{version}", "change", "subject"), *rows], right={0, 1})


def name(sender: str) -> str:
    """A short name of a person; the report is about what was said."""
    shown = sender.partition("<")[0].strip(" '\"") or sender.strip("<>")
    return cut(shown, 40)


def opener(point: PointRecord) -> str:
    """The person who opened a point, and their role for its files where that is known."""
    return f"{name(point.author)} ({point.role})" if point.role else name(point.author)


def _indented(lines: Iterable[str], end: str = "") -> list[str]:
    indented = [" " * INDENT + line for line in lines]
    return [*indented[:-1], indented[-1] + end] if indented else []
