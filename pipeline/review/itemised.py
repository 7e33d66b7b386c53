"""An author's answer in numbered items below a whole mail: which of its points each of them answers; pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from pipeline.review.asked import telling_words
from pipeline.review.comments import Comment, Place

_ITEM = re.compile(r"\s*\(?(\d{1,2})[.)] +\S")
_FEWEST = 2
"""Items of a list, and words that an item shares with its point."""


def itemised(comment: Comment, targets: list[Place], above: Sequence[Place]) -> list[tuple[Comment, list[Place]]]:
    """The items of an answer, each with its point; the answer as it is where they are not told apart.

    Args:
        targets: what the whole answers.
        above: the comments of the mail that is answered.
    """
    whole = [(comment, targets)]
    points = [(discussion, said) for discussion, said in above if discussion.comments[0] is said]
    starts = [
        at
        for at, line in enumerate(comment.text)
        if _ITEM.match(line) and (at == 0 or not comment.text[at - 1].strip())
    ]
    numbers = [int(match[1]) for at in starts if (match := _ITEM.match(comment.text[at]))]
    if numbers != [*range(1, len(numbers) + 1)] or not _FEWEST <= len(numbers) <= len(points):
        return whole
    items = [comment.text[start:end] for start, end in zip(starts, [*starts[1:], len(comment.text)], strict=True)]
    told = [telling_words(" ".join(item)) for item in items]
    asked = [telling_words(" ".join(said.text)) for _, said in points]
    shared = sorted(
        ((len(said & wanted), -item, -point) for item, said in enumerate(told) for point, wanted in enumerate(asked)),
        reverse=True,
    )
    found: dict[int, int] = {}
    for common, item, point in shared:
        if common >= _FEWEST and -item not in found and -point not in found.values():
            found[-item] = -point
    if len(found) < len(items):
        return whole
    return [(replace(comment, text=text), [points[found[item]]]) for item, text in enumerate(items)]
