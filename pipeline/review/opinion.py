"""The question to a program of the user's own about a point, and the form of its answer; pure.

The request is one JSON object: `format`, `series` (`title`, `version`), `point` (`number`, `patch`) and `turns`, the
comment first, each with `message_id`, `author`, `by` ("author" of the series or "other"), `date`, `quoted` and `text`.
The answer is one as well: `acts`, each with `turn` (0 is the comment), `act` and perhaps `words` of that turn; and
perhaps `note`.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from pipeline.model import Series
from pipeline.review.messages import messages, readable
from pipeline.review.people import Authors
from pipeline.review.phrases import phrases
from pipeline.review.record import Act, ActRecord, OpinionRecord
from pipeline.review.talk import Reader
from pipeline.review.turns import Talk, Turn
from pipeline.system import untrusted

FORMAT = 1
MOST_TURNS = 50
MOST_LINES = 200
"""Of what a turn quotes, the last ones, and of its text, the first ones."""
_LONGEST_WORDS = 300


class _Answer(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    acts: Annotated[list[_Act], Field(max_length=untrusted.OPINION_ACTS.most)] = []
    note: Annotated[str, Field(max_length=_LONGEST_WORDS)] = ""


class _Act(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    turn: Annotated[int, Field(ge=0, lt=MOST_TURNS)]
    act: Act
    words: Annotated[str, Field(max_length=_LONGEST_WORDS)] = ""


@dataclass(frozen=True)
class Question:
    """A point, for the program.

    Args:
        number: of the point.
        request: JSON.
        turns: message-ids, in the order of the request.
    """

    number: int
    request: bytes
    turns: tuple[str, ...]

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
        if any(act.turn >= len(self.turns) for act in said.acts):
            raise ValueError(f"its answer names a turn that is not there; there are {len(self.turns)}")
        acts = tuple(
            ActRecord(turn=act.turn, act=act.act, message_id=self.turns[act.turn], words=act.words) for act in said.acts
        )
        return OpinionRecord(point=self.number, program=program, acts=acts, note=said.note)


def questions(series: Series) -> tuple[Question, ...]:
    """A question for each point of a review, in their order and with their numbers."""
    rules, authors = phrases(), Authors.of(series)
    talks = Reader(readable(messages(series, rules)), authors, rules).read()
    return tuple(_question(number, talk, authors, series) for number, talk in enumerate(talks, 1))


def _question(number: int, talk: Talk, authors: Authors, series: Series) -> Question:
    turns = [talk.turns[0], *talk.turns[1:][1 - MOST_TURNS :]]
    request = {
        "format": FORMAT,
        "series": {"title": series.title, "version": series.version},
        "point": {"number": number, "patch": talk.turns[0].message.patch},
        "turns": [_turn(turn, authors) for turn in turns],
    }
    return Question(number, json.dumps(request).encode(), tuple(turn.message.id for turn in turns))


def _turn(turn: Turn, authors: Authors) -> dict[str, str | Sequence[str]]:
    message = turn.message
    wrote = authors.wrote(message.letter.sender, message.patch, in_answer=not message.to_patch)
    return {
        "message_id": message.id,
        "author": message.letter.sender,
        "by": "author" if wrote else "other",
        "date": message.letter.date,
        "quoted": turn.quoted[-MOST_LINES:],
        "text": turn.text[:MOST_LINES],
    }
