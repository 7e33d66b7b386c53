"""Splits a cover letter into statements: sentences and list items, without signature, range-diff and changelog."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

MOST_TEXT = 200_000
"""Characters of a letter that are read; the rest is ignored."""

_SIGNATURE = re.compile(r"^-- ?$", re.MULTILINE)
# git-format-patch(1) writes both of them, indented or numbered; what follows at the margin is the letter again.
_COMPARISON = re.compile(
    r"^(?:Range-diff|Interdiff)(?: against .*)?:?$(?:\n(?!\S)(?! [^\n]*\|)[^\n]*|\n(?:\d+|-):[^\n]*)*", re.MULTILINE
)
_CHANGELOG = re.compile(
    r"^\W{0,4}(?:change(?:s|d|log| log)|revision history|differences)\b[^.]{0,70}$|^\W{0,4}v\d{1,2}\b.{0,20}[:>]",
    re.IGNORECASE | re.MULTILINE,
)
"""The heading of a changelog. What follows it is about a revision, not about the series as a whole."""
_LISTED = re.compile(r"[ \t]*(?:[-*•+o][ \t]|\d{1,2}[.)][ \t]|v\d|https?:|link\b|change)|[ \t]{2}", re.IGNORECASE)
_PARAGRAPHS = re.compile(r"\n(?:[ \t]*\n)+")
_ITEMS = re.compile(r"\n(?=[ \t]*(?:[-*•][ \t]|\d{1,2}[.)][ \t]|patch(?:es)?[ \t]+#?\d))", re.IGNORECASE)
_SENTENCES = re.compile(r"(?<=[.!?])\s+(?=[A-Z(\"'])")
_PATCH_LIST = re.compile(
    r"\bpatch(?:es)?\s{0,80}[#(]?\s{0,80}(?P<list>\d{1,4}(?:/\d{1,4})?(?:\s*(?:-|–|—|to|through|and|&|,)\s*#?\d{1,4}(?:/\d{1,4})?)*)",
    re.IGNORECASE,
)
_COUNTS = {
    name: at
    for at, name in enumerate(("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"), 1)
}
_ORDINALS = {
    name: at
    for at, name in enumerate(
        ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth"), 1
    )
}
_COUNT = "|".join(_COUNTS)
_ORDINAL = rf"(?:{'|'.join(_ORDINALS)}|last|final|\d{{1,3}}(?:st|nd|rd|th))"
_ORDINAL_PATCHES = re.compile(
    rf"\b(?P<ordinals>{_ORDINAL}(?:(?:,| and|, and| &)(?: the)? {_ORDINAL}){{0,20}})"
    rf"(?: (?P<count>\d{{1,3}}|{_COUNT}))? patch(?:es)?\b",
    re.IGNORECASE,
)
_NAMED_NUMBER = re.compile(rf"\bpatch (?P<count>{_COUNT})\b(?! patch)", re.IGNORECASE)
_OF_TOTAL = re.compile(r"(?<![\w/.])(?P<number>\d{1,4})/(?P<total>\d{1,4})(?![\w/.])")
_STEP = re.compile(r"(?P<join>-|–|—|to|through|and|&|,)?\s{0,80}#?(?P<number>\d{1,4})(?:/\d{1,4})?\s{0,80}")


@dataclass(frozen=True)
class Mention:
    """Patches that a text names: their numbers, and the place of the words."""

    patches: tuple[int, ...]
    start: int
    end: int


def own_words(body: str) -> str:
    """A letter's text without its signature and without a range-diff, which quotes what others said."""
    return _COMPARISON.sub("", _SIGNATURE.split(body[:MOST_TEXT], maxsplit=1)[0])


def paragraphs(text: str) -> list[str]:
    return [paragraph for paragraph in _PARAGRAPHS.split(text.strip("\n")) if paragraph.strip()]


def without_changelog(texts: Sequence[str]) -> Iterator[str]:
    """Drop the paragraphs of a changelog, which tell what is new since the last revision."""
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
    """Yield sentences and list items with their line breaks, each with whether it is the first of its item."""
    for item in _ITEMS.split(paragraph):
        begins = True
        for sentence in _SENTENCES.split(item):
            if sentence.strip():
                yield sentence, begins
                begins = False


def mentions(text: str, total: int) -> list[Mention]:
    """Where a text names patches of a series of `total`: `patches 1-3`, `the last two patches`, `3/9`."""
    plain = re.sub(r"\s", " ", text)
    rest = _PATCH_LIST.sub(lambda listed: " " * len(listed[0]), plain)
    lists = [
        *((_numbers(match["list"], total), match) for match in _PATCH_LIST.finditer(text)),
        *(
            (_by_ordinals(match["ordinals"], match["count"], total), match)
            for match in _ORDINAL_PATCHES.finditer(plain)
        ),
        *((_within([_COUNTS[match["count"].lower()]], total), match) for match in _NAMED_NUMBER.finditer(plain)),
        *(
            (_within([int(match["number"])], total), match)
            for match in _OF_TOTAL.finditer(rest)
            if int(match["total"]) == total
        ),
    ]
    named = [Mention(patches, *match.span()) for patches, match in lists if patches]
    return sorted(named, key=lambda mention: mention.start)


def _by_ordinals(ordinals: str, counted: str | None, total: int) -> tuple[int, ...]:
    """Numbers for words like `second and last`, or with a count, `first two` and `last three`."""
    count = _COUNTS.get((counted or "").lower()) or int(counted or 1)
    numbers = list[int]()
    for word in re.findall(_ORDINAL, ordinals, re.IGNORECASE):
        if word.lower() in ("last", "final"):
            numbers += range(max(1, total - count + 1), total + 1)
        else:
            start = _ORDINALS.get(word.lower()) or int(re.sub(r"\D", "", word))
            numbers += range(start, min(start + count, total + 1))
    return _within(numbers, total)


def _within(numbers: Sequence[int], total: int) -> tuple[int, ...]:
    return tuple(sorted({number for number in numbers if 1 <= number <= total}))


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
