"""How much packed files of patches come to, before anybody unpacks them."""

from __future__ import annotations

import base64
import zlib

import pytest

from pipeline.mail.packed import unpacked_size
from pipeline.system import untrusted
from tests.support.clock import at_most


def packed(kind: str, size: int, content: bytes) -> bytes:
    """As git writes it: 52 bytes to a line, and a letter for how many there are."""
    deflated = zlib.compress(content)
    pieces = [deflated[at : at + 52] for at in range(0, len(deflated), 52)]
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
    lines = (letters[len(piece) - 1].encode() + base64.b85encode(piece, pad=True) for piece in pieces)
    return b"GIT binary patch\n%s %d\n%s\n\n" % (kind.encode(), size, b"\n".join(lines))


@pytest.mark.parametrize(
    ("diff", "size"),
    [
        (packed("literal", 1000, bytes(1000)) + packed("literal", 0, b""), 1000),
        # From 5 bytes, to 300: one that copies.
        (packed("delta", 4, b"\x05\xac\x02\x90"), 304),
        (b"--- a/mm/util.c\n+++ b/mm/util.c\n@@ -1 +1 @@\n-literal 5\n+literal 6\n", 0),
    ],
)
def test_what_git_will_unpack_is_counted(diff: bytes, size: int) -> None:
    assert unpacked_size(diff) == size


@pytest.mark.parametrize("told", [b" 9", b"+9", b"0" * 25 + b"9", b"9x", b"-1", b"9\rx", b""])
def test_a_number_that_git_reads_and_does_not_write_is_too_large(told: bytes) -> None:
    """Seen red: git took them for numbers, and they were counted as nothing."""
    diff = packed("literal", 9, bytes(9)).replace(b"literal 9", b"literal " + told)
    assert unpacked_size(diff) > untrusted.PACKED_IN_PATCHES.most


def test_words_are_no_packed_file() -> None:
    assert unpacked_size(b"literal words\n--- a/x\n+++ b/x\n@@ -1 +1 @@\n-a\n+b\n") == 0


@pytest.mark.parametrize("lines", [b"", b"Azzzzz\n", b"A0\n", b"z" + b"!" * 65 + b"\n"])
def test_a_delta_without_a_head_that_can_be_read_is_too_large(lines: bytes) -> None:
    assert unpacked_size(b"GIT binary patch\ndelta 4\n" + lines) > untrusted.PACKED_IN_PATCHES.most


@pytest.mark.parametrize("piece", [b"literal 1\n", b"delta 9\nA00000\n", b"literal ", b"Azzzz\n"])
def test_a_packed_file_takes_time_by_its_length(piece: bytes) -> None:
    with at_most(5):
        unpacked_size(b"GIT binary patch\n" + piece * (2_000_000 // len(piece)))
