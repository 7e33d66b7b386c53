"""Trailers of a thread: which of them go into the patches, and why others do not; pure.

b4 says which reply is about which patch, and whether a trailer's address is that of its sender. What a person gives is
carried. Anything else (`Fixes:`, `Link:`) is the author's to write, and b4 would take it from a question as well.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from pipeline.mail.body import apart
from pipeline.mail.message import Mail
from pipeline.mail.thread import Posting
from pipeline.model import Patch, UncarriedTrailer

_LINE = re.compile(r"^[ \t]*(?P<name>[A-Za-z][A-Za-z-]*): +(?P<value>\S.*)$", re.MULTILINE)
_BY_PERSON = re.compile(r"(?!obsoleted-by)[a-z-]+-by", re.IGNORECASE)
_BY_AUTHOR = re.compile(r"fixes|link|buglink|closes|obsoleted-by", re.IGNORECASE)
_WRAPPED = re.compile(r"^([ \t]*\S+: +[^ <\n][^<\n]*)\n(<[^>\n]+>)$", re.MULTILINE)
_REMARK = re.compile(r"\[[^]]+\]")
_BEHIND = re.compile(r"(?<!\s)\s+#[^#]*$")
_MAILTO = re.compile(r"<mailto:[^>]+>")
_ADDRESS = re.compile(r"\S+@\S+\.\S+")
_COMMIT = re.compile(r"[0-9a-f]{6,}")
_LONGEST = 1000
"""Characters of a line that can be a trailer (RFC 5322 allows 998)."""
_DEEPEST = 1000
_UNREADABLE = "\N{REPLACEMENT CHARACTER}"
_COPIES_APART = re.compile(r"^(?:from|to|sent|subject|date): ", re.IGNORECASE | re.MULTILINE)
_COPY = re.compile(r"^[ \t]*cc: +(?P<first>\S+)(?P<rest>.*)$", re.IGNORECASE | re.MULTILINE)
_BRACKETED = re.compile(r"<[^\s<>@]+@[^\s<>]+>")


def collected(original: Mail, assembled: Mail) -> tuple[str, ...]:
    """The lines that b4 added to a patch out of replies, as far as persons give them: they go into the commit.

    Args:
        original: the patch as it was posted.
        assembled: as b4 made it.
    """
    known = _squeezed(_message(original))
    found: dict[str, None] = {}
    lines = _of_usual_length(_message(assembled)).split("\n")
    for line, following in zip(lines, [*lines[1:], ""], strict=True):
        match = _LINE.fullmatch(line)
        given = match and _BY_PERSON.fullmatch(match["name"]) and _ADDRESS.search(match["value"])
        if given and _UNREADABLE not in line and _squeezed(_BEHIND.sub("", line)) not in known:
            found[line.strip()] = None
            if _REMARK.fullmatch(following.strip()):
                found[following.strip()] = None
    return tuple(found)


def given(reply: Mail) -> tuple[str, ...]:
    """The trailers that a reply gives in words of its own: not quoted, not in its signature, not of a patch within."""
    body = reply.letter.body.split("\n-- \n")[0].split("\n---\n")[0].split("\ndiff --git ")[0]
    body = _WRAPPED.sub(r"\1 \2", _of_usual_length(body))
    found = [
        match[0].strip()
        for match in _LINE.finditer(body)
        if _BY_AUTHOR.fullmatch(match["name"]) or (_BY_PERSON.fullmatch(match["name"]) and "@" in match["value"])
    ]
    # Mail programs quote headers, too: a `Cc:` among them is no wish.
    for paragraph in re.split(r"\n[ \t]*\n", body):
        if not _COPIES_APART.search(paragraph):
            found += [match[0].strip() for match in _COPY.finditer(paragraph) if _names_somebody(match)]
    return tuple(dict.fromkeys(found))


def _names_somebody(copy: re.Match[str]) -> bool:
    """Whether a `Cc:` has an address."""
    return "@" in copy["first"][:-1] or bool(_BRACKETED.search(copy["first"] + copy["rest"]))


def uncarried(
    posting: Posting,
    family: Sequence[Posting],
    mails: Sequence[Mail],
    patches: Sequence[Patch],
    mismatches: Sequence[tuple[str, str]],
) -> tuple[UncarriedTrailer, ...]:
    """Trailers that replies give and no patch has, each with the reason.

    Args:
        posting: the series.
        family: other revisions of it in the thread.
        mails: the whole thread.
        patches: ready for git-am(1).
        mismatches: what b4 says that it left out: trailer, From: header.
    """
    by_id = {mail.message_id: mail for mail in mails if mail.message_id}
    there = {patch.number: _trailers(patch) for patch in patches}
    refused = {_norm(trailer) for trailer, _ in mismatches}
    # `ids` makes a set each time that it is asked for, and a thread can be long.
    holding = {name: other for other in reversed(family) for name in other.ids} | dict.fromkeys(posting.ids, posting)
    found: dict[tuple[str, str], UncarriedTrailer] = {}
    for reply in by_id.values():
        if reply.number is not None:
            continue
        about = _about(reply, by_id)
        numbers = [one.number for one in patches if about and one.message_id == about.message_id]
        numbers = numbers or [one.number for one in patches if about and one.subject == about.title]
        carried = there[numbers[0]] if numbers else frozenset().union(*there.values())
        for trailer in given(reply):
            if _norm(trailer) in carried:
                continue
            reason = _of_itself(trailer) or (
                f"its address is not that of the sender, {reply.letter.sender}"
                if _norm(trailer) in refused
                else _reason(reply, posting, holding, by_id)
            )
            found[_norm(trailer), reply.message_id] = UncarriedTrailer(trailer, reply.message_id, reason)
    return tuple(found.values())


def _of_itself(trailer: str) -> str:
    """Why a trailer is not carried, whoever gives it."""
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
    """Without lines that no trailer has, and that patterns would take long for."""
    return "\n".join(line for line in text.split("\n") if len(line) <= _LONGEST)


def _message(mail: Mail) -> str:
    return apart(mail.letter.body.encode())[0].decode()


def _trailers(patch: Patch) -> frozenset[str]:
    posted = _WRAPPED.sub(r"\1 \2", apart(patch.letter.body.encode())[0].decode()) if patch.letter else ""
    return frozenset(map(_norm, (*(match[0] for match in _LINE.finditer(posted)), *patch.collected_trailers)))


def _about(reply: Mail, by_id: Mapping[str, Mail]) -> Mail | None:
    """The patch or cover letter that a reply is below of."""
    return next((mail for mail in _above(reply, by_id) if mail.number is not None), None)


def _above(reply: Mail, by_id: Mapping[str, Mail]) -> Iterator[Mail]:
    """What a mail answers, what that answers, and so on."""
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
    """A trailer for comparing: b4 writes names and blanks its own way, and not always what stands behind `#`."""
    return _squeezed(_BEHIND.sub("", _MAILTO.sub("", trailer.strip())))


def _squeezed(text: str) -> str:
    return re.sub(r"[\s\"]+", "", text).casefold()
