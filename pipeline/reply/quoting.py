"""Which lines of a mail an answer stands under, and how they are quoted (RFC 3676, 4.5: `> `)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from rich.cells import cell_len

from pipeline.system.text import cut, wrap

COLUMNS = 72
LOG_COLUMNS = 120
_LOG = re.compile(r"add/remove: \d|[+-]?\d+ +[+-]?\d+ +[+-]?\d+$")
"""A line that a program printed: it stays whole."""


@dataclass(frozen=True)
class Span:
    """Lines of a mail, the first one's number and the last one's; lines are counted from 0."""

    first: int
    last: int


def find(body: str, words: str) -> Span | None:
    """The lines that hold `words`, however they are broken there; None where the mail does not say so."""
    pattern = r"\s+".join(map(re.escape, words.split()))
    found = re.search(pattern, body) if pattern else None
    if found is None:
        return None
    return Span(body.count("\n", 0, found.start()), body.count("\n", 0, found.end()))


def lines_of(body: str, span: Span) -> list[str]:
    return body.split("\n")[span.first : span.last + 1]


def quoted(lines: Sequence[str], mark: str = "> ") -> list[str]:
    """Lines as a reply quotes them; prose that is too long for it is broken anew, a program's output is not."""
    found = []
    for line in lines:
        text = line.rstrip()
        if cell_len(mark + text) <= COLUMNS and len(text) <= 2 * COLUMNS:
            found.append((mark + text).rstrip())
        elif _LOG.search(text):
            found.append(cut(mark + text, LOG_COLUMNS))
        else:
            found += [mark + piece for piece in wrap(text, COLUMNS - len(mark), most=8)]
    return found


def own_lines(body: str, most: int = 6) -> list[str]:
    """What a mail says itself, to its first blank line; quotes of others and who they are by are passed over."""
    found: list[str] = []
    for line in body.split("\n"):
        mine = not line.startswith((">", "|")) and not re.fullmatch(r".*\b(wrote|writes|schrieb):\s*", line)
        if line.strip() and mine:
            found.append(line)
        elif found:
            break
    return found[:most]
