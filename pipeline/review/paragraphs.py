"""Parts of a comment: where a paragraph begins something else, what is shown below a rule, where a sentence begins."""

from __future__ import annotations

import re
from collections.abc import Sequence

from pipeline.review.alignment import words
from pipeline.review.phrases import Phrases, matches, sentences
from pipeline.review.quoting import is_title

_BULLET = re.compile(r"^\s*(?:[-*+]|\(?\w[.)]) ")
_CHANGED = re.compile(r"^[+-](?: {3,}| *\*| *//)")
_RULE = re.compile(r"^\s*(?:={5,}|-{5,}|~{5,}|_{5,})\s*$")

_GOES_ON = re.compile(r"[\w,]$")
_SMALL = re.compile(r"\s*[a-z]+\b(?![(_]|\.\w)")
_THE_SAME = re.compile(r"\b(?:this|that|these|those|it|them|too|as well|your|you)\b", re.IGNORECASE)
"""Words of an answer that mean what it answers."""
_ANOTHER = re.compile(r"\b(?:an)?other thing\b|\bone more thing\b", re.IGNORECASE)
"""Words that begin something else, whatever they go on about."""


def fresh_starts(text: Sequence[str], phrases: Phrases) -> list[int]:
    """Positions of paragraphs that begin something else, and ask for it."""
    starts: list[int] = []
    listed = False
    for at in range(1, len(text)):
        begins = bool(text[at].strip()) and not text[at - 1].strip()
        above = next((line.strip() for line in reversed(text[:at]) if line.strip()), "")
        listed = (listed or above.endswith(":")) and bool(_BULLET.match(text[at])) if begins else listed
        if (
            begins
            and not listed
            and not _goes_on_small(above, text[at])
            and matches(phrases.additive, text[at].strip())
        ):
            end = next((below for below in range(at, len(text)) if not text[below].strip()), len(text))
            said = phrases.substance(sentences(text[at:end]))
            if any(phrases.asks(sentence) or sentence.endswith("?") for sentence in said):
                starts.append(at)
    return starts


def _goes_on_small(above: str, line: str) -> bool:
    """Whether a paragraph begins small below one that has no end: it goes on."""
    return bool(above) and above[-1] not in ".!?:" and line.lstrip()[:1].islower()


def past_item(text: Sequence[str], end: int) -> int:
    """Where an item ends of which a title alone is quoted: before the next one."""
    if not end or not is_title(text[end - 1]) or (end < len(text) and text[end].strip()):
        return end
    return next((at for at in range(end, len(text)) if is_title(text[at]) and not text[at - 1].strip()), len(text))


def goes_on_below(text: Sequence[str], at: int) -> bool:
    """Whether a sentence goes on there: no blank line, and a line that ends in a word above one that begins small."""
    return 0 < at < len(text) and bool(_GOES_ON.search(text[at - 1].rstrip()) and _SMALL.match(text[at]))


def leads_to_list(text: Sequence[str], at: int) -> bool:
    """Whether a list begins there to which the line above leads: `It does not say:`."""
    above = next((line.rstrip() for line in reversed(text[:at]) if line.strip()), "")
    below = next((line for line in text[at:] if line.strip()), "")
    return above.endswith(":") and bool(_BULLET.match(below))


def above_rule(text: Sequence[str]) -> Sequence[str]:
    """Without what is shown below a ruled line, such as a message that is proposed."""
    at = next((at for at, line in enumerate(text) if at and _RULE.match(line)), len(text))
    return text[:at]


def prose(text: Sequence[str]) -> list[str]:
    """Without changed lines that a reviewer writes down."""
    return [line for line in text if not _CHANGED.match(line)]


def line_of(text: Sequence[str], sentence: str) -> int:
    """The line that a sentence begins in."""
    wanted = sentence.split()[:3]
    for at in range(len(text)):
        if " ".join(wanted) in words(" ".join(text[at : at + 2])) and wanted[0] in text[at].split():
            return at
    return 0


def repeats(text: Sequence[str], phrases: Phrases) -> bool:
    """`Same here.`, which says nothing where it agrees with somebody, and something under other code."""
    return bool(text) and matches(phrases.repeated, text[0].strip())


def goes_on(sentence: str) -> bool:
    """Whether a plan in an answer is about what it answers."""
    return bool(_THE_SAME.search(sentence)) and not _ANOTHER.search(sentence)
