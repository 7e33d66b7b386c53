"""The author of a mail and the address for answers, where a list or a relay put its own address into From:.

Lists do that so that DMARC does not refuse what they pass on (RFC 7960, 4.1.3.1), and b4's web submission does. Where
the person went to: `X-Original-From:` (b4's relay, Google Groups), `X-Original-Sender:` (Google Groups), `Author:` (RFC
9057), the new address itself (`user=example.org@…`, `user=40example.org@…`, `Name (user@example.org via …)`),
`Reply-To:` or `Cc:` (Mailman), the author that the body of a patch names, or the person's own sign-off. Whoever else
stands there is another person. An author's own Reply-To: is obeyed as b4 obeys it; what a list put there is an address
that the mail went to anyway.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from email.message import Message
from email.utils import parseaddr

from pipeline.mail.body import message_and_diff
from pipeline.mail.headers import addresses, header_text, mailbox, mailboxes, unfolded
from pipeline.mail.scissors import below_scissors

_VIA = re.compile(r"\s+\(?via\s+\S", re.IGNORECASE)
_MASK = "---"
"""Behind the local part that Mailman takes for a name where From: has none."""
_REWRITTEN = re.compile(r"(?:^|[-.+_])dmarc(?:$|[-.+_])", re.IGNORECASE)
"""A local part that says itself why it is there."""
_ENCODED = re.compile(r"(?P<user>[^=@\s]+)=(?P<at>40)?(?P<domain>[a-z0-9-]+(?:\.[a-z0-9-]+)+)@\S+", re.IGNORECASE)
_POST = re.compile(r"<mailto:([^>?]+)", re.IGNORECASE)
_INSIDE = re.compile(r"[^\s\"'(),:;<>@\[\\\]]+@[^\s\"'(),:;<>@\\]+")
_COMMENT = re.compile(r"\([^()]*\)")
_WORD = re.compile(r"[^\W_]+")
_GIVEN = re.compile(r"^[A-Za-z-]{2,40}-by:[ \t]+(?P<person>[^\n]{3,300})$", re.MULTILINE)
_IN_BODY = re.compile(r"(?:From|Subject|Date|Message-ID|In-Reply-To|References|To|Cc): ", re.IGNORECASE)
_IN_BODY_LIMIT = 100
"""Lines."""
_NAME_LIMIT = 300
"""Characters."""
_TEXT_LIMIT = 100_000
"""Characters of a body in which sign-offs are looked for."""


def sender(message: Message, body: str = "") -> str:
    """The mailbox of the person who wrote a mail; the text of From: where that has none.

    Args:
        body: its text, where a patch names its author.
    """
    from_header = addresses(message, "From")
    if not from_header:
        return header_text(message, "From")
    originals = addresses(message, "X-Original-From")
    if originals:
        return originals[0]
    name, address = _parts(from_header[0])
    person, inside = _relayed(name)
    encoded = _ENCODED.fullmatch(address)
    if encoded and (person or encoded["at"]):
        return mailbox(person or name, f"{encoded['user']}@{encoded['domain']}")
    own = {address.casefold(), *_posts(message)}
    replaced = not person and (address.casefold() in _posts(message) or _REWRITTEN.search(address.rpartition("@")[0]))
    if replaced:
        person = _COMMENT.sub("", name).strip("'\" ") or name
        inside = next(iter(_INSIDE.findall(name[:_NAME_LIMIT])), "")
    if not person:
        return from_header[0]
    candidates = _candidates(message, body, person, inside, own, any_name=bool(replaced))
    return next((entry for entry in candidates if _address(entry) not in own), from_header[0])


def _candidates(
    message: Message, body: str, person: str, inside: str, own: set[str], *, any_name: bool
) -> Iterator[str]:
    """Persons that can be the author, the surest first.

    Args:
        person: their name in From:.
        inside: an address that stands in that name, or nothing.
        own: addresses of the list.
        any_name: a list took the name away, too.
    """
    masked = person.removesuffix(_MASK) if person.endswith(_MASK) else ""
    name = "" if masked else person
    yield from addresses(message, "Author")
    if inside:
        yield mailbox(name, inside)
    yield from (mailbox(name, _parts(entry)[1]) for entry in addresses(message, "X-Original-Sender"))
    answered = [entry for entry in addresses(message, "Reply-To") if _address(entry) not in own]
    copied = [entry for header in ("Cc", "To") for entry in addresses(message, header)]
    signed = _signed(body)
    known = [*answered, *copied, in_body_author(body), *signed]
    if masked:
        fitting = [entry for entry in known if _address(entry).partition("@")[0] == masked.casefold()]
        yield from sorted(fitting, key=lambda entry: not _parts(entry)[0])
        return
    words = _words(person)
    yield from (entry for entry in known if words and _words(_parts(entry)[0]) == words)
    # Mailman's Reply-To: can be an address alone, and so can that of another list be.
    if len(answered) == 1:
        named, address = _parts(answered[0])
        elsewhere = _address(address) in map(_address, copied) and _address(address) not in map(_address, signed)
        if not named and not elsewhere:
            yield mailbox(name, address)
        elif any_name and not elsewhere:
            yield answered[0]


def behind(munged: str, people: Iterable[str]) -> str:
    """Whom of `people` a mailbox `Name via List <list>` stands for; that mailbox where it is none of them."""
    words = _words(_relayed(_parts(munged)[0])[0])
    return next((candidate for candidate in people if words and _words(_parts(candidate)[0]) == words), munged)


def _relayed(name: str) -> tuple[str, str]:
    """The person of `Name via List`, and an address that stands with the name; empty where a name is no such."""
    match = _VIA.search(name[:_NAME_LIMIT])
    if not match:
        return "", ""
    person = name[: match.start()]
    inside = next(iter(_INSIDE.findall(person)), "")
    return person.replace(inside, "").strip("'\" ").removesuffix("()").rstrip("(<' ") or inside, inside


def _parts(entry: str) -> tuple[str, str]:
    """Name, without quotes and backslashes, and address."""
    name, address = parseaddr(entry)
    return re.sub(r"\\(.)", r"\1", name), address


def _address(entry: str) -> str:
    return parseaddr(entry)[1].casefold()


def _words(name: str) -> frozenset[str]:
    """A name for comparing: `Page, Tally (Any Corp)` is `Tally Page`."""
    plain = _COMMENT.sub(" ", name)
    return frozenset(_WORD.findall((plain if _WORD.search(plain) else name).casefold()))


def _signed(body: str) -> list[str]:
    """Whoever signed a patch or gives a trailer, the last first."""
    given = _GIVEN.finditer(body[:_TEXT_LIMIT])
    return [person for match in given for person in mailboxes(match["person"])[:1]][::-1]


def _posts(message: Message) -> set[str]:
    return {address.casefold() for address in _POST.findall(unfolded(message, "List-Post"))}


def reply_to(message: Message) -> tuple[str, ...]:
    """Where a mail's author wants answers: Reply-To: without what a list put there, its own address."""
    known = {_address(entry) for name in ("To", "Cc") for entry in addresses(message, name)} | _posts(message)
    return tuple(entry for entry in addresses(message, "Reply-To") if _address(entry) not in known)


def in_body_author(body: str) -> str:
    """The mailbox of the `From:` that git-am(1) finds at the start of a commit message, or nothing."""
    message = below_scissors(message_and_diff(body.encode())[0]).decode()
    lines = message.lstrip("\n").split("\n", _IN_BODY_LIMIT)[:_IN_BODY_LIMIT]
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
            named = " ".join(part.strip() for part in folded)
            people = mailboxes(named)
            return people[0] if people else _unbracketed(named)
    return ""


def _unbracketed(text: str) -> str:
    """The mailbox of `Name user@example.org`, which git takes as well."""
    match = re.fullmatch(r"(?P<name>[^<>@\"]{1,300}?)\s+(?P<address>[^\s<>@\"]+@[^\s<>@\"]+)", text.strip())
    return next(iter(mailboxes(f"{match['name']} <{match['address']}>")), "") if match else ""
