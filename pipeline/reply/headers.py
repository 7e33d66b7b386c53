"""Headers of a reply, from an allow-list and put together from parsed parts.

Whatever a stranger's header holds, a draft has the headers that are named here and no other (RFC 5322, RFC 2047).
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable
from datetime import datetime
from email.charset import SHORTEST, Charset
from email.errors import HeaderParseError
from email.header import Header, decode_header, make_header
from email.headerregistry import Address, AddressHeader
from email.message import EmailMessage
from email.utils import format_datetime, make_msgid

from pipeline.mail.people import in_body_author
from pipeline.record import LetterRecord
from pipeline.system.errors import UsageError
from pipeline.system.text import blanked

_LONGEST_PHRASE = 300
# No option, file or program for whatever sends mail: `-X…`, `/…` and `|…` are some to sendmail.
_ADDRESS = re.compile(r"(?=.{3,254}$)\w[\w.!#$%&'*+/=?^`{|}~-]*@[\w-]+(\.[\w-]+)*", re.ASCII)
_MAILBOX = re.compile(r"(?P<name>.*)<(?P<inner>[^<>]*)>|(?P<bare>\S*)\s*(\((?P<comment>.*)\))?")
_MESSAGE_ID = re.compile(r"(?:(?!=\?)[!-;=?-~]){1,900}")
_UTF_8 = Charset("utf-8")
# Said here, since any module can change the default for a whole process, as b4 does.
_UTF_8.header_encoding = SHORTEST
_REPLY = re.compile(r"^(re:\s*)+", re.IGNORECASE)


def threaded(
    letter: LetterRecord, *, identity: str, date: datetime, own_id: str = "", quoted: Iterable[str] = ()
) -> EmailMessage:
    """An answer to `letter` without a body: to its sender, a copy to whoever else it was addressed to.

    Args:
        identity: who replies, `Name <address>`; never among the recipients, unless nobody else is there.
        date: of the Date: header.
        own_id: of the answer, without angle brackets; when empty, a new one in the identity's domain.
        quoted: mailboxes of whoever else is quoted; they get a copy.

    Raises:
        UsageError: the letter has no Message-ID or no sender, or the identity has no address.
    """
    parent = message_id(letter.message_id)
    if not parent:
        raise UsageError(
            "there is nothing to thread the reply to: the series was read from files without a Message-ID",
            hint="Name the series by its message-id or URL, or give an mbox of the thread.",
        )
    author = only(identity, "the identity that replies", "Set user.name and user.email in git's configuration.")
    sender = only(letter.sender, "the sender of the mail", "Answer this letter by hand.")
    to, others = _recipients(letter, author, sender, quoted)
    ancestors = dict.fromkeys(filter(None, map(message_id, letter.references)))
    ancestors.pop(parent, None)

    message = EmailMessage()
    message["From"] = author
    message["To"] = to
    if others:
        message["Cc"] = others
    message["Subject"] = f"Re: {_REPLY.sub('', phrase(letter.subject))}".rstrip()
    message["Date"] = format_datetime(date)
    message["Message-ID"] = f"<{message_id(own_id)}>" if own_id else make_msgid(domain=author.domain)
    message["In-Reply-To"] = f"<{parent}>"
    message["References"] = " ".join(f"<{identifier}>" for identifier in [*ancestors, parent])
    return message


def _recipients(
    letter: LetterRecord, author: Address, sender: Address, quoted: Iterable[str]
) -> tuple[list[Address], list[Address]]:
    """To and Cc; an answer goes where its sender wants it (RFC 5322, 3.6.2), to a mail of one's own where that went."""
    own = {author.addr_spec.lower()}
    to = [address for address in addresses(letter.reply_to) if address.addr_spec.lower() not in own]
    # Reply-To: of a relay has the address alone.
    to = [sender if address.addr_spec.lower() == sender.addr_spec.lower() else address for address in to] or [sender]
    if sender.addr_spec.lower() in own:
        to = [address for address in addresses(letter.to) if address.addr_spec.lower() not in own] or [sender]
    taken = own | {address.addr_spec.lower() for address in to}
    # A patch that one posts for another has its author in the body.
    posted = not _REPLY.match(letter.subject)
    copied = [*letter.to, *letter.cc, *([in_body_author(letter.body)] if posted else []), *quoted]
    return to, [address for address in addresses(copied) if address.addr_spec.lower() not in taken]


def to_bytes(message: EmailMessage) -> bytes:
    """A draft as `git send-email` takes it: folded ASCII headers, a body of plain UTF-8, LF line ends."""
    lines = [line for name, value in message.items() for line in _folded(name, value)]
    return "\n".join([*lines, "", message.get_content()]).encode()


def addresses(values: Iterable[str]) -> list[Address]:
    """The valid addresses, each once, whatever its case; each value is one mailbox, its name quoted or not.

    What a name holds is never a recipient, though it may look like an address.
    """
    known: dict[str, Address] = {}
    for value in values:
        if parts := _MAILBOX.fullmatch(blanked(value).strip()):
            address = (parts["inner"] or parts["bare"] or "").strip()
            user, _, domain = address.rpartition("@")
            domain = _for_dns(domain)
            address = f"{user}@{domain}"
            if _ADDRESS.fullmatch(address):
                name = _unquoted(parts["name"] or parts["comment"] or "")
                known.setdefault(address.lower(), Address(phrase(name), user, domain))
    return list(known.values())


def only(value: str, what: str, hint: str) -> Address:
    """The first address of `value`.

    Raises:
        UsageError: there is none.
    """
    parsed = addresses([value])
    if not parsed:
        raise UsageError(f"{what} has no valid e-mail address: {phrase(value) or 'it is empty'}", hint=hint)
    return parsed[0]


def message_id(value: str) -> str:
    """A message-id without angle brackets, or nothing where it is none: a part of one threads with nothing."""
    words = re.split(r"[<>\s]+", value.strip("<> \t"))
    return words[0] if _MESSAGE_ID.fullmatch(words[0]) else ""


def _for_dns(domain: str) -> str:
    """A domain in ASCII (RFC 5890), which every mail server takes; whatever is none stays, and is no address."""
    try:
        return domain if domain.isascii() else domain.encode("idna").decode()
    except UnicodeError:
        return domain


def _unquoted(name: str) -> str:
    """A display name without the quotes of RFC 5322."""
    name = name.strip()
    quoted = len(name) > 1 and name[0] == name[-1] == '"'
    return re.sub(r"\\(.)", r"\1", name[1:-1]) if quoted else name


def phrase(value: str) -> str:
    """Header text on one line, its encoded words decoded once; none is left for a reader's program to decode."""
    try:
        decoded = str(make_header(decode_header(value)))
    except (HeaderParseError, LookupError, ValueError):
        decoded = value
    return " ".join(blanked(decoded).replace("=?", "= ?").split())[:_LONGEST_PHRASE]


def _folded(name: str, value: str) -> list[str]:
    """A header in lines, broken at blanks only: message-ids and encoded words stay whole."""
    if isinstance(value, AddressHeader):
        return (f"{name}: " + ",\n ".join(map(_mailbox, value.addresses))).split("\n")
    first = f"{name}: "
    layout = textwrap.TextWrapper(78, first, " ", break_long_words=False, break_on_hyphens=False)
    return layout.wrap(_ascii(value))


def _mailbox(address: Address) -> str:
    name = address.display_name
    return str(address) if name.isascii() else f"{_ascii(name)} <{address.addr_spec}>"


def _ascii(text: str) -> str:
    return text if text.isascii() else Header(text, _UTF_8, maxlinelen=72).encode()
