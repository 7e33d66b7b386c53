"""Trailers of a thread: which of them go into the patches, and why others do not; pure.

b4 says which reply is about which patch, and whether a trailer's address is that of its sender. What a person gives is
collected. Anything else (`Fixes:`, `Link:`) is the author's to write, and b4 would take it from a question as well.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from email.utils import parseaddr

from pipeline.mail.body import message_and_diff
from pipeline.mail.given import LONGEST as _LONGEST
from pipeline.mail.given import PERSONAL as _BY_PERSON
from pipeline.mail.given import Given
from pipeline.mail.given import given as trailers_given
from pipeline.mail.message import Mail
from pipeline.mail.thread import Posting
from pipeline.model import Patch, UncollectedTrailer

_LINE = re.compile(r"^[ \t]*(?P<name>[A-Za-z][A-Za-z-]*): +(?P<value>\S.*)$", re.MULTILINE)
_WRAPPED = re.compile(r"^([ \t]*\S+: +[^ <\n][^<\n]*)\n(<[^>\n]+>)$", re.MULTILINE)
_REMARK = re.compile(r"\[[^]]+\]")
_BEHIND = re.compile(r"(?<!\s)\s+#[^#]*$")
_MAILTO = re.compile(r"<mailto:[^>]+>")
_ADDRESS = re.compile(r"\S+@\S+\.\S+")
_PERSON = re.compile(r"(?P<name>[a-z-]+-by):[^@]{0,300}?<?(?P<address>[^\s<>@,;]+@[^\s<>@,;]+)", re.IGNORECASE)
_REMARK_LIMIT = 200
"""Characters behind an address."""
_COMMIT = re.compile(r"[0-9a-f]{6,}")
_DEEPEST = 1000
_UNREADABLE = "\N{REPLACEMENT CHARACTER}"


Answer = tuple[Mail | None, Given]
"""A trailer of a reply, and the patch or cover letter that it is given to."""


def answers(mails: Sequence[Mail]) -> tuple[Answer, ...]:
    """The trailers of a thread."""
    by_id = {mail.message_id: mail for mail in mails if mail.message_id}
    replies = [mail for mail in mails if mail.number is None]
    return tuple((_about(reply, by_id), trailer) for reply in replies for trailer in given(reply))


def collected(original: Mail, assembled: Mail, answered: Sequence[Answer] = ()) -> tuple[str, ...]:
    """The lines that b4 added to a patch out of replies, as far as persons give them: they go into the commit.

    Args:
        original: the patch as it was posted.
        assembled: as b4 made it, which loses what stands behind an address: `(for the first half)`.
        answered: the trailers of the thread.
    """
    remarks = {
        _norm(trailer.line): remark
        for about, trailer in answered
        if about and (about.number == 0 or about.title == original.title) and (remark := _behind(trailer.value))
    }
    known = _squeezed(_message(original))
    added: dict[str, None] = {}
    lines = _of_usual_length(_message(assembled)).split("\n")
    for line, following in zip(lines, [*lines[1:], ""], strict=True):
        match = _LINE.fullmatch(line)
        given = match and _BY_PERSON.fullmatch(match["name"]) and _ADDRESS.search(match["value"])
        if given and _UNREADABLE not in line and _squeezed(_BEHIND.sub("", line)) not in known:
            remark = remarks.get(_norm(line), "")
            lost = remark and _squeezed(remark) not in _squeezed(line)
            added[f"{line.strip()} {remark}" if lost else line.strip()] = None
            if _REMARK.fullmatch(following.strip()):
                added[following.strip()] = None
    return tuple(added)


def given(reply: Mail) -> tuple[Given, ...]:
    """The trailers that a reply gives; what its signature and the patches within it have is none."""
    return trailers_given(reply.letter.body, reply.letter.sender)


def doubtful(mails: Sequence[Mail], patches: Sequence[Patch]) -> tuple[str, ...]:
    """Notes on trailers that go into the patches, given for the case that something changes, or misspelt."""
    in_patches = {_norm(trailer) for patch in patches for trailer in patch.collected_trailers}
    return tuple(
        f"{words}, and collected all the same: {trailer.line} ({mail.message_id})"
        for mail in mails
        if mail.number is None
        for trailer in given(mail)
        if _norm(trailer.line) in in_patches and (words := _doubt(trailer))
    )


def _doubt(trailer: Given) -> str:
    if trailer.conditional:
        return "given for the case that something is changed"
    return trailer.wrong.removeprefix("it is ") if trailer.misspelt else ""


def _behind(value: str) -> str:
    """Words behind a trailer's address, but for those behind `#`, which b4 keeps."""
    words = value.rpartition(">")[2].strip(" \t.,;*")
    return words if re.match(r"[(\[\w]", words) and "@" not in words and len(words) <= _REMARK_LIMIT else ""


def uncollected(
    posting: Posting,
    family: Sequence[Posting],
    mails: Sequence[Mail],
    patches: Sequence[Patch],
    mismatches: Sequence[tuple[str, str]],
) -> tuple[UncollectedTrailer, ...]:
    """Trailers that replies give and no patch has, each with the reason.

    Args:
        posting: the series.
        family: other revisions of it in the thread.
        mails: the whole thread.
        patches: ready for git-am(1).
        mismatches: what b4 says that it left out: trailer, From: header.
    """
    by_id = {mail.message_id: mail for mail in mails if mail.message_id}
    by_patch = {patch.number: _trailers(patch) for patch in patches}
    refused = {_norm(trailer) for trailer, _ in mismatches}
    # `ids` makes a new set at each call, and a thread can be long.
    holding = {name: other for other in reversed(family) for name in other.ids} | dict.fromkeys(posting.ids, posting)
    left_out: dict[tuple[str, str], UncollectedTrailer] = {}
    for reply in by_id.values():
        if reply.number is not None:
            continue
        about = _about(reply, by_id)
        numbers = [patch.number for patch in patches if about and patch.message_id == about.message_id]
        numbers = numbers or [patch.number for patch in patches if about and patch.subject == about.title]
        already_there = by_patch[numbers[0]] if numbers else frozenset().union(*by_patch.values())
        for given_trailer in given(reply):
            trailer = given_trailer.line
            if _norm(trailer) in already_there:
                continue
            reason = (
                given_trailer.wrong
                or _of_itself(trailer)
                or (
                    f"its address is not that of the sender, {reply.letter.sender}"
                    if _norm(trailer) in refused and _address(trailer) != parseaddr(reply.letter.sender)[1].casefold()
                    else "it is given for the case that something is changed"
                    if given_trailer.conditional
                    else _reason(reply, posting, holding, by_id)
                )
            )
            left_out[_norm(trailer), reply.message_id] = UncollectedTrailer(trailer, reply.message_id, reason)
    return tuple(left_out.values())


def _of_itself(trailer: str) -> str:
    """Why a trailer is not collected, whoever gives it."""
    name, _, value = trailer.partition(": ")
    if _UNREADABLE in trailer:
        return "it cannot be read in the charset that the mail says"
    if name.lower() == "cc":
        return "whom to copy is for the author or the committer to say"
    if name.lower() == "fixes" and not _COMMIT.match(value.strip()):
        return "it names no commit"
    if not _BY_PERSON.fullmatch(name):
        return "no person gives it: whether it belongs there is for the author or the committer to say"
    if not _ADDRESS.search(value):
        return "its address is not whole"
    return "b4 takes none with a link in it" if re.search(r"https?://", value) else ""


def _of_usual_length(text: str) -> str:
    """Remove lines that no trailer has, and that patterns would take long for."""
    return "\n".join(line for line in text.split("\n") if len(line) <= _LONGEST)


def _message(mail: Mail) -> str:
    return message_and_diff(mail.letter.body.encode())[0].decode()


def _trailers(patch: Patch) -> frozenset[str]:
    posted = _WRAPPED.sub(r"\1 \2", message_and_diff(patch.letter.body.encode())[0].decode()) if patch.letter else ""
    return frozenset(map(_norm, (*(match[0] for match in _LINE.finditer(posted)), *patch.collected_trailers)))


def _about(reply: Mail, by_id: Mapping[str, Mail]) -> Mail | None:
    """The patch or cover letter that a reply is below of."""
    return next((mail for mail in _above(reply, by_id) if mail.number is not None), None)


def _above(reply: Mail, by_id: Mapping[str, Mail]) -> Iterator[Mail]:
    """The mail that a mail answers, the one that this answers, and so on."""
    at: Mail | None = reply
    for _ in range(_DEEPEST):
        at = by_id.get(at.in_reply_to) if at is not None else None
        if at is None:
            return
        yield at


def _reason(reply: Mail, posting: Posting, holding: Mapping[str, Posting], by_id: Mapping[str, Mail]) -> str:
    for parent in _above(reply, by_id):
        other = holding.get(parent.message_id)
        if other is posting:
            return "b4 left it out"
        if other is not None:
            return f"it was given to {other.name}; b4 carries one over only where the patch is still the same"
        if parent.number is not None:
            return f"it was given to another series, {parent.title!r}"
    if reply.in_reply_to and reply.in_reply_to not in by_id:
        return "the message that it answers is not in the thread"
    return "it was given to no patch of the series"


def _norm(trailer: str) -> str:
    """A trailer for comparing: b4 writes names and blanks its own way, and not always what stands behind an address."""
    if match := _PERSON.match(trailer.strip()[:_LONGEST]):
        return f"{match['name']}:{match['address']}".casefold()
    return _squeezed(_BEHIND.sub("", _MAILTO.sub("", trailer.strip())))


def _address(trailer: str) -> str:
    return _norm(trailer).partition(":")[2]


def _squeezed(text: str) -> str:
    return re.sub(r"[\s\"]+", "", text).casefold()
