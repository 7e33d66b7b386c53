"""Comments of a thread, and the discussion of each."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property

from pipeline.review.alignment import Quotation, words
from pipeline.review.messages import Message
from pipeline.review.quoting import is_title

_APPROVAL = re.compile(r"(?:review|ack|test)", re.IGNORECASE)


@dataclass(frozen=True)
class Comment:
    """A comment: what a message says at one place, below the lines that it quotes.

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

    def is_quoted_by_title(self, quotation: Quotation) -> bool:
        """Whether a title alone is quoted of an item, and perhaps what leads to it."""
        quoted = [self.lines[at] for at in quotation.positions(self.lines)]
        titled = bool(quoted) and is_title(quoted[-1]) and len(self.lines) > len(quoted)
        return titled and all(is_title(line) or line.endswith(":") for line in quoted)

    @cached_property
    def lines(self) -> tuple[str, ...]:
        return tuple(map(words, self.text))

    def of_older(self, message: Message) -> bool:
        """It stands below lines that were quoted before, and none of the mail that is answered."""
        passage = message.text.passages[self.passage]
        return bool(self.quoted) and not passage.answered

    @property
    def approves(self) -> bool:
        """Whether its mail approves; what a condition is about stands under the code."""
        under_code = any(line[:1] in ("+", "-", "@") for line in self.quoted)
        return any(
            _APPROVAL.match(trailer.name) and not (trailer.conditional and under_code) for trailer in self.message.given
        )

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
class Discussion:
    """A comment that opens a point, and the comments on it since; `asked` is another reviewer whom it asks.

    Args:
        within: the point in whose answers this one is raised.
    """

    comments: list[Comment]
    volunteered: bool = False
    asked: Message | None = None
    within: Discussion | None = None


Place = tuple[Discussion, Comment]
