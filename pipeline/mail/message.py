"""A mail, from bytes to values; with limits, since they are strangers' bytes.

Parsing is the standard library's (`email`, RFC 5322, RFC 2045 to 2049, RFC 2231), by its policy `compat32`: the newer
one takes ten times as long for headers.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Sequence
from dataclasses import dataclass
from email.errors import MessageError
from email.header import decode_header
from email.message import Message
from email.parser import BytesParser
from email.policy import compat32
from email.utils import getaddresses, quote

from pipeline.mail.diff import diff_files, has_diff
from pipeline.mail.limits import (
    BOUNDARY_LIMIT,
    HEADER_COUNT_LIMIT,
    HEADER_LIMIT,
    LINE_COUNT_LIMIT,
    LINE_LIMIT,
    MESSAGE_LIMIT,
    PART_LIMIT,
)
from pipeline.mail.subject import Subject, read
from pipeline.model import Letter
from pipeline.system.errors import NotObtainedError

_HEADERS_END = re.compile(rb"\r?\n\r?\n")
_NEXT_HEADER = re.compile(rb"\r?\n(?![ \t])")
_BARE_CR = re.compile(rb"\r(?!\n)")
_PART = re.compile(rb"^content-type:\s*(?:multipart|message)/", re.IGNORECASE | re.MULTILINE)
_MESSAGE_ID = re.compile(r"<([!-;=?-~]+)>")
_ADDRESS = re.compile(r"[^\s\"(),:;<>@\[\\\]]+@[^\s\"(),:;<>@\\]+")
_SPECIAL = re.compile(r"[][\\()<>@,:;\".]")
"""RFC 5322, section 3.2.3: what makes a name need quotes."""

_UNSHOWN = re.compile(r"[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff\s]+")
"""Control characters, line ends and bidirectional controls: no header has them, whatever it was encoded in."""
_HALF_PAIR = re.compile(r"[\ud800-\udfff]")
_LINE_END = re.compile(r"[\r\n]")
_NO_CHARSETS = ("idna", "punycode", "raw_unicode_escape", "undefined", "unicode_escape", "unicode-escape")
"""Python's own codecs, which mail does not know; some take quadratic time."""


@dataclass(frozen=True)
class Mail:
    """One message of a thread.

    Args:
        raw: its bytes, without an mbox separator.
        letter: headers and text, decoded.
        in_reply_to: parent's message-id or empty.
        title: subject without `[PATCH …]`.
        version: of the revision, 1 where the subject names none.
        number: of the patch; 0 is a cover letter; None where this is no part of a series.
        total: patches in the series.
        reply: the subject begins with Re: or the like.
        subject: all that its subject says.
    """

    raw: bytes
    letter: Letter
    in_reply_to: str
    title: str
    version: int
    number: int | None
    total: int
    reply: bool
    subject: Subject

    @property
    def message_id(self) -> str:
        return self.letter.message_id

    @property
    def files(self) -> tuple[str, ...]:
        return diff_files(self.letter.body)


def parse_all(messages: Sequence[bytes]) -> tuple[list[Mail], tuple[str, ...]]:
    """The mails of a mailbox; one that cannot be read must not keep the others from being read.

    Returns:
        The mails, and for each message that was left out a sentence that says which and why.

    Raises:
        NotObtainedError: not one could be read.
    """
    mails, refused = [], []
    for number, raw in enumerate(messages, 1):
        try:
            mails.append(parse(raw))
        except NotObtainedError as error:
            refused.append(error.message.replace("a message", f"message {number} of {len(messages)}", 1))
    if refused and not mails:
        raise NotObtainedError(refused[0], hint="Was it saved in full? Name a message-id, or another file.")
    return mails, tuple(refused)


def parse(raw: bytes) -> Mail:
    """One message as values.

    Raises:
        NotObtainedError: it is beyond a limit, or no mail at all.
    """
    if damage := _damage(raw):
        raise NotObtainedError(f"a message cannot be read: {damage}")
    try:
        message = BytesParser(policy=compat32).parsebytes(raw)
        if _LINE_END.search(_plain(_unfolded(message, "From"))):
            # Mended it would be harmless here, but b4 ends in a traceback.
            raise ValueError("an encoded line end in From")
        senders = _addresses(message, "From")
        letter = Letter(
            message_id=_first_id(message, "Message-ID"),
            subject=_header(message, "Subject"),
            sender=senders[0] if senders else _header(message, "From"),
            to=_addresses(message, "To"),
            cc=_addresses(message, "Cc"),
            # RFC 5322, 3.6.4: without References, In-Reply-To has the parent.
            references=tuple(_MESSAGE_ID.findall(_unfolded(message, "References")))
            or tuple(_MESSAGE_ID.findall(_unfolded(message, "In-Reply-To"))[:1]),
            date=_header(message, "Date"),
            body=_text(message),
        )
        in_reply_to = _first_id(message, "In-Reply-To")
    except RecursionError as error:
        raise NotObtainedError("a message cannot be read: comments in its headers are nested too deep") from error
    except (ValueError, LookupError, AttributeError, TypeError, AssertionError, MessageError) as error:
        raise NotObtainedError(f"a message cannot be read: {error or type(error).__name__}") from error
    if "\0" in letter.body:
        raise NotObtainedError("a message cannot be read: its text holds a NUL")
    if any(len(line) > LINE_LIMIT for line in letter.body.split("\n")):
        raise NotObtainedError(f"a message cannot be read: it has a line of more than {LINE_LIMIT >> 10} KiB")
    subject = read(letter.subject)
    number = subject.number
    if number is not None and (subject.reply or (number > 0 and not has_diff(letter.body))):
        number = None
    return Mail(raw, letter, in_reply_to, subject.title, subject.version, number, subject.total, subject.reply, subject)


def _damage(raw: bytes) -> str:
    """What makes a message one that is not even tried, in words; empty for nearly all."""
    if len(raw) > MESSAGE_LIMIT:
        return f"it is larger than {MESSAGE_LIMIT >> 20} MiB"
    if b"\0" in raw:
        return "it holds a NUL"
    lines = raw.count(b"\n") + raw.count(b"\r")
    if lines > 2 * LINE_COUNT_LIMIT or raw.count(b"\n") > LINE_COUNT_LIMIT:
        return f"it has more than {LINE_COUNT_LIMIT} lines"
    if any(len(line) > LINE_LIMIT for line in raw.split(b"\n")):
        return f"it has a line of more than {LINE_LIMIT >> 10} KiB"
    parts = len(_PART.findall(raw))
    if parts > PART_LIMIT or parts * lines > BOUNDARY_LIMIT:
        return f"it has {parts} nested parts in {lines} lines"
    end = _HEADERS_END.search(raw)
    headers = raw[: end.start() if end else len(raw)]
    if end and _BARE_CR.search(headers):
        # To Python it ends a header, to git it does not: another header would be smuggled past one of them.
        return "it has a bare CR in its headers"
    found = _NEXT_HEADER.split(headers)
    if len(found) > HEADER_COUNT_LIMIT and end:
        return f"it has more than {HEADER_COUNT_LIMIT} headers"
    for header in found:
        if len(header) > HEADER_LIMIT:
            name = _UNSHOWN.sub(" ", header[:40].partition(b":")[0].decode("ascii", "replace"))
            return f"it has a header of more than {HEADER_LIMIT >> 10} KiB ({name})"
    return ""


def _unfolded(message: Message, name: str) -> str:
    """A header's text without its line ends; bytes beyond ASCII are read as UTF-8 (RFC 6532)."""
    value = next((text for key, text in message.raw_items() if key.lower() == name.lower()), "")
    return str(value).replace("\r", "").replace("\n", "").encode("ascii", "surrogateescape").decode("utf-8", "replace")


def _header(message: Message, name: str) -> str:
    """A header on one line, decoded."""
    return _decoded(_unfolded(message, name))


def _decoded(text: str) -> str:
    """Text of a header with its encoded words decoded, on one line and without control characters."""
    return _UNSHOWN.sub(" ", _plain(text)).strip()


def _plain(text: str) -> str:
    """Text with its encoded words (RFC 2047) decoded."""
    if "=?" in text and text.isascii():
        try:
            parts = decode_header(text)
        except MessageError:
            parts = []
        decoded = [
            part if isinstance(part, str) else in_charset(part, charset or "us-ascii") for part, charset in parts
        ]
        return "".join(decoded) or text
    return text


def _addresses(message: Message, name: str) -> tuple[str, ...]:
    """The mailboxes of a header, each `Name <address>`. Names are decoded after the header was taken apart."""
    found = ((_decoded(label), address) for label, address in getaddresses([_unfolded(message, name)]))
    return tuple(
        _mailbox(label, address)
        for label, address in found
        if _ADDRESS.fullmatch(address) and not _UNSHOWN.search(address)
    )


def _mailbox(label: str, address: str) -> str:
    if not label:
        return address
    return f'"{quote(label)}" <{address}>' if _SPECIAL.search(label) else f"{label} <{address}>"


def _first_id(message: Message, name: str) -> str:
    found = _MESSAGE_ID.search(_unfolded(message, name))
    return found[1] if found else ""


def _text(message: Message) -> str:
    """The plain text parts, joined."""
    parts = []
    for part in message.walk():
        if part.get_content_type() in ("text/plain", "text/x-patch", "text/x-diff"):
            payload = part.get_payload(decode=True)
            if isinstance(payload, bytes):
                parts.append(in_charset(payload, part.get_content_charset("utf-8")))
    return "\n".join(parts).replace("\r\n", "\n")


def in_charset(content: bytes, charset: str) -> str:
    """Decoded text; in a charset that is not known it is read as UTF-8, and what cannot be decoded is replaced."""
    try:
        known = codecs.lookup(charset).name not in _NO_CHARSETS
        text = content.decode(charset if known else "utf-8", "replace")
    except (LookupError, ValueError):
        text = content.decode("utf-8", "replace")
    # UTF-7 can spell one half of a surrogate pair, which no other encoding can write, and b4 neither.
    if not text.isascii() and _HALF_PAIR.search(text):
        raise ValueError("half of a surrogate pair")
    return text
