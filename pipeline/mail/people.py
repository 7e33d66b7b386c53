"""Who a mail is by and where answers to it go, where a list or a relay put its own address into From:.

Lists do that so that DMARC does not refuse what they pass on (RFC 7960, 4.1.3.1), and b4's web submission does. Where
the person went to: `X-Original-From:` (b4's relay, Google Groups), `X-Original-Sender:` (Google Groups), `Reply-To:` or
`Cc:` (Mailman), or the body of a patch. An author's own Reply-To: is obeyed as b4 obeys it; what a list put there is an
address that the mail went to anyway.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from email.message import Message
from email.utils import parseaddr

from pipeline.mail.headers import addresses, header_text, mailbox, mailboxes, unfolded

_VIA = re.compile(r"\s+via\s+\S", re.IGNORECASE)
_POST = re.compile(r"<mailto:([^>?]+)", re.IGNORECASE)
_IN_BODY = re.compile(r"(?:From|Subject|Date|Message-ID|In-Reply-To|References|To|Cc): ", re.IGNORECASE)
_IN_BODY_LIMIT = 100
"""Lines."""
_NAME_LIMIT = 300
"""Characters."""


def sender(message: Message, in_body: str = "") -> str:
    """The mailbox of the person who wrote a mail; the text of From: where that has none.

    Args:
        in_body: the author that the body of a patch names, or nothing.
    """
    from_header = addresses(message, "From")
    if not from_header:
        return header_text(message, "From")
    originals = addresses(message, "X-Original-From")
    if originals:
        return originals[0]
    name, address = parseaddr(from_header[0])
    person = _relayed(name)
    if not person:
        return from_header[0]
    google = [mailbox(person, parseaddr(entry)[1]) for entry in addresses(message, "X-Original-Sender")]
    answered = reply_to(message)
    # Mailman's Reply-To: can be an address alone.
    alone = [mailbox(person, entry) for entry in answered if not parseaddr(entry)[0] and len(answered) == 1]
    same = [entry for entry in (*answered, *addresses(message, "Cc"), in_body) if _name(entry) == person.casefold()]
    others = (
        entry for entry in (*google, *same, *alone, in_body) if parseaddr(entry)[1].casefold() not in ("", address)
    )
    return next(others, from_header[0])


def behind(munged: str, people: Iterable[str]) -> str:
    """Whom of `people` a mailbox `Name via List <list>` stands for; that mailbox where it is none of them."""
    person = _relayed(parseaddr(munged)[0]).casefold()
    return next((candidate for candidate in people if person and _name(candidate) == person), munged)


def _relayed(name: str) -> str:
    """The person of `Name via List`; empty where a name is no such."""
    match = _VIA.search(name[:_NAME_LIMIT])
    return name[: match.start()].strip("'\" ") if match else ""


def _name(person: str) -> str:
    return parseaddr(person)[0].strip("'\" ").casefold()


def reply_to(message: Message) -> tuple[str, ...]:
    """Where a mail's author wants answers: Reply-To: without what a list put there, its own address."""
    known = [parseaddr(entry)[1] for name in ("To", "Cc") for entry in addresses(message, name)]
    known += _POST.findall(unfolded(message, "List-Post"))
    lists = {address.casefold() for address in known}
    named = addresses(message, "Reply-To")
    return tuple(entry for entry in named if parseaddr(entry)[1].casefold() not in lists)


def in_body_author(body: str) -> str:
    """The mailbox of the `From:` that git-am(1) finds at the start of a body, or nothing."""
    lines = body.lstrip("\n").split("\n", _IN_BODY_LIMIT)[:_IN_BODY_LIMIT]
    for at, line in enumerate(lines):
        if line[:1] in (" ", "\t") and at:
            continue
        if not _IN_BODY.match(line):
            break
        if line[:5].lower() == "from:":
            folded = [line[5:]]
            for more in lines[at + 1 :]:
                if more[:1] not in (" ", "\t"):
                    break
                folded.append(more)
            people = mailboxes(" ".join(part.strip() for part in folded))
            return people[0] if people else ""
    return ""
