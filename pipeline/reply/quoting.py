"""Lines of a mail that an answer stands under, and their quotation (RFC 3676, 4.5: `> `)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from pipeline.system.text import cut

COLUMNS = 72
LOG_COLUMNS = 120
LONGEST_LINE = 240
"""Columns of a line that is quoted; 998 bytes are the most that a mail has (RFC 5322, 2.1.1)."""


@dataclass(frozen=True)
class Span:
    """Lines of a mail, the first one's number and the last one's; lines are counted from 0."""

    first: int
    last: int


def find(body: str, words: str) -> Span | None:
    """The lines that hold `words`, however they are broken there; None where the mail does not say so."""
    pattern = r"\s+".join(map(re.escape, words.split()))
    match = re.search(pattern, body) if pattern else None
    if match is None:
        return None
    return Span(body.count("\n", 0, match.start()), body.count("\n", 0, match.end()))


def lines_of(body: str, span: Span) -> list[str]:
    return body.split("\n")[span.first : span.last + 1]


def quoted(lines: Sequence[str], mark: str = "> ") -> list[str]:
    """Lines as a reply quotes them: each as it stands, however long; only what no mail can carry is cut."""
    return [(mark + cut(line, LONGEST_LINE)).rstrip() for line in lines]


def own_lines(body: str, most: int = 6) -> list[str]:
    """Lines that the sender wrote, to the first blank line; quotes of others and who they are by are passed over."""
    spans: list[str] = []
    for line in body.split("\n"):
        is_own = not line.startswith((">", "|")) and not re.fullmatch(r".*\b(wrote|writes|schrieb):\s*", line)
        if line.strip() and is_own:
            spans.append(line)
        elif spans:
            break
    return spans[:most]
