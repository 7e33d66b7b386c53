"""The text of a mail, taken apart into what it quotes and what is written beneath (RFC 3676, section 4.5)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from pipeline.review.phrases import Phrases, matches

TRAILER = re.compile(
    r"^(?P<name>[a-z]+(?:-[a-z]+)*-by|fixes|closes|link|buglink): +(?P<value>\S.*)$",
    re.IGNORECASE,
)

MISWRITTEN = re.compile(
    r"^(?P<name>(?:review\w*|ack\w*|test\w*|report\w*|suggest\w*)[- ]?by)"
    r"(?:[:;]|(?= \S+ .*@)) *(?P<value>\S.*<\S+@\S+>)$",
    re.IGNORECASE,
)
"""Nearly a trailer, with an address: tools pass it over."""
LINES_ABOVE = 6

_QUOTE = re.compile(r"^ ?> ?")
_SIGNATURE = re.compile(r"^-- ?$|^_{20,}$")
_COPY_BELOW = re.compile(r"^-{3,} ?Original Message ?-{3,}")
_HEADER = re.compile(r"^\*?(?:From|Sent|To|Cc|Subject|Date|Message-ID):\*? ", re.IGNORECASE)
_PASTED = re.compile(r"^From [0-9a-f]{12,40} |^From: ")
_SENT = re.compile(r"^(?:Sent|To|Cc): ")
"""In the headers of a mail that is answered, not in those of a patch."""
_HEADERS_OF_A_PATCH = re.compile(r"^(?:Date|Subject): ")
_NICKNAME = re.compile(r"^ {20,}\S+( \S+)?$")
"""A name on the right, below the text."""
_DIFF = re.compile(r"^(diff --git |--- a/|Index: )")
_ATTRIBUTION = re.compile(
    r"\b(wrote|writes|said|escreveu|schrieb|schreef|a écrit|написал\w*)\s*:?$|"
    r"^On .{10,100}(?:<[^<>]+>|\d\d:\d\d.*):$",
    re.IGNORECASE,
)
_WROTE = re.compile(r"\b(?:wrote|writes|said|escreveu|schrieb|schreef|a écrit)$")
_LONGEST_ATTRIBUTION = 1000
"""Characters (RFC 5322 allows 998 in a line)."""
_DATED = re.compile(r"^(?:On|Em|Am|Le|\d{4}-\d\d-\d\d|\S+, \d{1,2}) ?.*\d")
_UP_TO_THE_TIME = re.compile(r"^.*\d:\d\d(?::\d\d)?(?:\s*[AP]M)?(?:\s*\[?[+-]\d{4}\]?)?(?:\s*\(\w+\))?(?: you)?,?\s*")


@dataclass(frozen=True)
class Passage:
    """Lines that are quoted, and the text beneath them.

    Args:
        quoted: without their first `>`, so that what was quoted before still has one.
        text: the sender's own lines.
    """

    quoted: tuple[str, ...]
    text: tuple[str, ...]

    @property
    def answered(self) -> tuple[str, ...]:
        """The quoted lines that the sender of the parent wrote."""
        return tuple(line for line in self.quoted if line.strip() and not line.startswith(">"))


@dataclass(frozen=True)
class Text:
    """A mail's text; `attribution` is whom it quotes, as `Name <address>` or a name."""

    attribution: str
    passages: tuple[Passage, ...]

    @property
    def trailers(self) -> tuple[tuple[str, str], ...]:
        """Trailers that the sender wrote, name and value."""
        return tuple((name, value) for name, value, _ in self.given)

    @property
    def given(self) -> tuple[tuple[str, str, tuple[str, ...]], ...]:
        """The same, with the lines right above."""
        found = []
        for passage in self.passages:
            above: list[str] = []
            for line in passage.text:
                if match := TRAILER.match(line.strip()) or MISWRITTEN.match(line.strip()):
                    found.append((match["name"], match["value"], tuple(above[-LINES_ABOVE:])))
                else:
                    above.append(line)
        return tuple(found)


def take_apart(body: str) -> Text:
    """The passages of a mail, without signature, attribution, and diffs or patches that are pasted into it."""
    groups: list[tuple[list[str], list[str]]] = [([], [])]
    skipping = False
    lines = body.expandtabs().splitlines()
    for at, line in enumerate(lines):
        if _QUOTE.match(line):
            skipping = False
            if any(own.strip() for own in groups[-1][1]):
                groups.append(([], []))
            elif groups[-1][0]:
                groups[-1][0].extend(" " for own in groups[-1][1])
            groups[-1][1].clear()
            groups[-1][0].append(_QUOTE.sub("", line, count=1))
        elif _COPY_BELOW.match(line):
            break
        elif not skipping:
            # Some put their signature above what they quote, some programs a rule: what is quoted below counts.
            skipping = bool(_SIGNATURE.match(line) or _DIFF.match(line) or _is_pasted(lines, at))
            if not skipping:
                groups[-1][1].append(line)
    attribution = ""
    for position, (_, own) in enumerate(groups):
        if position + 1 < len(groups):
            name = _without_attribution(own)
            attribution = attribution or name
    passages = (Passage(tuple(quoted), trimmed(own)) for quoted, own in groups)
    return Text(attribution, tuple(passage for passage in passages if passage.quoted or passage.text))


def _is_pasted(lines: Sequence[str], at: int) -> bool:
    """Whether the headers of a patch begin here: it is another's words, and its trailers are nobody's."""
    if not _PASTED.match(lines[at]):
        return False
    below = lines[at + 1 : at + 4]
    return any(_HEADERS_OF_A_PATCH.match(line) for line in below) and not any(_SENT.match(line) for line in below)


def unquoted(body: str) -> str:
    """What a mail quotes, one level of `>` taken off: the parent, as far as it is there."""
    quoted = (line for line in body.splitlines() if _QUOTE.match(line))
    return "\n".join(_QUOTE.sub("", line, count=1) for line in quoted) + "\n"


def comment(text: Sequence[str], sender_names: Sequence[str], phrases: Phrases) -> tuple[str, ...]:
    """Own lines without trailers, greetings, elisions, closing words and the sender's name below them."""
    lines = [line.rstrip() for line in text]
    dropped = (*phrases.elision, *phrases.listing)
    lines = [line for line in lines if not _is_trailer(line.strip()) and not matches(dropped, line.strip())]
    if sum(bool(_HEADER.match(line)) for line in lines) > 1:
        lines = [line for line in lines if not _HEADER.match(line)]
    lines = list(trimmed(lines))
    while lines and matches(phrases.greeting, lines[0].strip()):
        lines = list(trimmed(lines[1:]))
    while lines and (
        not lines[-1].strip()
        or matches(phrases.closing, lines[-1].strip())
        or matches(phrases.footnote, lines[-1].strip())
        or lines[-1].strip(" ,.-").casefold() in sender_names
        or _NICKNAME.match(lines[-1])
    ):
        lines.pop()
    return tuple(lines)


def _is_trailer(line: str) -> bool:
    return bool(TRAILER.match(line) or MISWRITTEN.match(line))


def _without_attribution(own: list[str]) -> str:
    """Takes the line (or two) `On … wrote:` off the end, and returns the name in it."""
    while own and not own[-1].strip():
        own.pop()
    if not own or len(own[-1]) > _LONGEST_ATTRIBUTION or not _ATTRIBUTION.search(own[-1].rstrip()):
        return ""
    words = own.pop().strip()
    above = own[-1].strip()[:_LONGEST_ATTRIBUTION] if own else ""
    if not _DATED.match(words) and _DATED.match(above):
        own.pop()
        words = f"{above} {words}"
    words = _WROTE.sub("", words.removesuffix(":").rstrip()).rstrip()
    timed = _UP_TO_THE_TIME.sub("", words, count=1)
    return (timed if timed != words else words.rpartition(", ")[2]).strip()


def trimmed(lines: Sequence[str]) -> tuple[str, ...]:
    """Without blank lines at both ends."""
    first = next((at for at, line in enumerate(lines) if line.strip()), len(lines))
    last = next((at for at in range(len(lines), first, -1) if lines[at - 1].strip()), first)
    return tuple(line.rstrip() for line in lines[first:last])
