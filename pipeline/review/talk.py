"""Who says what at each place of a thread: comments, and what was said of each since."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

from pipeline.mail.given import is_trailer
from pipeline.review.alignment import Quotation, words
from pipeline.review.changelog import heading
from pipeline.review.messages import Authors, Message
from pipeline.review.paragraphs import fresh_starts, goes_on, line_of, prose, repeats
from pipeline.review.phrases import Phrases, matches, sentences
from pipeline.review.quoting import Passage, comment, corrects, trimmed

_MORE_THAN_THAT = re.compile(r"\?|\bplease\b|\bbut\b", re.IGNORECASE)
_YES_OR_NO = re.compile(r"(?:yes|yep|yeah|no|nope|correct|right|exactly|indeed|sure)\b(?! need)", re.IGNORECASE)
_APPROVAL = re.compile(r"(?:review|ack|test)", re.IGNORECASE)


@dataclass(frozen=True)
class Turn:
    """What somebody says at one place of a message: lines of code or text, and the words beneath.

    Args:
        passage: number of the place in its message; a comment of several points is at one place.
    """

    message: Message
    quoted: tuple[str, ...]
    text: tuple[str, ...]
    passage: int = 0

    def last_of(self, quotation: Quotation, in_part: bool = True) -> int:
        """Position of the last line here that is quoted, or -1."""
        return next(reversed(quotation.positions(self.lines, in_part)), -1)

    @cached_property
    def lines(self) -> tuple[str, ...]:
        return tuple(map(words, self.text))

    @property
    def of_code(self) -> bool:
        """It stands under a changed line."""
        return self.above[:1] in ("+", "-")

    @property
    def above(self) -> str:
        return next((line for line in reversed(self.quoted) if line.strip()), "")

    @cached_property
    def under(self) -> str:
        """The last line that it stands under, as a quotation of the message has it."""
        return next((words(line.lstrip("> ")) for line in reversed(self.quoted) if line.strip(" >")), "")


@dataclass
class Talk:
    """A point while the thread is read; what a reviewer asks of another reviewer's words is asked of that one.

    Args:
        within: the point in whose answers this one is raised.
    """

    turns: list[Turn]
    volunteered: bool = False
    asked: Message | None = None
    within: Talk | None = None


Place = tuple[Talk, Turn]


@dataclass
class Reader:
    """Goes through the messages in order, and keeps which turns each of them has."""

    messages: Sequence[Message]
    authors: Authors
    phrases: Phrases
    talks: list[Talk] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._by_id = {message.id: message for message in self.messages}
        self._answers: dict[str, list[Message]] = {}
        for message in self.messages:
            self._answers.setdefault(message.parent, []).append(message)
        self._places: dict[str, list[Place]] = {}
        self._answered: dict[str, list[Quotation]] = {}
        self._reached: tuple[int, int] = (-1, -1)

    def read(self) -> list[Talk]:
        """Every point with its turns, in the thread's order."""
        for message in self.messages:
            passages = [(number, part) for number, part in enumerate(message.text.passages) if part.text]
            # Above all quotes (or with none) a text is about the whole; a greeting there is not.
            self._reached = (-1, -1)
            placed = [self._targets(message, passage) for _, passage in passages]
            for (number, passage), targets in zip(passages, placed, strict=True):
                text = comment(passage.text, message.names, self.phrases, passage.last)
                if text:
                    self._say(message, Turn(message, passage.quoted, text, number), targets, alone=not any(placed))
            self._say_to_all(message)
        return self.talks

    def _say(self, message: Message, turn: Turn, targets: list[Place], alone: bool) -> None:
        by_author = self.authors.wrote(message)
        if not targets and alone and (by_author or self._answers_author(message)):
            targets = self._places.get(message.parent, [])
        if by_author:
            left = self._without_volunteered(message, turn.text, bool(targets))
            turn = replace(turn, text=left)
        if targets and turn.text:
            for talk, _ in targets:
                talk.turns.append(turn)
                self._places.setdefault(message.id, []).append((talk, turn))
            if not by_author and self._raises(message, turn, targets[-1][0]):
                self._open(turn, targets[-1][0])
        elif turn.text and not by_author:
            self._open(turn, None)

    def _say_to_all(self, message: Message) -> None:
        """A promise about all comments of the mail above is one about those that it does not quote, too."""
        own = self._places.get(message.id, [])
        if not self.authors.wrote(message):
            return
        for turn in {id(turn): turn for _, turn in own}.values():
            said = [sentence for sentence in sentences(turn.text) if matches(self.phrases.everything, sentence)]
            if said and self.phrases.answer(said).state == "promised":
                answered = {id(talk) for talk, _ in own}
                for talk, _ in self._places.get(message.parent, []):
                    if id(talk) not in answered:
                        talk.turns.append(turn)
                        self._places[message.id].append((talk, turn))

    def _answers_author(self, message: Message) -> bool:
        parent = self._by_id.get(message.parent)
        return parent is not None and self.authors.wrote(parent)

    def _raises(self, message: Message, turn: Turn, talk: Talk) -> bool:
        """Whether a reviewer's words in a talk make a point of their own beside going on with it."""
        said = self.phrases.substance(sentences(turn.text))
        said = tuple(sentence for sentence in said if not matches(self.phrases.disputed, sentence))
        if message.names[0] == talk.turns[0].message.names[0]:
            return any(map(self.phrases.asks, said))
        # A remark that asks for something is no answer to the words that it stands under.
        return any(map(self._is_of_its_own, said))

    def _is_of_its_own(self, sentence: str) -> bool:
        """A request, question or objection."""
        return self.phrases.asks(sentence) or sentence.endswith("?") or matches(self.phrases.objection, sentence)

    def _targets(self, message: Message, passage: Passage) -> list[Place]:
        """The turns of the parent that the end of a passage's quotation comes from.

        Whoever answers goes through a mail from its top: of lines that are the same, those further down are meant.
        """
        quotation = Quotation(passage.answered)
        possible = [
            (number, at, place)
            for number, place in enumerate(self._places.get(message.parent, []))
            if (at := place[1].last_of(quotation)) >= 0
        ]
        further = [candidate for candidate in possible if candidate[:2] > self._reached] or possible
        if not further:
            return []
        last = max(further, key=lambda candidate: (quotation.end(candidate[2][1].lines[candidate[1]]), candidate[0]))
        line = last[2][1].lines[last[1]]
        place = last[2][1].passage
        alike = [
            candidate
            for candidate in further
            if candidate[2][1].lines[candidate[1]] == line and candidate[2][1].passage != place
        ]
        if alike:
            code = {words(quoted.lstrip("> ")) for quoted in passage.quoted}
            candidates = [*alike, last]
            last = next((candidate for candidate in candidates if candidate[2][1].under in code), candidates[0])
        self._reached = last[:2]
        meant = [place for number, _, place in further if place[1].passage == last[2][1].passage and number <= last[0]]
        # Of words that go on with a point and raise another, the other one is open.
        raised = {id(talk.within) for talk, turn in meant if talk.turns[0] is turn}
        return [(talk, turn) for talk, turn in meant if id(talk) not in raised]

    def _open(self, whole: Turn, within: Talk | None) -> None:
        """A comment, cut where its answers cut it; what no answer quotes counts when it asks for something."""
        message, text = whole.message, whole.text
        answered = self._cuts(whole)
        start = 0
        for end in [*sorted({*answered, *fresh_starts(text, self.phrases)}), len(text)]:
            piece = trimmed(text[start:end])
            said = self.phrases.substance(sentences(prose(piece)))
            # In talk under another's mail, or where answers passed it over, a remark that asks for nothing is none;
            # beside a Reviewed-by or a word of consent it has to ask in so many words.
            passed_over = bool(answered) and end == len(text) and start > 0
            weak = passed_over or message.parent in self._by_id or (not whole.quoted and message.text.has_places)
            if start > 0 and said and all(matches(self.phrases.code, sentence) for sentence in said):
                counts = False
            elif self._answers_question(whole, piece):
                counts = any(_MORE_THAN_THAT.search(sentence) and self._is_of_its_own(sentence) for sentence in said)
            elif within or self._approves(whole) or self.phrases.consents(sentences(piece)):
                counts = any(map(self._is_of_its_own, said)) or corrects(" ".join(piece), whole.above)
            else:
                rules = (*self.phrases.request, *self.phrases.asking)
                asks = any(matches(rules, sentence) for sentence in said)
                counts = bool(said) and (asks or not weak)
                counts = counts or (whole.of_code and repeats(piece, self.phrases))
            if counts and not self.authors.passed_over(message, piece):
                turn = replace(whole, text=piece)
                talk = Talk([turn], asked=self._asked(whole), within=within)
                self.talks.append(talk)
                self._places.setdefault(message.id, []).append((talk, turn))
            start = end

    def _answers_question(self, whole: Turn, piece: Sequence[str]) -> bool:
        """A yes or no below a question of the author."""
        parent = self._by_id.get(whole.message.parent)
        asked = whole.under.endswith("?") and parent is not None and self.authors.wrote(parent)
        return asked and any(map(_YES_OR_NO.match, sentences(piece)[:1]))

    def _approves(self, turn: Turn) -> bool:
        """Whether a mail approves; what a condition is about stands under the code."""
        under_code = any(line[:1] in ("+", "-", "@") for line in turn.quoted)
        return any(
            _APPROVAL.match(trailer.name) and not (trailer.conditional and under_code) for trailer in turn.message.given
        )

    def _asked(self, turn: Turn) -> Message | None:
        """The other reviewer's mail whose own words a remark stands under, unless it calls the series' author.

        Beneath another's Reviewed-by people go on about the series.
        """
        parent = self._by_id.get(turn.message.parent)
        if parent is None or self.authors.wrote(parent) or parent.names[0] == turn.message.names[0]:
            return None
        of_others = not turn.above or turn.above.startswith(">") or is_trailer(turn.above)
        asked_for = any(self.phrases.asks(sentence) for sentence in sentences(turn.text))
        return None if of_others or asked_for or self.authors.calls(turn.text) else parent

    def _cuts(self, turn: Turn) -> list[int]:
        """Positions in a comment behind which somebody answers."""
        cuts = set()
        for quotation in self._quoted_from(turn.message.id):
            cuts.add(turn.last_of(quotation, in_part=False) + 1)
        return sorted(cuts - {0, len(turn.text)})

    def _quoted_from(self, message_id: str) -> list[Quotation]:
        """What is quoted of a message wherever somebody answers it."""
        if message_id not in self._answered:
            self._answered[message_id] = [
                Quotation(passage.answered)
                for answer in self._answers.get(message_id, [])
                for passage in answer.text.passages
                if comment(passage.text, answer.names, self.phrases, passage.last)
            ]
        return self._answered[message_id]

    def _without_volunteered(self, message: Message, text: tuple[str, ...], answers: bool) -> tuple[str, ...]:
        """Makes points of their own of what the author means to do unasked, and returns the rest.

        An author who answers no comment and promises something volunteers, too.
        """
        if heading(text[0] if text else "") and message.parent not in self._by_id:
            # Some forget the list of changes, and answer their own patch with it.
            return text
        said = sentences(text)
        unasked = not answers and not self._small_talk(message)
        first = next(
            (
                at
                for at, sentence in enumerate(said)
                if self._volunteers(sentence, unasked) and not (answers and goes_on(sentence))
            ),
            None,
        )
        if first is None:
            return text
        start = line_of(text, said[first])
        end = next((at for at in range(start, len(text)) if not text[at].strip()), len(text))
        talk = Talk([Turn(message, (), text[start:end])], volunteered=True)
        self.talks.append(talk)
        self._places.setdefault(message.id, []).append((talk, talk.turns[0]))
        return comment((*text[:start], *text[end:]), message.names, self.phrases)

    def _volunteers(self, sentence: str, unasked: bool) -> bool:
        if matches(self.phrases.volunteered, sentence):
            return True
        promised = self.phrases.answer([sentence]).state == "promised"
        return unasked and promised and matches(self.phrases.intended, sentence)

    def _small_talk(self, message: Message) -> bool:
        """An answer to a message that makes no point: thanks for a Reviewed-by, say."""
        parent = self._by_id.get(message.parent)
        return parent is not None and parent.id not in self._places
