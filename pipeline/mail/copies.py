"""Copies of one mail, as several lists delivered it: chooses one, and tells whether they are one mail at all.

A list puts a tag into the subject or a footer below the text, a relay changes From:. b4 0.16 decides by List-Id
(b4.listid-preference); a mailbox that was saved may also hold copies of one list, or some without that header.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Sequence
from fnmatch import fnmatch

from pipeline.mail.limits import HEADER_LIMIT
from pipeline.mail.message import Mail

PREFERRED = ("*.feeds.kernel.org", "*.linux.dev", "*.kernel.org", "*")
"""Lists that change mails least come first: the default of b4.listid-preference."""

_LIST_ID = re.compile(rb"^list-id:[^<\n]*(?:\n[ \t][^<\n]*)*<(?P<id>[^>\n]+)>", re.IGNORECASE | re.MULTILINE)
_SIGNED = re.compile(rb"^dkim-signature:", re.IGNORECASE | re.MULTILINE)
_HEADERS_END = re.compile(rb"\r?\n\r?\n")
_NO_FOOTER = re.compile(r"diff --git |@@ -\d|[+-](?![-_])|.*\b[A-Za-z-]+-by: ")
"""Lines that no footer has."""
_FOOTER = re.compile(r"[-_=*~#]{2,}$|to unsubscribe\b|you received this\b", re.IGNORECASE)
"""How a footer begins."""
_RULER_ABOVE = 2
"""Lines of two footers that may be the same before they differ."""


def distinct(mails: Sequence[Mail]) -> list[Mail]:
    """The mails without duplicates: of the copies of a mail the one that lists changed least."""
    different = ids_of_different_mails(mails)
    copies: dict[object, list[tuple[int, Mail]]] = defaultdict(list)
    for position, mail in enumerate(mails):
        same = mail.message_id and mail.message_id not in different
        copies[mail.message_id if same else position].append((position, mail))
    return [
        min(group, key=lambda placed: (*_changed(placed[1]), placed[0]))[1] if len(group) > 1 else group[0][1]
        for group in copies.values()
    ]


def ids_of_different_mails(mails: Sequence[Mail]) -> frozenset[str]:
    """Message-ids that several mails have which do not say the same (RFC 5322, 3.6.4: an id is that of one mail).

    A list's copy of a mail may have a footer, another encoding, and a relay's From:.
    """
    texts: dict[str, list[str]] = {}
    changed = set[str]()
    times = Counter(mail.message_id for mail in mails)
    for mail in mails:
        if not mail.message_id or times[mail.message_id] < 2:
            continue
        text = [" ".join(line.split()) for line in mail.letter.body.split("\n")]
        lines = [line for line in text if line]
        known = texts.setdefault(mail.message_id, lines)
        if lines != known and not _alike(lines, known):
            changed.add(mail.message_id)
    return frozenset(changed)


def _alike(text: Sequence[str], other: Sequence[str]) -> bool:
    """Whether two texts are the same but for footers: of one list, or of two."""
    common = next(
        (at for at, (a, b) in enumerate(zip(text, other, strict=False)) if a != b), min(len(text), len(other))
    )
    footers = (text[common:], other[common:])
    # A copy that goes on where the other ends has a footer; where both go on, both must have a footer there.
    near = text[max(0, common - _RULER_ABOVE) : common]
    begun = not all(footers) or any(map(_FOOTER.match, near)) or all(_FOOTER.match(footer[0]) for footer in footers)
    return common > 0 and begun and not any(_NO_FOOTER.match(line) for footer in footers for line in footer)


def _changed(mail: Mail) -> tuple[int, int, int, int]:
    """How much a list may have changed a copy; smaller is better."""
    end = _HEADERS_END.search(mail.raw)
    headers = mail.raw[: end.start() if end else HEADER_LIMIT]
    named = _LIST_ID.search(headers)
    name = named["id"].decode("ascii", "replace").strip() if named else ""
    preference = next((at for at, pattern in enumerate(PREFERRED) if fnmatch(name, pattern)), len(PREFERRED))
    return preference, len(mail.letter.subject), len(mail.letter.body), 0 if _SIGNED.search(headers) else 1
