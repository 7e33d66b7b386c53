"""reply: the draft of an answer to the cover letter, threaded, for `git send-email`. Nothing here sends anything.

Headers come from an allow-list and are put together from parsed parts: whatever a stranger's header holds, the draft
has these headers and no other (RFC 5322, RFC 2047).
"""

from __future__ import annotations

import re
import shlex
import textwrap
from collections.abc import Iterable
from datetime import datetime
from email.errors import HeaderParseError
from email.header import Header, decode_header, make_header
from email.headerregistry import Address, AddressHeader
from email.message import EmailMessage
from email.utils import format_datetime, make_msgid
from pathlib import PurePath

from pipeline.record import ClaimRecord, RunRecord
from pipeline.render import CELL_COLUMNS, cell_row, command_lines, measured, summary, tree_row
from pipeline.render.findings import count, failures, location, verdict, warnings
from pipeline.render.page import Page, blanked, cut, neutral, wrap
from pipeline.system.errors import UsageError

COLUMNS = 72
LOG_COLUMNS = 120
CELLS_SHOWN = 10
FINDINGS_SHOWN = 5
LINES_SHOWN = 3

_LONGEST_PHRASE = 300
_ADDRESS = re.compile(r"(?=.{3,254}$)[\w.!#$%&'*+/=?^`{|}~-]+@[\w-]+(\.[\w-]+)*", re.ASCII)
_MAILBOX = re.compile(r"(?P<name>.*)<(?P<inner>[^<>]*)>|(?P<bare>\S*)\s*(\((?P<comment>.*)\))?")
_MESSAGE_ID = re.compile(r"(?:(?!=\?)[!-;=?-~]){1,900}")
_URGENT = ("FAILS", "base FAILS", "incomplete")


def draft(record: RunRecord, *, identity: str, date: datetime, message_id: str = "") -> EmailMessage:
    """The reply to a series' cover letter.

    Args:
        identity: who replies, `Name <address>`.
        date: of the Date: header.
        message_id: without angle brackets; when empty, a new one in the identity's domain.

    Raises:
        UsageError: the letter has no Message-ID or no sender, or the identity has no address.
    """
    letter = record.series.cover
    parent = _message_id(letter.message_id)
    if not parent:
        raise UsageError(
            "there is nothing to thread the reply to: the series was read from files without a Message-ID",
            hint="Name the series by its message-id or URL, or give an mbox of the thread.",
        )
    author = _only(identity, "the identity that replies", "Set user.name and user.email in git's configuration.")
    sender = _only(letter.sender, "the sender of the cover letter", "Answer this letter by hand.")
    known = {author.addr_spec.lower(), sender.addr_spec.lower()}
    others = [other for other in _addresses([*letter.to, *letter.cc]) if other.addr_spec.lower() not in known]
    ancestors = dict.fromkeys(filter(None, map(_message_id, letter.references)))
    ancestors.pop(parent, None)

    message = EmailMessage()
    message["From"] = author
    message["To"] = sender
    if others:
        message["Cc"] = others
    message["Subject"] = "Re: " + re.sub(r"^(re:\s*)+", "", _phrase(letter.subject), flags=re.IGNORECASE)
    message["Date"] = format_datetime(date)
    message["Message-ID"] = f"<{_message_id(message_id)}>" if message_id else make_msgid(domain=author.domain)
    message["In-Reply-To"] = f"<{parent}>"
    message["References"] = " ".join(f"<{one}>" for one in [*ancestors, parent])
    message.set_content(_body(record, sender), cte="8bit")
    return message


def to_bytes(message: EmailMessage) -> bytes:
    """A draft as `git send-email` takes it: folded ASCII headers, a body of plain UTF-8, LF line ends."""
    lines = [line for name, value in message.items() for line in _folded(name, value)]
    return "\n".join([*lines, "", message.get_content()]).encode()


def send_command(record: RunRecord, path: PurePath, message: EmailMessage) -> str:
    """The command line, for a shell, that sends a draft to all its recipients and to nobody else.

    Args:
        record: the run that the draft answers for.
        path: where the draft was written.
        message: the draft.
    """
    recipients = [(name, address) for name in ("to", "cc") if name in message for address in message[name].addresses]
    words = ["git", "send-email", f"--in-reply-to={_message_id(record.series.cover.message_id)}"]
    # Without it, send-email also takes in whoever a `Cc:` or `...-by:` line of the body names.
    words.append("--suppress-cc=all")
    words += [f"--{name}={address.addr_spec}" for name, address in recipients]
    return shlex.join([*words, f"./{path}" if str(path).startswith("-") else str(path)])


def _body(record: RunRecord, sender: Address) -> str:
    record, page = neutral(record), Page(COLUMNS)
    found = [*failures(record), *warnings(record)][:FINDINGS_SHOWN]
    rows = [cell_row(record, cell) for cell in record.cells]
    if len(rows) > CELLS_SHOWN:
        rows.sort(key=lambda row: row[1] not in _URGENT)
    table = [(row[0], row[1], row[3], row[4]) for row in [CELL_COLUMNS, *rows[:CELLS_SHOWN]]]
    return page.fill(
        "reply.txt.j2",
        verdict=verdict(record),
        words=[
            (item.cells[0], [cut(location(one), LOG_COLUMNS) for one in item.diagnostics[:LINES_SHOWN]])
            for item in found
            if item.diagnostics
        ],
        trees=page.table([("tree", "version", "result"), *map(tree_row, record.trees)]),
        cells=page.table(table, right={3}),
        more=count(len(rows) - CELLS_SHOWN, "more cell") if len(rows) > CELLS_SHOWN else "",
        attribution=f"On {record.series.cover.date}, {sender.display_name or sender.addr_spec} wrote:",
        claims=[_answer(record, claim) for claim in record.claims],
        command=command_lines(record.command, COLUMNS),
    )


def _answer(record: RunRecord, claim: ClaimRecord) -> tuple[list[str], bool, str, str]:
    """The words of a claim, whether the letter has them, what came of it, and the bloat-o-meter line that shows it."""
    texts = [cell.text for cell in record.cells if cell.text and cell.id == claim.cell]
    proof = [summary(text) for text in texts if text.delta == claim.measured]
    return (
        wrap(claim.text, COLUMNS - 2),
        " ".join(claim.text.split()) in " ".join(record.series.cover.body.split()),
        f"{claim.verdict.capitalize()}: {measured(claim)}.",
        "".join(proof[:1]),
    )


def _addresses(values: Iterable[str]) -> list[Address]:
    """Every valid address once, whatever its case; each value is one mailbox, its name quoted or not.

    What a name holds is never a recipient, though it may look like an address.
    """
    found: dict[str, Address] = {}
    for value in values:
        if parts := _MAILBOX.fullmatch(blanked(value).strip()):
            address = (parts["inner"] or parts["bare"] or "").strip()
            user, _, domain = address.rpartition("@")
            if _ADDRESS.fullmatch(address):
                name = _unquoted(parts["name"] or parts["comment"] or "")
                found.setdefault(address.lower(), Address(_phrase(name), user, domain))
    return list(found.values())


def _only(value: str, what: str, hint: str) -> Address:
    addresses = _addresses([value])
    if not addresses:
        raise UsageError(f"{what} has no valid e-mail address: {_phrase(value) or 'it is empty'}", hint=hint)
    return addresses[0]


def _message_id(value: str) -> str:
    """A message-id without angle brackets, or nothing where it is none: a part of one threads with nothing."""
    words = re.split(r"[<>\s]+", value.strip("<> \t"))
    return words[0] if _MESSAGE_ID.fullmatch(words[0]) else ""


def _unquoted(name: str) -> str:
    """A display name without the quotes of RFC 5322."""
    name = name.strip()
    quoted = len(name) > 1 and name[0] == name[-1] == '"'
    return re.sub(r"\\(.)", r"\1", name[1:-1]) if quoted else name


def _phrase(value: str) -> str:
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
    return text if text.isascii() else Header(text, "utf-8", maxlinelen=72).encode()
