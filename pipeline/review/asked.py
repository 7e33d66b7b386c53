"""What a point of a review is about, in words that tell something; pure.

Words count by what they tell: an identifier tells much, a word of every review nothing.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources

from pipeline.review.changelog import Change
from pipeline.review.people import display
from pipeline.review.record import PointRecord

SETTLED = 3.0
"""Weight of shared words from which a line is about a point."""
IN_PART = 2.0
PROMISED = 2.5
"""The same, for a point that the author has promised."""
_OF_PROMISE = 1.5
"""How much more the words of a promise tell."""
_SOME = 2
_RARE = 6
"""Letters of a word that tells more where it is rare."""
WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(?:-[a-z]+)*|\d{2,}")
IDENTIFIER = re.compile(r"\w*_\w+|[A-Z][A-Z0-9]{2,}\w*|[a-z]+[A-Z]\w*")
_TRAILER_NAME = re.compile(r"\b(Fixes|Cc|Link|Closes|[A-Z][a-z]+(?:-[a-z]+)*-by)\b(?=:? tags?\b|:)", re.IGNORECASE)
_MEMBER = re.compile(r"(?<=\w)(?:\.|->)(?!(?:yaml|dtsi?|json|html|toml)\b)([a-z]\w{3,})\b(?![(.@/])")
"""Of a structure, whatever the variable is called: `props.scale`."""
OF_PATCH = re.compile(r"\bpatch(?:es)? ?#?(\d{1,3})\b")
_REPORT = re.compile(r"^\s*(?:>> ?)?[\w./+-]+\.\w+:\d+")
"""A line of a program's log that names a place."""
_HEAD = r"(?:[\w./+-]+:)?\w+\(\) \{"
_EXCERPT = re.compile(rf"^{_HEAD}[ \t]*\n(?:(?!\}}|{_HEAD})[^\n]*\n)*\}}", re.MULTILINE)
"""A function without its arguments, as people and programs show what there is."""
_MARGIN = re.compile(r"^\s*(?:\d+ \|)? *")
"""Where a compiler shows a source line."""


@dataclass(frozen=True)
class Asked:
    """The subject of a point, in words that tell something.

    Args:
        text, lines: the comment; said: what was said to it.
        own: words of the comment and of what the author said to it; with their weights.
        near: words of the code that it stands under.
    """

    text: str
    said: str
    own: Mapping[str, float]
    near: frozenset[str]
    names: tuple[str, ...]
    patch: int
    lines: tuple[str, ...]

    @classmethod
    def of(cls, point: PointRecord, usual: frozenset[str]) -> Asked:
        # Below a program's finding stands the source line, whose words are not about it.
        reported = bool(point.text) and bool(_REPORT.match(point.text[0]))
        # An excerpt of the code shows how it is, and not what is wanted.
        prose = point.text[:1] if reported else _EXCERPT.sub("", "\n".join(point.text)).split("\n")
        comment = " ".join(prose)
        said = " ".join(evidence.words for evidence in point.evidence if evidence.message_id != point.message_id)
        code = " ".join(line for line in point.quoted[-8:] if line[:1] in "+-")
        # A word that the earlier revision has nowhere tells more.
        own = {
            word: _weight(word) * (1 if word in usual or len(word) < _RARE else 2)
            # With what an author says against it, a line of the changelog says no again.
            for word in telling_words(comment if point.state == "disputed" else f"{comment} {said}")
        }
        if point.state == "promised":
            # Who promises something in a word writes that word below the next revision.
            own |= {word: own[word] * _OF_PROMISE for word in telling_words(said)}
        near = frozenset(word for word in telling_words(code) if _weight(word) > 1)
        names = tuple(name.casefold() for name in display(point.author).split() if len(name) > 2)
        return cls(comment, said, own, near, names, point.patch or 0, point.text)

    @property
    def reported(self) -> bool:
        """A program's finding: there is no more to name than who reported it."""
        return bool(_REPORT.match(self.text))

    def weight(self, told: frozenset[str]) -> float:
        """How much a line has of the point: words of the comment count whole, those of the code half."""
        shared = sum(self.own.get(word, 0) for word in told)
        near = sum(_weight(word) / 2 for word in told if word in self.near and word not in self.own)
        # A short comment that a line has all of, and of the code that it stands under.
        return max(shared + near, SETTLED if self.own and near and self.own.keys() <= told else 0)

    def is_all_of(self, change: Change, told: frozenset[str]) -> bool:
        """A comment that a line has all telling words of: below the same patch one word is enough."""
        here = change.patch == self.patch != 0
        return (here or len(self.own) >= _SOME) and bool(self.own) and self.own.keys() <= told

    @property
    def shown(self) -> tuple[str, ...]:
        """The source lines that a program's report shows."""
        return tuple(_MARGIN.sub("+", line) for line in self.lines) if self.reported else ()

    def is_named_by(self, change: Change) -> bool:
        return len(self.names) > 1 and " ".join(self.names) in change.text.casefold()

    def is_credited_by(self, change: Change) -> bool:
        """Whether a line says behind it that the reviewer wished it."""
        return any(_credits(name).search(change.text) for name in self.names[:1])

    def place(self, change: Change) -> float:
        """What speaks for a line of a changelog beside its words: whom it names, and the patch that it stands in."""
        text = change.text.casefold()
        told = set(re.findall(r"\w+", text))
        by_name = 1.0 if told.intersection(self.names[:2]) else 0.0
        shared = not self.own.keys().isdisjoint(telling_words(change.text))
        if shared and self.is_credited_by(change):
            by_name = 1.5
        if self.is_named_by(change):
            by_name = SETTLED if self.reported else 2.0
        named = any(int(number) == self.patch for number in OF_PATCH.findall(text))
        return by_name + (1.0 if named else 0.5 if change.patch and change.patch == self.patch else 0.0)


@cache
def _credits(name: str) -> re.Pattern[str]:
    """People who are named behind a line, as those who wished it."""
    return re.compile(
        rf"[(\[][^()\[\]]{{0,40}}\b{re.escape(name)}\b|\b(?:by|from|per) {re.escape(name)}\b", re.IGNORECASE
    )


def telling_words(text: str) -> frozenset[str]:
    """Words that tell something, without the endings of their forms."""
    words = {f"{name.casefold()}:" for name in _TRAILER_NAME.findall(text)}
    words |= {f".{name}" for name in _MEMBER.findall(text)}
    for usual, others in _same_words():
        text = others.sub(usual, text)
    for word in (piece for whole in WORD.findall(text) for piece in {whole, *whole.split("-")}):
        if word.casefold() in _common() or len(word) < 3:
            continue
        words.add(word if IDENTIFIER.fullmatch(word) else _stem(word.casefold()))
    return frozenset(words)


@cache
def _common() -> frozenset[str]:
    """Words that every review has."""
    text = resources.files("pipeline.review").joinpath("phrases.toml").read_text("utf-8")
    return frozenset(tomllib.loads(text)["words"]["common"].split())


@cache
def _same_words() -> tuple[tuple[str, re.Pattern[str]], ...]:
    """A word, and those that people put for it."""
    text = resources.files("pipeline.review").joinpath("phrases.toml").read_text("utf-8")
    groups = [group.split() for group in tomllib.loads(text)["words"]["same"]]
    return tuple(
        (group[0], re.compile(rf"\b(?:{'|'.join(word.replace('-', '[- ]') for word in group[1:])})\b", re.IGNORECASE))
        for group in groups
    )


def _stem(word: str) -> str:
    for ending in ("ations", "ation", "ings", "ing", "ments", "ment", "ies", "ied", "ed", "es", "ly", "s", "e"):
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            return word[: -len(ending)]
    return word


def _weight(word: str) -> float:
    if word.endswith(":"):
        return SETTLED
    if word.startswith("."):
        return 2.0
    if IDENTIFIER.fullmatch(word):
        return 2.0
    return 1.0 if len(word) < 8 else 1.5
