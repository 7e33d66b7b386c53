"""The subject of a mail in a series: `[PATCH net-next v3 02/11] title` and what people write instead.

What b4 0.16 reads is read: tags without the word PATCH, several brackets, brackets within brackets. So are forms that
it takes for lone patches of a first revision: `[PATCH v9,01/12]`, `[PATCH1/2]`, `[PATCH 1 of 2]`, `[PATCH V 3]`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import islice

_REPLY = re.compile(
    r"(?:\[[^]]*\]\s*)*(?:re|aw|antw|fwd?|sv|vs|wg|答复|回复|转发)\s*(?:\[\d+\]\s*)?[:\uff1a]\s*", re.IGNORECASE
)
_TRANSLATED = re.compile(r"\w{2,3}:\s*(?=\[)")
"""Re: in yet another language: b4 takes any two or three letters for it where a tag follows."""

_GLUED = re.compile(r"(patch(?:es|set)?|rfc|rft|resend|repost)(?=[-_]?(?:v\s?)?\d)", re.IGNORECASE)
_COUNTER = re.compile(
    r"(?<![^\s,;:()#&|_-])(?P<number>\d{1,4})\s*(?:/|\bof\b)\s*(?P<total>\d{1,4})(?![0-9a-uw-z/]|\.\d)", re.IGNORECASE
)
_VERSION = re.compile(
    r"(?:(?<![^\s,;:()#&|/+])|(?<=[\s,;:()#&|/+][-_]))v(?:er(?:sion)?)?\.?\s?(?P<version>\d{1,3})(?:\.(?P<point>\d{1,2}))?"
    r"(?![^\W_]|\.\w|-rc)",
    re.IGNORECASE,
)
_PATCH = re.compile(r"(?<![^\W_])patch", re.IGNORECASE)
_RESEND = re.compile(r"(?<![^\W_])(?:resend|repost)", re.IGNORECASE)
_BEHIND = re.compile(
    r"\(?#?(?P<number>\d{1,4})\s*(?:/|\bof\b)\s*(?P<total>\d{1,4})(?![\w/]|\.\d)\)?[\s:.,-]*(?=\S)", re.IGNORECASE
)
"""A counter between tags and title, `[PATCH] 1/2: title`."""
_AT_THE_END = re.compile(r"\[v(?:er(?:sion)?)?\s?#?(?P<version>\d{1,3})\]\s*$", re.IGNORECASE)
"""A version behind the title, `title [ver #2]`, as StGit has it."""
_BARE = re.compile(
    r"[({<]?\s*(?P<words>patch\b[^]:)}>]*?\d\s*(?:/|\bof\b)\s*\d{1,4})\s*[)}>]?[\s:.,-]*(?=\S)", re.IGNORECASE
)
"""A counter without brackets, `PATCH 1/2: title`."""

_TAGS_READ = 20
_POINT_RELEASES = 4
"""From v4 on, `v5.10` names a release of the kernel, unless it answers a v5."""


@dataclass(frozen=True)
class Subject:
    """The parts of a subject.

    Args:
        version: of the revision, 1 where none is named.
        point: 1 for `v2.1`, which replaces some of v2; 0 for a whole revision.
        release: both numbers of a `v5.10` that names a release, or a revision where the thread has a v5.
        number: of the patch, 0 for a cover letter; None without a tag that makes it a part of a series.
        total: patches in the series.
        title: what follows the tags.
        patch: it has the word PATCH.
        counted: it has a counter.
        versioned: it has a version.
        resend: it says RESEND.
        reply: it begins with Re: or the like, or a list's tag and that.
    """

    version: int
    point: int
    release: tuple[int, int] | None
    number: int | None
    total: int
    title: str
    patch: bool = False
    counted: bool = False
    versioned: bool = False
    resend: bool = False
    reply: bool = False


def read(text: str) -> Subject:
    """The parts of a subject."""
    answer = _REPLY.match(text.strip()) or _TRANSLATED.match(text.strip())
    rest = text.strip()[answer.end() :] if answer else text.strip()
    words, title = _tags(rest)
    subject = _of_tags(words, title)
    subject = subject or Subject(1, 0, None, None, 0, text)
    return replace(subject, reply=True) if answer else subject


def read_bare(text: str) -> Subject:
    """The parts of a subject that has no tag in brackets, or none that says more than a tree's name.

    b4 takes a mail with a diff for a patch, whatever its subject.
    """
    subject = read(text)
    if subject.number is not None:
        return subject
    words = _BARE.match(text.strip())
    subject_of_tags = _of_tags([words["words"]], text.strip()[words.end() :]) if words else None
    return subject_of_tags or Subject(1, 0, None, 1, 1, text.strip())


def parts_of_series(text: str) -> tuple[int, int | None, int, str]:
    """Version, number, total and title of `[PATCH v3 02/11] title`; number is None where it is no part of a series."""
    subject = read(text)
    return subject.version, subject.number, subject.total, subject.title


def _of_tags(tags: list[str], title: str) -> Subject | None:
    """The parts of a subject, from its tags and title; None where no tag has PATCH, a counter or a version."""
    words = _GLUED.sub(r"\1 ", " ".join(tags))
    counters = list(_COUNTER.finditer(words))
    # A counter is no version: in `v 1/2`, 1 is not a version.
    without_counters = _COUNTER.sub(" ", words)
    versions = list(_VERSION.finditer(without_counters))
    patch = bool(_PATCH.search(words))
    if not (patch or counters or versions):
        return None
    counter: re.Match[str] | None = counters[-1] if counters else None
    if counter is None and (counter := _BEHIND.match(title)):
        counter = counter if int(counter["number"]) <= int(counter["total"]) else None
        title = title[counter.end() :] if counter else title
    number, total = (int(counter["number"]), int(counter["total"])) if counter else (1, 1)
    if not versions and (behind := _AT_THE_END.search(title)):
        versions = [behind]
    plain = [version for version in versions if version.groupdict().get("point") is None]
    # Of several versions, take one between blanks: in `v6 (corrected v2)` the other is a remark.
    plain = [version for version in plain if _apart(version)] or plain
    pointed = [(int(each["version"]), int(each["point"])) for each in versions if each.groupdict().get("point")]
    pointed = [pair for pair in pointed if pair[0]]
    version, point, release = 1, 0, None
    if plain:
        version = int(plain[-1]["version"])
    elif pointed and pointed[-1][0] < _POINT_RELEASES:
        version, point = pointed[-1]
    elif pointed:
        release = pointed[-1]
    return Subject(
        version=version,
        point=point,
        release=release,
        number=number,
        total=total,
        title=title,
        patch=patch,
        counted=counter is not None,
        versioned=bool(plain or point),
        resend=bool(_RESEND.search(words)),
    )


def _apart(match: re.Match[str]) -> bool:
    before, behind = match.string[: match.start()], match.string[match.end() :]
    return (not before or before[-1] in " ,;") and (not behind or behind[0] in " ,;")


def _tags(text: str) -> tuple[list[str], str]:
    """The tags in brackets up to the last that says something of the series, and the title behind them."""
    brackets = list(islice(_brackets(text), _TAGS_READ))
    last = max((at for at, (words, _) in enumerate(brackets) if _of_tags([words], "")), default=-1)
    if last < 0:
        return [], text
    return [words for words, _ in brackets[: last + 1]], text[brackets[last][1] :].lstrip(" \t:").strip()


def _brackets(text: str) -> Iterator[tuple[str, int]]:
    """The leading brackets `[…]`, brackets within taken for blanks, each with the position of its end."""
    at = 0
    while at < len(text) and text[at] == "[":
        depth = 0
        for end in range(at, len(text)):
            depth += {"[": 1, "]": -1}.get(text[end], 0)
            if depth == 0:
                break
        else:
            # If an inner bracket is never closed, the first closing one ends the tag.
            end = text.find("]", at)
            if end < 0:
                return
        yield re.sub(r"[][]", " ", text[at + 1 : end]), end + 1
        at = end + 1
        while at < len(text) and text[at].isspace():
            at += 1
