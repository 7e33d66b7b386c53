"""An archive that answers to harm: within the client's patience, little memory and time, and one clear error."""

from __future__ import annotations

import gzip
import time
import tracemalloc
import zlib
from pathlib import Path

import pytest

from pipeline.fetch.archive import Archive
from pipeline.fetch.server import Patience
from pipeline.system.errors import NotObtainedError
from tests.support.clock import at_most
from tests.support.raw_server import Pieces, answering, endless, once

PATIENCE = Patience(tries=2, seconds=3.0, silence=1.0, pause=0.05)
OK = b"HTTP/1.1 200 OK\r\n"
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"
GOOD = gzip.compress(b"From mboxrd@z Thu Jan  1 00:00:00 1970\nSubject: words\n\n")
HEAD = 10
"""Bytes of a gzip file before its content (RFC 1952)."""


def error_of(pieces: Pieces, folder: Path, pause: float = 0.0) -> NotObtainedError:
    with answering(pieces, pause) as midmask, pytest.raises(NotObtainedError) as caught:
        Archive(midmask, folder / "threads", lambda _: None, patience=PATIENCE).thread("somebody@example.org")
    assert len(caught.value.message) < 500
    assert list(folder.glob("threads/*")) == []
    return caught.value


def body(content: bytes, *headers: bytes, status: bytes = b"200 OK") -> Pieces:
    lines = [b"HTTP/1.1 " + status, *headers, b"Content-Length: %d" % len(content), b"", content]
    return once(b"\r\n".join(lines))


@pytest.mark.parametrize(
    "pieces",
    {
        "a status": endless(then=b"H"),
        "a header": endless(OK, then=b"X"),
        "headers": endless(OK, then=b"X-A: b\r\n"),
        "interim answers": endless(then=b"HTTP/1.1 100 Continue\r\n\r\n"),
        "the size of a chunk": endless(CHUNKED, then=b"0"),
        "trailers": endless(CHUNKED, b"%x\r\n%s\r\n0\r\n" % (len(GOOD), GOOD), then=b"X: y\r\n"),
        "the body of a redirect": endless(b"HTTP/1.1 302 x\r\nLocation: /\r\n\r\n", then=b"A"),
    }.items(),
    ids=lambda named: named[0],
)
def test_what_drips_ends_with_the_patience(pieces: tuple[str, Pieces], tmp_path: Path) -> None:
    """Seen red: all but the body went on for ever, or for as many headers as http.client reads."""
    began = time.monotonic()
    error = error_of(pieces[1], tmp_path, pause=0.1)
    assert time.monotonic() - began < PATIENCE.seconds + 2
    assert "did not finish within 3 s" in error.message


@pytest.mark.parametrize(
    "pieces",
    {
        "interim answers": endless(then=b"HTTP/1.1 100 Continue\r\n\r\n" * 4000),
        "trailers": endless(CHUNKED, b"%x\r\n%s\r\n0\r\n" % (len(GOOD), GOOD), then=b"X: y\r\n" * 4000),
        "chunks of a byte": endless(CHUNKED, then=b"1\r\nA\r\n" * 4000),
        "cookies": body(GOOD[:-9], *[b"Set-Cookie: a%d=%s" % (at, b"b; expires=" * 5000) for at in range(98)]),
        "a file name": body(GOOD[:3] + b"\x08" + GOOD[4:HEAD] + b"a" * (15 << 20)),
        "empty members": body(gzip.compress(b"") * 800_000),
        "zeros after it": body(GOOD[:-9] + b"\0" * (15 << 20)),
    }.items(),
    ids=lambda named: named[0],
)
def test_a_flood_costs_little(pieces: tuple[str, Pieces], tmp_path: Path) -> None:
    """Seen red: two to four seconds of a processor, or more than the patience."""
    with at_most(1.5):
        error_of(pieces[1], tmp_path)


def test_the_packed_body_of_a_redirect(tmp_path: Path) -> None:
    """Seen red: requests reads such a body as a whole, unpacked; a command took 815 MiB for 4 MB."""
    packer = zlib.compressobj(9, wbits=31)
    zeros = b"".join([*(packer.compress(bytes(1 << 20)) for _ in range(200)), packer.flush()])
    tracemalloc.start()
    try:
        error_of(body(zeros, b"Location: /", b"Content-Encoding: gzip", status=b"302 x"), tmp_path)
        assert tracemalloc.get_traced_memory()[1] < 32 << 20
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("status", [403, 500])
def test_a_reason_of_many_words_is_cut(status: int, tmp_path: Path) -> None:
    """Seen red with 65,000 characters, twice."""
    error_of(body(b"", status=b"%d %s" % (status, b"words " * 10_000)), tmp_path)


@pytest.mark.parametrize("place", [b"http://[::1", b"http://[::1]]:80/", b"file:///etc/passwd", b"http://127.0.0.1:x/"])
def test_a_redirect_to_nowhere(place: bytes, tmp_path: Path) -> None:
    """Seen red with a ValueError for the first."""
    error_of(body(b"", b"Location: " + place, status=b"302 x"), tmp_path)


def test_an_honest_answer_arrives(tmp_path: Path) -> None:
    """With a head of several lines, in chunks, after an interim answer."""
    chunks = b"%x\r\n%s\r\n%x\r\n%s\r\n0\r\nX: y\r\n\r\n" % (9, GOOD[:9], len(GOOD) - 9, GOOD[9:])
    with answering(once(b"HTTP/1.1 100 Continue\r\n\r\n", CHUNKED, chunks)) as midmask:
        copy = Archive(midmask, tmp_path / "threads", print, patience=PATIENCE).thread("somebody@example.org")
    assert copy.mbox == gzip.decompress(GOOD)
