"""Mails that programs send: their findings are read, their courtesy is not."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from pipeline.mail.given import is_trailer
from pipeline.review.quoting import Passage, Text, take_apart

_NEW = re.compile(r"^\s*>> ?\S")
"""As the kernel test robot marks what a patch brings."""
_OF_A_FILE = re.compile(
    r"^\s*(?:>> ?)?[\w.,/+-]+\.\w+:(?:\d+(?::\d+)?:)? ?.*\S"
    r"|\b(?:error|warning):|^(?-i:ERROR|WARNING|CHECK|BUG|KASAN)\b",
    re.IGNORECASE,
)
_SHOWN = re.compile(r"^\s+(?:\d+ \| .*\S|[^\s:^~|]+[^:^~]*[;,{})]$)")
"""A source line, as compilers show it."""
_ITEM = re.compile(r"^\s*\* \S")
_LABEL = re.compile(r"^\s*\[[A-Za-z ]+: ?\w+\]\s*$")
"""A line such as `[Severity: High]`."""
_QUOTES_CODE = re.compile(r"^> ?(?:diff --git|@@ |[+-](?!--|\+\+| ))", re.MULTILINE)
_FOUND_NOTHING = re.compile(
    r"\b(?:no (?:new )?(?:issues?|problems?|regressions?|errors?) (?:were )?found|found no )", re.IGNORECASE
)
_RELAYS = re.compile(
    r"^(?:my|our|the) (?:[\w./-]+ ){0,3}(?:ro)?bot (?:has )?(?:found|noticed|detected|reports|reported)\b", re.I | re.M
)
_CONDITION = re.compile(r"\s*If you (?:re-?)?(?:fix|send)")
MOST = 20
"""Finding lines of one report."""


def relays(body: str) -> bool:
    """Whether a person's address sends what a program found, and the mail says so."""
    return bool(_RELAYS.search(body))


def of_program(body: str) -> Text:
    """Findings of a program: words under the code that it quotes, or the lines of its log that name a finding."""
    if _QUOTES_CODE.search(body):
        return _inline(take_apart(body))
    if _FOUND_NOTHING.search(body):
        return Text("", ())
    lines = body.splitlines()
    trailers = [line for line in lines if is_trailer(line)]
    items = next((kept for kind in (_NEW, _OF_A_FILE, _ITEM) if (kept := _of_kind(kind, lines))), [])
    condition = (
        [line.strip() for line in lines if re.match(r"\s*If you (?:re-?)?(?:fix|send)", line)] if trailers else []
    )
    return Text("", (Passage((), (*items[:MOST], "", *condition[:1], *trailers)),))


def _of_kind(kind: re.Pattern[str], lines: Sequence[str]) -> list[str]:
    """The lines of a kind; below one that a patch brings, the source line that the compiler shows."""
    kept = []
    for line, below in zip(lines, [*lines[1:], ""], strict=True):
        if kind.search(line):
            kept.append(line.strip())
            if kind is _NEW and _SHOWN.match(below):
                kept.append(below.rstrip())
    return kept


def _inline(text: Text) -> Text:
    """The passages under code, one for each label; what stands above all of it is a summary of them."""
    kept = []
    for passage in text.passages:
        pieces: list[list[str]] = [[]]
        for line in passage.text if passage.quoted else ():
            if _LABEL.match(line):
                pieces.append([])
            else:
                pieces[-1].append(line)
        kept += [replace(passage, text=tuple(piece)) for piece in pieces if any(line.strip() for line in piece)]
    return replace(text, passages=tuple(part for part in kept if not _FOUND_NOTHING.search(" ".join(part.text))))
