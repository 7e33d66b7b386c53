"""The text of a mail: its parts decoded, and of a patch the bytes that its diff is of.

What git-mailinfo(1) does of this is done here in the same way, so that what is shown is what is applied; where a mail
is wrong in what it says of itself, a remark tells how it was read.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from email.message import Message
from email.parser import BytesParser
from email.policy import compat32

from pipeline.mail.charset import Decoded, decoded
from pipeline.mail.diff import has_diff
from pipeline.mail.flowed import unflowed

_TEXT_TYPES = ("text/plain", "text/x-patch", "text/x-diff")
_DIFF_WITH_CR = re.compile(rb"^(?:diff --git |\+\+\+ )[^\n]*\r$", re.MULTILINE)
_PATCH = re.compile(rb"^(?:diff -|Index: |--- \S|---[ \t]*\r?$)", re.MULTILINE)
"""Where git-mailinfo(1) ends the commit message."""


@dataclass(frozen=True)
class Body:
    """A mail's text.

    Args:
        text: of all parts that are text.
        exact: UTF-8 of the text; a diff of no single charset in the bytes that came.
        remarks: what is said wrongly of it, each once.
        whole: no character was replaced.
        flowed: lines were put together again.
    """

    text: str
    exact: bytes
    remarks: tuple[str, ...] = ()
    whole: bool = True
    flowed: bool = False


def body_of(message: Message) -> Body:
    """The plain text parts, joined.

    Raises:
        ValueError: a text cannot be written in UTF-8.
    """
    bodies = [_part(part, payload) for part in message.walk() if (payload := _payload(part)) is not None]
    return Body(
        "\n".join(body.text for body in bodies),
        b"\n".join(body.exact for body in bodies),
        tuple(dict.fromkeys(remark for body in bodies for remark in body.remarks)),
        all(body.whole for body in bodies),
        any(body.flowed for body in bodies),
    )


def diff_in(raw: bytes) -> bytes:
    """The part of a mail that git-apply(1) takes, whatever the mail's encoding."""
    return message_and_diff(body_of(BytesParser(policy=compat32).parsebytes(raw)).exact)[1]


def message_and_diff(content: bytes) -> tuple[bytes, bytes]:
    """The commit message of a patch, and all behind it, as git-mailinfo(1) takes them apart."""
    match = _PATCH.search(content)
    return (content[: match.start()], content[match.start() :]) if match else (content, b"")


def _payload(part: Message) -> bytes | None:
    if part.get_content_type() not in _TEXT_TYPES:
        return None
    payload = part.get_payload(decode=True)
    return payload if isinstance(payload, bytes) else None


def _part(part: Message, payload: bytes) -> Body:
    content = _without_transport(payload)
    charset = str(part.get_content_charset(""))
    text = decoded(content, charset)
    if str(part.get_param("format", "")).lower() == "flowed" and has_diff(text.text):
        delsp = str(part.get_param("delsp", "")).lower() == "yes"
        lines = unflowed(text.text, delsp=delsp)
        return Body(lines, lines.encode(), _remarks(text), text.whole, lines != text.text)
    if not text.mixed:
        return Body(text.text, text.text.encode(), _remarks(text), text.whole)
    message, patch = message_and_diff(content)
    return Body(text.text, decoded(message, charset).text.encode() + patch, _remarks(text), text.whole)


def _without_transport(payload: bytes) -> bytes:
    """Lines that end with LF: CRLF is what mail has on its way (RFC 2046, 4.1.1), but not where a diff alone has it."""
    if b"\r\n" not in payload:
        return payload
    message, patch = message_and_diff(payload)
    if not patch or _DIFF_WITH_CR.search(patch) or not has_diff(patch.decode("latin-1")):
        return payload.replace(b"\r\n", b"\n")
    return message.replace(b"\r\n", b"\n") + patch


def _remarks(text: Decoded) -> tuple[str, ...]:
    return (text.remark,) if text.remark else ()
