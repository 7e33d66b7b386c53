"""What the words of a reply mean: the rules of `phrases.toml`, and sentences to match them with."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources

from pipeline.review.record import PointState

Rules = tuple[re.Pattern[str], ...]

LONGEST_SENTENCE = 1000
"""Characters that rules look at: they are written for sentences, not for a table of numbers."""

_END = re.compile(r"(?<=[.!?])[)\"']?\s+(?=[\"'(`]?[A-Z0-9])|(?<=[.!?])\s+(?=i\b)|\s+[:;]-?[)P(]\s+")
_SMILEY = re.compile(r"\s*[:;]-?[)P(/]+\s*$")


@dataclass(frozen=True)
class Phrases:
    """The rules, compiled.

    Args:
        author: of the author's answers, by the state that they lead to; in the order in which they are tried.
        denied: a dispute, too, where no question was asked.
        volunteered, intended: of sentences in which the author means to do something unasked.
        disputed, accepted, withdrawn, request: of what others answer.
        pleasantry, unless: of sentences that say nothing about the code, and of what undoes it.
        signposts: of sentences that point to others.
        greeting, closing, listing, elision: of whole lines.
        reports, notices: of senders.
    """

    author: tuple[tuple[PointState, Rules], ...]
    denied: Rules
    volunteered: Rules
    intended: Rules
    disputed: Rules
    accepted: Rules
    withdrawn: Rules
    request: Rules
    pleasantry: Rules
    unless: Rules
    signposts: Rules
    greeting: Rules
    closing: Rules
    listing: Rules
    elision: Rules
    reports: Rules
    notices: Rules

    def answer(self, sentences: Sequence[str], asked: bool = False) -> tuple[PointState, tuple[str, ...]]:
        """The state that an answer of the author leads to, and the sentences that say so.

        Args:
            sentences: of the answer.
            asked: a question is answered, so that a bare no is no dispute.
        """
        found = [(kind, sentence) for sentence in sentences if (kind := self._kind(sentence, asked))]
        if not found:
            return "answered", tuple(sentences[:1])
        state = found[-1][0]
        return state, tuple(sentence for kind, sentence in found if kind == state)

    def _kind(self, sentence: str, asked: bool) -> PointState | None:
        denied: PointState | None = "disputed" if not asked and matches(self.denied, sentence) else None
        return next((kind for kind, rules in self.author if matches(rules, sentence)), denied)

    def pleasant(self, sentence: str) -> bool:
        """It says nothing about the code."""
        if matches(self.signposts, sentence):
            return True
        return matches(self.pleasantry, sentence) and not matches(self.unless, sentence)

    def substance(self, sentences: Sequence[str]) -> tuple[str, ...]:
        return tuple(sentence for sentence in sentences if not self.pleasant(sentence))


def matches(rules: Rules, text: str) -> bool:
    return any(rule.search(text[:LONGEST_SENTENCE]) for rule in rules)


@cache
def phrases() -> Phrases:
    """The rules that ship."""
    found = tomllib.loads(resources.files("pipeline.review").joinpath("phrases.toml").read_text("utf-8"))
    author, others, lines = found["author"], found["others"], found["lines"]
    states: tuple[PointState, ...] = ("undecided", "promised", "disputed")
    return Phrases(
        author=tuple((state, _compiled(author[state])) for state in states),
        **{name: _compiled(author[name]) for name in ("denied", "volunteered", "intended")},
        **{name: _compiled(others[name]) for name in ("disputed", "accepted", "withdrawn", "request")},
        pleasantry=_compiled(found["pleasantry"]["words"]),
        **{name: _compiled(found["pleasantry"][name]) for name in ("unless", "signposts")},
        **{name: _compiled(lines[name]) for name in ("greeting", "closing", "listing", "elision")},
        **{name: _compiled(found["senders"][name]) for name in ("reports", "notices")},
    )


def _compiled(expressions: Sequence[str]) -> Rules:
    return tuple(re.compile(expression, re.IGNORECASE) for expression in expressions)


def sentences(lines: Sequence[str]) -> tuple[str, ...]:
    """The sentences of a text, each on one line; a blank line ends one, too."""
    paragraphs = "\n".join(line.strip() for line in lines).split("\n\n")
    parts = (part for text in paragraphs for part in _END.split(" ".join(text.split())))
    return tuple(part for piece in parts if (part := _SMILEY.sub("", piece).strip()))
