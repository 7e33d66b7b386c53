"""Where links lead: evidence in the run's folder, messages in an archive."""

from __future__ import annotations

from urllib.parse import quote

ARCHIVE = "https://lore.kernel.org/all/"

_NEVER_SENT = (".example", ".invalid", ".test", ".localhost", "example.org", "example.com", "example.net")
"""Domains that no mail comes from (RFC 2606): a series that was made for a test or a demonstration."""


def evidence(folder: str, name: str) -> str:
    """The URL of a file of the run.

    Args:
        folder: the run's, as a URL that ends in a slash, or empty.
        name: of the file within it, as the record has it.

    Returns:
        Nothing where there is no file, or where the name leads out of the folder.
    """
    parts = name.split("/")
    if not name or any(part in ("", ".", "..") for part in parts):
        return ""
    # Colons are quoted, too: no name can become a scheme.
    return folder + "/".join(quote(part, safe="") for part in parts)


def message(message_id: str) -> str:
    """The URL of a message on lore.kernel.org; nothing for one that was never sent."""
    domain = message_id.rpartition("@")[2].rstrip(">").lower()
    if not domain or domain.endswith(_NEVER_SENT):
        return ""
    return f"{ARCHIVE}{quote(message_id.strip('<>'), safe='@')}/"
