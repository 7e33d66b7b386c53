"""Finds words around a claim that deny it, limit it, make an exception, or show that it is quoted.

A limited claim is not judged: no measurement of the whole series would be about what the author wrote.
"""

from __future__ import annotations

import re

LONGEST = 400
"""Characters of a limit that are kept."""

_EXCEPTION = re.compile(
    r"\b(?:except(?:ing|ions?)?|excluding|exclusive of|apart|aside|other than|besides|beyond|barring|unless|modulo|"
    r"minus|omitting|ignoring|disregarding|discounting|not counting|outside(?: of)?|until|so far|for now|"
    r"at this point|yet|(?:save|bar)(?= (?:for|that|the|an?|in|one|some)\b)|but|however|(?:al)?though|albeit|otherwise|"
    r"(?<!at )most(?:ly)?|almost|nearly|hardly|largely|practically|virtually|essentially|basically|next to|"
    r"the only (?:\w+ )?(?:change|difference))\b",
    re.IGNORECASE,
)
"""Words for an exception, in the sentence of the claim or at the beginning of the next one."""
_LATER_EXCEPTION = re.compile(r"\b(?:exceptions?|however|the only (?:\w+ )?(?:change|difference))\b", re.IGNORECASE)
"""Words for an exception that count anywhere in the next sentence."""
_ONLY_JOINS = re.compile(
    r"(?:but|however|yet)\b,?\s*(?:(?:there|this|should|will|is|are|be|has|have|with)\s+){0,4}$", re.IGNORECASE
)
"""A `but` right before a claim: it introduces the claim, and makes no exception from it."""
_MEANWHILE = re.compile(r"\b(?:while|whereas)\b(?! at (?:it|that)\b)", re.IGNORECASE)
_SOME_PATCHES = re.compile(
    r"\b(?:some|several|(?:a )?few|many|half|rest|remaining|others?|preparatory|preliminary|earlier|later|following|"
    r"preceding|next|previous|middle|early|late|initial)\b(?: of (?:the|these|them|this)\b)?"
    r"(?: (?:\w+ )?(?:patch(?:es)?|commits?|series|ones)\b)|\b(?:first|second|last|other) (?:half|part)\b",
    re.IGNORECASE,
)
"""Words for a part of the series that give no patch numbers."""
_DENIED = re.compile(
    r"(?:\b(?:not|never|cannot|neither|no longer|far from|less than|anything but|instead of|rather than|hard to|"
    r"difficult to|impossible to|would|could|might|whether)|n['’]t)\s+"
    r"(?:(?:a|an|the|be|have|mean|cause|bring|as|to|of|in|just|really|quite|purely|strictly|necessarily|exactly|meant|"
    r"intended|supposed|claim\w*|call\w*|say\w*|see|guarantee|promise|ensure|prove|assume|sure|certain|possible|true|"
    r"that|this|there|it|is|are|has|any)\s+){0,8}$",
    re.IGNORECASE,
)
"""Words right before a claim that negate it, or make it a wish or a doubt."""
_TAKEN_BACK = re.compile(
    r"\W{0,3}\s*(?:(?:is|was|were|are) (?:hard|difficult|impossible|not|wrong|untrue|un\w+|(?:the|an?|my|our) \w+)\b|"
    r"would\b|could\b|which (?:is|was|turned out)(?: to be)? (?:wrong|not|false|untrue|incorrect))",
    re.IGNORECASE,
)
_REPORTED = re.compile(
    r"\b(?:says?|said|wrote|writes|claims|claimed|states|stated|called|described as|advertised as|according to|quoting|"
    r"(?:was|were) (?:supposed|meant|intended|thought|believed|labell?ed|sold)|used to|had been|"
    r"(?:previous|earlier|old|last) (?:version|revision|posting))\b",
    re.IGNORECASE,
)
"""Words for what somebody else said, or for what was true in an earlier version."""
_QUOTES = "\"'“”‘’`«»"

_VERBS = (
    r"(?:,?\s+(?:is|are|was|were|be|being|been|to|should|has|have|intended|intented|expected|implied|introduced|made|"
    r"meant|seen|visible|occurs?|done|planned|either|whatsoever|here)\b)*"
)
_SCOPE = re.compile(
    rf"{_VERBS}\s+(?P<limit>(?:to|for|on|in|when|where|if|under|with|without|from|by default|as long as|provided|"
    r"as seen|at (?!all\b))\b.*)",
    re.IGNORECASE | re.DOTALL,
)
_WHOLE = re.compile(
    r"(?:to|for|on|in|with|from)\s+(?:[\w'’-]+\s+){0,3}?(?:patch\w*|series|commits?|changes?|change\s?set|clean-?ups?|refactor\w*|"
    r"restructur\w*|rework\w*|renam\w+|moves?|split|conversions?|general|total|itself|intents)\b|"
    r"to (?:the|any) (?:code|drivers?|kernel)\b(?=\W*$| (?:is|are|was|were)\b)",
    re.IGNORECASE,
)
_OTHER_CLAUSE = re.compile(r"[,;.(]|\s[-–—]+\s|\b(?:only|just|and|while|whereas|though|but)\b", re.IGNORECASE)
_BEFORE = re.compile(
    r"^\W*(?P<limit>(?:"
    r"for(?! (?:clarity|consistency|readability|simplicity|convenience|example|this|that|the sa[km]e)\b)|on|"
    r"when|if|under|with|without|where|as long as|provided)\s[^,;:]{1,200}),?\s+"
    r"(?:(?:there|this|it|they|we|should|will|is|are|be|has|have|see|expect|results?|in)\s+){0,4}$",
    re.IGNORECASE,
)


def is_own(statement: str, start: int, end: int) -> bool:
    """Whether the author makes the claim: the statement does not deny, ask, doubt or quote it.

    Args:
        start: where the words of the claim begin within the statement.
        end: where they end.
    """
    before, after = statement[:start], statement[end:]
    line = before.rpartition("\n")[2]
    quoted = line.lstrip().startswith((">", "|")) or (before[-1:] in _QUOTES and after[:1] in _QUOTES and before)
    within = (before.count('"') % 2 and '"' in after) or (before.count("“") > before.count("”") and "”" in after)
    if quoted or within or statement.rstrip().endswith("?"):
        return False
    return not (_DENIED.search(before.rstrip(_QUOTES)) or _REPORTED.search(before) or _TAKEN_BACK.match(after))


def is_about(statement: str, end: int, mention: int) -> bool:
    """Whether patches that are named after a claim are in the same clause, so that the claim is about them."""
    return not _OTHER_CLAUSE.search(statement[end:mention])


def limit(statement: str, start: int, end: int, after: str, *, names_patches: bool) -> str:
    """The words that limit a claim, in its own statement or at the beginning of the next one.

    Args:
        after: the next statement.
        names_patches: whether the claim is about numbered patches; then words like `some patches` do not limit it.

    Returns:
        The words of the letter; empty where nothing limits the claim.
    """
    before, rest = statement[:start], statement[end:]
    if match := _EXCEPTION.search(statement, end):
        return _plain(statement[match.start() :])
    if (match := _EXCEPTION.search(before)) and not _ONLY_JOINS.match(before, match.start()):
        return _plain(before[match.start() :])
    if match := _MEANWHILE.search(rest):
        return _plain(rest[match.start() :])
    if (match := _SCOPE.match(rest)) and not _WHOLE.match(match["limit"]):
        return _plain(match["limit"])
    if (match := _BEFORE.search(before)) and not _WHOLE.match(match["limit"]):
        return _plain(match["limit"])
    if not names_patches and (match := _SOME_PATCHES.search(before)) and not _OTHER_CLAUSE.search(before, match.end()):
        return _plain(match[0])
    if not names_patches and (match := _SOME_PATCHES.search(rest)) and not _OTHER_CLAUSE.search(rest, 0, match.start()):
        return _plain(match[0])
    announced = _EXCEPTION.search(" ".join(after.split()[:4])) or _LATER_EXCEPTION.search(after)
    return _plain(after) if announced else ""


def _plain(text: str) -> str:
    return " ".join(text.split())[:LONGEST]
