"""Who says what at each place of a thread: comments, and what was said of each since."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from pipeline.mail.given import is_trailer
from pipeline.review.addressed import (
    answers_call,
    asks_next,
    asks_or_objects,
    discussion_named_in,
    explains,
    is_note,
    is_of_patch,
    is_short_promise,
    takes_back,
    wants_more,
    wants_of_author,
)
from pipeline.review.alignment import Quotation
from pipeline.review.changelog import heading
from pipeline.review.comments import Comment, Discussion, Place
from pipeline.review.itemised import itemised
from pipeline.review.messages import Message
from pipeline.review.paragraphs import (
    fresh_starts,
    goes_on,
    line_of,
    prose,
    repeats,
)
from pipeline.review.people import Authors
from pipeline.review.phrases import Phrases, matches, sentences
from pipeline.review.pieces import Reaction, cuts
from pipeline.review.places import Places
from pipeline.review.quoting import corrects, own_words, trimmed

_CORRECTION = re.compile(r"\s*\^+")
"""An author's own, beside those of a reviewer."""


@dataclass
class Reader:
    """Goes through the messages in order, and keeps which comments each of them has."""

    messages: Sequence[Message]
    authors: Authors
    phrases: Phrases
    discussions: list[Discussion] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._answers: dict[str, list[Message]] = {}
        for message in self.messages:
            self._answers.setdefault(message.parent, []).append(message)
        self._places = Places(self.messages)
        self._answered: dict[str, list[Reaction]] = {}

    def read(self) -> list[Discussion]:
        """Every point with its comments, in the thread's order."""
        for message in self.messages:
            # Above all quotes (or with none) a text is about the whole; a greeting there is not.
            comments = [
                Comment(message, passage.quoted, text, number)
                for number, passage in enumerate(message.text.passages)
                if (text := own_words(passage.text, message.names, self.phrases, passage.last))
            ]
            if self._by_author(message):
                comments = [comment for comment in comments if not all(map(_CORRECTION.match, comment.text))]
            placed = self._places.targets(message, comments)
            before: list[Place] = []
            for comment, targets in zip(comments, placed, strict=True):
                # Below code alone, that was quoted before, an author goes on with what was said above it.
                goes_on = self._by_author(message) and comment.of_older(message)
                meant = targets or (before if goes_on else [])
                above = self._places.of(message.parent) if self._by_author(message) and len(comments) == 1 else []
                for part, answered in itemised(comment, meant, above):
                    self._say(message, part, answered, alone=not any(placed))
                before = meant
            self._say_to_all(message, comments)
        return self.discussions

    def _say(self, message: Message, comment: Comment, targets: list[Place], alone: bool) -> None:
        by_author = self._by_author(message)
        about_all = alone and not self._places.quotes_other(message, comment)
        if not targets and about_all and (by_author or self._answers_author(message)):
            targets = self._places.of(message.parent)
            if not by_author and self._opens_discussion(comment, targets):
                targets = []
        if by_author:
            left = self._without_volunteered(message, comment.text, bool(targets))
            comment = replace(comment, text=left)
        if targets and comment.text:
            for discussion, _ in targets:
                discussion.comments.append(comment)
                self._places.add(message, (discussion, comment))
            if not by_author and self._raises(message, comment, targets[-1][0]):
                self._open(comment, targets[-1][0])
        elif comment.text and not by_author:
            self._open(comment, None)

    def _say_to_all(self, message: Message, comments: Sequence[Comment]) -> None:
        """A promise about all comments of the mail above is one about those that it does not quote, too.

        One of few words is about all comments that are quoted above it, and have no answer of their own.
        """
        own = self._places.of(message.id)
        if not self._by_author(message):
            return
        for comment in comments:
            whole = sentences(comment.text)
            said = [sentence for sentence in whole if matches(self.phrases.everything, sentence)]
            everything = bool(said) and self.phrases.answer(said).state == "promised"
            if everything or is_short_promise(whole, self.phrases):
                quotation = Quotation(message.text.passages[comment.passage].answered)
                answered = {id(discussion) for discussion, _ in own}
                places = {
                    above.passage for discussion, above in self._places.of(message.parent) if id(discussion) in answered
                }
                for discussion, above in self._places.of(message.parent):
                    opened = discussion.comments[0] is above and above.passage not in places
                    meant = everything or (opened and above.last_of(quotation, in_part=False) >= 0)
                    if meant and id(discussion) not in answered:
                        discussion.comments.append(comment)
                        self._places.add(message, (discussion, comment))

    def _by_author(self, message: Message) -> bool:
        return self.authors.wrote(message.letter.sender, message.patch, in_answer=not message.to_patch)

    def _answers_author(self, message: Message) -> bool:
        parent = self._places.by_id.get(message.parent)
        return parent is not None and self._by_author(parent)

    def _opens_discussion(self, comment: Comment, targets: Sequence[Place]) -> bool:
        """Whether somebody who has not taken part tells of something else, and quotes nothing."""
        names = {said.message.names[0] for discussion, _ in targets for said in discussion.comments}
        wanted = any(map(self.phrases.wants, self.phrases.substance(sentences(comment.text))))
        return comment.message.names[0] not in names and not comment.quoted and wanted

    def _raises(self, message: Message, comment: Comment, discussion: Discussion) -> bool:
        """Whether a reviewer's words in a discussion make a point of their own beside going on with it."""
        said = self.phrases.substance(sentences(comment.text))
        said = tuple(sentence for sentence in said if not matches(self.phrases.disputed, sentence))
        if message.names[0] == discussion.comments[0].message.names[0] and self._answers_author(message):
            asks = any(map(self.phrases.asks, said)) and not explains(comment)
            return asks or asks_next(said, self.phrases)
        # A remark that asks for something is no answer to the words that it stands under, unless it declines them.
        return any(self.phrases.wants(sentence) and not matches(self.phrases.declined, sentence) for sentence in said)

    def _open(self, whole: Comment, within: Discussion | None) -> None:
        """A comment, cut where its answers cut it; what no answer quotes counts when it asks for something."""
        message, text = whole.message, whole.text
        answered = cuts(whole, self._reactions(message.id), self.phrases)
        start = 0
        for end in [*sorted({*answered, *fresh_starts(text, self.phrases)}), len(text)]:
            piece = trimmed(text[start:end])
            others = (*message.letter.to, *message.letter.cc)
            said = self.phrases.substance(sentences(prose(self.authors.spoken_to(others, piece))))
            # Under another's mail, or where answers passed it over, a remark that asks for nothing is none;
            # beside a Reviewed-by or a word of consent it has to ask in so many words.
            passed_over = bool(answered) and end == len(text) and start > 0
            weak = passed_over or message.parent in self._places.by_id or (not whole.quoted and message.text.has_places)
            if (
                start > 0
                and said
                and (
                    all(matches(self.phrases.code, sentence) for sentence in said)
                    or matches(self.phrases.form, piece[0])
                )
            ):
                counts = False
            elif self._is_discussion(whole):
                counts = wants_of_author(
                    piece,
                    said,
                    self.phrases,
                    answers=start == 0 and "?" in whole.under,
                    apart=self._goes_on_between_others(whole),
                    own=within is not None and within.comments[0].message.names[0] == message.names[0],
                    to_point=within is not None and within.comments[0].message.id == message.parent,
                )
            elif self._answers_question(whole, piece):
                counts = wants_more(piece, said, self.phrases)
            elif within or self._answers_author(message) or whole.approves or self.phrases.consents(sentences(piece)):
                counts = any(map(self.phrases.wants, said)) or corrects(" ".join(piece), whole.above)
                if takes_back(piece, self.phrases):
                    counts = wants_more(piece, said, self.phrases)
            else:
                rules = (*self.phrases.request, *self.phrases.asking, *self.phrases.objection)
                asks = any(matches(rules, sentence) for sentence in said)
                counts = bool(said) and (asks or not weak)
                again = repeats(piece, self.phrases) or corrects(" ".join(piece), whole.above)
                counts = counts or (whole.of_code and again)
            if counts and is_note(whole.text, piece, self.phrases):
                counts = asks_or_objects(said, self.phrases)
            if counts:
                comment = replace(whole, text=piece)
                discussion = Discussion([comment], asked=self._asked(whole), within=within)
                self.discussions.append(discussion)
                self._places.add(message, (discussion, comment))
            start = end

    def _answers_question(self, whole: Comment, piece: Sequence[str]) -> bool:
        """What stands below a question of the author, or a call for help, and asks for nothing itself."""
        parent = self._places.by_id.get(whole.message.parent)
        if parent is None or not self._by_author(parent):
            return False
        return answers_call(whole, piece, self.phrases)

    def _is_discussion(self, comment: Comment) -> bool:
        """Whether words stand below another reviewer's, and not below the patch: there a word of doubt is no point."""
        parent = self._places.by_id.get(comment.message.parent)
        others = parent is not None and not self._by_author(parent) and parent.names[0] != comment.message.names[0]
        if not others or self.authors.calls(comment.text) or self._places.of_author(comment, self._by_author):
            return False
        return not comment.above.lstrip("> ").startswith(("+", "-", "@"))

    def _goes_on_between_others(self, comment: Comment) -> bool:
        """Whether it goes on with what its sender and another reviewer say to each other."""
        parent = self._places.by_id[comment.message.parent]
        before = self._places.by_id.get(parent.parent)
        return before is not None and before.names[0] == comment.message.names[0]

    def _asked(self, comment: Comment) -> Message | None:
        """The other reviewer's mail whose own words a remark stands under, unless it calls the series' author.

        Beneath another's Reviewed-by people go on about the series.
        """
        parent = self._places.by_id.get(comment.message.parent)
        if parent is None or self._by_author(parent) or parent.names[0] == comment.message.names[0]:
            return None
        of_others = not comment.above or comment.above.startswith(">") or is_trailer(comment.above)
        asked_for = any(self.phrases.asks(text) or is_of_patch(text) for text in sentences(comment.text))
        if comment.message.greeted in parent.names and not of_others:
            return parent
        return None if of_others or asked_for or self.authors.calls(comment.text) else parent

    def _reactions(self, message_id: str) -> list[Reaction]:
        """What the mails that answer a message quote from it, and say."""
        if message_id not in self._answered:
            self._answered[message_id] = [
                Reaction(Quotation(passage.answered), sentences(text))
                for answer in self._answers.get(message_id, [])
                for passage in answer.text.passages
                if (text := own_words(passage.text, answer.names, self.phrases, passage.last))
            ]
        return self._answered[message_id]

    def _without_volunteered(self, message: Message, text: tuple[str, ...], answers: bool) -> tuple[str, ...]:
        """Makes points of their own of what the author means to do unasked, and returns the rest.

        An author who answers no comment and promises something volunteers, too.
        """
        if heading(text[0] if text else "") and message.parent not in self._places.by_id:
            # Some forget the list of changes, and answer their own patch with it.
            return text
        said = sentences(text)
        unasked = not answers and not self._makes_no_point(message)
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
        if not answers:
            start = next((at + 1 for at in range(start - 1, -1, -1) if not text[at].strip()), 0)
        end = next((at for at in range(start, len(text)) if not text[at].strip()), len(text))
        comment = Comment(message, (), text[start:end])
        discussion = discussion_named_in(sentences(comment.text), message, self.discussions)
        if discussion:
            discussion.comments.append(comment)
        else:
            discussion = Discussion([comment], volunteered=True)
            self.discussions.append(discussion)
        self._places.add(message, (discussion, comment))
        return own_words((*text[:start], *text[end:]), message.names, self.phrases)

    def _volunteers(self, sentence: str, unasked: bool) -> bool:
        if matches(self.phrases.errands, sentence) or matches(self.phrases.handed, sentence):
            return False
        if matches(self.phrases.volunteered, sentence):
            # `I also found ...` leads to what the author quotes below.
            return not sentence.endswith("..")
        if matches(self.phrases.everything, sentence):
            return False
        promised = self.phrases.answer([sentence]).state == "promised"
        return unasked and promised and matches(self.phrases.intended, sentence)

    def _makes_no_point(self, message: Message) -> bool:
        """An answer to a message that makes no point: thanks for a Reviewed-by, say."""
        parent = self._places.by_id.get(message.parent)
        return parent is not None and not self._places.of(parent.id)
