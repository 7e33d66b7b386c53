"""Forms of SERIES beside files and tracked names: a message-id, an address of a message, or a change-id."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import parse_qsl, unquote, urlsplit

from pipeline.system.errors import UsageError

_MESSAGE_ID = re.compile(r"(?:(?:rfc822msg)?id:)?<?(?P<id>[^\s<>@]+@[^\s<>@]+)>?")
_CHANGE_ID = re.compile(r"(?:change-id: ?)?(?P<id>\d{8}-[\w.+-]+-[0-9a-f]{12})")
_LABEL = re.compile(r"(?:(?:message-id|link): *|mid:)", re.IGNORECASE)
_WITHOUT_SCHEME = re.compile(r"[\w-]+(?:\.[\w-]+)+/(?:[^\s/@<>]+/)+[^\s/@<>]+@")
_FORWARDERS = ("r", "patch", "cover", "series", "msgid")
"""Last folders of addresses that lead to an archive elsewhere: lkml.kernel.org/r/, and those of a patchwork."""
_NUMBERED = re.compile(
    r"https?://[^/\s]+/(?:\S*/)?(?:(?:patch(?:es)?|covers?|series)/\d+(?:[/?#]\S*)?|list/\?\S*\bseries=\d+\S*)"
)
"""Addresses of a patchwork that have its own number instead of a message-id."""


@dataclass(frozen=True)
class Named:
    """A message or change that an archive is asked for.

    Args:
        message_id: without angle brackets; empty where a change-id was named.
        change_id: as b4 prep(1) makes them, `20241017-topic-0123456789ab`.
        midmask: of the archive that an address leads to; empty where it names none, or the one of the settings.
    """

    message_id: str = ""
    change_id: str = ""
    midmask: str = ""


def named(text: str, midmask: str) -> Named:
    """The message or change that `text` names.

    Args:
        midmask: of the settings; an address of another host than that overrides it, as b4 has it.

    Raises:
        UsageError: it is none of the forms.
    """
    match = _CHANGE_ID.fullmatch(text.strip())
    if match:
        return Named(change_id=match["id"])
    message_id = message_id_in(text)
    address = urlsplit(_bare(text))
    folders = [unquote(part) for part in address.path.split("/") if part]
    at = next((number for number, part in enumerate(folders) if message_id in part), 0)
    elsewhere = address.scheme in ("http", "https") and address.netloc != urlsplit(midmask).netloc
    if not elsewhere or at == 0 or folders[at - 1] in _FORWARDERS:
        return Named(message_id)
    return Named(message_id, midmask=f"{address.scheme}://{address.netloc}/{'/'.join(folders[:at])}/%s")


def message_id_in(text: str) -> str:
    """The message-id in `<id>`, `id` or the address of a message.

    Raises:
        UsageError: there is none.
    """
    bare = _bare(text)
    candidates = [bare]
    if bare.startswith(("http://", "https://")):
        address = urlsplit(bare)
        candidates = [unquote(part) for part in address.path.split("/") if part]
        candidates += [value for _, value in parse_qsl(address.query)]
    for candidate in candidates:
        if match := _MESSAGE_ID.fullmatch(candidate.strip()):
            return match["id"]
    if _NUMBERED.fullmatch(bare):
        raise UsageError(
            f"{text!r} is no series that an archive knows: it has a patchwork's own number",
            hint="Open it, and name the message-id that it shows, or the address of a patch or cover letter with that.",
        )
    raise UsageError(
        f"{text!r} is no series",
        hint="Name a message-id, a lore URL, a change-id, an mbox or maildir, - for standard input, a folder of git "
        "format-patch files, or an entry of series/.",
    )


def _bare(text: str) -> str:
    """A name without the word before it and the brackets around an address, and with the scheme of one."""
    text = _LABEL.sub("", text.strip(), count=1) if _LABEL.match(text.strip()) else text.strip()
    if text.startswith(("<http://", "<https://")):
        text = text.strip("<>")
    return f"https://{text}" if _WITHOUT_SCHEME.match(text) else text
