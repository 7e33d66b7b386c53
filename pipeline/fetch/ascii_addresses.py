"""Addresses beyond ASCII (RFC 6531) as b4 can take them, and back again; pure.

b4 0.16 writes every address by email.utils.formataddr, which ends in a UnicodeEncodeError, and so does b4.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence

MOST = 2000
"""Different ones in a thread, that are given another form; b4 ends at the next."""

_CHARACTER = rb'[^\s<>@,;:"()\[\]]'
# Each run of characters is looked at once, from its beginning, so that time is linear.
_ADDRESS = re.compile(rb"(?<!%b)(%b++)@(%b++)" % (_CHARACTER, _CHARACTER, _CHARACTER))
_WIDE = re.compile(rb"[\x80-\xff]")


def has_wide_address(text: bytes) -> bool:
    return any(_WIDE.search(match[0]) for match in _ADDRESS.finditer(text)) if _WIDE.search(text) else False


def in_ascii(texts: Sequence[bytes]) -> tuple[list[bytes], dict[bytes, bytes]]:
    """Texts with each address in ASCII: the domain as DNS has it (RFC 5890), which headers often have beside it.

    Returns:
        The texts, and the addresses as they were written, by those that took their places.
    """
    written, forms = dict[bytes, bytes](), dict[bytes, bytes]()

    def converted(match: re.Match[bytes]) -> bytes:
        if match[0] not in forms:
            if len(forms) == MOST or not _WIDE.search(match[0]):
                return match[0]
            forms[match[0]] = b"@".join(map(_in_ascii, match.groups()))
            written.setdefault(forms[match[0]], match[0])
        return forms[match[0]]

    return [_ADDRESS.sub(converted, text) if _WIDE.search(text) else text for text in texts], written


def as_written(text: bytes, written: Mapping[bytes, bytes]) -> bytes:
    """A text of b4 with the addresses that `in_ascii` took out of it."""
    return _ADDRESS.sub(lambda match: written.get(match[0], match[0]), text) if written else text


def _in_ascii(part: bytes) -> bytes:
    try:
        return part.decode().encode("idna") if _WIDE.search(part) else part
    except UnicodeError:
        # No name that DNS could have: any other will do that is the same each time.
        return b"u" + hashlib.sha256(part).hexdigest()[:20].encode()
