"""Requests to a server as values: what is wanted, how long to wait, and how much an answer may hold."""

from __future__ import annotations

import gzip
import zlib
from dataclasses import dataclass

from pipeline.mail import limits
from pipeline.system.errors import NotObtainedError

_MEMBERS = 100
"""Of a gzip file; honest ones have one."""

ANOTHER_SERVER = "Is the server reachable? Another is named by --midmask URL (or git config b4.midmask)."


@dataclass(frozen=True)
class Patience:
    """How long a server is waited for.

    Args:
        tries: requests for one thing.
        seconds: for all tries and the waits between them.
        silence: seconds without a byte, before a try is given up.
        pause: seconds before the second try; doubled for each one after it.
    """

    tries: int = 5
    seconds: float = 120.0
    silence: float = 30.0
    pause: float = 1.0


USUAL = Patience()
"""What users get."""


class UnreachableError(NotObtainedError):
    """A server gave no good answer, however often it was asked."""


@dataclass(frozen=True)
class Wanted:
    """The requested thing, in words for errors.

    Args:
        name: as in "HOST has no NAME".
        where_missing: a hint for when the server does not have it.
        otherwise: added to the hint for when the server gives no good answer.
    """

    name: str
    where_missing: str
    otherwise: str = ""


def unpacked(packed: bytes) -> bytes:
    """Raises EOFError, zlib.error or BadGzipFile for a file that is cut off, damaged or none."""
    mbox, rest = b"", packed
    if packed[:2] != b"\x1f\x8b"[: len(packed)]:
        raise gzip.BadGzipFile
    # Python's own reader takes a second for a megabyte of file name, empty members or zeros at the end.
    for _ in range(_MEMBERS):
        inflater = zlib.decompressobj(wbits=16 + zlib.MAX_WBITS)
        mbox += inflater.decompress(rest, limits.THREAD_LIMIT + 1 - len(mbox))
        if len(mbox) > limits.THREAD_LIMIT:
            raise NotObtainedError(f"the thread is larger than {limits.THREAD_LIMIT >> 20} MiB")
        if not inflater.eof:
            raise EOFError
        rest = inflater.unused_data.lstrip(b"\0")
        if not rest:
            return mbox
    raise NotObtainedError(f"the thread is packed in more than {_MEMBERS} pieces")
