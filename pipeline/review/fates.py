"""What became of the open points of an earlier revision: its successor's changelog, messages and code say it; pure.

In this order: the author's own list of changes, what the messages of patches say now, what the code does. Words
count by what they tell: an identifier tells much, a word of every review nothing.
"""

from __future__ import annotations

import re
import tomllib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from importlib import resources

from pipeline.model import Series
from pipeline.review.changelog import Change, changes
from pipeline.review.messages import display
from pipeline.review.record import Fate, PointRecord, PromiseRecord
from pipeline.review.since import diffs, messages_of, promise
from pipeline.review.symbols import ChangedLine, changed_lines

OPEN = ("unanswered", "disputed", "undecided", "promised", "volunteered")
SETTLED = 3.0
"""Weight of shared words from which a line is about a point."""
IN_PART = 2.0
_LINES_ABOVE = 6
"""Lines of a message, above a comment, that it is about."""
_RARE = 6
"""Letters of a word that tells more where it is rare."""
_LINE_OF_TEXT = 4
"""Words of a line that is told from others."""
_FEW = 6
"""Telling words of a comment that asks for nothing but another revision."""
_WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(?:-[a-z]+)*|\d{2,}")
_IDENTIFIER = re.compile(r"\w*_\w+|[A-Z][A-Z0-9]{2,}\w*|[a-z]+[A-Z]\w*")
_TRAILER_NAME = re.compile(r"\b(Fixes|Cc|Link|Closes|[A-Z][a-z]+(?:-[a-z]+)*-by)\b(?=:? tags?\b|:)", re.IGNORECASE)
_REPOST = re.compile(
    r"\b(?:re-?send|re-?post|re-?spin|(?:send|post|prepare|do) (?:a |the |me )?(?:new |next )?"
    r"(?:v\d+|version|revision|series))\b",
    re.IGNORECASE,
)
_AS_BEFORE = re.compile(r"^\W*(?:and |same |again|ditto|likewise|here too|as above|also here)", re.IGNORECASE)
"""Words that point to the comment before."""
_OF_PATCH = re.compile(r"\bpatch(?:es)? #?(\d{1,3})\b")
_REPORT = re.compile(r"^\s*(?:>> ?)?[\w./+-]+\.\w+:\d+")
"""A line of a program's log that names a place."""
_TAKEN_AWAY = re.compile(r"^(?:remov|drop|delet|discard|get rid|got rid|no longer)\w*", re.IGNORECASE)
_ASKS_TO_TAKE_AWAY = re.compile(
    r"\b(?:remov|drop|delet|unneed|unnecessar|redundant|superfluous|get rid|not needed|no need|can go|avoid)\w*",
    re.IGNORECASE,
)


def fates(points: Sequence[PointRecord], before: Series, after: Series) -> tuple[PromiseRecord, ...]:
    """For each open point of the earlier revision, what the later one makes of it.

    Args:
        points: of the earlier revision.
    """
    revisions = _Revisions(before, after)
    made = []
    previous: PointRecord | None = None
    for own in points:
        point = own
        if previous and previous.message_id == point.message_id and _AS_BEFORE.match(" ".join(point.text)):
            point = own.model_copy(update={"text": (*own.text, *previous.text)})
        previous = point
        if point.state in OPEN:
            fate, found_in, said = revisions.fate(point)
            record = promise(own, revisions.old_code, revisions.new_code)
            made.append(record.model_copy(update={"fate": fate, "found_in": found_in, "words": said}))
    return _handed_on(made)


def _handed_on(made: Sequence[PromiseRecord]) -> tuple[PromiseRecord, ...]:
    """What became of a point that is raised in the answers to another became of that one, where nothing else tells."""
    by_parent = {promised.point.within: promised for promised in made if promised.fate != "not found"}
    return tuple(
        promised.model_copy(update={"fate": later.fate, "found_in": later.found_in, "words": later.words})
        if promised.fate == "not found" and (later := by_parent.get(promised.point.number))
        else promised
        for promised in made
    )


@dataclass(frozen=True)
class _Revisions:
    """Two revisions, and what differs between them."""

    before: Series
    after: Series

    @cached_property
    def old_code(self) -> dict[int, str]:
        return diffs(self.before)

    @cached_property
    def new_code(self) -> dict[int, str]:
        return diffs(self.after)

    @cached_property
    def _changes(self) -> tuple[tuple[Change, frozenset[str]], ...]:
        return tuple((change, _words(change.text)) for change in changes(self.after, self.before.version))

    @cached_property
    def _said_anew(self) -> tuple[tuple[str, frozenset[str]], ...]:
        """Lines of patches' messages that the earlier revision has not."""
        old = {" ".join(line.split()) for text in messages_of(self.before).values() for line in text.splitlines()}
        lines = dict.fromkeys(line for text in messages_of(self.after).values() for line in text.splitlines())
        return tuple((line, _words(line)) for line in lines if line.strip() and " ".join(line.split()) not in old)

    @cached_property
    def _old_words(self) -> frozenset[str]:
        return _words(" ".join((*self.old_code.values(), *messages_of(self.before).values())))

    @cached_property
    def _old_lines(self) -> frozenset[tuple[str, str]]:
        return _added(self.old_code)

    @cached_property
    def _new_lines(self) -> frozenset[tuple[str, str]]:
        return _added(self.new_code)

    @cached_property
    def _moved_words(self) -> Counter[str]:
        """Words of lines that one revision adds, and the other not."""
        differing = self._old_lines ^ self._new_lines
        return Counter(word for _, line in differing for word in _words(line))

    @cached_property
    def _only_before(self) -> frozenset[str]:
        """Identifiers that the earlier revision adds, and the later one has nowhere."""
        before = frozenset(word for _, line in self._old_lines for word in _words(line) if _IDENTIFIER.fullmatch(word))
        later = " ".join((*self.new_code.values(), *messages_of(self.after).values()))
        return before - frozenset(_WORD.findall(later))

    @cached_property
    def _texts(self) -> tuple[str, str]:
        """The messages of both revisions, each on one line."""
        old, new = (
            " ".join(" ".join(messages_of(revision).values()).split()) for revision in (self.before, self.after)
        )
        return old, new

    def _is_reworded(self, line: str) -> bool:
        """Whether a line of a patch's message is not in it any more, however it is wrapped."""
        text = " ".join(line.split())
        old, new = self._texts
        return len(text.split()) >= _LINE_OF_TEXT and text in old and text not in new

    def fate(self, point: PointRecord) -> tuple[Fate, str, str]:
        """What became of a point, where that is said, and the line that says it."""
        asked = _Asked.of(point, self._old_words)
        weighed = [(asked.weight(told) + asked.place(change), change) for change, told in self._changes]
        most, best = max(weighed, key=lambda pair: pair[0], default=(0.0, None))
        if best and most >= SETTLED:
            otherwise = _TAKEN_AWAY.match(best.text) and not _ASKS_TO_TAKE_AWAY.search(f"{asked.text} {asked.said}")
            return ("answered otherwise" if otherwise else "kept"), "changelog", best.text
        said = [(asked.weight(told), line) for line, told in self._said_anew]
        heaviest, line = max(said, key=lambda pair: pair[0], default=(0.0, ""))
        if heaviest >= SETTLED:
            return "kept", "message", line
        if _REPOST.search(asked.text) and len(asked.own) <= _FEW:
            return "kept", "message", self.after.title
        fate = self._in_code(point, asked)
        if fate == "not found" and best and most >= IN_PART:
            return "kept in part", "changelog", best.text
        return fate, "" if fate == "not found" else "code", ""

    def _in_code(self, point: PointRecord, asked: _Asked) -> Fate:
        """By the line that a comment stands under, and by the identifiers that it names."""
        under = [line for line in point.quoted if line.strip(" >")]
        last = under[-1] if under else ""
        # Some quote a line of the patch without its sign.
        added = last if last[:1] == "+" else f"+{last}"
        gone = bool(last[:1] != "-" and len(_words(last)) and _is_gone(added, self._old_lines, self._new_lines))
        named = sum(weight for word, weight in asked.own.items() if weight >= IN_PART and self._moved_words[word])
        if gone or (any(line[:1] not in "+-@" and self._is_reworded(line) for line in under[-_LINES_ABOVE:])):
            return "kept"
        if any(_IDENTIFIER.fullmatch(word) and word in self._only_before for word in asked.own):
            return "kept"
        if named >= SETTLED:
            return "kept in part"
        return "not found"


@dataclass(frozen=True)
class _Asked:
    """What a point is about, in words that tell something.

    Args:
        text: the comment; said: what was said to it.
        own: words of the comment and of what the author said to it; with their weights.
        near: words of the code that it stands under.
    """

    text: str
    said: str
    own: Mapping[str, float]
    near: frozenset[str]
    names: tuple[str, ...]
    patch: int

    @classmethod
    def of(cls, point: PointRecord, usual: frozenset[str]) -> _Asked:
        comment = " ".join(point.text)
        said = " ".join(evidence.words for evidence in point.evidence if evidence.message_id != point.message_id)
        code = " ".join(line for line in point.quoted[-8:] if line[:1] in "+-")
        # A word that the earlier revision has nowhere tells more.
        own = {
            word: _weight(word) * (1 if word in usual or len(word) < _RARE else 2)
            for word in _words(f"{comment} {said}")
        }
        near = frozenset(word for word in _words(code) if _weight(word) > 1)
        names = tuple(name.casefold() for name in display(point.author).split() if len(name) > 2)
        return cls(comment, said, own, near, names, point.patch or 0)

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

    def place(self, change: Change) -> float:
        """What speaks for a line of a changelog beside its words: whom it names, and the patch that it stands in."""
        text = change.text.casefold()
        told = set(re.findall(r"\w+", text))
        by_name = 1.0 if told.intersection(self.names[:2]) else 0.0
        if len(self.names) > 1 and " ".join(self.names) in text:
            by_name = SETTLED if self.reported else 2.0
        named = any(int(number) == self.patch for number in _OF_PATCH.findall(text))
        return by_name + (1.0 if named else 0.5 if change.patch and change.patch == self.patch else 0.0)


def _words(text: str) -> frozenset[str]:
    """Words that tell something, without the endings of their forms."""
    words = {f"{name.casefold()}:" for name in _TRAILER_NAME.findall(text)}
    for word in (piece for whole in _WORD.findall(text) for piece in {whole, *whole.split("-")}):
        if word.casefold() in _common() or len(word) < 3:
            continue
        words.add(word if _IDENTIFIER.fullmatch(word) else _stem(word.casefold()))
    return frozenset(words)


@cache
def _common() -> frozenset[str]:
    """Words that every review has."""
    text = resources.files("pipeline.review").joinpath("phrases.toml").read_text("utf-8")
    return frozenset(tomllib.loads(text)["words"]["common"].split())


def _stem(word: str) -> str:
    for ending in ("ations", "ation", "ings", "ing", "ments", "ment", "ies", "ied", "ed", "es", "ly", "s", "e"):
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            return word[: -len(ending)]
    return word


def _weight(word: str) -> float:
    if word.endswith(":"):
        return SETTLED
    if _IDENTIFIER.fullmatch(word):
        return 2.0
    return 1.0 if len(word) < 8 else 1.5


def _added(code: Mapping[int, str]) -> frozenset[tuple[str, str]]:
    lines: Iterable[ChangedLine] = (line for diff in code.values() for line in changed_lines(diff))
    return frozenset((line.path, line.text) for line in lines if line.sign == "+")


def _is_gone(quoted: str, old: frozenset[tuple[str, str]], new: frozenset[tuple[str, str]]) -> bool:
    """Whether a line that the earlier revision adds is added no more."""
    text = " ".join(quoted[1:].split())
    return any(line == text for _, line in old) and not any(line == text for _, line in new)
