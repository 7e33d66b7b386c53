"""Open points of a review: each comment with what was said of it since, and the state that this leads to."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from pipeline.review.messages import Authors, Message, display
from pipeline.review.phrases import Phrases, Rules, matches, sentences
from pipeline.review.quoting import Passage, comment, trimmed
from pipeline.review.record import EvidenceRecord, PointRecord, PointState
from pipeline.review.symbols import named

LONGEST_WORDS = 300
"""Characters of a quotation."""
MOST_LINES = 40
"""Lines of a comment, or of what it stands under, that a record keeps."""
MOST_EVIDENCE = 2
"""Quotations, the last ones: what was said and, perhaps, what came of it."""

Link = Callable[[str], str]


@dataclass(frozen=True)
class Turn:
    """What somebody says at one place of a message: lines of code or text, and the words beneath."""

    message: Message
    quoted: tuple[str, ...]
    text: tuple[str, ...]

    def holds(self, quoted: Sequence[str]) -> bool:
        """Whether one of the lines is quoted from here."""
        return self.last_of(quoted) >= 0

    def last_of(self, quoted: Sequence[str]) -> int:
        """Position of the last line here that is quoted, or -1; where programs wrap lines is no matter."""
        said = _words("\n".join(quoted))
        return max((at for at, line in enumerate(self.text) if line.strip() and _words(line) in said), default=-1)


@dataclass
class _Talk:
    """A point while the thread is read."""

    turns: list[Turn]
    volunteered: bool = False


@dataclass
class _Reader:
    """Goes through the messages in order, and keeps which turns each of them has."""

    messages: Sequence[Message]
    authors: Authors
    phrases: Phrases
    talks: list[_Talk] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._by_id = {message.id: message for message in self.messages}
        self._answers: dict[str, list[Message]] = {}
        for message in self.messages:
            self._answers.setdefault(message.parent, []).append(message)
        self._places: dict[str, list[tuple[_Talk, Turn]]] = {}

    def read(self) -> list[_Talk]:
        for message in self.messages:
            passages = [passage for passage in message.text.passages if passage.text]
            # Above all quotes (or with none) a text is about the whole; a greeting there is not.
            placed = [bool(self._targets(message, passage)) for passage in passages]
            for passage in passages:
                text = comment(passage.text, message.names, self.phrases)
                if text:
                    self._say(message, passage, text, alone=not any(placed))
        return self.talks

    def _say(self, message: Message, passage: Passage, text: tuple[str, ...], alone: bool) -> None:
        by_author = self.authors.wrote(message)
        targets = self._targets(message, passage)
        if not targets and by_author and alone:
            targets = self._places.get(message.parent, [])
        if by_author:
            text = self._without_volunteered(message, text, bool(targets))
        if targets and text:
            turn = Turn(message, passage.quoted, text)
            for talk, _ in targets[-1:] if not alone else targets:
                talk.turns.append(turn)
                self._places.setdefault(message.id, []).append((talk, turn))
        elif text and not by_author:
            self._open(message, passage, text)

    def _targets(self, message: Message, passage: Passage) -> list[tuple[_Talk, Turn]]:
        """The turns of the parent that the end of a passage's quotation comes from."""
        found = [(talk, turn) for talk, turn in self._places.get(message.parent, []) if turn.holds(passage.answered)]
        return found[-1:]

    def _open(self, message: Message, passage: Passage, text: tuple[str, ...]) -> None:
        """A comment, cut where its answers cut it; what no answer quotes counts when it asks for something."""
        turn = Turn(message, passage.quoted, text)
        start = 0
        for end in [*self._cuts(turn), len(text)]:
            piece = trimmed(text[start:end])
            said = self.phrases.substance(sentences(piece))
            # Beside a Reviewed-by, in talk under another's mail, or where answers passed it over, a remark that asks
            # for nothing is none.
            passed_over = start > 0 and end == len(text)
            weak = passed_over or bool(message.text.trailers) or message.parent in self._by_id
            if said and (not weak or any(matches(self.phrases.request, one) for one in said)):
                talk = _Talk([Turn(message, passage.quoted, piece)])
                self.talks.append(talk)
                self._places.setdefault(message.id, []).append((talk, talk.turns[0]))
            start = end

    def _cuts(self, turn: Turn) -> list[int]:
        """Positions in a comment behind which somebody answers."""
        found = set()
        for answer in self._answers.get(turn.message.id, []):
            for passage in answer.text.passages:
                if comment(passage.text, answer.names, self.phrases):
                    found.add(turn.last_of(passage.answered) + 1)
        return sorted(found - {0, len(turn.text)})

    def _without_volunteered(self, message: Message, text: tuple[str, ...], answers: bool) -> tuple[str, ...]:
        """Makes points of their own of what the author means to do unasked, and returns the rest.

        An author who answers no comment and promises something volunteers, too.
        """
        said = sentences(text)
        unasked = not answers and not self._small_talk(message)
        first = next((at for at, one in enumerate(said) if self._volunteers(one, unasked)), None)
        if first is None:
            return text
        start = _line_of(text, said[first])
        end = next((at for at in range(start, len(text)) if not text[at].strip()), len(text))
        talk = _Talk([Turn(message, (), text[start:end])], volunteered=True)
        self.talks.append(talk)
        self._places.setdefault(message.id, []).append((talk, talk.turns[0]))
        return comment((*text[:start], *text[end:]), message.names, self.phrases)

    def _volunteers(self, sentence: str, unasked: bool) -> bool:
        if matches(self.phrases.volunteered, sentence):
            return True
        promised = self.phrases.answer([sentence])[0] == "promised"
        return unasked and promised and matches(self.phrases.intended, sentence)

    def _small_talk(self, message: Message) -> bool:
        """An answer to a message that makes no point: thanks for a Reviewed-by, say."""
        parent = self._by_id.get(message.parent)
        return parent is not None and parent.id not in self._places


def points(
    messages: Sequence[Message], authors: Authors, phrases: Phrases, link: Link, version: int, without_cover: bool
) -> tuple[PointRecord, ...]:
    """The points of a thread, in its order.

    Args:
        link: where a message-id is read.
        version: of the series.
        without_cover: the series has no cover letter, so that nothing is about patch 0.
    """
    talks = _Reader(messages, authors, phrases).read()
    return tuple(
        _point(number, talk, authors, phrases, link, version, without_cover) for number, talk in enumerate(talks, 1)
    )


def _point(
    number: int, talk: _Talk, authors: Authors, phrases: Phrases, link: Link, version: int, without_cover: bool
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

    def __init__(self, authors: Authors, phrases: Phrases, talk: _Talk) -> None:
        self._authors, self._phrases = authors, phrases
        self._opener = talk.turns[0].message
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
        author = self._author or "the author"
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


def _words(text: str) -> str:
    return " ".join(text.split())


def _line_of(text: Sequence[str], sentence: str) -> int:
    """The line that a sentence begins in."""
    wanted = sentence.split()[:3]
    for at in range(len(text)):
        if " ".join(wanted) in _words(" ".join(text[at : at + 2])) and wanted[0] in text[at].split():
            return at
    return 0


def _shortened(words: str) -> str:
    return words if len(words) <= LONGEST_WORDS else words[: LONGEST_WORDS - 1].rstrip() + "…"
