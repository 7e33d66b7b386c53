"""Who a mail is by and where answers to it go, where a list or a relay put its own address into From:.

Lists do that so that DMARC does not refuse what they pass on (RFC 7960, 4.1.3.1), and b4's web submission does. Where
the person went to: `X-Original-From:` (b4's relay, Google Groups), `X-Original-Sender:` (Google Groups), `Reply-To:` or
`Cc:` (Mailman). An author's own Reply-To: is obeyed as b4 obeys it; one that a list set holds nobody who is not asked
anyway.
"""

from __future__ import annotations

import re
from email.message import Message
from email.utils import parseaddr

from pipeline.mail.headers import addresses, header_text, mailbox, mailboxes, unfolded

_VIA = re.compile(r"['\"]*(?P<person>.+?)['\"]*\s+via\s+\S.*", re.IGNORECASE)
_POST = re.compile(r"<mailto:([^>?]+)", re.IGNORECASE)
_IN_BODY = re.compile(r"(?:From|Subject|Date|Message-ID|In-Reply-To|References|To|Cc): ", re.IGNORECASE)
_IN_BODY_LIMIT = 100
"""Lines."""


def sender(message: Message) -> str:
    """The mailbox of the person who wrote a mail; the text of From: where that has none."""
    from_header = addresses(message, "From")
    if not from_header:
        return header_text(message, "From")
    for original in addresses(message, "X-Original-From"):
        return original
    name, address = parseaddr(from_header[0])
    munged = _VIA.fullmatch(name)
    if munged is None:
        return from_header[0]
    person = munged["person"].strip()
    for original in addresses(message, "X-Original-Sender"):
        return mailbox(person, parseaddr(original)[1])
    answered = reply_to(message)
    candidates = [*answered, *addresses(message, "Cc")]
    same = [one for one in candidates if parseaddr(one)[0].casefold() == person.casefold()]
    nameless = [one for one in answered if not parseaddr(one)[0] and len(answered) == 1]
    others = [one for one in (*same, *nameless) if parseaddr(one)[1].casefold() != address.casefold()]
    return mailbox(person, parseaddr(others[0])[1]) if others else from_header[0]


def reply_to(message: Message) -> tuple[str, ...]:
    """Where a mail's author wants answers: Reply-To: without what a list put there, its own address."""
    known = [parseaddr(one)[1] for name in ("To", "Cc") for one in addresses(message, name)]
    known += _POST.findall(unfolded(message, "List-Post"))
    lists = {address.casefold() for address in known}
    named = addresses(message, "Reply-To")
    return tuple(one for one in named if parseaddr(one)[1].casefold() not in lists)


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
            found = mailboxes(" ".join(part.strip() for part in folded))
            return found[0] if found else ""
    return ""
