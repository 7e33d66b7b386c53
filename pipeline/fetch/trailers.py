"""Trailers of a thread: which of them b4 put into the patches, from where, and why others were left out; pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from pipeline.mail.message import Mail
from pipeline.mail.thread import Posting
from pipeline.model import Patch, UncarriedTrailer

TRAILER = re.compile(r"^[A-Z][A-Za-z-]+(?:-by|-Closes|-to): \S.*$|^(?:Link|Fixes|Cc|Closes): \S.*$", re.MULTILINE)
_GIVEN = re.compile(r"^(?:[A-Z][A-Za-z-]+-by: .*\S@\S.*|Fixes: [0-9a-f]{6,}\b.*)$", re.MULTILINE)
_OF_PERSONS = re.compile(r"^(?:[A-Z][A-Za-z-]+-by|Cc|[A-Z][A-Za-z-]+-to): ")
_DEEPEST = 1000


def collected(original: Mail, assembled: Mail) -> tuple[str, ...]:
    """Trailers of a patch that its author did not write."""
    known = set(TRAILER.findall(original.letter.body))
    message = assembled.letter.body.split("\n---\n")[0]
    return tuple(dict.fromkeys(line for line in TRAILER.findall(message) if line not in known))


def notes(patches: Sequence[Patch], replies: Sequence[Mail]) -> Iterator[str]:
    """Says where b4 put something else than a person's trailer (`Fixes:`, `Link:`) out of a reply into a patch."""
    for patch in patches:
        for trailer in patch.collected_trailers:
            if _OF_PERSONS.match(trailer):
                continue
            source = next((reply for reply in replies if _norm(trailer) in map(_norm, given(reply))), None)
            where = f"of {source.letter.sender} ({source.message_id})" if source else "in the thread"
            yield f"patch {patch.number} has {trailer!r} out of a reply {where}: its author did not write that"


def given(reply: Mail) -> tuple[str, ...]:
    """The trailers that a reply gives in words of its own: not quoted, not in its signature, not of a patch within."""
    body = reply.letter.body.split("\n-- \n")[0].split("\n---\n")[0].split("\ndiff --git ")[0]
    return tuple(dict.fromkeys(line.strip() for line in _GIVEN.findall(body)))


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
        patches: as b4 made them.
        mismatches: what b4 says that it left out: trailer, From: header.
    """
    by_id = {mail.message_id: mail for mail in mails if mail.message_id}
    there = {patch.number: _trailers(patch) for patch in patches}
    refused = {_norm(trailer) for trailer, _ in mismatches}
    found: dict[tuple[str, str], UncarriedTrailer] = {}
    for reply in by_id.values():
        if reply.number is not None:
            continue
        about = _about(reply, by_id)
        number = next((one.number for one in patches if about and one.subject == about.title), 0)
        carried = there[number] if number else frozenset().union(*there.values())
        for trailer in given(reply):
            if _norm(trailer) in carried:
                continue
            if _norm(trailer) in refused:
                reason = f"its address is not that of the sender, {reply.letter.sender}"
            else:
                reason = _reason(reply, posting, family, by_id)
            found[_norm(trailer), reply.message_id] = UncarriedTrailer(trailer, reply.message_id, reason)
    return tuple(found.values())


def _trailers(patch: Patch) -> frozenset[str]:
    lines = (*TRAILER.findall(patch.mail.decode("utf-8", "replace")), *patch.collected_trailers)
    return frozenset(map(_norm, lines))


def _about(reply: Mail, by_id: Mapping[str, Mail]) -> Mail | None:
    """The patch or cover letter that a reply is below of."""
    at: Mail | None = reply
    for _ in range(_DEEPEST):
        at = by_id.get(at.in_reply_to) if at is not None else None
        if at is None or at.number is not None:
            break
    return at


def _reason(reply: Mail, posting: Posting, family: Sequence[Posting], by_id: Mapping[str, Mail]) -> str:
    at: Mail | None = reply
    for _ in range(_DEEPEST):
        parent = by_id.get(at.in_reply_to) if at is not None else None
        if parent is None:
            break
        if parent.message_id in posting.ids:
            return "b4 left it out"
        for other in family:
            if parent.message_id in other.ids:
                return f"it was given to {other.name}; b4 carries one over only where the patch is still the same"
        if parent.number is not None:
            return f"it was given to another series, {parent.title!r}"
        at = parent
    if at is reply and reply.in_reply_to:
        return "the message that it answers is not in the thread"
    return "it was given to no patch of the series"


def _norm(trailer: str) -> str:
    name, _, value = trailer.partition(":")
    return f"{name.casefold()}: {' '.join(value.split()).casefold()}"
