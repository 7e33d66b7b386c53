"""Open points of a review: each comment with what was said of it since, and the state that this leads to."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from pipeline.review.messages import Authors, Message, display
from pipeline.review.phrases import Phrases, Rules, matches, sentences
from pipeline.review.record import EvidenceRecord, PointRecord, PointState
from pipeline.review.symbols import named
from pipeline.review.talk import Reader, Talk, Turn

LONGEST_WORDS = 300
"""Characters of a quotation."""
MOST_LINES = 40
"""Lines of a comment, or of what it stands under, that a record keeps."""
MOST_EVIDENCE = 2
"""Quotations, the last ones: what was said and, perhaps, what came of it."""

Link = Callable[[str], str]


def points(
    messages: Sequence[Message], authors: Authors, phrases: Phrases, link: Link, version: int, without_cover: bool
) -> tuple[PointRecord, ...]:
    """The points of a thread, in its order.

    Args:
        link: where a message-id is read.
        version: of the series.
        without_cover: the series has no cover letter, so that nothing is about patch 0.
    """
    talks = Reader(messages, authors, phrases).read()
    return tuple(
        _point(number, talk, authors, phrases, link, version, without_cover) for number, talk in enumerate(talks, 1)
    )


def _point(
    number: int, talk: Talk, authors: Authors, phrases: Phrases, link: Link, version: int, without_cover: bool
) -> PointRecord:
    first = talk.turns[0]
    outcome = _Outcome(authors, phrases, talk)
    waiting, waiting_for = outcome.waits()
    patch = first.message.patch or (1 if without_cover else None)
    return PointRecord(
        number=number,
        message_id=first.message.id,
        link=link(first.message.id),
        author=first.message.letter.sender,
        date=first.message.letter.date,
        patch=patch,
        revision=version,
        quoted=first.quoted[-MOST_LINES:],
        text=first.text[:MOST_LINES],
        state=outcome.state,
        waiting=waiting,
        waiting_for=waiting_for,
        symbols=named(first.text, first.quoted),
        evidence=tuple(
            EvidenceRecord(
                message_id=turn.message.id,
                link=link(turn.message.id),
                author=turn.message.letter.sender,
                words=_shortened(" ".join(words)),
            )
            for turn, words in outcome.evidence[-MOST_EVIDENCE:]
        ),
    )


class _Outcome:
    """The state of a point, turn by turn."""

    def __init__(self, authors: Authors, phrases: Phrases, talk: Talk) -> None:
        self._authors, self._phrases = authors, phrases
        self._opener, self._addressee = talk.turns[0].message, talk.asked
        self._author = ""
        self._objector = ""
        self._asked = any("?" in line for line in talk.turns[0].text)
        # Whoever answers the author; words between reviewers are theirs.
        self._by_author = {turn.message.id for turn in talk.turns if authors.wrote(turn.message)}
        self.state: PointState = "volunteered" if talk.volunteered else "unanswered"
        self.evidence: list[tuple[Turn, tuple[str, ...]]] = []
        if talk.volunteered:
            said = sentences(talk.turns[0].text)
            marked = tuple(one for one in said if matches(phrases.volunteered, one))
            self.evidence.append((talk.turns[0], marked or phrases.answer(said)[1]))
        for turn in talk.turns[1:]:
            said = sentences(turn.text)
            if talk.volunteered:
                self._on_volunteered(turn, said)
            elif authors.wrote(turn.message):
                self._answer(turn, said)
            else:
                self._reply(turn, said)

    def waits(self) -> tuple[str, str]:
        """Who waits, and for whom."""
        author = self._author or (display(self._addressee.letter.sender) if self._addressee else "the author")
        opener = display(self._opener.letter.sender)
        if self.state in ("unanswered", "promised", "undecided"):
            return opener, author
        if self.state == "disputed":
            return (self._objector, author) if self._objector else (author, opener)
        return "", ""

    def _answer(self, turn: Turn, said: Sequence[str]) -> None:
        self._author = display(turn.message.letter.sender)
        meant = self._phrases.substance(said) or said
        state, words = self._phrases.answer(said, self._asked)
        if state == "answered":
            words = tuple(meant[:1])
        # What was promised is not taken back by a word more on it.
        if state == "answered" and self.state == "promised":
            return
        self.state, self._objector = state, ""
        self.evidence.append((turn, words))

    def _reply(self, turn: Turn, said: Sequence[str]) -> None:
        own = turn.message.names[0] == self._opener.names[0]
        if self._addressee and turn.message.names[0] == self._addressee.names[0]:
            if self.state == "unanswered":
                self.state = "answered"
                self.evidence.append((turn, tuple((self._phrases.substance(said) or said)[:1])))
            return
        if not own and turn.message.parent not in self._by_author:
            return
        if self.state == "unanswered" and not self._author:
            if own and (words := self._matching(self._phrases.withdrawn, said)):
                self.state = "answered"
                self.evidence.append((turn, words))
            return
        if words := self._matching(self._phrases.disputed, said):
            self.state, self._objector = "disputed", display(turn.message.letter.sender)
        elif words := self._matching(self._phrases.accepted, said):
            if not own or self.state == "promised":
                return
            self.state = "answered"
        elif (words := self._matching(self._phrases.request, said)) and self.state != "promised":
            self.state = "unanswered"
        else:
            return
        self.evidence.append((turn, words))

    def _on_volunteered(self, turn: Turn, said: Sequence[str]) -> None:
        """What others say of the author's own plan leaves it a plan; the author may drop it."""
        if self._authors.wrote(turn.message) and self._phrases.answer(said)[0] == "disputed":
            self.state = "answered"
            self.evidence.append((turn, self._phrases.answer(said)[1]))

    @staticmethod
    def _matching(rules: Rules, said: Sequence[str]) -> tuple[str, ...]:
        return tuple(one for one in said if matches(rules, one))


def _shortened(words: str) -> str:
    return words if len(words) <= LONGEST_WORDS else words[: LONGEST_WORDS - 1].rstrip() + "…"
