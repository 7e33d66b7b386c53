"""The unpacked size of binary files in a patch: git unpacks a megabyte to a gigabyte of zeros, outside of any sandbox.

A packed file is in base 85 and zlib's, whole or as a delta, whose head says how much comes of it
(gitformat-pack(5), "Deltified representation").
"""

from __future__ import annotations

import base64
import re
import zlib
from collections.abc import Iterator

_PACKED = re.compile(
    rb"^(?P<kind>literal|delta) (?P<size>[^\n]*)\n(?P<lines>(?:[A-Za-z][^\r\n]+\r?\n){0,64})", re.MULTILINE
)
"""With its first lines, in which the head of a delta is."""
_BEGIN = b"GIT binary patch"
_SIZE = re.compile(rb"([0-9]{1,20})\r?")
"""As git writes it. It reads blanks, a sign and any number of zeros before the number, and anything behind it."""
_HEAD = 20
"""Bytes of the two numbers that a delta begins with."""
_UNKNOWN = 1 << 62


def unpacked_size(diff: bytes) -> int:
    """Bytes of all packed files and deltas of a diff, and of what comes of the deltas; very many where none is told."""
    size, begin = 0, diff.find(_BEGIN)
    for match in _PACKED.finditer(diff, begin) if begin >= 0 else ():
        told = _SIZE.fullmatch(match["size"])
        size += int(told[1]) if told else _UNKNOWN
        if match["kind"] == b"delta":
            size += _size_after(match["lines"].splitlines())
    return size


def _size_after(lines: list[bytes]) -> int:
    """Bytes of what a delta makes, by its head; very many where that cannot be read."""
    inflater = zlib.decompressobj()
    try:
        head = iter(inflater.decompress(b"".join(base64.b85decode(line[1:]) for line in lines), _HEAD))
        _number(head)
        return _number(head)
    except (ValueError, zlib.error, StopIteration):
        return _UNKNOWN


def _number(content: Iterator[int]) -> int:
    """A number in groups of seven bits, the lowest first."""
    number = shift = 0
    while True:
        byte = next(content)
        number |= (byte & 0x7F) << shift
        shift += 7
        if not byte & 0x80:
            return number
