"""A series that is one mail with its patches attached, each a file of git-format-patch(1) or a mail (RFC 2046, 5.2.1).

Such a mail is taken apart into what its sender would have posted otherwise: a cover letter, which keeps the Message-ID,
and one mail for each attachment, which answers it. `b4 am --single-message` does the like, but drops the replies.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from email.message import Message
from email.parser import BytesParser
from email.policy import compat32

from pipeline.mail.charset import in_charset
from pipeline.mail.diff import has_diff
from pipeline.mail.limits import PART_LIMIT
from pipeline.mail.message import Mail, parse
from pipeline.mail.subject import parts_of_series
from pipeline.system.errors import NotObtainedError

_ATTACHMENT = re.compile(
    rb"^content-disposition:\s*attachment|^content-type:\s*(?:text/x-(?:patch|diff)|message/rfc822)",
    re.IGNORECASE | re.MULTILINE,
)
_PATCH_TYPES = ("text/x-patch", "text/x-diff", "message/rfc822")
_REPLY = re.compile(r"^(?:re:\s*)+", re.IGNORECASE)
_LEFT_OUT = re.compile(r"content-|mime-version$|subject$|dkim-signature$|x-developer-|message-id$", re.IGNORECASE)
"""Headers that hold for the mail as it was sent only."""
_UNMANGLED = compat32.clone(mangle_from_=False)
_FOLDER = "Save the attachments as 0001.patch, 0002.patch, … to a folder, in order, and say pipeline fetch FOLDER."


@dataclass(frozen=True)
class SplitThread:
    """A thread in which patches are mails of their own.

    Args:
        mails: of the thread.
        notes: by the Message-ID of a mail that was taken apart, what is to be said of it.
        refused: by Message-ID, why a mail with several patches cannot be taken apart.
    """

    mails: tuple[Mail, ...]
    notes: Mapping[str, str]
    refused: Mapping[str, NotObtainedError]


def split_attachments(mails: Sequence[Mail], named: str) -> SplitThread:
    """The thread with the mails taken apart that post patches as attachments.

    Args:
        named: message-id that was asked for: that one is taken apart even if it is a reply.
    """
    answered = {mail.in_reply_to for mail in mails if mail.number}
    opened: list[Mail] = []
    notes: dict[str, str] = {}
    refused: dict[str, NotObtainedError] = {}
    for mail in mails:
        parts: list[Mail] = []
        # A cover letter whose attachments are also posted as answers is a series already.
        if (not mail.reply or mail.message_id == named) and mail.message_id not in answered:
            try:
                parts = _apart(mail)
            except NotObtainedError as error:
                refused[mail.message_id] = error
        if parts:
            which = f"the {len(parts) - 1} patches were" if len(parts) > 2 else "the patch was"
            notes[mail.message_id] = (
                f"{which} attached to one mail; Message-IDs are made up (att1-… and so on), and signatures were not "
                f"looked at"
            )
        opened += parts or [mail]
    return SplitThread(tuple(opened), notes, refused)


def _apart(mail: Mail) -> list[Mail]:
    """Cover letter and patches; nothing where a mail has none attached, or a single diff: git-am(1) takes it as it is.

    Raises:
        NotObtainedError: which patches these are, or their order, cannot be told.
    """
    if not _ATTACHMENT.search(mail.raw):
        return []
    message = BytesParser(policy=compat32).parsebytes(mail.raw)
    texts, attached = list[str](), list[Message]()
    for part in _parts(message):
        content = _attachment(part)
        if content is not None:
            attached.append(content)
        elif part.get_content_type() == "text/plain":
            texts.append(_text(part))
    patches = [content for content in attached if has_diff(_text(content))]
    if not patches or (len(patches) == 1 and not (patches[0]["From"] and patches[0]["Subject"])):
        return []
    if len(patches) > PART_LIMIT:
        raise NotObtainedError(f"a mail has more than {PART_LIMIT} patches attached", hint=_FOLDER)
    if bare := [number for number, patch in enumerate(patches, 1) if not (patch["From"] and patch["Subject"])]:
        raise NotObtainedError(
            f"a mail has {len(patches)} diffs attached, and number {bare[0]} has no author and subject",
            hint="Commit each with git apply and git commit, then git format-patch -o DIR, and say pipeline fetch DIR.",
        )
    # An attached cover letter (0000-cover-letter.patch) has no diff, but words.
    texts += [_text(content) for content in attached if content["Subject"] and content not in patches]
    return _mails(mail, message, texts, patches)


def _mails(mail: Mail, message: Message, texts: Sequence[str], patches: Sequence[Message]) -> list[Mail]:
    subjects = [parts_of_series(parse(_written(patch, {"Message-ID": "<x@x>"})).letter.subject) for patch in patches]
    version, number, total, title = parts_of_series(_REPLY.sub("", mail.letter.subject))
    versions = {subject[0] for subject in subjects} | ({version} if number is not None else set())
    if len(versions) > 1:
        listed = ", ".join(f"v{version}" for version in sorted(versions))
        raise NotObtainedError(f"patches of several revisions are attached to one mail: {listed}", hint=_FOLDER)
    numbers, counted = [subject[1] or 0 for subject in subjects], any(subject[2] > 1 for subject in subjects)
    count = len(patches)
    wanted = list(range(1, count + 1))
    if counted and (sorted(numbers) != wanted or {subject[2] for subject in subjects} != {count}):
        numbering = ", ".join(f"{subject[1]}/{subject[2]}" for subject in subjects[:12])
        raise NotObtainedError(f"the {count} patches attached to one mail are numbered {numbering}", hint=_FOLDER)
    if number is not None and (number, total) not in ((0, count), (1, 1)):
        raise NotObtainedError(f"a mail that calls itself {number}/{total} has {count} patches attached", hint=_FOLDER)
    tag = "PATCH" if versions == {1} else f"PATCH v{max(versions)}"
    cover = Message(policy=compat32)
    for name, value in message.raw_items():
        if not _LEFT_OUT.match(name):
            cover[name] = value
    cover.set_payload("\n".join(texts).encode("utf-8", "replace"), "utf-8")
    written = [_written(cover, {"Message-ID": f"<{mail.message_id}>", "Subject": f"[{tag} 0/{count}] {title}"})]
    ordered = sorted(range(count), key=numbers.__getitem__) if counted else range(count)
    for at, position in enumerate(ordered, 1):
        headers = {
            "Message-ID": f"<att{at}-{mail.message_id}>",
            "In-Reply-To": f"<{mail.message_id}>",
            "References": f"<{mail.message_id}>",
            "Subject": f"[{tag} {at}/{count}] {subjects[position][3]}",
        }
        if not patches[position]["Date"]:
            headers["Date"] = mail.letter.date
        written.append(_written(patches[position], headers))
    return [parse(mail) for mail in written]


def _parts(message: Message) -> Iterator[Message]:
    """The parts that hold content; what an attached mail holds belongs to that mail."""
    payload = message.get_payload()
    if message.get_content_maintype() == "multipart" and isinstance(payload, list):
        for part in payload:
            if isinstance(part, Message):
                yield from _parts(part)
    else:
        yield message


def _attachment(part: Message) -> Message | None:
    """An attached file or mail, its headers read; None where the part is something else.

    Raises:
        NotObtainedError: it is beyond a limit.
    """
    kind = part.get_content_type()
    named = (part.get_filename() or "").endswith((".patch", ".diff", ".eml"))
    if kind not in _PATCH_TYPES and not (named and part.get_content_disposition() == "attachment"):
        return None
    payload = part.get_payload()
    if kind == "message/rfc822" and isinstance(payload, list):
        return payload[0] if isinstance(payload[0], Message) else None
    content = part.get_payload(decode=True)
    if not isinstance(content, bytes):
        return None
    lines = content.partition(b"\n\n")[0]
    # A file with CRLF throughout comes from a mail program; single lines of a diff may have a CR on purpose.
    content = content.replace(b"\r\n", b"\n") if b"\r\n\r\n" in content and lines.count(b"\r\n") else content
    # Base64 hid the patch from the limits when the mail was read.
    parse(content)
    message = BytesParser(policy=compat32).parsebytes(content)
    if not message["Content-Type"]:
        charset = part.get_content_charset("utf-8")
        message["Content-Type"] = f'text/plain; charset="{charset}"'
        message["Content-Transfer-Encoding"] = "8bit"
    return message


def _text(part: Message) -> str:
    """Text of a part; of a diff without headers, which was read as if it had some, what the parser kept."""
    texts = [
        in_charset(content, section.get_content_charset("utf-8"))
        for section in part.walk()
        if section.get_content_maintype() == "text" and isinstance(content := section.get_payload(decode=True), bytes)
    ]
    return "\n".join(texts).replace("\r\n", "\n")


def _written(message: Message, headers: Mapping[str, str]) -> bytes:
    """A mail with other headers in the place of its own."""
    copy = BytesParser(policy=compat32).parsebytes(message.as_bytes(policy=_UNMANGLED))
    for name, value in headers.items():
        del copy[name]
        copy[name] = value
    copy.set_unixfrom("")
    return copy.as_bytes(policy=_UNMANGLED)
