"""The mails of a posting as every program reads them: `[PATCH v3 2/5] title`, each an answer to the first.

For b4, where it puts something else together than what was posted: a subject that it reads otherwise, a thread that
holds more. Message-IDs stay, so that replies are replies to the same patches.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from email.charset import SHORTEST, Charset
from email.header import Header

from pipeline.mail.message import Mail, parse
from pipeline.mail.posting import Posting

_HEADERS_END = re.compile(rb"\r?\n\r?\n")
_NEXT_HEADER = re.compile(rb"\r?\n(?![ \t])")
_REPLACED = re.compile(rb"(?:subject|in-reply-to|references)\s*:", re.IGNORECASE)
_SIGNATURE = re.compile(rb"(?:dkim-signature|x-developer-(?:signature|key))\s*:", re.IGNORECASE)
"""Of the subject as well, so that they would be called bad."""
_TAGS = re.compile(r"^(?:\[[^]]*\]\s*)+")


@dataclass(frozen=True)
class Renumbered:
    """Mails for b4.

    Args:
        mails: of the posting, in its order.
        signed: some had signatures, which do not hold for other subjects.
    """

    mails: tuple[Mail, ...]
    signed: bool


def renumbered(posting: Posting) -> Renumbered:
    """The mails of a posting with subjects and references that say what the posting is."""
    mails = [_written(mail, posting) for mail in posting.mails]
    return Renumbered(tuple(map(parse, mails)), any(_has_signature(mail) for mail in posting.mails))


def _written(mail: Mail, posting: Posting) -> bytes:
    end = _HEADERS_END.search(mail.raw)
    headers, rest = (mail.raw[: end.start()], mail.raw[end.start() :]) if end else (mail.raw, b"\n\n")
    line_end = b"\r\n" if rest.startswith(b"\r\n") else b"\n"
    kept = [
        header for header in _NEXT_HEADER.split(headers) if not _REPLACED.match(header) and not _SIGNATURE.match(header)
    ]
    return line_end.join((*kept, *_headers(mail, posting))) + rest


def _headers(mail: Mail, posting: Posting) -> Iterator[bytes]:
    version = f" v{posting.version}" if posting.version != 1 else ""
    # git takes all leading tags away; what is left of them would count as numbers to b4.
    title = _TAGS.sub("", mail.title) or mail.title
    tag = f"[PATCH{version} {mail.number}/{posting.total}]"
    yield b"Subject: " + f"{tag} {_encoded(title)}".encode()
    if mail.message_id != posting.first.message_id:
        for name in ("In-Reply-To", "References"):
            yield f"{name}: <{posting.first.message_id}>".encode()


def _encoded(title: str) -> str:
    if title.isascii():
        return title
    charset = Charset("utf-8")
    charset.header_encoding = SHORTEST
    return Header(title, charset, maxlinelen=10_000).encode()


def _has_signature(mail: Mail) -> bool:
    end = _HEADERS_END.search(mail.raw)
    return any(map(_SIGNATURE.match, _NEXT_HEADER.split(mail.raw[: end.start()] if end else mail.raw)))


def readable_replies(mails: Sequence[Mail], posting: Posting) -> list[Mail]:
    """Replies of a thread, without mails that b4 would take for patches: with a diff, and without Re:."""
    return [mail for mail in mails if mail.message_id not in posting.ids and (_answers(mail) or not mail.files)]


def _answers(mail: Mail) -> bool:
    return bool(re.match(r"(?:re|aw|fwd):", mail.letter.subject, re.IGNORECASE))
