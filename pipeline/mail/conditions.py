"""Words by which a trailer of a reply is given for the case that something is changed."""

from __future__ import annotations

import re
from collections.abc import Sequence

_PARTICIPLE = (
    r"(?:fixed|addressed|changed|corrected|resolved|updated|done|sorted|removed|dropped|added|folded|reworded|renamed"
    r"|tweaked|cleaned|squashed|clarified|adjusted|included|taken care of)"
)
_VERB = (
    r"(?:fix|address|change|correct|resolve|update|remove|drop|fold|reword|rename|re-?send|re-?spin|re-?post|respin)"
)
_CONDITIONS = (
    rf"\bwith (?:that|this|those|these|the [\w' ]{{1,30}}|my|all|both|it)\b(?: [\w']+){{0,6}},? ?{_PARTICIPLE}\b",
    rf"^(?:so |and |but |ok,? |okay,? )?with \S+(?: \S+){{0,3}} {_PARTICIPLE}\b",
    r"^(?:so |and |but |ok,? |okay,? )?with (?:that|this|those|these)(?: (?:and|plus) [\w ]{1,30})?[,:]",
    r"^(?:so |and |but |ok,? |okay,? )?with (?:that|this|those|these|the) (?:\w+ ){0,3}"
    r"(?:change|fix|nit|tweak|update|correction|modification|addition)(?:e?s)?\b",
    r"^(?:so |and |but |ok,? |okay,? )?with (?:all )?(?:of )?(?:the |my )?(?:above|below)(?: \w+){0,3}[,:]?$",
    rf"\b(?:once|after|assuming|provided|when|as long as)\b.{{0,80}}\b{_PARTICIPLE}\b",
    rf"\b(?:once|after|assuming|provided|when|as long as) you(?:'ve)?\b.{{0,40}}\b{_VERB}",
    rf"\bif (?:you|this|that|it|there)\b[^,]{{0,80}}?\b(?:{_VERB}|{_PARTICIPLE}|send|spin|v\d)",
    r"\bafter (?:\w+ )?(?:fixing|addressing|changing|correcting|resolving|updating|removing|dropping|adding|folding"
    r"|rewording|renaming|testing)\b",
    r"\bmodulo\b|\bconditional(?:ly)?\b|\bnits? (?:fixed|addressed)\b",
    r"\b(?:apart|aside) from (?:the|these|those|my|a) .{0,30}\b(?:points?|nits?|comments?|remarks?|issues?|typos?)\b",
)
_REST = (
    r"^(?:but )?(?:otherwise|(?:other than|apart from|aside from|besides) (?:that|this|these|those|the)|the rest|rest"
    r"|everything else)\b"
    r"|\b(?:looks?|is|are|seems?) (?:\w+ )?(?:good|fine|ok|okay|great|sane|correct)(?: to me)?,? otherwise\b"
)
_CONDITION = re.compile("|".join(_CONDITIONS), re.IGNORECASE)
_REST_OF_IT = re.compile(_REST, re.IGNORECASE)
"""The same, where the mail says something else before."""
_WHATEVER = re.compile(
    r"^(?:but |so |and )?(?:either way|in any case|any ?ways?|regardless|in either case|both ways|all the same"
    r"|nonetheless|nevertheless|no matter)\b|\b(?:with or without|whether or not|regardless of)\b",
    re.IGNORECASE,
)
"""Words right above a trailer that give it whatever becomes of what was said before."""
_INDIFFERENT = re.compile(
    r"\b(?:don'?t|do not) (?:\w+ )?(?:care|mind|feel strong\w*)\b|\b(?:is|it's|that's) (?:\w+ )?up to\b|\beither way\b"
    r"|\bno strong (?:opinion|feeling|preference)s?\b",
    re.IGNORECASE,
)
"""Of a remark that its sender does not insist on: what is said of the rest is no condition."""
_BELOW = re.compile(r"^\W*(?:with|once|after|assuming|provided|if|when|modulo|as long as)\b", re.IGNORECASE)
_SENTENCE_ENDS = re.compile(r"(?<=[.!?])\s+(?=[\"'(`]?[A-Z0-9])")
LINES_ABOVE = 6
_LONGEST = 1000
"""Characters of a sentence."""
_FEW = 3
"""Words: a mail that says no more than that beside such a sentence asks for nothing."""


def on_condition(above: Sequence[str], below: Sequence[str], behind: str, words: int) -> bool:
    """Whether the words above a trailer, behind it or right below give it for the case that something is changed.

    Args:
        above, below: lines of the sender.
        behind: what follows its address.
        words: how many the mail has so far.
    """
    sentences = _sentences(above)[-2:]
    if sentences and _WHATEVER.search(sentences[-1]):
        sentences = []
    if len(sentences) > 1 and _INDIFFERENT.search(sentences[0]) and not _CONDITION.search(sentences[-1]):
        sentences = []
    if any(
        _CONDITION.search(sentence[-_LONGEST:])
        or (words > len(sentence.split()) + _FEW and _REST_OF_IT.search(sentence))
        for sentence in sentences
    ):
        return True
    after = _sentences(below[:LINES_ABOVE])[:1]
    return bool(_CONDITION.search(behind)) or any(
        _BELOW.match(sentence) and _CONDITION.search(sentence[:_LONGEST]) for sentence in after
    )


def _sentences(lines: Sequence[str]) -> list[str]:
    paragraphs = "\n".join(line.strip() for line in lines).split("\n\n")
    parts = (part for text in paragraphs for part in _SENTENCE_ENDS.split(" ".join(text.split())))
    return [part.strip() for part in parts if part.strip()]
