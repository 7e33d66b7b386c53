"""Fates of the open points of an earlier revision, from its successor's changelog, messages and code; pure.

In this order: the author's own list of changes, what the messages of patches say now, what the code does. Words
count by what they tell: an identifier tells much, a word of every review nothing.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from pipeline.model import Series
from pipeline.review.asked import IDENTIFIER, IN_PART, OF_PATCH, PROMISED, SETTLED, Asked, telling_words
from pipeline.review.changelog import Change, changes
from pipeline.review.difference import NAME, Difference
from pipeline.review.findings import mended
from pipeline.review.record import Fate, PointRecord, PromiseRecord
from pipeline.review.since import promise

OPEN = ("unanswered", "disputed", "undecided", "promised", "volunteered")
_WORD_OF_FILE = re.compile(r"[\w,+-]+(?:\.[\w,+-]+)*")
_LINES_ABOVE = 6
"""Lines of a message, above a comment, that it is about."""
_CODE_ABOVE = 3
"""Lines of code, above a comment, that it is about."""
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
_ORDER = re.compile(
    r"\b(?:order (?:of|in) (?:the|these|this|your) (?:patch|series)|re-?order)|"
    r"\bmove\b.{0,30}\bpatch(?:es)?\b.{0,30}\b(?:top|first|front|before|earlier|last|end|behind|after)\b",
    re.IGNORECASE,
)
"""Of a comment that wants patches in another order."""
_ONE_COMMENT = re.compile(r"\b(?:comment|feedback|suggestion|remark) (?:to|about|on|regarding|that)\b", re.IGNORECASE)
"""Of a line that says which one it was."""
_WHOSE = re.compile(r"\b(?:from|by|of) ([A-Z][a-z]+)|\b([A-Z][a-z]+)'s?\b|\(([A-Z][a-z]+)")
_TAKEN_AWAY = re.compile(r"^(?:remov|drop|delet|discard|get rid|got rid|no longer)\w*", re.IGNORECASE)
_ASKS_TO_EXPLAIN = re.compile(
    r"\b(?:explain|describe|elaborate|motivat\w+|justif\w+|rationale|reasoning|why)\b", re.IGNORECASE
)
_QUOTED = re.compile(r"(?<!\w)[\"`\u201c]([^\"`\u201c\u201d]{2,60})[\"`\u201d](?!\w)")
"""Words that a comment writes out."""
_EXPRESSION = re.compile(r"\b[a-zA-Z]\w+\([^\s()]{2,40}\)")
_OF_SPACE = re.compile(r"\b(?:tabs?|(?:white ?)?spaces?|indent\w*|align\w*)\b", re.IGNORECASE)
_OF_ORDER = re.compile(r"\b(?:alphabetic\w*|sort(?:ed)?|christmas|xmas)\b", re.IGNORECASE)
_FOLDED = re.compile(r"\b(?:fold|squash|merge)\b.{0,40}\b(?:in|into|with)\b", re.IGNORECASE)
"""Of a comment that wants what a patch does, in another one."""
_AS_ASKED = re.compile(
    r"\b(?:as|like|per|following|after) (?:\w+ ){0,3}"
    r"(?:suggest|request|recommend|ask|discuss|advis|agree|propos|comment)\w*",
    re.IGNORECASE,
)
"""Of a line that says that somebody wanted it."""
_ASKS_TO_TAKE_AWAY = re.compile(
    r"\b(?:extra|stray|spurious|trailing|useless|unrelated)\b|"
    r"\b(?:remov|drop|delet|unneed|unnecessar|redundant|superfluous|get rid|not needed|no need|can go|avoid)\w*|"
    r"\b(?:never|not|n't|un) ?used\b|\bpointless\b|\bdead code\b",
    re.IGNORECASE,
)

_UNCHANGED = re.compile(
    r"no (?:(?:functional|other|code) )*changes?(?: (?:to|in|for|from|since|over) (?:(?:the )?(?:patch ?#?\d{1,3}"
    r"|v\d{1,3}|(?:previous|last|earlier) (?:version|revision)),? ?)+)?\W*$",
    re.IGNORECASE,
)
_REBASE = re.compile(r"\bre-?bas(?:e|ed|ing)\b", re.IGNORECASE)
_OBJECTS = re.compile(
    r"\b(?:not|n't) (?:\w+ )?(?:an? )?(?:\w+ )?(?:fan of|happy with|keen on|convinced)\b"
    r"|\bi (?:\w+ )?(?:don't|do not) (?:\w+ )?like\b"
    r"|\b(?:drop|skip) (?:this|the) patch\b",
    re.IGNORECASE,
)
"""Of a comment that does not want the patch."""


def fates(points: Sequence[PointRecord], before: Series, after: Series) -> tuple[PromiseRecord, ...]:
    """For each open point of the earlier revision, what the later one makes of it.

    Args:
        points: of the earlier revision.
    """
    difference = Difference(before, after)
    revisions = _Fates(difference)
    made = []
    previous: PointRecord | None = None
    for own in points:
        point = own
        if previous and previous.message_id == point.message_id and _AS_BEFORE.match(" ".join(point.text)):
            point = own.model_copy(update={"text": (*own.text, *previous.text)})
        previous = point
        if point.state in OPEN:
            fate, found_in, said = revisions.fate(point)
            record = promise(own, difference.old_code, difference.new_code)
            made.append(record.model_copy(update={"fate": fate, "found_in": found_in, "words": said}))
    return _handed_on(revisions.credited(made))


def _handed_on(made: Sequence[PromiseRecord]) -> tuple[PromiseRecord, ...]:
    """A point that was raised in the answers to another one shares its fate, where nothing else is known."""
    by_parent = {promised.point.within: promised for promised in made if promised.fate != "not found"}
    return tuple(
        promised.model_copy(update={"fate": later.fate, "found_in": later.found_in, "words": later.words})
        if promised.fate == "not found" and (later := by_parent.get(promised.point.number))
        else promised
        for promised in made
    )


@dataclass(frozen=True)
class _Fates:
    """Judges points by what differs between two revisions."""

    difference: Difference

    @cached_property
    def _changes(self) -> tuple[tuple[Change, frozenset[str]], ...]:
        return tuple(
            (change, telling_words(change.text))
            for change in changes(self.difference.after, self.difference.before.version)
        )

    def fate(self, point: PointRecord) -> tuple[Fate, str, str]:
        """The fate of a point, the place that tells it, and its line there."""
        asked = Asked.of(point, self.difference.old_words)
        weighed = [
            (max(asked.weight(told) + asked.place(change), SETTLED * asked.is_all_of(change, told)), change)
            for change, told in self._changes
        ]
        most, best = max(weighed, key=lambda pair: pair[0], default=(0.0, None))
        # Of what was promised, less tells.
        if self._is_left(point):
            return "not found", "", ""
        if best and most >= (PROMISED if point.state in ("promised", "volunteered") else SETTLED):
            otherwise = (
                point.state != "promised"
                and not (asked.is_named_by(best) or asked.is_credited_by(best))
                and _TAKEN_AWAY.match(best.text)
                and not _AS_ASKED.search(best.text)
                and not _ASKS_TO_TAKE_AWAY.search(f"{asked.text} {asked.said}")
            )
            return ("answered otherwise" if otherwise else "kept"), "changelog", best.text
        if point.state == "promised" and self._is_explained(point):
            return "kept", "message", ""
        said = [(asked.weight(told), line) for line, told in self.difference.new_statements]
        heaviest, line = max(said, key=lambda pair: pair[0], default=(0.0, ""))
        if heaviest >= SETTLED:
            return "kept", "message", line
        if _REBASE.search(asked.text) and (line := self._rebased()):
            return "kept", "changelog", line
        if _REPOST.search(asked.text) and len(asked.own) <= _FEW:
            return "kept", "message", self.difference.after.title
        wanted_away = _ASKS_TO_TAKE_AWAY.search(f"{asked.text} {asked.said}")
        unwanted = _OBJECTS.search(asked.text) or _FOLDED.search(asked.text)
        if point.patch in self.difference.dropped and unwanted:
            return "kept", "code", ""
        if point.patch in self.difference.dropped and point.state != "promised" and not wanted_away:
            return "answered otherwise", "code", ""
        fate = self._of_finding(point) or self._in_code(point, asked)
        if fate != "kept" and (blanket := self._blanket(point, asked)):
            return ("kept" if point.state == "promised" else "kept in part"), "changelog", blanket
        if fate == "not found" and best and most >= IN_PART:
            return "kept in part", "changelog", best.text
        return fate, "" if fate == "not found" else "code", ""

    def _is_left(self, point: PointRecord) -> bool:
        """Whether a comment stands under code of a patch of which the author says that it has not changed."""
        under = next((line for line in reversed(point.quoted) if line.strip(" >")), "")
        said = (change for change, _ in self._changes if _UNCHANGED.match(change.text))
        left = {
            number for change in said for number in (change.patch, *map(int, OF_PATCH.findall(change.text.lower())))
        }
        return under[:1] in ("+", "-", "@") and point.patch in left and self.difference.has_same_title(point.patch)

    def _is_explained(self, point: PointRecord) -> bool:
        """Whether a comment on a patch's message asks for an explanation, and that says more now."""
        under = next((line for line in reversed(point.quoted) if line.strip(" >")), "")
        asks = _ASKS_TO_EXPLAIN.search(" ".join(point.text)) and under[:1] not in ("+", "-", "@")
        return bool(asks) and point.patch is not None and self.difference.is_explained(point.patch)

    def _of_finding(self, point: PointRecord) -> Fate | None:
        """Of what a program found."""
        right, told = mended(point.text, self.difference)
        return None if not right else "kept" if right == told else "kept in part"

    def credited(self, made: Sequence[PromiseRecord]) -> list[PromiseRecord]:
        """A line of the changelog that names a reviewer behind it is about the nearest of their points."""
        result = [*made]
        asked = [Asked.of(record.point, self.difference.old_words) for record in made]
        for change, told in self._changes:
            named = [int(number) for number in OF_PATCH.findall(change.text)]
            weights = [about.weight(told) if about.is_credited_by(change) else 0.0 for about in asked]
            most = max(weights, default=0.0)
            if (
                most > 0
                and weights.count(most) == 1
                and result[weights.index(most)].fate in ("not found", "kept in part")
            ):
                at = weights.index(most)
                update = {"fate": "kept", "found_in": "changelog", "words": change.text}
                result[at] = result[at].model_copy(update=update)
            there = [
                at
                for at, about in enumerate(asked)
                if about.is_credited_by(change)
                and about.patch in named
                and result[at].fate in ("not found", "kept in part")
            ]
            for at in there:
                fate = "kept" if len(there) == 1 else "kept in part"
                update = {"fate": fate, "found_in": "changelog", "words": change.text}
                result[at] = result[at].model_copy(update=update)
        return result

    def _rebased(self) -> str:
        return next((change.text for change, _ in self._changes if _REBASE.search(change.text)), "")

    def _blanket(self, point: PointRecord, asked: Asked) -> str:
        """A line of the changelog that says that comments were addressed: this reviewer's, or nobody's by name."""
        for change, _ in self._changes:
            about_all = _ADDRESSED.search(change.text) and not _ONE_COMMENT.search(change.text)
            if change.patch in (0, point.patch) and about_all:
                whose = {name.casefold() for names in _WHOSE.findall(change.text) for name in names if name}
                if not whose or whose.intersection(asked.names):
                    return change.text
        return ""

    def _in_code(self, point: PointRecord, asked: Asked) -> Fate:
        """By the line that a comment stands under, and by the identifiers that it names."""
        both = self.difference
        under = [line for line in point.quoted if line.strip(" >")]
        # Some quote a line of the patch without its sign.
        telling = next((line for line in reversed(under[-_CODE_ABOVE:]) if telling_words(line)), "")
        added = [line for line in under[-_CODE_ABOVE:] if line[:1] == "+" and telling_words(line)][-1:]
        gone = any(
            both.is_gone(line if line[:1] == "+" else f"+{line}")
            for line in {telling, *under[-1:], *added, *asked.shown}
            if line[:1] != "-" and NAME.search(line)
        ) or both.is_gone_around(under)
        named = sum(weight for word, weight in asked.own.items() if weight >= IN_PART and both.moved_words[word])
        if both.is_reordered and _ORDER.search(asked.text):
            return "kept"
        if both.has_new_words((*_QUOTED.findall(asked.text), *_EXPRESSION.findall(asked.text))):
            return "kept"
        if _OF_SPACE.search(asked.text) and any(map(both.is_set_otherwise, added)):
            return "kept"
        if _OF_ORDER.search(asked.text) and both.is_rewritten_around(under[-_LINES_ABOVE:]):
            return "kept"
        # Of what was not agreed to, lines that are others now tell nothing.
        agreed_to = point.state not in ("disputed", "undecided")
        if agreed_to and (
            gone or any(line[:1] not in "+-@" and both.is_reworded(line) for line in under[-_LINES_ABOVE:])
        ):
            return "kept"
        if any(IDENTIFIER.fullmatch(word) and word in both.only_before for word in asked.own):
            return "kept"
        files = {name.strip(".,") for name in _WORD_OF_FILE.findall(asked.text)}
        if telling_words(asked.text) & both.only_after or files & (both.new_files | both.new_headers):
            return "kept"
        # What is to go is gone where a name of the code above the comment is.
        away = _ASKS_TO_TAKE_AWAY.search(f"{asked.text} {asked.said}")
        if point.state == "promised" and away and telling_words(" ".join(under[-_LINES_ABOVE:])) & both.only_before:
            return "kept"
        if point.state == "promised" and any(
            IDENTIFIER.fullmatch(word) and both.moved_words[word] for word in telling_words(asked.text)
        ):
            return "kept"
        near = under[-_LINES_ABOVE:]
        if point.state == "promised" and (both.is_reworked(near) or both.is_rewritten_around(near)):
            return "kept"
        if named >= SETTLED:
            return "kept in part"
        return "not found"
