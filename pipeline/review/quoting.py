"""Splits the text of a mail into quotations and the words below them (RFC 3676, section 4.5)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from itertools import groupby, pairwise

from pipeline.mail.given import COPY_BELOW, DIFF, QUOTE, SIGNATURE, is_trailer, starts_patch
from pipeline.review.phrases import Phrases, matches
from pipeline.review.signatures import signs, start_of_signature, without_footer, without_signature_above

_HEADER = re.compile(r"^\*?(?:From|Sent|To|Cc|Subject|Date|Message-ID):\*? ", re.IGNORECASE)
_LISTED = re.compile(r"^\[\d+/\d+\] \S")
_COMMIT = re.compile(r"^\s+(?:commit: |\(no commit info\)|https?://)")
_ELISION = re.compile(r"^\[\s*(?:\.{3}|…)\s*\]$")
_LOG = re.compile(r"^commit (?:[0-9a-f]{7,40}\b|\([\w ]+\)$)")
_QUOTED_HUNK = re.compile(r"^> ?(?:diff --git|@@ )")
_NICKNAME = re.compile(r"^ {20,}\S+( \S+)?$")
"""A name on the right, below the text."""
_ATTRIBUTION = re.compile(
    r"\b(wrote|writes|said|escreveu|schrieb|schreef|a écrit|написал\w*)\s*:?$|"
    r"^\S.{0,150}\b\d{4}[-/]\d\d?[-/]\d\d?[T ]\d\d:\d\d(?:[\d:+.Z ]*\W*|, .{1,80}:)$|"
    r"^On .{10,100}(?:<[^<>]+>|\d\d:\d\d.*):$|"
    r"^\S.{0,150}\d\d?[:.]\d\d\b.{0,100}\S@\S+(?: \w{2,12})?\s*:$|"
    r"^\S{1,12} (?:.{0,40}\s)?\d{1,4}[./-]\d{1,2}[./-]\d{1,4}.{0,20}\d\d?[:.]\d\d.{0,120}:$|"
    r"^(?:wrote|schrieb|schreef|a écrit|escreveu|написал\w*) \S.{0,150}:$|"
    r"^\S.{0,150}<\S+@\S+>.{0,60}[:\uff1a]$|"
    r"^From: \S.{0,200}$",
    re.IGNORECASE,
)
"""With a verb of any language before or behind the sender, or as a header."""
_AS_HEADER = re.compile(r"^From: (?P<name>.{1,200}?)(?: Sent: .*)?$")
_VERB_FIRST = re.compile(r"^(?:wrote|schrieb|schreef|a écrit|escreveu)\s+")
_WROTE = re.compile(r"\b(?:wrote|writes|said|escreveu|schrieb|schreef|a écrit)$")
_QUOTED_CODE = re.compile(r"> ?[-+ ]")
_END_OF_CODE = re.compile(r"^\S.{0,60}[,;(){}]$")
_GIVES = re.compile(
    r"^(?:so |then |and |please )?(?:you (?:can|may)|feel free to) (?:\w+ )?(?:put|add|use|take|have)\b", re.IGNORECASE
)
_CLAUSE = re.compile(r"^(?:so |and |but )?(?:since|as|if|when|because|given|while|although|once) ", re.IGNORECASE)
_GOES_ON = re.compile(r"\b(?:but|and|or|however|because|so|since|although|though)$", re.IGNORECASE)
"""The end of a line behind which something has to come."""
_TITLE = re.compile(r"\s*\(?\d{1,2}[.)]\s+\S")
_OF_A_PATCH = ("+", "-", "@@ ")
_QUOTES = re.compile(r"^(?:> ?)+")
_SLIP = re.compile(r"^[^\s>]{1,2}> ")
_ALIKE = 0.7
_WORDS_OF_LEAD = 5
_WORDS_OF_CORRECTION = 3
_OPERATOR = re.compile(r"^(?:[-+*/%&|^]|<<|>>)=$|^[<>=!]=$|^(?:&&|\|\|)$")
_SENTENCE = re.compile(r"[.?!:;]\s*$|(?:\S+ +){4}\S")
"""What a torn line of code is not."""
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
        return self.quoted_at(0)

    def quoted_at(self, depth: int) -> tuple[str, ...]:
        """The quoted lines that were quoted so many times before."""
        return tuple(_QUOTES.sub("", line) for line in self.quoted if line.strip() and _depth(line) == depth)

    @property
    def depth(self) -> int:
        """How often the last line was quoted before."""
        return _depth(self.last)

    @property
    def last(self) -> str:
        """The last line that is quoted."""
        return next((line for line in reversed(self.quoted) if line.strip()), "")


@dataclass(frozen=True)
class Text:
    """A mail's text; `attribution` is whom it quotes, as `Name <address>` or a name."""

    attribution: str
    passages: tuple[Passage, ...]

    @property
    def has_places(self) -> bool:
        """Something is said below a quotation."""
        return any(part.text and part.quoted for part in self.passages)


def _depth(line: str) -> int:
    quotes = _QUOTES.match(line)
    return quotes[0].count(">") if quotes else 0


def take_apart(body: str) -> Text:
    """The passages of a mail, without signature, attribution, and diffs or patches that are pasted into it."""
    groups: list[tuple[list[str], list[str]]] = [([], [])]
    skipping = False
    lines = body.expandtabs().splitlines()
    last_hunk = max((at for at, line in enumerate(lines) if _QUOTED_HUNK.match(line)), default=0)
    for at, line in enumerate(lines):
        if QUOTE.match(line) or _is_slip(lines, at) or _is_torn(lines, at):
            skipping = False
            if any(own.strip() for own in groups[-1][1]):
                groups.append(([], []))
            elif groups[-1][0]:
                groups[-1][0].extend(" " for own in groups[-1][1])
            groups[-1][1].clear()
            groups[-1][0].append(QUOTE.sub("", _SLIP.sub("> ", line), count=1))
        elif COPY_BELOW.match(line):
            break
        elif not skipping:
            # Some put their signature above what they quote, some programs a rule: what is quoted below counts.
            skipping = bool(SIGNATURE.match(line) or DIFF.match(line) or starts_patch(lines, at))
            if at < last_hunk and _LOG.match(line):
                _drop_lead(groups[-1][1])
            if not skipping:
                groups[-1][1].append(line)
    attribution = ""
    for position, (_, own) in enumerate(groups):
        if position + 1 < len(groups):
            name = _without_attribution(own)
            attribution = attribution or name
    _lead_in(groups)
    passages = (Passage(tuple(quoted), trimmed(own)) for quoted, own in groups)
    return Text(attribution, tuple(passage for passage in passages if passage.quoted or passage.text))


def _drop_lead(own: list[str]) -> None:
    """Drops words that lead to the commit that a tool's report begins with."""
    end = len(own)
    while end and not own[end - 1].strip():
        end -= 1
    if end and own[end - 1].rstrip().endswith(":"):
        own.clear()


def _lead_in(groups: list[tuple[list[str], list[str]]]) -> None:
    """Puts words that lead to lines of a patch, such as `2. A leak in fill():`, before what is said below those."""
    for (_, above), (quoted, below) in pairwise(groups):
        of_patch = quoted[0].startswith(_OF_A_PATCH)
        torn = next((bool(_GOES_ON.search(line.rstrip())) for line in reversed(above) if line.strip()), False)
        if not (of_patch or torn) or not any(line.strip() for line in below):
            continue
        paragraphs = [[*lines] for blank, lines in groupby(above, lambda line: not line.strip()) if not blank]
        while len(paragraphs) > 1 and _ELISION.match(paragraphs[-1][0]):
            paragraphs.pop()
        start = len(paragraphs)
        while start and (_leads(paragraphs[start - 1][-1], below) or _is_title(paragraphs[start - 1])):
            start -= 1
        # An item of a list goes on up to the next one.
        if not any(map(_is_title, paragraphs[start:])):
            start = max((at for at in range(start) if _is_title(paragraphs[at])), default=start)
        if start < len(paragraphs) and _leads(paragraphs[-1][-1], below):
            led = [line for paragraph in paragraphs[start:] for line in (*paragraph, "")]
            above[:] = [line for paragraph in paragraphs[:start] for line in (*paragraph, "")]
            below[:] = [*led, *below]


def _leads(line: str, below: Sequence[str]) -> bool:
    """Whether a line ends in a colon, or where a sentence cannot end that goes on below the quotation."""
    end = line.rstrip()
    first = next((text.strip() for text in below if text.strip()), "")
    small = first[:1].islower()
    return end.endswith(":") or (small and (end.endswith(",") or bool(_GOES_ON.search(end)))) or _is_clause(end)


def _is_clause(line: str) -> bool:
    """Whether a line is half a sentence, `Since this is known by then,`, however the rest begins."""
    return line.endswith(",") and bool(_CLAUSE.match(line))


def _is_title(paragraph: Sequence[str]) -> bool:
    return len(paragraph) == 1 and is_title(paragraph[0])


def is_title(line: str) -> bool:
    """Whether a line begins with its number, as those of a list do."""
    return bool(_TITLE.match(line))


def _is_slip(lines: list[str], at: int) -> bool:
    """Whether a letter or a sign has slipped in before the sign of a quoted line."""
    around = lines[max(at - 1, 0) : at] + lines[at + 1 : at + 2]
    return bool(_SLIP.match(lines[at])) and len(around) == 2 and all(map(QUOTE.match, around))


def _is_torn(lines: list[str], at: int) -> bool:
    """Whether a line is the rest of a quoted line of code, that a program has broken."""
    around = lines[max(at - 1, 0) : at] + lines[at + 1 : at + 2]
    of_code = len(around) == 2 and all(map(_QUOTED_CODE.match, around))
    return of_code and bool(_END_OF_CODE.search(lines[at])) and not _SENTENCE.search(lines[at])


def corrects(line: str, under: str) -> bool:
    """Whether a word (or two) is nearly one of the line above it, or an operator for it."""
    words = line.split()
    return bool(_OPERATOR.match(line.strip())) or (
        len(words) <= _WORDS_OF_CORRECTION and any(get_close_matches(word, under.split(), 1, _ALIKE) for word in words)
    )


def unquoted(body: str) -> str:
    """The quoted text of a mail, one level of `>` taken off: the parent, as far as it is there."""
    quoted = (line for line in body.splitlines() if QUOTE.match(line))
    return "\n".join(QUOTE.sub("", line, count=1) for line in quoted) + "\n"


def own_words(text: Sequence[str], sender_names: Sequence[str], phrases: Phrases, under: str = "") -> tuple[str, ...]:
    """Own lines without trailers, greetings, elisions, closing words and the sender's name below them.

    Args:
        under: the line that they stand under; a word at the right that is nearly a word of it corrects it.
    """
    lines = _without_notice(without_footer([line.rstrip() for line in text], sender_names))
    lines = [line for at, line in enumerate(lines) if not _leads_to_trailer(lines, at)]
    dropped = (*phrases.elision, *phrases.listing)
    lines = [line for line in lines if not is_trailer(line) and not matches(dropped, line.strip())]
    if sum(bool(_HEADER.match(line)) for line in lines) > 1:
        lines = [line for line in lines if not _HEADER.match(line)]
    lines = list(trimmed(lines))
    lines = without_signature_above(lines, sender_names, phrases)
    while lines and matches(phrases.greeting, lines[0].strip()):
        lines = list(trimmed(lines[1:]))
    lines = lines[: start_of_signature(lines, sender_names, phrases)]
    while lines and (
        not lines[-1].strip()
        or matches(phrases.closing, lines[-1].strip())
        or matches(phrases.footnote, lines[-1].strip())
        or signs(lines[-1], sender_names)
        or (_NICKNAME.match(lines[-1]) and not corrects(lines[-1], under))
    ):
        lines.pop()
    return tuple(lines)


def _leads_to_trailer(lines: Sequence[str], at: int) -> bool:
    """Whether a line such as `Please make this:` or `You can put` is a paragraph of its own above a trailer."""
    below = next((line for line in lines[at + 1 :] if line.strip()), "")
    alone = at == 0 or not lines[at - 1].strip()
    short = len(lines[at].split()) <= _WORDS_OF_LEAD and (lines[at].endswith(":") or _GIVES.match(lines[at]))
    return alone and bool(short) and is_trailer(below) and not is_trailer(lines[at])


def _without_notice(lines: list[str]) -> list[str]:
    """Without the commits that a program lists at the end of a maintainer's thanks, and what it writes below them."""
    at = next((at for at, line in enumerate(lines) if _COMMIT.match(line) and at and _LISTED.match(lines[at - 1])), 0)
    return lines[: at - 1] if at else lines


def _without_attribution(own: list[str]) -> str:
    """Takes the line (or two) `On … wrote:` off the end, and returns the name in it."""
    while own and not own[-1].strip():
        own.pop()
    if not own or len(own[-1]) > _LONGEST_ATTRIBUTION or not _ATTRIBUTION.search(own[-1].rstrip()):
        return ""
    words = own.pop().strip()
    if header := _AS_HEADER.match(words):
        return header["name"].strip()
    above = own[-1].strip()[:_LONGEST_ATTRIBUTION] if own else ""
    if not _DATED.match(words) and _DATED.match(above):
        own.pop()
        words = f"{above} {words}"
    words = _WROTE.sub("", words.removesuffix(":").rstrip()).rstrip()
    timed = _UP_TO_THE_TIME.sub("", words, count=1)
    return _VERB_FIRST.sub("", (timed if timed != words else words.rpartition(", ")[2]).strip())


def trimmed(lines: Sequence[str]) -> tuple[str, ...]:
    """Without blank lines at both ends."""
    first = next((at for at, line in enumerate(lines) if line.strip()), len(lines))
    last = next((at for at in range(len(lines), first, -1) if lines[at - 1].strip()), first)
    return tuple(line.rstrip() for line in lines[first:last])
