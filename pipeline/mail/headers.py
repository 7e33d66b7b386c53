"""Headers of a mail as text on one line: unfolded, decoded, without what no header may hold (RFC 5322, RFC 2047)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from email.errors import MessageError
from email.header import decode_header
from email.message import Message
from email.utils import getaddresses, quote

from pipeline.mail.charset import in_charset

HEADERS_END = re.compile(rb"\r?\n\r?\n")
NEXT_FIELD = re.compile(rb"\r?\n(?![ \t])")
# Fields as email.feedparser has them (no blanks before the colon), but for those that are read here and in mail.people.
# A mail has up to sixty others, and every one would be taken apart.
_UNREAD = re.compile(
    rb"^(?!(?:from|to|cc|subject|date|message-id|in-reply-to|references|reply-to|author|x-original-from|"
    rb"x-original-sender|list-post|mime-version|content-type|content-transfer-encoding|content-disposition):)"
    rb"[!-9;-~]+:[^\n]*\n(?:[ \t][^\n]*\n)*",
    re.IGNORECASE | re.MULTILINE,
)
_FIELDS_END = re.compile(rb"^(?![!-9;-~]+:|[ \t])", re.MULTILINE)
_MESSAGE_ID = re.compile(r"<([!-;=?-~]+)>")
_ADDRESS = re.compile(r"[^\s\"(),:;<>@\[\\\]]+@[^\s\"(),:;<>@\\]+")
_SPECIAL = re.compile(r"[][\\()<>@,:;\".]")
"""RFC 5322, section 3.2.3: what makes a name need quotes."""

UNSHOWN = re.compile(r"[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff\s]+")
"""Control characters, line ends and bidirectional controls: no header has them, whatever it was encoded in."""


def only_read_fields(raw: bytes) -> bytes:
    """A message without the fields at its top that nothing reads; what is no field stays, and ends the headers."""
    end = _FIELDS_END.search(raw)
    return _UNREAD.sub(b"", raw[: end.start()]) + raw[end.start() :] if end else raw


def unfolded(message: Message, name: str) -> str:
    """A header's text without its line ends; bytes beyond ASCII are read as UTF-8 (RFC 6532)."""
    return next(_unfolded_all(message, name), "")


def _unfolded_all(message: Message, name: str) -> Iterator[str]:
    for key, value in message.raw_items():
        if key.lower() == name.lower():
            raw = str(value).replace("\r", "").replace("\n", "").encode("ascii", "surrogateescape")
            yield in_charset(raw, "")


def header_text(message: Message, name: str) -> str:
    """A header on one line, decoded."""
    return decoded(unfolded(message, name))


def decoded(text: str) -> str:
    """Text of a header with its encoded words decoded, on one line and without control characters."""
    return UNSHOWN.sub(" ", plain(text)).strip()


def plain(text: str) -> str:
    """Text with its encoded words (RFC 2047) decoded."""
    if "=?" in text and text.isascii():
        try:
            parts = decode_header(text)
        except MessageError:
            parts = []
        words = [part if isinstance(part, str) else in_charset(part, charset or "us-ascii") for part, charset in parts]
        return "".join(words) or text
    return text


def addresses(message: Message, name: str) -> tuple[str, ...]:
    """The mailboxes of a header, each `Name <address>`; of all where a mail has several of that name."""
    return tuple(entry for value in _unfolded_all(message, name) for entry in mailboxes(value))


def mailboxes(text: str) -> tuple[str, ...]:
    """The mailboxes of a header's text. Names are decoded after the text was taken apart."""
    return tuple(
        mailbox(decoded(label), address)
        for label, address in getaddresses([text])
        if _ADDRESS.fullmatch(address) and not UNSHOWN.search(address)
    )


def mailbox(label: str, address: str) -> str:
    if not label:
        return address
    return f'"{quote(label)}" <{address}>' if _SPECIAL.search(label) else f"{label} <{address}>"


def first_id(message: Message, name: str) -> str:
    match = _MESSAGE_ID.search(unfolded(message, name))
    return match[1] if match else ""


def message_ids(message: Message, name: str) -> tuple[str, ...]:
    return tuple(_MESSAGE_ID.findall(unfolded(message, name)))
