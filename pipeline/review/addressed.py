"""Of words that may be meant for others, or for nobody: whether they want something of the author."""

from __future__ import annotations

import re
from collections.abc import Sequence

from pipeline.review.phrases import Phrases, matches, sentences

MORE_THAN_THAT = re.compile(r"\?|\b(?:please|but|don't like|not a fan|disagree)\b", re.IGNORECASE)
"""Of an answer that wants something itself."""
_OF_PATCH = re.compile(r"\bplease\b|\blet's\b|\bthis (?:patch|series|change)\b", re.IGNORECASE)


def wants_of_author(piece: Sequence[str], said: Sequence[str], phrases: Phrases, *, answers: bool, apart: bool) -> bool:
    """Whether words below another reviewer's want something of the author.

    Who agrees has nothing new.

    Args:
        said: its sentences that say something about the code.
        answers: they stand below a question, and may tell how things are.
        apart: they go on with what two reviewers say to each other, and ask the author in so many words or not at all.
    """
    if apart:
        return any(phrases.wants(sentence) and _OF_PATCH.search(sentence) for sentence in said)
    if answers:
        return any(map(phrases.urges, said))
    if any(matches(phrases.seconded, sentence) for sentence in sentences(piece)[:1]):
        return any(phrases.wants(sentence) and MORE_THAN_THAT.search(sentence) for sentence in said)
    return any(map(phrases.wants, said))


def is_note(comment: Sequence[str], piece: Sequence[str], phrases: Phrases) -> bool:
    """Whether a comment begins as a note for the record, or the sender of a piece of it does what it says."""
    begins = any(matches(phrases.notes, sentence) for sentence in sentences(comment)[:1])
    return begins or any(matches(phrases.taken, sentence) for sentence in sentences(piece))


def in_so_many_words(said: Sequence[str], phrases: Phrases) -> bool:
    """Whether a note asks or objects all the same."""
    return any(
        sentence.endswith("?") or _OF_PATCH.search(sentence) or matches(phrases.objection, sentence)
        for sentence in said
    )
