"""Open points of a review: each comment with what was said of it since, and the state that this leads to."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from pipeline.review.comments import Comment, Discussion
from pipeline.review.continued import with_later_answers
from pipeline.review.discussions import Reader
from pipeline.review.messages import Message, role_of
from pipeline.review.paragraphs import above_rule
from pipeline.review.people import Authors, display
from pipeline.review.phrases import Phrases, Rules, matches, sentences
from pipeline.review.record import EvidenceRecord, PointRecord, PointState
from pipeline.review.symbols import named

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

_PROPOSES = re.compile(r"\bshould\b[^?]{1,60}?\bbe (?:\w+ ){0,2}?\w+e[dn]\b[^?]{0,500}\?$", re.IGNORECASE)
_CONDITION = re.compile(r"\b(?:if|unless|should you)\b", re.IGNORECASE)

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
    discussions = Reader(messages, authors, phrases).read()
    numbers = {id(discussion): number for number, discussion in enumerate(discussions, 1)}
    made = tuple(
        _point(number, discussion, authors, phrases, link, version, without_cover).model_copy(
            update={"within": numbers.get(id(discussion.within))}
        )
        for number, discussion in enumerate(discussions, 1)
    )
    return with_later_answers(made, discussions, phrases)


def _point(
    number: int,
    discussion: Discussion,
    authors: Authors,
    phrases: Phrases,
    link: Link,
    version: int,
    without_cover: bool,
) -> PointRecord:
    first = discussion.comments[0]
    outcome = _Outcome(authors, phrases, discussion)
    waiting, waiting_for = outcome.waits()
    patch = first.message.patch or (1 if without_cover else None)
    return PointRecord(
        number=number,
        message_id=first.message.id,
        link=link(first.message.id),
        author=first.message.letter.sender,
        role=role_of(first.message, authors, phrases),
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
                message_id=comment.message.id,
                link=link(comment.message.id),
                author=comment.message.letter.sender,
                words=_shortened(" ".join(words)),
            )
            for comment, words in outcome.evidence[-MOST_EVIDENCE:]
        ),
    )


class _Outcome:
    """The state of a point, comment by comment."""

    def __init__(self, authors: Authors, phrases: Phrases, discussion: Discussion) -> None:
        self._authors, self._phrases = authors, phrases
        self._opener, self._addressee = discussion.comments[0].message, discussion.asked
        self._author = ""
        self._objector = ""
        self._asked_back = False
        said = phrases.substance(sentences(discussion.comments[0].text))
        asking = [sentence.endswith("?") for sentence in sentences(discussion.comments[0].text)]
        self._asked = any(asking) and not any(phrases.asks(sentence) for sentence in said if not sentence.endswith("?"))
        self._proposes = any(map(_PROPOSES.search, said[-1:]))
        self._question = phrases.only_asks(sentences(discussion.comments[0].text))
        self._wanted = any(
            (phrases.asks(sentence) and (_RHETORICAL.search(sentence) or not sentence.endswith("?")))
            or matches(phrases.objection, sentence)
            for sentence in said
        )
        # Whoever answers the author; words between reviewers are theirs.
        self._by_id = {comment.message.id for comment in discussion.comments}
        self._of_opener = {
            comment.message.id for comment in discussion.comments if comment.message.names[0] == self._opener.names[0]
        }
        self._by_author = {comment.message.id for comment in discussion.comments if self._wrote(comment)}
        self.state: PointState = "volunteered" if discussion.volunteered else "unanswered"
        self.evidence: list[tuple[Comment, tuple[str, ...]]] = []
        if discussion.volunteered:
            said = sentences(discussion.comments[0].text)
            marked = tuple(sentence for sentence in said if matches(phrases.volunteered, sentence))
            self.evidence.append((discussion.comments[0], marked or phrases.answer(said).words))
        for comment in discussion.comments[1:]:
            said = sentences(comment.text)
            if discussion.volunteered:
                self._on_volunteered(comment, said)
            elif self._wrote(comment):
                others, text = comment.message.others(self._opener), above_rule(comment.text)
                if to_opener := sentences(self._authors.spoken_to(others, text, lasting=False)):
                    self._answer(comment, to_opener)
            else:
                self._reply(comment, said)

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

    def _answer(self, comment: Comment, said: Sequence[str]) -> None:
        first = bool(self._author) or self.state != "answered"
        again = bool(self._author)
        self._author = display(comment.message.letter.sender)
        meant = self._phrases.substance(said)
        answer = self._phrases.answer(said, self._question)
        words = answer.words
        settled = (*self._phrases.already, *self._phrases.relieved)
        so_far = any(self._phrases.agrees(sentence) or matches(settled, sentence) for sentence in said)
        # What the author says to others leaves what was said to whoever asked.
        if (
            (again or self.state == "answered")
            and self._is_to_others(comment)
            and answer.state in ("answered", "disputed")
        ):
            return
        if answer.state == "answered" and (self._wanted or self._objector) and not so_far:
            self._settle("disputed", comment, (meant or tuple(said))[:1])
            return
        if answer.state == "answered":
            words = tuple((meant or said)[:1])
        # What was promised is not taken back by a word more on it, nor by thanks or a question.
        asks = answer.asks_back or (answer.state == "undecided" and any("?" in sentence for sentence in words))
        if self.state == "promised" and (answer.state in ("answered", "undecided") or asks):
            return
        # Somebody else has answered, and the author goes on from there.
        if self.state == "answered" and not first and answer.asks_back:
            return
        self.state, self._objector, self._asked_back = answer.state, "", answer.asks_back
        self.evidence.append((comment, words))

    def _reply(self, comment: Comment, said: Sequence[str]) -> None:
        own = comment.message.names[0] == self._opener.names[0]
        decides = not own and self._decides(comment)
        if decides and self.state != "promised" and (words := self._matching(self._phrases.declined, said)):
            self._settle("answered", comment, words)
            return
        if not own and comment.message.parent not in self._by_author:
            self._third_party(comment, said)
            return
        if self.state == "unanswered" and not self._author:
            if own and (
                words := self._matching(self._phrases.withdrawn, said)
                or self._own_answer(comment, said)
                or self._content(comment, said)
            ):
                self._settle("answered", comment, words)
            return
        meant = self._phrases.substance(said)
        accepted = tuple(
            sentence for sentence in said if self._phrases.accepts(sentence) and not self._phrases.asks(sentence)
        )
        withdrawn = self._matching(self._phrases.withdrawn, said) if own else ()
        if (words := withdrawn) and (self.state != "promised" or self._promised_if()):
            self._settle("answered", comment, words)
        elif words := self._phrases.disputes(said):
            self._settle("disputed", comment, words, display(comment.message.letter.sender))
        elif self._asked_back and (own or accepted) and not (meant and meant[-1].endswith("?")):
            # The author's question is answered: the next step is the author's again.
            state: PointState = "answered" if self._question else "promised" if accepted else "unanswered"
            self._settle(state, comment, (accepted or meant or tuple(said))[:1])
        elif (
            own
            and not self._is_to_others(comment)
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
                self._settle("unanswered", comment, words)
        elif accepted and (own or decides) and self.state != "promised":
            self._settle("answered", comment, accepted)
        elif own and meant and not accepted and self.state == "disputed" and not self._is_to_others(comment):
            # Whoever answers why the author does not want it has had the last word.
            self._settle("disputed", comment, meant[:1], display(comment.message.letter.sender))

    def _promised_if(self) -> bool:
        """Whether the author has promised it for the case that it is wanted."""
        return bool(self.evidence) and any(_CONDITION.search(words) for words in self.evidence[-1][1])

    def _decides(self, comment: Comment) -> bool:
        """Whether a maintainer of the patch's files says it, of what somebody else wants who is none."""
        said, opened = comment.message, self._opener
        return (
            self._authors.role(said.letter.sender, said.patch) == "maintainer"
            and self._authors.role(opened.letter.sender, opened.patch) != "maintainer"
        )

    def _own_answer(self, comment: Comment, said: Sequence[str]) -> tuple[str, ...]:
        """Words of a person who finds the answer to their own question."""
        meant = self._phrases.substance(said)
        alone = self._asked and comment.message.parent == self._opener.id
        sure = not any(self._phrases.wants(sentence) or _HEDGED.search(sentence) for sentence in meant)
        return meant[:1] if alone and sure else ()

    def _content(self, comment: Comment, said: Sequence[str]) -> tuple[str, ...]:
        """Words of a person whom somebody else's answer has satisfied."""
        first = said[:1] if self._is_to_others(comment) and any(map(self._phrases.accepts, said[:1])) else ()
        return () if any(map(self._phrases.wants, said)) else tuple(first)

    def _wrote(self, comment: Comment) -> bool:
        """Whether an author says it."""
        message = comment.message
        return self._authors.wrote(message.letter.sender, message.patch, in_answer=not message.to_patch)

    def _is_to_others(self, comment: Comment) -> bool:
        """Whether a comment answers neither whoever opened the point nor the author."""
        return comment.message.parent in self._by_id and comment.message.parent not in {
            *self._of_opener,
            *self._by_author,
        }

    def _third_party(self, comment: Comment, said: Sequence[str]) -> None:
        """Somebody who answers in the author's place, as far as there is a question."""
        addressed = self._addressee and comment.message.names[0] == self._addressee.names[0]
        meant = self._phrases.substance(said) or tuple(said)
        asks = any(
            (self._phrases.asks(sentence) and self._phrases.urges(sentence)) or sentence.endswith("?")
            for sentence in meant
        )
        agrees = any(map(self._phrases.accepts, said))
        at_once = self._question and not self._proposes and any(map(self._phrases.accepts, said[:1]))
        answers = self._asked and (at_once or not (asks or agrees))
        if self.state == "unanswered" and not self._author and meant and (addressed or answers):
            self._settle("answered", comment, meant[:1])

    def _settle(self, state: PointState, comment: Comment, words: tuple[str, ...], objector: str = "") -> None:
        self.state, self._objector, self._asked_back = state, objector, False
        self.evidence.append((comment, words))

    def _on_volunteered(self, comment: Comment, said: Sequence[str]) -> None:
        """What others say of the author's own plan leaves it a plan; the author may drop it."""
        answer = self._phrases.answer(said)
        if self._wrote(comment) and answer.state == "disputed":
            self._settle("answered", comment, answer.words)

    @staticmethod
    def _matching(rules: Rules, said: Sequence[str]) -> tuple[str, ...]:
        return tuple(sentence for sentence in said if matches(rules, sentence))


def _shortened(words: str) -> str:
    return words if len(words) <= LONGEST_WORDS else words[: LONGEST_WORDS - 1].rstrip() + "…"
