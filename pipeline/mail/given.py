"""Trailers that a reply gives: the one judgement that `fetch` and `review` share.

A trailer is given by the words of the sender: not quoted, not in a signature, not in a patch or a log that is pasted.
It may be given for the case that something changes; and what is nearly a trailer is one that tools pass over.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from email.utils import parseaddr
from functools import lru_cache

from pipeline.mail.conditions import LINES_ABOVE, on_condition

LONGEST = 1000
"""Characters of a line that can be a trailer (RFC 5322 allows 998)."""
MOST = 200
"""Trailers of one mail."""
KNOWN = (
    *("reviewed-by", "acked-by", "tested-by", "reported-by", "suggested-by", "signed-off-by", "co-developed-by"),
    *("requested-by", "debugged-by", "reported-and-tested-by", "reviewed-and-tested-by"),
)
PERSONAL = re.compile(r"(?!obsoleted-by)[a-z-]+-by", re.IGNORECASE)
"""Names of trailers that a person gives."""
OF_AUTHOR = re.compile(r"fixes|link|buglink|closes|obsoleted-by", re.IGNORECASE)
"""Names of trailers that are the author's to write."""

_LINE = re.compile(r"[ \t]*(?P<robot>\| +)?(?P<name>[A-Za-z][A-Za-z-]*): +(?P<value>\S.*)")
_NEARLY = re.compile(
    r"[ \t]*(?P<name>[A-Za-z]{3,12}(?:[-_ ][A-Za-z]{2,12}){0,4}?)(?P<end> ?[:;] ?| (?=[^:;]*@))(?P<value>\S.*)"
)
_BEHIND_WORDS = re.compile(
    rf"(?P<words>.{{2,200}}?(?:[:,;.!]|\b(?:add|my|a|is|so))) +(?P<name>(?:{'|'.join(KNOWN)})): +"
    r"(?P<value>[^<>@]{1,80}<[^\s<>@]+@[^\s<>]+>)",
    re.IGNORECASE,
)
_COPY = re.compile(r"[ \t]*(?P<name>cc): +(?P<value>\S.*)", re.IGNORECASE)
_COPIES_APART = re.compile(r"^(?:from|to|sent|subject|date): ", re.IGNORECASE | re.MULTILINE)
_BRACKETED = re.compile(r"<[^\s<>@]+@[^\s<>]+>")
_WRAPPED_NAME = re.compile(r"^([ \t]*\S+: +[^ <\n][^<\n]*)\n(<[^>\n]+>)$", re.MULTILINE)
_FOLDED = re.compile(
    r"^([ \t]*[A-Za-z-]{2,40}-by: +[^\s<@][^<@\n]{0,200})\n[ \t]+((?:[^<@\n]{0,100} )?<[^\s<>@]+@[^\s<>]+>)",
    re.MULTILINE | re.IGNORECASE,
)
_NAME_AND_ADDRESS = re.compile(r"[^\s@#(]+\s[^@#(]{0,200}?\S+@\S+")
_WRAPPED_TITLE = re.compile(
    r"^([ \t]*Fixes: +[0-9a-f]+ \([^)\n]{1,200})\n([^\n>]{1,200}\))$", re.MULTILINE | re.IGNORECASE
)

QUOTE = re.compile(r"^ ?> ?")
SIGNATURE = re.compile(r"^-- ?$|^_{20,}$")
COPY_BELOW = re.compile(r"^-{3,} ?Original Message ?-{3,}")
DIFF = re.compile(r"^(diff --git |--- a/|Index: )")
_SCISSORS = re.compile(r"^[-=]{2,}.*(?:>8|8<).*[-=]{2,}\s*$")
_PASTED = re.compile(r"^From [0-9a-f]{12,40} |^From: ")
_SENT = re.compile(r"^(?:Sent|To|Cc): ")
"""In the headers of a mail that is answered, not in those of a patch."""
_HEADERS_OF_A_PATCH = re.compile(r"^(?:Date|Subject): ")
_LOG = re.compile(r"^commit (?:[0-9a-f]{7,40}\b|\([\w ]+\)$)")
_OF_LOG = re.compile(r"^(?:Author|AuthorDate|Commit|Merge|Date): ")
_DIFFSTAT = re.compile(r"^ \S.* \| +\d+|^ \d+ files? changed")

_MISSPELT = 2
"""Letters too many or too few."""
_MEANT = " is meant"


@dataclass(frozen=True)
class Given:
    """A trailer of a reply.

    Args:
        name, value: as they are written.
        wrong: why tools pass it over or should; empty where it is written rightly.
        conditional: it is given for the case that something is changed.
    """

    name: str
    value: str
    wrong: str = ""
    conditional: bool = False

    @property
    def misspelt(self) -> bool:
        """Its name is nearly one that is known."""
        return self.wrong.endswith(_MEANT)

    @property
    def line(self) -> str:
        return f"{self.name}: {self.value}"


def given(body: str, sender: str = "") -> tuple[Given, ...]:
    """The trailers that a reply gives, each once, in their order.

    Args:
        sender: whose it is; a sign-off of somebody else belongs to a message that is proposed in it.
    """
    address = parseaddr(sender)[1].lower()
    own = _own_lines(body)
    copies = {
        line for paragraph in _paragraphs(own) if not _COPIES_APART.search("\n".join(paragraph)) for line in paragraph
    }
    trailers: dict[tuple[str, str], Given] = {}
    words_before = 0
    above: list[str] = []
    for at, line in enumerate(own):
        match = _trailer(line, line in copies)
        if match is None:
            words_before = words_before + len(line.split()) if line.strip() else words_before
            above = [*above[1 - LINES_ABOVE :], line]
            continue
        name, value, wrong, robot, words = match
        below = [other for other in own[at + 1 : at + 2 * LINES_ABOVE] if not is_trailer(other)]
        conditional = on_condition([*above, words], below, value.rpartition(">")[2], words_before)
        if robot and not conditional:
            continue
        if address and name.lower() == "signed-off-by" and "@" in value and address not in value.lower():
            continue
        trailers.setdefault((name, value), Given(name, value, wrong, conditional))
        if len(trailers) == MOST:
            break
    return tuple(trailers.values())


def unfolded(text: str) -> str:
    """A reply's text with each trailer on one line; git-interpret-trailers(1) reads it in two, b4 does not."""
    return _FOLDED.sub(r"\1 \2", text)


def is_trailer(line: str) -> bool:
    """Whether a line is a trailer, or nearly one."""
    return _trailer(line, copies=False) is not None


def starts_patch(lines: Sequence[str], at: int) -> bool:
    """Whether the headers of a patch or of a log's entry begin here: another's words, whose trailers are nobody's."""
    below = lines[at + 1 : at + 4]
    if _LOG.match(lines[at]):
        return any(_OF_LOG.match(line) for line in below)
    if _PASTED.match(lines[at]):
        return any(_HEADERS_OF_A_PATCH.match(line) for line in below) and not any(_SENT.match(line) for line in below)
    return bool(_SCISSORS.match(lines[at]))


def _own_lines(body: str) -> list[str]:
    """Lines that the sender wrote, without signature and pasted patches; blank where something is left out."""
    body = "\n".join(line for line in body.expandtabs().splitlines() if len(line) <= LONGEST)
    body = _WRAPPED_TITLE.sub(r"\1 \2", _WRAPPED_NAME.sub(r"\1 \2", unfolded(body)))
    lines = body.split("\n")
    own: list[str] = []
    skipping = ""
    for at, line in enumerate(lines):
        if QUOTE.match(line):
            skipping = ""
            own.append("")
        elif COPY_BELOW.match(line):
            break
        elif skipping == "log" and line and not line[:1].isspace() and not _OF_LOG.match(line):
            skipping = ""
            own.append(line)
        elif skipping:
            continue
        elif SIGNATURE.match(line):
            skipping = "signature"
        elif starts_patch(lines, at):
            skipping = "log" if _LOG.match(line) and _is_indented(lines[at + 1 : at + 12]) else "patch"
        elif DIFF.match(line) or (line.rstrip() == "---" and _is_below_a_message(lines[at + 1 : at + 40])):
            _drop_message(own, whole=line.rstrip() == "---")
            skipping = "patch"
        else:
            own.append(line)
    return own


def _is_indented(below: Sequence[str]) -> bool:
    """Whether a log's entry has its message indented, so that it ends where a line is not."""
    text = next((line for line in below if line.strip() and not _OF_LOG.match(line)), "")
    return text.startswith("    ")


def _is_below_a_message(below: Sequence[str]) -> bool:
    """Whether a diffstat or a diff follows a line of dashes."""
    return any(_DIFFSTAT.match(line) or DIFF.match(line) for line in below)


def _drop_message(own: list[str], *, whole: bool) -> None:
    """Takes the trailers of a pasted patch off the end: the block above its dashes, or one with a sign-off."""
    end = len(own)
    while end and not own[end - 1].strip():
        end -= 1
    start = end
    while start and own[start - 1].strip():
        start -= 1
    if whole or any(line.strip().lower().startswith("signed-off-by:") for line in own[start:end]):
        own[start:] = [""]


def _paragraphs(lines: Sequence[str]) -> Iterator[list[str]]:
    paragraph: list[str] = []
    for line in (*lines, ""):
        if line.strip():
            paragraph.append(line)
        elif paragraph:
            yield paragraph
            paragraph = []


def _trailer(line: str, copies: bool) -> tuple[str, str, str, bool, str] | None:
    """Name, value, what is wrong with it, whether a robot's bar stands before it, and words before it."""
    text = line.rstrip()
    if len(text) > LONGEST or not (":" in text or "@" in text):
        return None
    if match := _LINE.fullmatch(text):
        name, value = match["name"], match["value"]
        if OF_AUTHOR.fullmatch(name):
            return name, value, "", bool(match["robot"]), ""
        if PERSONAL.fullmatch(name) and ("@" in value or name.lower() in KNOWN):
            return name, value, _wrong(name, value), bool(match["robot"]), ""
    if (
        copies
        and (match := _COPY.fullmatch(text))
        and ("@" in match["value"].split()[0][:-1] or _BRACKETED.search(text))
    ):
        return match["name"], match["value"], "", False, ""
    if (match := _NEARLY.fullmatch(text)) and "@" in match["value"] and (known_name := _meant(match["name"])):
        wrong = f"it is written wrongly: {known_name.capitalize()}{_MEANT}"
        if match["name"].lower() == known_name:
            wrong = f"it is written wrongly: '{known_name.capitalize()}: Name <address>' is the form"
        return match["name"], match["value"], wrong, False, ""
    if "-by: " in text.lower() and (match := _BEHIND_WORDS.match(text)):
        return match["name"], match["value"], "it stands behind other words: tools pass it over", False, match["words"]
    return None


@lru_cache(maxsize=1000)
def _meant(name: str) -> str:
    """The known trailer that a name nearly is, or is in other letters; comparing takes its time."""
    written = re.sub(r"[ _]+", "-", name.lower())
    if not written.endswith("by"):
        return ""
    alike = [known for known in KNOWN if known[0] == written[0] and abs(len(known) - len(written)) <= _MISSPELT]
    return next(iter(get_close_matches(written, alike, 1, 0.85)), "")


def _wrong(name: str, value: str) -> str:
    if "@" not in value:
        return "it names no address"
    if name.lower() not in KNOWN and (known_name := _meant(name)) and len(known_name) - len(name) in (-1, 0, 1):
        return f"it is written wrongly: {known_name.capitalize()}{_MEANT}"
    if value.count("<") != value.count(">"):
        return "the brackets of its address do not match"
    if "<" not in value and _NAME_AND_ADDRESS.match(value):
        return "its address has no brackets"
    return ""
