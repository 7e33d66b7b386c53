"""The question to a program of the user's own about a point, and the form of its answer; pure.

The request is one JSON object: `format`, `series` (`title`, `version`), `point` (`number`, `patch`) and `comments`, the
comment first, each with `message_id`, `author`, `by` ("author" of the series or "other"), `date`, `quoted` and `text`.
The answer is one as well: `acts`, each with `comment` (0 is the first), `act` and perhaps `words` of that comment; and
perhaps `note`.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from pipeline.model import Series
from pipeline.review.comments import Comment, Discussion
from pipeline.review.discussions import Reader
from pipeline.review.messages import messages, readable
from pipeline.review.people import Authors
from pipeline.review.phrases import phrases
from pipeline.review.record import Act, ActRecord, OpinionRecord
from pipeline.system import untrusted

FORMAT = 1
MOST_COMMENTS = 50
MOST_LINES = 200
"""Of what a comment quotes, the last ones, and of its text, the first ones."""
_LONGEST_WORDS = 300


class _Answer(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    acts: Annotated[list[_Act], Field(max_length=untrusted.OPINION_ACTS.most)] = []
    note: Annotated[str, Field(max_length=_LONGEST_WORDS)] = ""


class _Act(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    comment: Annotated[int, Field(ge=0, lt=MOST_COMMENTS)]
    act: Act
    words: Annotated[str, Field(max_length=_LONGEST_WORDS)] = ""


@dataclass(frozen=True)
class Question:
    """A point, for the program.

    Args:
        number: of the point.
        request: JSON.
        comments: message-ids, in the order of the request.
    """

    number: int
    request: bytes
    comments: tuple[str, ...]

    def opinion(self, program: str, answer: bytes) -> OpinionRecord:
        """The opinion in the program's answer.

        Raises:
            ValueError: the answer is too long, or of another form; says how.
        """
        untrusted.OPINION_ANSWER.check(len(answer))
        try:
            said = _Answer.model_validate_json(answer)
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False)[0]
            place = ".".join(map(str, first["loc"]))
            raise ValueError(f"its answer is of another form: {place and f'{place}: '}{first['msg']}") from error
        if any(act.comment >= len(self.comments) for act in said.acts):
            raise ValueError(f"its answer names a comment that is not there; there are {len(self.comments)}")
        acts = tuple(
            ActRecord(comment=act.comment, act=act.act, message_id=self.comments[act.comment], words=act.words)
            for act in said.acts
        )
        return OpinionRecord(point=self.number, program=program, acts=acts, note=said.note)


def questions(series: Series) -> tuple[Question, ...]:
    """A question for each point of a review, in their order and with their numbers."""
    rules, authors = phrases(), Authors.of(series)
    discussions = Reader(readable(messages(series, rules)), authors, rules).read()
    return tuple(_question(number, discussion, authors, series) for number, discussion in enumerate(discussions, 1))


def _question(number: int, discussion: Discussion, authors: Authors, series: Series) -> Question:
    comments = [discussion.comments[0], *discussion.comments[1:][1 - MOST_COMMENTS :]]
    request = {
        "format": FORMAT,
        "series": {"title": series.title, "version": series.version},
        "point": {"number": number, "patch": discussion.comments[0].message.patch},
        "comments": [_comment(comment, authors) for comment in comments],
    }
    return Question(number, json.dumps(request).encode(), tuple(comment.message.id for comment in comments))


def _comment(comment: Comment, authors: Authors) -> dict[str, str | Sequence[str]]:
    message = comment.message
    wrote = authors.wrote(message.letter.sender, message.patch, in_answer=not message.to_patch)
    return {
        "message_id": message.id,
        "author": message.letter.sender,
        "by": "author" if wrote else "other",
        "date": message.letter.date,
        "quoted": comment.quoted[-MOST_LINES:],
        "text": comment.text[:MOST_LINES],
    }
