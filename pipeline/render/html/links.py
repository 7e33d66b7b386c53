"""Targets of links: evidence in the run's folder, messages in an archive."""

from __future__ import annotations

from urllib.parse import quote

from pipeline.render.html.tables import Item

ARCHIVE = "https://lore.kernel.org/all/"

_NEVER_SENT = (".example", ".invalid", ".test", ".localhost", "example.org", "example.com", "example.net")
"""Domains that no mail comes from (RFC 2606): a series that was made for a test or a demonstration."""


def evidence(name: str, linked: bool = True) -> str:
    """The URL of a file of the run, relative to a page in its folder.

    Args:
        name: of the file within the run's folder, as the record has it.
        linked: the page lies in that folder. One that lies elsewhere is for others, who do not have the files: a link
            would only show them where the run lies.

    Returns:
        Nothing where there is no file, or where the name leads out of the folder.
    """
    parts = name.split("/")
    if not linked or not name or any(part in ("", ".", "..") for part in parts):
        return ""
    # Colons are quoted, too: no name can become a scheme.
    return "/".join(quote(part, safe="") for part in parts)


def said_evidence(words: str, name: str, linked: bool) -> Item | None:
    """A file of the run in words, linked to or named by its name within the run; None where there is none."""
    if not evidence(name):
        return None
    if linked:
        return Item(words, evidence(name))
    return Item(name if words == name else f"{words}: {name}")


def message(message_id: str) -> str:
    """The URL of a message on lore.kernel.org; nothing for one that was never sent."""
    domain = message_id.rpartition("@")[2].rstrip(">").lower()
    if not domain or domain.endswith(_NEVER_SENT):
        return ""
    return f"{ARCHIVE}{quote(message_id.strip('<>'), safe='@')}/"
