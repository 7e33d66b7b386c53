"""What became of the open points of an earlier revision: its successor's changelog, messages and code say it; pure.

In this order: the author's own list of changes, what the messages of patches say now, what the code does. Words
count by what they tell: an identifier tells much, a word of every review nothing.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from pipeline.model import Series
from pipeline.review.asked import IDENTIFIER, IN_PART, PROMISED, SETTLED, WORD, Asked, telling_words
from pipeline.review.changelog import Change, changes
from pipeline.review.record import Fate, PointRecord, PromiseRecord
from pipeline.review.since import diffs, messages_of, promise
from pipeline.review.symbols import ChangedLine, changed_lines

OPEN = ("unanswered", "disputed", "undecided", "promised", "volunteered")
_FILE = re.compile(r"[\w,+-]+(?:\.[\w,+-]+)*\.[a-zA-Z]{1,5}\b")
_LINES_ABOVE = 6
"""Lines of a message, above a comment, that it is about."""
_CODE_ABOVE = 3
"""Lines of code, above a comment, that it is about."""
_NAME = re.compile(r"[A-Za-z]{3}")
_LINE_OF_TEXT = 4
"""Words of a line that is told from others."""
_FEW = 6
"""Telling words of a comment that asks for nothing but another revision."""
_REPOST = re.compile(
    r"\b(?:re-?send|re-?post|re-?spin|(?:send|post|prepare|do) (?:a |the |me )?(?:new |next )?"
    r"(?:v\d+|version|revision|series))\b",
    re.IGNORECASE,
)
_AS_BEFORE = re.compile(r"^\W*(?:and |same |again|ditto|likewise|here too|as above|also here)", re.IGNORECASE)
"""Words that point to the comment before."""
_ADDRESSED = re.compile(
    r"\b(?:address|incorporat|fix|appl|resolv|handl|implement)\w*\b.{0,60}\b(?:comments?|feedback|review|suggestions?|remarks)\b",
    re.IGNORECASE,
)
_WHOSE = re.compile(r"\b(?:from|by|of) ([A-Z][a-z]+)|\b([A-Z][a-z]+)'s?\b|\(([A-Z][a-z]+)")
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
        return tuple((change, telling_words(change.text)) for change in changes(self.after, self.before.version))

    @cached_property
    def _said_anew(self) -> tuple[tuple[str, frozenset[str]], ...]:
        """Lines of patches' messages that the earlier revision has not."""
        old = {" ".join(line.split()) for text in messages_of(self.before).values() for line in text.splitlines()}
        lines = dict.fromkeys(line for text in messages_of(self.after).values() for line in text.splitlines())
        return tuple(
            (line, telling_words(line)) for line in lines if line.strip() and " ".join(line.split()) not in old
        )

    @cached_property
    def _old_words(self) -> frozenset[str]:
        return telling_words(" ".join((*self.old_code.values(), *messages_of(self.before).values())))

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
        return Counter(word for _, line in differing for word in telling_words(line))

    @cached_property
    def _only_before(self) -> frozenset[str]:
        """Identifiers that the earlier revision adds, and the later one has nowhere."""
        before = frozenset(
            word for _, line in self._old_lines for word in telling_words(line) if IDENTIFIER.fullmatch(word)
        )
        later = " ".join((*self.new_code.values(), *messages_of(self.after).values()))
        return before - frozenset(WORD.findall(later))

    @cached_property
    def _only_after(self) -> frozenset[str]:
        """Identifiers that the later revision adds, and the earlier one has nowhere."""
        later = frozenset(
            word for _, line in self._new_lines for word in telling_words(line) if IDENTIFIER.fullmatch(word)
        )
        return later - self._old_words

    @cached_property
    def _new_files(self) -> frozenset[str]:
        """Names of the files that the later revision changes, and the earlier one does not."""
        old, new = (
            {line.path.rpartition("/")[2] for diff in code.values() for line in changed_lines(diff)}
            for code in (self.old_code, self.new_code)
        )
        return frozenset(new - old)

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

    def _is_reworked(self, under: Sequence[str]) -> bool:
        """Whether both revisions change the function that a comment stands in, and not in the same lines."""
        quoted = {" ".join(line.lstrip("+-").split()) for line in under if _NAME.search(line)}
        old, new = self._by_place
        places = {place for place, lines in old.items() if any(text in quoted for _, text in lines)}
        return any(place in new and old[place] != new[place] for place in places)

    @cached_property
    def _by_place(self) -> tuple[dict[tuple[str, str], set[tuple[str, str]]], ...]:
        """The changed lines of both revisions, by file and function."""
        revisions = []
        for code in (self.old_code, self.new_code):
            places: dict[tuple[str, str], set[tuple[str, str]]] = {}
            for line in (line for diff in code.values() for line in changed_lines(diff)):
                places.setdefault((line.path, line.within), set()).add((line.sign, line.text))
            revisions.append(places)
        return tuple(revisions)

    def fate(self, point: PointRecord) -> tuple[Fate, str, str]:
        """What became of a point, where that is said, and the line that says it."""
        asked = Asked.of(point, self._old_words)
        weighed = [
            (max(asked.weight(told) + asked.place(change), SETTLED * asked.is_all_of(change, told)), change)
            for change, told in self._changes
        ]
        most, best = max(weighed, key=lambda pair: pair[0], default=(0.0, None))
        # Of what was promised, less tells.
        if best and most >= (PROMISED if point.state in ("promised", "volunteered") else SETTLED):
            otherwise = (
                point.state != "promised"
                and not asked.is_named_by(best)
                and _TAKEN_AWAY.match(best.text)
                and not _ASKS_TO_TAKE_AWAY.search(f"{asked.text} {asked.said}")
            )
            return ("answered otherwise" if otherwise else "kept"), "changelog", best.text
        said = [(asked.weight(told), line) for line, told in self._said_anew]
        heaviest, line = max(said, key=lambda pair: pair[0], default=(0.0, ""))
        if heaviest >= SETTLED:
            return "kept", "message", line
        if _REPOST.search(asked.text) and len(asked.own) <= _FEW:
            return "kept", "message", self.after.title
        fate = self._in_code(point, asked)
        if fate != "kept" and (blanket := self._blanket(point, asked)):
            return ("kept" if point.state == "promised" else "kept in part"), "changelog", blanket
        if fate == "not found" and best and most >= IN_PART:
            return "kept in part", "changelog", best.text
        return fate, "" if fate == "not found" else "code", ""

    def _blanket(self, point: PointRecord, asked: Asked) -> str:
        """A line of the changelog that says that comments were addressed: this reviewer's, or nobody's by name."""
        for change, _ in self._changes:
            if change.patch in (0, point.patch) and _ADDRESSED.search(change.text):
                whose = {name.casefold() for names in _WHOSE.findall(change.text) for name in names if name}
                if not whose or whose.intersection(asked.names):
                    return change.text
        return ""

    def _in_code(self, point: PointRecord, asked: Asked) -> Fate:
        """By the line that a comment stands under, and by the identifiers that it names."""
        under = [line for line in point.quoted if line.strip(" >")]
        # Some quote a line of the patch without its sign.
        telling = next((line for line in reversed(under[-_CODE_ABOVE:]) if telling_words(line)), "")
        gone = any(
            _is_gone(line if line[:1] == "+" else f"+{line}", self._old_lines, self._new_lines)
            for line in {telling, *under[-1:], *asked.shown}
            if line[:1] != "-" and _NAME.search(line)
        )
        named = sum(weight for word, weight in asked.own.items() if weight >= IN_PART and self._moved_words[word])
        if gone or (any(line[:1] not in "+-@" and self._is_reworded(line) for line in under[-_LINES_ABOVE:])):
            return "kept"
        if any(IDENTIFIER.fullmatch(word) and word in self._only_before for word in asked.own):
            return "kept"
        if telling_words(asked.text) & self._only_after or set(_FILE.findall(asked.text)) & self._new_files:
            return "kept"
        if point.state == "promised" and any(
            IDENTIFIER.fullmatch(word) and self._moved_words[word] for word in telling_words(asked.text)
        ):
            return "kept"
        if point.state == "promised" and self._is_reworked(under[-_LINES_ABOVE:]):
            return "kept"
        if named >= SETTLED:
            return "kept in part"
        return "not found"


def _added(code: Mapping[int, str]) -> frozenset[tuple[str, str]]:
    lines: Iterable[ChangedLine] = (line for diff in code.values() for line in changed_lines(diff))
    return frozenset((line.path, line.text) for line in lines if line.sign == "+")


def _is_gone(quoted: str, old: frozenset[tuple[str, str]], new: frozenset[tuple[str, str]]) -> bool:
    """Whether a line that the earlier revision adds is added no more."""
    text = " ".join(quoted[1:].split())
    return any(line == text for _, line in old) and not any(line == text for _, line in new)
