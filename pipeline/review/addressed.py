"""Of words that may be meant for others, or for nobody: whether they want something of the author."""

from __future__ import annotations

import re
from collections.abc import Sequence
from difflib import get_close_matches

from pipeline.review.asked import telling_words
from pipeline.review.comments import Discussion
from pipeline.review.messages import Message
from pipeline.review.phrases import Phrases, matches, sentences

MORE_THAN_THAT = re.compile(r"\?|\b(?:please|but|don't like|not a fan|disagree)\b", re.IGNORECASE)
"""Of an answer that wants something itself."""
_OF_PATCH = re.compile(
    r"\bplease\b|\blet's\b|\bthis (?:patch|series|change)\b|\b(?:in|to|into) (?:the|a|this|your) (?:code|comment"
    r"|commit message|commit log|change ?log|cover letter|documentation|docs?|kernel-?doc)\b",
    re.IGNORECASE,
)
_WHOSE = re.compile(
    r"\b(?:comment|suggest|point|mention|ask|request|remark|recommend|propos|spot|not)\w*", re.IGNORECASE
)
_ALIKE = 0.85
"""Of a name that may be misspelt."""


def wants_of_author(
    piece: Sequence[str], said: Sequence[str], phrases: Phrases, *, answers: bool, apart: bool, to_point: bool
) -> bool:
    """Whether words below another reviewer's want something of the author.

    Who agrees has nothing new, and who objects to a point objects to what the other reviewer says.

    Args:
        said: its sentences that say something about the code.
        answers: they stand below a question, and may tell how things are.
        to_point: they answer a point.
        apart: they go on with what two reviewers say to each other, and ask the author in so many words or not at all.
    """
    if apart:
        return any(phrases.wants(sentence) and _OF_PATCH.search(sentence) for sentence in said)
    if answers:
        return any(map(phrases.urges, said))
    if any(matches(phrases.seconded, sentence) for sentence in sentences(piece)[:1]):
        return any(phrases.wants(sentence) and MORE_THAN_THAT.search(sentence) for sentence in said)
    return any(
        phrases.asks(sentence)
        or sentence.endswith("?")
        or (phrases.wants(sentence) and (not to_point or _OF_PATCH.search(sentence)))
        for sentence in said
    )


def meant_by(said: Sequence[str], message: Message, discussions: Sequence[Discussion]) -> Discussion | None:
    """The point of another mail that an author answers where its reviewer is named: `As Mona suggests, I will ...`."""
    text = " ".join(said)
    if not _WHOSE.search(text):
        return None
    named = re.findall(r"\w{4,}", text.casefold())
    told = telling_words(text)
    return next(
        (
            discussion
            for discussion in discussions
            if not discussion.volunteered
            and discussion.comments[0].message.id != message.parent
            and any(get_close_matches(name, named, 1, _ALIKE) for name in discussion.comments[0].message.names[1:])
            and told & telling_words(" ".join(discussion.comments[0].text))
        ),
        None,
    )


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
