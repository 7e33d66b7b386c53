"""The place of an answer in the mail that it quotes: whole lines in their order."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from pipeline.review.alignment import Quotation, words
from pipeline.review.comments import Comment, Place
from pipeline.review.messages import Message
from pipeline.review.quoting import Passage


class Places:
    """Which comments each message of a thread has."""

    def __init__(self, messages: Sequence[Message]) -> None:
        self.by_id = {message.id: message for message in messages}
        self._places: dict[str, list[Place]] = {}
        self._reached: tuple[int, int] = (-1, -1)

    def add(self, message: Message, place: Place) -> None:
        self._places.setdefault(message.id, []).append(place)

    def of(self, message_id: str) -> list[Place]:
        return self._places.get(message_id, [])

    def targets(self, message: Message, comments: Sequence[Comment]) -> list[list[Place]]:
        """For each comment of a message, in their order, what it answers."""
        self._reached = (-1, -1)
        return [self._targets(message, message.text.passages[comment.passage]) for comment in comments]

    def quotes_other(self, message: Message, comment: Comment) -> bool:
        """Whether a comment stands under words of the parent that are no point's."""
        parent = self.by_id.get(message.parent)
        quoted = Quotation(message.text.passages[comment.passage].quoted_at(0))
        known = {place[1].passage for place in self.of(message.parent)}
        return parent is not None and any(
            number not in known and quoted.positions([words(line) for line in passage.text], in_part=False)
            for number, passage in enumerate(parent.text.passages)
        )

    def of_author(self, comment: Comment, by_author: Callable[[Message], bool]) -> bool:
        """Whether a comment stands under an author's words, which another mail has quoted before."""
        depth = comment.message.text.passages[comment.passage].depth
        older = self._ancestor(comment.message, depth) if depth else None
        return older is not None and by_author(older)

    def _targets(self, message: Message, passage: Passage) -> list[Place]:
        """The comments that the end of a passage's quotation comes from: the parent's, or those of a mail above.

        Whoever answers goes through a mail from its top: of lines that are the same, those further down are meant.
        """
        depth = passage.depth
        older = self._ancestor(message, depth) if depth else None
        if older is not None and (found := self._found(older.id, passage, depth, (-1, -1))):
            return found[0]
        if found := self._found(message.parent, passage, 0, self._reached):
            self._reached = found[1]
            return found[0]
        return []

    def _ancestor(self, message: Message, above: int) -> Message | None:
        """The mail so many steps above the parent."""
        found = self.by_id.get(message.parent)
        for _ in range(above):
            found = self.by_id.get(found.parent) if found else None
        return found

    def _found(
        self, message_id: str, passage: Passage, depth: int, reached: tuple[int, int]
    ) -> tuple[list[Place], tuple[int, int]] | None:
        """The comments of a mail that a passage quotes, with that many further `>`, and the line that it comes to."""
        quotation = Quotation(passage.quoted_at(depth))
        possible = [
            (number, at, place)
            for number, place in enumerate(self.of(message_id))
            if (at := place[1].last_of(quotation)) >= 0
        ]
        further = [candidate for candidate in possible if candidate[:2] > reached] or possible
        if not further:
            return None
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
        # Whoever quotes nothing but titles answers all that stands below them.
        titles = all(place[1].is_quoted_by_title(quotation) for _, _, place in further)
        meant = [
            place
            for number, _, place in further
            if titles or (place[1].passage == last[2][1].passage and number <= last[0])
        ]
        # Of words that go on with a point and raise another, the other one is open.
        raised = {id(discussion.within) for discussion, comment in meant if discussion.comments[0] is comment}
        return [(discussion, comment) for discussion, comment in meant if id(discussion) not in raised], last[:2]
