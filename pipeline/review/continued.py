"""Points that are gone on with in other words, or through other people: what was said to those counts."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise

from pipeline.review.comments import Discussion
from pipeline.review.phrases import Phrases, matches, sentences
from pipeline.review.record import PointRecord

_CONSENT = re.compile(r"\b(?:agree|right|correct|sense|ok|okay|true)\W*\?\W*$", re.IGNORECASE)
"""The end of a question that wants to hear yes."""


def with_later_answers(
    made: Sequence[PointRecord], discussions: Sequence[Discussion], phrases: Phrases
) -> tuple[PointRecord, ...]:
    """Whoever is not content with the answer may put it in other words, at the end: what was said to those counts.

    A question that was answered stays so, whatever is asked for then.
    """
    result = [*made]
    for point, discussion in zip(reversed(made), reversed(discussions), strict=True):
        above = result[point.within - 1] if point.within else None
        if above is None or discussion.within is None:
            continue
        later = result[point.number - 1]
        if not _goes_on(discussion, discussion.within, phrases):
            if above.state == "unanswered" and later.author != above.author:
                if _seconds(later, phrases):
                    result[above.number - 1] = _in_state_of(above, later)
                elif _is_confirmed(discussion, phrases) and any(text.endswith("?") for text in sentences(above.text)):
                    result[above.number - 1] = above.model_copy(
                        update={"state": "answered", "waiting": "", "waiting_for": ""}
                    )
            continue
        follows = (above.state == "disputed" or later.state != "unanswered") and above.state != "promised"
        first = sentences(point.text)[:1]
        accepted = any(phrases.accepts(sentence) and not phrases.asks(sentence) for sentence in first)
        wanted = later.state == "promised" and not (accepted or phrases.only_asks(sentences(above.text)))
        if follows and (above.state != "answered" or wanted):
            result[above.number - 1] = _in_state_of(above, later)
    for before, point in pairwise(made):
        again = point.message_id == before.message_id and matches(phrases.repeated, " ".join(point.text).strip())
        if again and result[before.number - 1].state == "unanswered" and result[point.number - 1].state == "promised":
            # Whoever answers `same here` answers the comment before it, too.
            result[before.number - 1] = _in_state_of(before, result[point.number - 1])
    return tuple(result)


def _in_state_of(point: PointRecord, other: PointRecord) -> PointRecord:
    return point.model_copy(update={"state": other.state, "waiting": other.waiting, "waiting_for": other.waiting_for})


def _seconds(later: PointRecord, phrases: Phrases) -> bool:
    """Whether another reviewer wants the same, and the author has promised that."""
    first = sentences(later.text)[:1]
    accepted = any(phrases.accepts(sentence) or matches(phrases.conceded, sentence) for sentence in first)
    return accepted and later.state == "promised"


def _is_confirmed(discussion: Discussion, phrases: Phrases) -> bool:
    """Whether a reviewer answers, asks whether that is right, and hears yes."""
    answers = [said[0] for comment in discussion.comments[1:] if (said := sentences(comment.text))]
    return bool(_CONSENT.search(" ".join(discussion.comments[0].text))) and any(map(phrases.agrees, answers))


def _seconders(discussion: Discussion, phrases: Phrases) -> list[str]:
    """Who said of a point, to whoever opened it, that it is right."""
    opener = discussion.comments[0].message
    return [
        comment.message.names[0]
        for comment in discussion.comments[1:]
        if comment.message.parent == opener.id
        and any(matches(phrases.seconded, sentence) for sentence in sentences(comment.text)[:1])
    ]


def _goes_on(discussion: Discussion, above: Discussion, phrases: Phrases) -> bool:
    """Whether a point is the last word of who opened or seconded the other, beside what its own answers say of both."""
    first = discussion.comments[0].message
    messages = [comment.message for comment in above.comments]
    asked = {messages[0].names[0], *_seconders(above, phrases)}
    if first.names[0] not in asked or not any(message is first for message in messages):
        return False
    after = messages[max(at for at, message in enumerate(messages) if message is first) + 1 :]
    return all(any(comment.message is message for comment in discussion.comments) for message in after)
