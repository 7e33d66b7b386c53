"""Signatures of mails: after a formula, below dashes of any kind, or nothing but a name."""

from __future__ import annotations

import re
from collections.abc import Sequence

from pipeline.review.phrases import Phrases, matches

_DASHES = re.compile(r"^-{2,}\s*$")
_POSTSCRIPT = re.compile(r"^\s*p\.? ?s\b\.?:?\s*", re.IGNORECASE)
_FAREWELL = re.compile(r"^\s*[^\s.!?]+(?: [^\s.!?]+){0,2},$")
"""Whatever the language, where only the sender's name follows."""
_LINES_OF_SIGNATURE = 5
_SHORTEST_NAME = 3
_SENTENCE = re.compile(r"[.?!:;]\s*$|(?:\S+ +){4}\S")
"""What a line of a signature is not."""


def signs(line: str, sender_names: Sequence[str]) -> bool:
    """Whether a line is the sender's name in a form in which people sign: whole, in part, or its first letters."""
    first, *others = re.findall(r"\w+", sender_names[0]) or [""]
    letters = "".join(name[:1] for name in (first, *others))
    forms = (*sender_names, first[:1], letters, first + letters[1:])
    written = "".join(re.findall(r"\w+", line.casefold()))
    # `Kate` of Katherine, where it stands alone.
    short = len(written) >= _SHORTEST_NAME and first.startswith(written) and not _SENTENCE.search(line)
    return bool(written) and (short or written in {"".join(re.findall(r"\w+", form)) for form in forms})


def start_of_signature(lines: Sequence[str], sender_names: Sequence[str], phrases: Phrases) -> int:
    """Where a formula such as `Kind regards` begins that only a name, a title or a firm follow; else the end."""
    for at in range(max(len(lines) - _LINES_OF_SIGNATURE, 0), len(lines)):
        names = [line for line in lines[at + 1 :] if line.strip()]
        if names and _FAREWELL.match(lines[at]) and all(signs(line, sender_names) for line in names):
            return at
        if matches(phrases.closing, lines[at].strip()) and not any(map(_SENTENCE.search, lines[at + 1 :])):
            return at
    return len(lines)


def without_signature_above(lines: list[str], sender_names: Sequence[str], phrases: Phrases) -> list[str]:
    """Without the signature above a postscript."""
    end = next((at for at, line in enumerate(lines) if _POSTSCRIPT.match(line)), 0)
    start = end
    while start and (
        not lines[start - 1].strip()
        or signs(lines[start - 1], sender_names)
        or matches(phrases.closing, lines[start - 1].strip())
    ):
        start -= 1
    return [*lines[:start], "", _POSTSCRIPT.sub("", lines[end]), *lines[end + 1 :]] if start < end else lines


def without_footer(lines: list[str], sender_names: Sequence[str]) -> list[str]:
    """Without a signature below dashes that are not quite those of RFC 3676: the sender's name follows them."""
    for at in range(len(lines) - 1):
        if _DASHES.match(lines[at]) and lines[at + 1].strip().casefold().startswith(sender_names[0]):
            return lines[:at]
    return lines
