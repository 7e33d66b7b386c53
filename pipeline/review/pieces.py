"""Cuts a comment where its answers cut it, unless what stands above a cut leads to what stands below; pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from pipeline.review.alignment import Quotation
from pipeline.review.comments import Comment
from pipeline.review.paragraphs import goes_on_below, leads_to_list, past_item, prose
from pipeline.review.phrases import Phrases, sentences

_BARE = re.compile(
    r"^(?:(?:yes|yeah|yep|yup|right|correct|true|exactly|indeed|agreed|ok|okay|sure|understood|i see|got it)\W*)+$",
    re.IGNORECASE,
)
"""An answer that nods."""
_CONCLUDES = re.compile(
    r"\s*(?:so|thus|therefore|hence|(?:with|in|by) (?:this|that) (?:approach|way|change))\b[^?]*$", re.IGNORECASE
)
_DEPENDS = re.compile(r"\s*(?:which|if so|if not|in that case)\b", re.IGNORECASE)
"""The beginning of what needs the words above it."""


@dataclass(frozen=True)
class Reaction:
    """What a mail quotes from the one that it answers, and the sentences below that."""

    quotation: Quotation
    said: tuple[str, ...]

    @property
    def nods(self) -> bool:
        return bool(_BARE.match(" ".join(self.said)))


def cuts(comment: Comment, reactions: Sequence[Reaction], phrases: Phrases) -> list[int]:
    """Positions in a comment behind which somebody answers something of its own.

    What tells how things are and is nodded at, or leads to a question right below, is a part of what follows, unless
    the answer does more than tell how things are.
    """
    found: dict[int, Reaction] = {}
    for reaction in reactions:
        cut = past_item(comment.text, comment.last_of(reaction.quotation, in_part=False) + 1)
        if not (goes_on_below(comment.text, cut) or leads_to_list(comment.text, cut)):
            found.setdefault(cut, reaction)
    kept: list[int] = []
    positions = sorted(found.keys() - {0, len(comment.text)})
    for cut, end in pairwise([*positions, len(comment.text)]):
        above = comment.text[kept[-1] if kept else 0 : cut]
        if not _leads(above, comment.text[cut:end], found[cut], phrases):
            kept.append(cut)
    return kept


def _leads(above: Sequence[str], below: Sequence[str], reaction: Reaction, phrases: Phrases) -> bool:
    state = phrases.answer(reaction.said).state
    first = next((line for line in below if line.strip()), "")
    if _DEPENDS.match(first):
        return True
    if state == "promised" and _CONCLUDES.match(first):
        return True
    if any(map(phrases.wants, phrases.substance(sentences(prose(above))))):
        return False
    if reaction.nods:
        return True
    wanted = any(map(phrases.wants, phrases.substance(sentences(prose(below)))[:1]))
    asks_back = any(sentence.endswith("?") for sentence in reaction.said)
    return wanted and (state == "answered" or (state == "undecided" and not asks_back))
