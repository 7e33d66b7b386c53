"""A mail, from bytes to values, at the one place where strangers' bytes come in; with limits.

Parsing is the standard library's (`email`, RFC 5322 and RFC 2045 to 2049).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.message import EmailMessage
from email.utils import getaddresses

from pipeline.model import Letter
from pipeline.system.errors import NotObtainedError

MESSAGE_LIMIT = 16 << 20
"""Bytes of one message."""
THREAD_LIMIT = 256 << 20
"""Bytes of a whole thread."""
COUNT_LIMIT = 5000
"""Messages in a thread."""
HEADER_LIMIT = 16 << 10
"""Bytes of one header; the standard library's header parser takes quadratic time."""
NESTING_LIMIT = 100
"""Multiparts in one message."""

_SEPARATOR = re.compile(rb"^From (?:\S+@\S+|[0-9a-f]{40}|\S+) .*\d{4}\r?\n", re.MULTILINE)
_QUOTED_FROM = re.compile(rb"^>(>*From )", re.MULTILINE)
_UNQUOTED_FROM = re.compile(rb"^(>*From )", re.MULTILINE)
_MULTIPART = re.compile(rb"^content-type:\s*multipart/", re.IGNORECASE | re.MULTILINE)
_TAG = re.compile(r"^\s*(?:re:\s*)?(?:\[(?![^]]*patch)[^]]*\]\s*)*\[(?P<words>[^]]*)\]\s*(?P<title>.*)$", re.IGNORECASE)
_VERSION = re.compile(r"v(\d{1,3})", re.IGNORECASE)
_COUNTER = re.compile(r"(\d{1,4})/(\d{1,4})")
_MESSAGE_ID = re.compile(r"<([^<>\s]+)>")
_DIFF_FILE = re.compile(r"^diff --git (?:\"?a/)(?P<old>.+?)\"? (?:\"?b/)(?P<new>.+?)\"?$", re.MULTILINE)

_DIFFSTAT = re.compile(
    r"^ (\d+) files? changed(?:, (\d+) insertions?\(\+\))?(?:, (\d+) deletions?\(-\))?", re.MULTILINE
)
_COUNTED = (r"^diff --git ", r"^--- .+\n\+\+\+ .", r"^\+", r"^-")
"""Files, headers with a line of each sign, and lines of each sign."""
_END_OF_MESSAGE = re.compile(r"^(?:---|diff --git .*)$", re.MULTILINE)
_SIGNATURE = re.compile(r"^-- ?$", re.MULTILINE)


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
        reply: the subject begins with Re:.
    """

    raw: bytes
    letter: Letter
    in_reply_to: str
    title: str
    version: int
    number: int | None
    total: int
    reply: bool

    @property
    def message_id(self) -> str:
        return self.letter.message_id

    @property
    def files(self) -> tuple[str, ...]:
        return diff_files(self.letter.body)


def diff_files(diff: str) -> tuple[str, ...]:
    """Paths that a git diff names, old and new."""
    names: dict[str, None] = {}
    for found in _DIFF_FILE.finditer(diff):
        names |= {found["old"]: None, found["new"]: None}
    return tuple(names)


def diff_of(body: str) -> str:
    """The text from its first git diff on, or nothing."""
    found = _DIFF_FILE.search(body)
    return body[found.start() :] if found else ""


def commit_message(body: str) -> str:
    """What of a patch's mail becomes the commit message."""
    return _END_OF_MESSAGE.split(body, maxsplit=1)[0]


def cut_off(body: str) -> str:
    """Says so when a patch ends between two files or hunks: its diffstat counts more, and there is no signature."""
    diff = diff_of(body)
    counts = _DIFFSTAT.findall(body.removesuffix(diff))
    if not counts or _SIGNATURE.search(diff):
        return ""
    asked = [int(count or 0) for count in counts[-1]]
    files, headers, added, removed = (len(re.findall(pattern, diff, re.MULTILINE)) for pattern in _COUNTED)
    found = (files, added - headers, removed - headers)
    if all(have >= want for have, want in zip(found, asked, strict=True)):
        return ""
    names = ("file", "insertion", "deletion")
    words = [f"{have} of {want} {name}(s)" for name, have, want in zip(names, found, asked, strict=True) if have < want]
    return f"its diff ends after {', '.join(words)}"


def has_diff(body: str) -> bool:
    return bool(re.search(r"^(diff --git |--- \S+.*\n\+\+\+ \S+)", body, re.MULTILINE))


def split_mbox(data: bytes) -> Iterator[bytes]:
    """The messages of an mbox (mboxrd or mboxo), `>From` unquoted; a lone message is an mbox of one.

    Raises:
        NotObtainedError: nothing is there, or more than the limits.
    """
    if len(data) > THREAD_LIMIT:
        raise NotObtainedError(f"the mailbox is larger than {THREAD_LIMIT >> 20} MiB")
    if not data.strip():
        raise NotObtainedError("the mailbox is empty", hint="Was it saved in full? Fetch it again.")
    # endswith() with bounds: a slice would copy the mailbox once for every message.
    starts = []
    for found in _SEPARATOR.finditer(data):
        if found.start() == 0 or data.endswith((b"\n\n", b"\r\n\r\n"), 0, found.start()):
            starts.append(found)
        if len(starts) > COUNT_LIMIT:
            raise NotObtainedError(f"the mailbox holds more than {COUNT_LIMIT} messages")
    if not starts or starts[0].start() != 0:
        yield data
        return
    for position, found in enumerate(starts):
        end = starts[position + 1].start() if position + 1 < len(starts) else len(data)
        content = data[found.end() : end]
        yield _QUOTED_FROM.sub(rb"\1", content.removesuffix(b"\n") if content.endswith(b"\n\n") else content)


def join_mbox(messages: Sequence[bytes]) -> bytes:
    """An mboxrd of the messages."""
    parts = (b"From mboxrd@z Thu Jan  1 00:00:00 1970\n" + _UNQUOTED_FROM.sub(rb">\1", raw) for raw in messages)
    return b"\n".join(part if part.endswith(b"\n") else part + b"\n" for part in parts)


def parse(raw: bytes) -> Mail:
    """One message as values.

    Raises:
        NotObtainedError: it is too large, or no mail at all.
    """
    if len(raw) > MESSAGE_LIMIT:
        raise NotObtainedError(f"a message is larger than {MESSAGE_LIMIT >> 20} MiB")
    headers = re.split(rb"\r?\n\r?\n", raw, maxsplit=1)[0]
    if any(len(header) > HEADER_LIMIT for header in re.split(rb"\r?\n(?![ \t])", headers)):
        raise NotObtainedError(f"a message cannot be read: it has a header of more than {HEADER_LIMIT >> 10} KiB")
    if len(_MULTIPART.findall(raw)) > NESTING_LIMIT:
        raise NotObtainedError(f"a message cannot be read: it has more than {NESTING_LIMIT} nested parts")
    try:
        message = message_from_bytes(raw, policy=policy.default)
        letter = Letter(
            message_id=_first_id(message, "Message-ID"),
            subject=_header(message, "Subject"),
            sender=_header(message, "From"),
            to=_addresses(message, "To"),
            cc=_addresses(message, "Cc"),
            # RFC 5322, 3.6.4: without References, In-Reply-To has the parent.
            references=tuple(_MESSAGE_ID.findall(_header(message, "References")))
            or tuple(_MESSAGE_ID.findall(_header(message, "In-Reply-To"))[:1]),
            date=_header(message, "Date"),
            body=_text(message),
        )
        in_reply_to = _first_id(message, "In-Reply-To")
    except (ValueError, LookupError, RecursionError, AttributeError, TypeError, IndexError) as error:
        raise NotObtainedError(f"a message cannot be read: {type(error).__name__}: {error}") from error
    version, number, total, title = taken_apart(letter.subject)
    reply = letter.subject.lower().startswith("re:")
    if number is not None and (reply or (number > 0 and not has_diff(letter.body))):
        number = None
    return Mail(raw, letter, in_reply_to, title, version, number, total, reply)


def taken_apart(subject: str) -> tuple[int, int | None, int, str]:
    """Version, number, total and title of `[PATCH v3 02/11] title`; number is None without a PATCH tag."""
    match = _TAG.match(subject)
    if match is None or "patch" not in match["words"].lower():
        return 1, None, 0, subject
    words = match["words"].split()
    versions = [found for word in words if (found := _VERSION.fullmatch(word))]
    # git format-patch -v2 --subject-prefix="PATCHv2" and the like glue the version on.
    glued = re.search(r"patch-?v(\d{1,3})", match["words"], re.IGNORECASE)
    version = int(versions[-1][1]) if versions else int(glued[1]) if glued else 1
    counters = [found for word in words if (found := _COUNTER.fullmatch(word))]
    number, total = (int(counters[-1][1]), int(counters[-1][2])) if counters else (1, 1)
    return version, number, total, match["title"].strip()


def _header(message: EmailMessage, name: str) -> str:
    """A header on one line; what cannot be parsed counts as empty."""
    try:
        value = message.get(name, "")
    except (ValueError, IndexError, AttributeError, TypeError, LookupError):
        return ""
    return re.sub(r"\s+", " ", str(value)).strip()


def _addresses(message: EmailMessage, name: str) -> tuple[str, ...]:
    pairs = getaddresses([_header(message, name)])
    return tuple(f"{label} <{address}>" if label else address for label, address in pairs if "@" in address)


def _first_id(message: EmailMessage, name: str) -> str:
    found = _MESSAGE_ID.search(_header(message, name))
    return found[1] if found else ""


def _text(message: EmailMessage) -> str:
    """The plain text parts, joined; a charset that Python does not know is read as UTF-8 with bad bytes replaced."""
    parts = []
    for part in message.walk():
        if part.get_content_type() in ("text/plain", "text/x-patch", "text/x-diff"):
            payload = part.get_payload(decode=True)
            content = payload if isinstance(payload, bytes) else b""
            try:
                parts.append(content.decode(part.get_content_charset("utf-8"), "replace"))
            except LookupError:
                parts.append(content.decode("utf-8", "replace"))
    return "\n".join(parts).replace("\r\n", "\n")
