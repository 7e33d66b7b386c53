"""A cover letter as statements: its own words, without signature and range-diff, cut at sentences and list items."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

MOST_TEXT = 200_000
"""Characters of a letter that are looked at."""

_SIGNATURE = re.compile(r"^-- ?$", re.MULTILINE)
# git-format-patch(1) writes both of them, indented or numbered; what follows at the margin is the letter again.
_COMPARISON = re.compile(
    r"^(?:Range-diff|Interdiff)(?: against .*)?:?$(?:\n(?!\S)(?! [^\n]*\|)[^\n]*|\n(?:\d+|-):[^\n]*)*", re.MULTILINE
)
_CHANGELOG = re.compile(
    r"^\W{0,4}(?:change(?:s|d|log| log)|revision history|differences)\b[^.]{0,70}$|^\W{0,4}v\d{1,2}\b.{0,20}[:>]",
    re.IGNORECASE | re.MULTILINE,
)
"""Heads what is new in a revision, which says nothing of the series as a whole."""
_LISTED = re.compile(r"[ \t]*(?:[-*•+o][ \t]|\d{1,2}[.)][ \t]|v\d|https?:|link\b|change)|[ \t]{2}", re.IGNORECASE)
_PARAGRAPHS = re.compile(r"\n(?:[ \t]*\n)+")
_ITEMS = re.compile(r"\n(?=[ \t]*(?:[-*•][ \t]|\d{1,2}[.)][ \t]|patch(?:es)?[ \t]+#?\d))", re.IGNORECASE)
_SENTENCES = re.compile(r"(?<=[.!?])\s+(?=[A-Z(\"'])")
_PATCH_LIST = re.compile(
    r"\bpatch(?:es)?\s{0,80}[#(]?\s{0,80}(?P<list>\d{1,4}(?:/\d{1,4})?(?:\s*(?:-|–|—|to|through|and|&|,)\s*#?\d{1,4}(?:/\d{1,4})?)*)",
    re.IGNORECASE,
)
_FIRST_PATCHES = re.compile(r"\bthe first (?P<count>\d{1,3}|two|three|four|five|six|seven|eight|nine|ten)? ?patch")
_COUNTS = {"two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9, "ten": 10}
_STEP = re.compile(r"(?P<join>-|–|—|to|through|and|&|,)?\s{0,80}#?(?P<number>\d{1,4})(?:/\d{1,4})?\s{0,80}")


@dataclass(frozen=True)
class Mention:
    """Patches that a text names, by number, and where in it."""

    patches: tuple[int, ...]
    start: int
    end: int


def own_words(body: str) -> str:
    """A letter's text without its signature and without a range-diff, which quotes what others said."""
    return _COMPARISON.sub("", _SIGNATURE.split(body[:MOST_TEXT], maxsplit=1)[0])


def paragraphs(text: str) -> list[str]:
    return [paragraph for paragraph in _PARAGRAPHS.split(text.strip("\n")) if paragraph.strip()]


def without_changelog(texts: Sequence[str]) -> Iterator[str]:
    """Paragraphs without those that tell what is new since the revision before."""
    inside = False
    for paragraph in texts:
        heading = _CHANGELOG.search(paragraph)
        if heading:
            inside = True
            paragraph = paragraph[: heading.start()]
        elif inside and _LISTED.match(paragraph):
            continue
        else:
            inside = False
        if paragraph.strip():
            yield paragraph


def statements(paragraph: str) -> Iterator[tuple[str, bool]]:
    """Sentences and list items, lines as they are, each with whether its item begins with it."""
    for item in _ITEMS.split(paragraph):
        begins = True
        for sentence in _SENTENCES.split(item):
            if sentence.strip():
                yield sentence, begins
                begins = False


def mentions(text: str, total: int) -> list[Mention]:
    """Where a text names patches of a series of `total`: `patches 1-3`, `patch 2 and 4`, `the first three patches`."""
    lists = [Mention(_numbers(match["list"], total), *match.span()) for match in _PATCH_LIST.finditer(text)]
    for match in _FIRST_PATCHES.finditer(text.lower()):
        count = _COUNTS.get(match["count"] or "") or int(match["count"] or 1)
        lists.append(Mention(tuple(range(1, min(count, total) + 1)), *match.span()))
    return sorted((mention for mention in lists if mention.patches), key=lambda mention: mention.start)


def _numbers(text: str, total: int) -> tuple[int, ...]:
    numbers: dict[int, None] = {}
    last = 0
    for step in _STEP.finditer(text):
        number = int(step["number"])
        through = step["join"] in ("-", "–", "—", "to", "through")
        if 1 <= number <= total:
            numbers |= dict.fromkeys(range(last + 1, number) if through and last else ())
            numbers[number] = None
        last = number
    return tuple(sorted(numbers))
