"""Who says what at each place of a thread: comments, and what was said of each since."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

from pipeline.review.messages import Authors, Message
from pipeline.review.phrases import Phrases, matches, sentences
from pipeline.review.quoting import TRAILER, Passage, comment, trimmed


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
        return next((at for at in range(len(self.text) - 1, -1, -1) if (line := self._lines[at]) and line in said), -1)

    @cached_property
    def _lines(self) -> tuple[str, ...]:
        return tuple(map(_words, self.text))


@dataclass
class Talk:
    """A point while the thread is read; what a reviewer asks of another reviewer's words is asked of that one."""

    turns: list[Turn]
    volunteered: bool = False
    asked: Message | None = None


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
        self._places: dict[str, list[tuple[Talk, Turn]]] = {}
        self._answered: dict[str, list[tuple[str, ...]]] = {}

    def read(self) -> list[Talk]:
        """Every point with its turns, in the thread's order."""
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

    def _targets(self, message: Message, passage: Passage) -> list[tuple[Talk, Turn]]:
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
                talk = Talk([Turn(message, passage.quoted, piece)], asked=self._asked(message, passage, piece))
                self.talks.append(talk)
                self._places.setdefault(message.id, []).append((talk, talk.turns[0]))
            start = end

    def _asked(self, message: Message, passage: Passage, text: Sequence[str]) -> Message | None:
        """The other reviewer's mail whose own words a remark stands under, unless it calls the series' author.

        Beneath another's Reviewed-by people go on about the series.
        """
        parent = self._by_id.get(message.parent)
        if parent is None or self.authors.wrote(parent) or parent.names[0] == message.names[0]:
            return None
        last = next((line for line in reversed(passage.quoted) if line.strip()), ">")
        of_others = last.startswith(">") or TRAILER.match(last.strip())
        return None if of_others or self.authors.calls(text) else parent

    def _cuts(self, turn: Turn) -> list[int]:
        """Positions in a comment behind which somebody answers."""
        found = set()
        for answered in self._quoted_from(turn.message.id):
            found.add(turn.last_of(answered) + 1)
        return sorted(found - {0, len(turn.text)})

    def _quoted_from(self, message_id: str) -> list[tuple[str, ...]]:
        """What is quoted of a message wherever somebody answers it."""
        if message_id not in self._answered:
            self._answered[message_id] = [
                passage.answered
                for answer in self._answers.get(message_id, [])
                for passage in answer.text.passages
                if comment(passage.text, answer.names, self.phrases)
            ]
        return self._answered[message_id]

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
        talk = Talk([Turn(message, (), text[start:end])], volunteered=True)
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


def _words(text: str) -> str:
    return " ".join(text.split())


def _line_of(text: Sequence[str], sentence: str) -> int:
    """The line that a sentence begins in."""
    wanted = sentence.split()[:3]
    for at in range(len(text)):
        if " ".join(wanted) in _words(" ".join(text[at : at + 2])) and wanted[0] in text[at].split():
            return at
    return 0
