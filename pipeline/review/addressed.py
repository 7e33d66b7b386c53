"""Of words that may be meant for others, or for nobody: whether they want something of the author."""

from __future__ import annotations

import re
from collections.abc import Sequence
from difflib import get_close_matches

from pipeline.review.asked import telling_words
from pipeline.review.comments import Comment, Discussion
from pipeline.review.messages import Message
from pipeline.review.phrases import Phrases, matches, sentences

_MORE_THAN_THAT = re.compile(r"\?\W*$|\b(?:please|but|don't like|not a fan|disagree)\b", re.IGNORECASE)
"""Of an answer that wants something itself."""
_CALL = re.compile(
    r"\?|\b(?:please|let me know|advi[cs]e|appreciat\w+|hints?|help|ideas?|input|opinions?|suggest\w*|thoughts?"
    r"|welcome)\b",
    re.IGNORECASE,
)
"""Of an author who asks for more than a change."""
_YES_OR_NO = re.compile(r"(?:yes|yep|yeah|no|nope|correct|right|exactly|indeed|sure)\b(?! need)", re.IGNORECASE)
_LAST_SENTENCES = 3
"""Of what is quoted, those that an answer may be to."""
_TELLS_TO = re.compile(
    r"(?:^|, )(?:(?:just|then|simply|also|maybe|perhaps) )*(?:add|drop|remove|use|make|move|keep|put|rename|split|fix"
    r"|send|document|explain|mention|return|check)\b",
    re.IGNORECASE,
)
"""Of a sentence that tells somebody to do something."""
_MAKES_SURE = re.compile(
    r"^but\b|^(?:(?:so|oh|ah|ok|okay|hmm?|well|and|but|or),? )*(?:do )?(?:you (?:mean|say|are saying)|is ?n[o']t that"
    r"|is that)\b|^\w+\W*\?\W*$",
    re.IGNORECASE,
)
"""Of a question whether an answer was understood, or that doubts it."""
_OF_PATCH = re.compile(
    r"\b(?:in-kernel|kernel|common|usual) (?:practice|style|convention)\b"
    r"|\byou(?:'d|'ll| would| will) need (?:an?|the|to)\b|\bplease\b|\blet's\b"
    r"|\bthe (?:original|posted|proposed) (?:patch|series)\b|\bway forward\b"
    r"|\bthis (?:patch|series|change)\b|\b(?:in|to|into|from|of) (?:the|a|this|your) (?:code|comment"
    r"|commit message|commit log|change ?log|cover letter|documentation|docs?|kernel-?doc)\b",
    re.IGNORECASE,
)
_EXPLAINS = re.compile(
    r"(?:just )?to (?:expand|elaborate|clarify|follow up|be clear|(?:add|give) (?:some|more|a bit))\b", re.IGNORECASE
)
"""The beginning of words that tell more of what was said."""
_ASKS_HOW = re.compile(
    r"(?:^|[.,;:] )(?:(?:and|so|then|or),? )?(?:what|why|how|where|when|which|who|whose|does|do|did|is|are|was|were|has"
    r"|have|can|could|would|should|will)\b[^?]*\?\W*$",
    re.IGNORECASE,
)
"""Of a question that has the form of one."""
_CHOOSES = re.compile(
    r"\b(?:prefer|vote for|go (?:with|for)|take|like)\b.{0,20}(?:\b(?:option|variant|number|proposal|approach) |[(#])"
    r"\(?(?:\d|[a-d]\b)",
    re.IGNORECASE,
)
"""Of a sentence that takes one of the things that somebody has listed."""
_WHOSE = re.compile(
    r"\b(?:comment|suggest|point|mention|ask|request|remark|recommend|propos|spot|not)\w*", re.IGNORECASE
)
_FEW = 15
"""Words of an answer."""
_OF_SEVERAL = re.compile(
    r"\b(?:fix|do|change|update|address|correct|adjust|handle|take care of) (?:this|these|them|those|all|both)\b"
    r"|\b(?:fixed|done|changed|updated|addressed|corrected)\b.{0,15}\b(?:in|for) (?:the )?(?:v\d+|next)\b"
    r"|\bwill (?:do|fix)\W*$",
    re.IGNORECASE,
)
"""Of a promise that may be for more than one comment."""
_WHAT_IS_MEANT = re.compile(r"\bwhat (?:do|did) you mean\b[^.]*\?", re.IGNORECASE)
_ALIKE = 0.85
"""Of a name that may be misspelt."""


def wants_of_author(
    piece: Sequence[str],
    said: Sequence[str],
    phrases: Phrases,
    *,
    answers: bool,
    apart: bool,
    own: bool,
    to_point: bool,
) -> bool:
    """Whether words below another reviewer's want something of the author.

    Who agrees has nothing new, and who objects to a point objects to what the other reviewer says.

    Args:
        said: its sentences that say something about the code.
        answers: they stand below a question, and may tell how things are.
        own: they go on with a point of their sender, whose next question counts.
        to_point: they answer a point.
        apart: they go on with what two reviewers say to each other, and ask the author in so many words or not at all.
    """
    said = [sentence for sentence in said if not (matches(phrases.tags, sentence) or _CHOOSES.search(sentence))]
    if any(map(_EXPLAINS.match, sentences(piece)[:1])):
        return any(map(phrases.asks, said))
    if apart:
        asked = own and any(map(_ASKS_HOW.search, said))
        return asked or any(phrases.wants(sentence) and _OF_PATCH.search(sentence) for sentence in said)
    if answers:
        urging = (*said[:1], *said[-1:])
        return any(
            phrases.urges(sentence) and not (matches(phrases.reserved, sentence) or _YES_OR_NO.match(sentence))
            for sentence in urging
        )
    if any(matches(phrases.seconded, sentence) for sentence in sentences(piece)[:1]):
        return any(phrases.wants(sentence) and _MORE_THAN_THAT.search(sentence) for sentence in said)
    return any(
        phrases.asks(sentence)
        or sentence.endswith("?")
        or (phrases.wants(sentence) and (not to_point or _OF_PATCH.search(sentence)))
        for sentence in said
    )


def answers_call(whole: Comment, piece: Sequence[str], phrases: Phrases) -> bool:
    """Whether a piece of a comment on an author's words answers a question in them, or a call for help."""
    own = sentences([line for line in whole.quoted if not line.startswith(">")])[-_LAST_SENTENCES:]
    asked = whole.under.endswith("?") or any(phrases.asks(said) and _CALL.search(said) for said in own)
    said = sentences(piece)
    return asked and (any(map(_YES_OR_NO.match, said[:1])) or not any(map(phrases.asks, said)))


def wants_more(piece: Sequence[str], said: Sequence[str], phrases: Phrases) -> bool:
    """Whether an answer to an author's question wants something beside it: what comes first is the answer.

    Args:
        said: its sentences that say something about the code.
    """
    first = sentences(piece)[:1]
    return any(
        phrases.wants(sentence)
        and (_MORE_THAN_THAT.search(sentence) or (_TELLS_TO.search(sentence) and sentence not in first))
        for sentence in said
    )


def takes_back(piece: Sequence[str], phrases: Phrases) -> bool:
    """Whether a piece begins with a word that takes back what its sender said: the rest tells how things are."""
    return any(matches(phrases.withdrawn, sentence) for sentence in sentences(piece)[:2])


def explains(comment: Comment) -> bool:
    """Whether words stand below a question what was meant, and say it again in others."""
    own = sentences([line for line in comment.quoted if not line.startswith(">")])[-_LAST_SENTENCES:]
    return comment.under.endswith("?") and any(map(_WHAT_IS_MEANT.search, own))


def asks_next(said: Sequence[str], phrases: Phrases) -> bool:
    """Whether a reviewer's words to the author end in another question, and not in one whether they are understood."""
    last = said[-1] if said else ""
    understood = any(map(phrases.accepts, said)) or _MAKES_SURE.match(last)
    return last.endswith("?") and not understood


def discussion_named_in(said: Sequence[str], message: Message, discussions: Sequence[Discussion]) -> Discussion | None:
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


def is_short_promise(said: Sequence[str], phrases: Phrases) -> bool:
    """Whether an author promises in few words, which name nothing: `Ack. I will fix this in the next version.`"""
    of_it = any(map(_OF_SEVERAL.search, said)) and len(" ".join(said).split()) <= _FEW
    return of_it and phrases.answer(said).state == "promised"


def is_of_patch(sentence: str) -> bool:
    """Whether a sentence speaks of the patch, or of what patches do."""
    return bool(_OF_PATCH.search(sentence))


def is_note(comment: Sequence[str], piece: Sequence[str], phrases: Phrases) -> bool:
    """Whether a comment begins as a note for the record, or the sender of a piece of it does what it says."""
    begins = any(matches(phrases.notes, sentence) for sentence in sentences(comment)[:1])
    return begins or any(matches(phrases.taken, sentence) for sentence in sentences(piece))


def asks_or_objects(said: Sequence[str], phrases: Phrases) -> bool:
    """Whether a note asks or objects all the same."""
    return any(
        sentence.endswith("?") or _OF_PATCH.search(sentence) or matches(phrases.objection, sentence)
        for sentence in said
    )
