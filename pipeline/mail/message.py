"""A mail, from bytes to values; with limits, since they are strangers' bytes.

Parsing is the standard library's (`email`, RFC 5322, RFC 2045 to 2049, RFC 2231), by its policy `compat32`: the newer
one takes ten times as long for headers.
"""

from __future__ import annotations

import email.message
import re
from collections.abc import Sequence
from dataclasses import dataclass
from email.errors import MessageError
from email.parser import BytesParser
from email.policy import Compat32

from pipeline.mail.body import body_of
from pipeline.mail.diff import diff_files, has_diff
from pipeline.mail.headers import (
    HEADERS_END,
    NEXT_FIELD,
    UNSHOWN,
    addresses,
    first_id,
    header_text,
    message_ids,
    only_read_fields,
    plain,
    unfolded,
)
from pipeline.mail.limits import (
    BOUNDARY_LIMIT,
    HEADER_COUNT_LIMIT,
    HEADER_LIMIT,
    LINE_COUNT_LIMIT,
    LINE_LIMIT,
    MESSAGE_LIMIT,
    PARAMETER_LIMIT,
    PART_LIMIT,
    TYPED_LIMIT,
)
from pipeline.mail.people import reply_to, sender
from pipeline.mail.subject import Subject, read
from pipeline.model import Letter
from pipeline.system.errors import NotObtainedError

_BARE_CR = re.compile(rb"\r(?!\n)")
_PART = re.compile(rb"^content-type:\s*(?:multipart|message)/", re.IGNORECASE | re.MULTILINE)
_TYPED = re.compile(rb"^content-(?:type|disposition):", re.IGNORECASE | re.MULTILINE)
_LINE_END = re.compile(r"[\r\n]")


class _WithLimits(Compat32):
    """Refuses headers that are too long, those of parts and of attached messages, too."""

    def header_source_parse(self, sourcelines: list[str]) -> tuple[str, str]:
        name, value = super().header_source_parse(sourcelines)
        typed = name.lower() in ("content-type", "content-disposition", "content-transfer-encoding")
        most = PARAMETER_LIMIT if typed else HEADER_LIMIT
        if len(value) > most:
            shown = UNSHOWN.sub(" ", name[:40].encode("ascii", "replace").decode())
            raise ValueError(f"a part of it has a header of more than {most} bytes ({shown})")
        return name, value


_POLICY = _WithLimits(linesep="\n")


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
    """Parse a message.

    Raises:
        NotObtainedError: it is beyond a limit, or no mail at all.
    """
    if damage := _damage(raw):
        raise NotObtainedError(f"a message cannot be read: {damage}")
    try:
        message = BytesParser(policy=_POLICY).parsebytes(only_read_fields(raw))
        if _LINE_END.search(plain(unfolded(message, "From"))):
            # A repaired header would work here, but b4 ends in a traceback.
            raise ValueError("an encoded line end in From")
        body = body_of(message).text
        letter = Letter(
            message_id=first_id(message, "Message-ID"),
            subject=header_text(message, "Subject"),
            sender=sender(message, body),
            to=addresses(message, "To"),
            cc=addresses(message, "Cc"),
            # RFC 5322, 3.6.4: without References, In-Reply-To has the parent.
            references=_references(message),
            date=header_text(message, "Date"),
            body=body,
            reply_to=reply_to(message),
        )
        in_reply_to = first_id(message, "In-Reply-To")
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
    """A reason not to parse a message at all, in words; empty for nearly all."""
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
    if len(_TYPED.findall(raw)) > TYPED_LIMIT:
        return f"it has more than {TYPED_LIMIT} lines that say what a part is"
    end = HEADERS_END.search(raw)
    headers = raw[: end.start() if end else len(raw)]
    if end and _BARE_CR.search(headers):
        # This character ends a header for Python and not for git, so one of them would read a smuggled header.
        return "it has a bare CR in its headers"
    fields = NEXT_FIELD.split(headers)
    if len(fields) > HEADER_COUNT_LIMIT and end:
        return f"it has more than {HEADER_COUNT_LIMIT} headers"
    for header in fields:
        if len(header) > HEADER_LIMIT:
            name = UNSHOWN.sub(" ", header[:40].partition(b":")[0].decode("ascii", "replace"))
            return f"it has a header of more than {HEADER_LIMIT >> 10} KiB ({name})"
    return ""


def _references(message: email.message.Message) -> tuple[str, ...]:
    """Message-ids that a mail refers to, its parent last: In-Reply-To has it, and in some programs other headers."""
    listed, answered = message_ids(message, "References"), message_ids(message, "In-Reply-To")
    if len(answered) == 1 and answered[0] in listed[:-1]:
        return (*(message_id for message_id in listed if message_id != answered[0]), answered[0])
    return tuple(listed or answered[:1])
