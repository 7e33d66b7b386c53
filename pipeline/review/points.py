"""Open points of a review: each comment with what was said of it since, and the state that this leads to."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from email.utils import parseaddr

from pipeline.review.continued import gone_on_with
from pipeline.review.messages import Message
from pipeline.review.paragraphs import above_rule
from pipeline.review.people import Authors, display
from pipeline.review.phrases import Phrases, Rules, matches, sentences
from pipeline.review.record import EvidenceRecord, PointRecord, PointState, Role
from pipeline.review.symbols import named
from pipeline.review.talk import Reader
from pipeline.review.turns import Talk, Turn

LONGEST_WORDS = 300
"""Characters of a quotation."""
MOST_LINES = 40
"""Lines of a comment, or of what it stands under, that a record keeps."""
MOST_EVIDENCE = 2
"""The last quotations of a point: what was said and, perhaps, how it ended."""
_RHETORICAL = re.compile(r"\b(?:should|could|would)(?:n'?t| not)\b", re.IGNORECASE)
"""Of a question that asks for what it says."""
_HEDGED = re.compile(r"\b(?:should|might|may|could|would|probably|perhaps|maybe|presumably|guess)\b", re.IGNORECASE)
"""Of an answer that is none for sure."""

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
    numbers = {id(talk): number for number, talk in enumerate(talks, 1)}
    made = tuple(
        _point(number, talk, authors, phrases, link, version, without_cover).model_copy(
            update={"within": numbers.get(id(talk.within))}
        )
        for number, talk in enumerate(talks, 1)
    )
    return gone_on_with(made, talks, phrases)


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
        role=_role(first.message, authors, phrases),
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


def _role(message: Message, authors: Authors, phrases: Phrases) -> Role:
    sender = message.letter.sender
    name, address = parseaddr(sender)
    role = authors.role(sender, message.patch, in_answer=not message.to_patch)
    by_program = matches(phrases.reports, address) or matches(phrases.reports, name)
    return "program" if role and by_program else role


class _Outcome:
    """The state of a point, turn by turn."""

    def __init__(self, authors: Authors, phrases: Phrases, talk: Talk) -> None:
        self._authors, self._phrases = authors, phrases
        self._opener, self._addressee = talk.turns[0].message, talk.asked
        self._author = ""
        self._objector = ""
        self._asked_back = False
        said = phrases.substance(sentences(talk.turns[0].text))
        asking = [sentence.endswith("?") for sentence in sentences(talk.turns[0].text)]
        self._asked = any(asking) and not any(phrases.asks(sentence) for sentence in said if not sentence.endswith("?"))
        self._question = phrases.only_asks(sentences(talk.turns[0].text))
        self._wanted = any(
            (phrases.asks(sentence) and (_RHETORICAL.search(sentence) or not sentence.endswith("?")))
            or matches(phrases.objection, sentence)
            for sentence in said
        )
        # Whoever answers the author; words between reviewers are theirs.
        self._by_id = {turn.message.id for turn in talk.turns}
        self._of_opener = {turn.message.id for turn in talk.turns if turn.message.names[0] == self._opener.names[0]}
        self._by_author = {turn.message.id for turn in talk.turns if self._wrote(turn)}
        self.state: PointState = "volunteered" if talk.volunteered else "unanswered"
        self.evidence: list[tuple[Turn, tuple[str, ...]]] = []
        if talk.volunteered:
            said = sentences(talk.turns[0].text)
            marked = tuple(sentence for sentence in said if matches(phrases.volunteered, sentence))
            self.evidence.append((talk.turns[0], marked or phrases.answer(said).words))
        for turn in talk.turns[1:]:
            said = sentences(turn.text)
            if talk.volunteered:
                self._on_volunteered(turn, said)
            elif self._wrote(turn):
                self._answer(turn, sentences(above_rule(turn.text)))
            else:
                self._reply(turn, said)

    def waits(self) -> tuple[str, str]:
        """The person who waits, and the one who is waited for."""
        author = self._author or (display(self._addressee.letter.sender) if self._addressee else "the author")
        opener = display(self._opener.letter.sender)
        if self.state == "disputed":
            return (self._objector, author) if self._objector else (author, opener)
        if self.state == "undecided" and self._asked_back:
            return author, opener
        if self.state in ("unanswered", "promised", "undecided"):
            return opener, author
        return "", ""

    def _answer(self, turn: Turn, said: Sequence[str]) -> None:
        first = bool(self._author) or self.state != "answered"
        again = bool(self._author)
        self._author = display(turn.message.letter.sender)
        meant = self._phrases.substance(said)
        answer = self._phrases.answer(said, self._question)
        words = answer.words
        so_far = any(self._phrases.agrees(sentence) or matches(self._phrases.already, sentence) for sentence in said)
        if answer.state == "answered" and self._wanted and not so_far:
            self._settle("disputed", turn, (meant or tuple(said))[:1])
            return
        if answer.state == "answered":
            words = tuple((meant or said)[:1])
        # What was promised is not taken back by a word more on it, nor by thanks or a question.
        asks = answer.asks_back or (answer.state == "undecided" and any("?" in sentence for sentence in words))
        if self.state == "promised" and (answer.state in ("answered", "undecided") or asks):
            return
        # What the author says to others leaves what was said to whoever asked.
        if again and self._is_to_others(turn) and answer.state in ("answered", "disputed"):
            return
        # Somebody else has answered, and the author goes on from there.
        if self.state == "answered" and not first and answer.asks_back:
            return
        self.state, self._objector, self._asked_back = answer.state, "", answer.asks_back
        self.evidence.append((turn, words))

    def _reply(self, turn: Turn, said: Sequence[str]) -> None:
        own = turn.message.names[0] == self._opener.names[0]
        decides = not own and self._decides(turn)
        if decides and self.state != "promised" and (words := self._matching(self._phrases.declined, said)):
            self._settle("answered", turn, words)
            return
        if not own and turn.message.parent not in self._by_author:
            self._third_party(turn, said)
            return
        if self.state == "unanswered" and not self._author:
            if own and (words := self._matching(self._phrases.withdrawn, said) or self._own_answer(turn, said)):
                self._settle("answered", turn, words)
            return
        meant = self._phrases.substance(said)
        accepted = tuple(
            sentence for sentence in said if self._phrases.accepts(sentence) and not self._phrases.asks(sentence)
        )
        if own and (words := self._matching(self._phrases.withdrawn, said)) and self.state != "promised":
            self._settle("answered", turn, words)
        elif words := self._matching(self._phrases.disputed, said):
            self._settle("disputed", turn, words, display(turn.message.letter.sender))
        elif self._asked_back and (own or accepted) and not (meant and meant[-1].endswith("?")):
            # The author's question is answered: the next step is the author's again.
            state: PointState = "answered" if self._question else "promised" if accepted else "unanswered"
            self._settle(state, turn, (accepted or meant or tuple(said))[:1])
        elif (
            own
            and not self._is_to_others(turn)
            and said[-1:] != accepted[-1:]
            and (
                (
                    words := tuple(
                        sentence for sentence in meant if sentence.endswith("?") and not self._phrases.asks(sentence)
                    )
                )
                or (not accepted and (words := tuple(filter(self._phrases.wants, meant))))
            )
        ):
            # What others ask is a point of theirs.
            asks = any(map(self._phrases.asks, meant))
            if self.state != "promised" and not asks:
                self._settle("unanswered", turn, words)
        elif accepted and (own or decides) and self.state != "promised":
            self._settle("answered", turn, accepted)
        elif own and meant and not accepted and self.state == "disputed" and not self._is_to_others(turn):
            # Whoever answers why the author does not want it has had the last word.
            self._settle("disputed", turn, meant[:1], display(turn.message.letter.sender))

    def _decides(self, turn: Turn) -> bool:
        """Whether a maintainer of the patch's files says it, of what somebody else wants who is none."""
        said, opened = turn.message, self._opener
        return (
            self._authors.role(said.letter.sender, said.patch) == "maintainer"
            and self._authors.role(opened.letter.sender, opened.patch) != "maintainer"
        )

    def _own_answer(self, turn: Turn, said: Sequence[str]) -> tuple[str, ...]:
        """Words of a person who finds the answer to their own question."""
        meant = self._phrases.substance(said)
        alone = self._asked and turn.message.parent == self._opener.id
        sure = not any(self._phrases.wants(sentence) or _HEDGED.search(sentence) for sentence in meant)
        return meant[:1] if alone and sure else ()

    def _wrote(self, turn: Turn) -> bool:
        """Whether an author says it."""
        message = turn.message
        return self._authors.wrote(message.letter.sender, message.patch, in_answer=not message.to_patch)

    def _is_to_others(self, turn: Turn) -> bool:
        """Whether a turn answers neither whoever opened the point nor the author."""
        return turn.message.parent in self._by_id and turn.message.parent not in {*self._of_opener, *self._by_author}

    def _third_party(self, turn: Turn, said: Sequence[str]) -> None:
        """Somebody who answers in the author's place, as far as there is a question."""
        addressed = self._addressee and turn.message.names[0] == self._addressee.names[0]
        meant = self._phrases.substance(said) or tuple(said)
        asks = any(
            (self._phrases.asks(sentence) and self._phrases.urges(sentence)) or sentence.endswith("?")
            for sentence in meant
        )
        agrees = any(map(self._phrases.accepts, said))
        answers = self._asked and not asks and not agrees
        if self.state == "unanswered" and not self._author and meant and (addressed or answers):
            self._settle("answered", turn, meant[:1])

    def _settle(self, state: PointState, turn: Turn, words: tuple[str, ...], objector: str = "") -> None:
        self.state, self._objector, self._asked_back = state, objector, False
        self.evidence.append((turn, words))

    def _on_volunteered(self, turn: Turn, said: Sequence[str]) -> None:
        """What others say of the author's own plan leaves it a plan; the author may drop it."""
        answer = self._phrases.answer(said)
        if self._wrote(turn) and answer.state == "disputed":
            self._settle("answered", turn, answer.words)

    @staticmethod
    def _matching(rules: Rules, said: Sequence[str]) -> tuple[str, ...]:
        return tuple(sentence for sentence in said if matches(rules, sentence))


def _shortened(words: str) -> str:
    return words if len(words) <= LONGEST_WORDS else words[: LONGEST_WORDS - 1].rstrip() + "…"
