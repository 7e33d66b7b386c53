"""A patch as git-am(1) takes it: the mail as it was posted, with what was wrong on its way put right; pure.

b4-am(5) makes such a mail, too, but it loses the CR of a line, harms a line that begins with `From`, replaces bytes of
another charset than the mail says, and carries over whatever looks like a trailer. So b4 is asked which trailers belong
to which patch, and the mail is put together here.
"""

from __future__ import annotations

import binascii
import re
from collections.abc import Sequence
from dataclasses import replace
from email.message import Message
from email.parser import BytesParser
from email.policy import compat32

from pipeline.fetch.ascii_addresses import has_wide_address
from pipeline.mail.body import Body, body_of, message_and_diff
from pipeline.mail.given import unfolded
from pipeline.mail.headers import addresses, only_read_fields
from pipeline.mail.message import Mail
from pipeline.mail.scissors import below_scissors
from pipeline.system.errors import NotObtainedError

_TRAILER = re.compile(rb"^\w\S*: \S", re.MULTILINE)
_IN_BODY_HEADER = re.compile(rb"\A\s*(?:From|Subject|Date): ", re.IGNORECASE)
_FROM = re.compile(rb"^>*From ", re.MULTILINE)
_MIME = b"MIME-Version: 1.0\nContent-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: 8bit\n"
_UNFIT_HEADERS = re.compile(rb"(?im)^(?:content-[\w-]+|mime-version|from):[^\n]*\n(?:[ \t][^\n]*\n)*")


def ready(mail: Mail, trailers: Sequence[str] = ()) -> bytes:
    """The patch of a mail for git-am(1), in UTF-8.

    Args:
        trailers: of replies, to be added.
    """
    message, patch = message_and_diff(_body(mail).exact)
    message = _with_trailers(below_scissors(message), trailers)
    separated = patch.startswith(b"---") and not patch.startswith(b"--- ")
    return _written(mail, message + (b"" if separated or not patch else b"\n") + patch)


def plain(mail: Mail) -> Mail:
    """A mail that says truly who it is by and what its text is in, for b4; the same where it does so already.

    A reply has its trailers on one line each.
    """
    message = _parsed(mail)
    body = body_of(message)
    text = (
        body.exact
        if mail.number is not None
        else unfolded(body.exact.decode("utf-8", "surrogateescape")).encode("utf-8", "surrogateescape")
    )
    head = mail.raw.replace(b"\r\n", b"\n").partition(b"\n\n")[0] + b"\n"
    as_it_is = not body.remarks and not body.flowed and text == body.exact and not has_wide_address(text)
    if as_it_is and _as_sent(mail, message):
        return mail
    kept = b"\n" + _UNFIT_HEADERS.sub(b"", head)
    return replace(mail, raw=b"From: " + mail.letter.sender.encode() + kept + _MIME + b"\n" + text)


def remarks(mail: Mail) -> tuple[str, ...]:
    """How the mail's text was read, where that is not what the mail says.

    Raises:
        NotObtainedError: it cannot be read without replacing characters of the commit message.
    """
    body = _body(mail)
    if not body.whole and "\N{REPLACEMENT CHARACTER}" in body.text:
        raise NotObtainedError(
            f"patch {mail.number}/{mail.total} cannot be read: {body.remarks[0]}",
            hint="What was the patch written in? Ask for it again in UTF-8, or as a link to a branch.",
        )
    return (*body.remarks, *(["its lines were flowed (format=flowed)"] if body.flowed else []))


def _parsed(mail: Mail) -> Message:
    return BytesParser(policy=compat32).parsebytes(only_read_fields(mail.raw))


def _body(mail: Mail) -> Body:
    return body_of(_parsed(mail))


def _as_sent(mail: Mail, message: Message) -> bool:
    """Whether From: is the person's."""
    return addresses(message, "From")[:1] in ((), (mail.letter.sender,))


def _with_trailers(message: bytes, trailers: Sequence[str]) -> bytes:
    """The commit message with trailers behind its own ones, in the paragraph where git-interpret-trailers(1) looks."""
    text = message.rstrip()
    if not trailers:
        return text + b"\n" if text else b""
    last = text.rpartition(b"\n\n")[2]
    among = _TRAILER.search(last) and not (last == text and _IN_BODY_HEADER.match(last))
    return (text + (b"\n" if among else b"\n\n") if text else b"") + "\n".join(trailers).encode() + b"\n"


def _written(mail: Mail, content: bytes) -> bytes:
    letter = mail.letter
    headers = [f"Subject: {letter.subject}", f"From: {letter.sender}"]
    headers += [f"Date: {letter.date}"] if letter.date else []
    headers += [f"Message-ID: <{letter.message_id}>"] if letter.message_id else []
    # Programs write a line that begins with From differently into a mailbox, and git-am loses a CR.
    guarded = b"\r" in content or _FROM.search(content) is not None
    mime = _MIME.replace(b"8bit", b"quoted-printable") if guarded else _MIME
    return "\n".join(headers).encode() + b"\n" + mime + b"\n" + (_quoted(content) if guarded else content)


def _quoted(content: bytes) -> bytes:
    """Quoted-printable in which no line begins with `From` (RFC 2045, 6.7; RFC 2049, 3)."""
    lines = b"\n".join(binascii.b2a_qp(line, quotetabs=False, istext=False) for line in content.split(b"\n"))
    return _FROM.sub(lambda match: b"=%02X%s" % (match[0][0], match[0][1:]), lines)
