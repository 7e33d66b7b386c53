"""Archives that were packed to be larger than any memory or disk."""

from __future__ import annotations

import gzip
import io
import tarfile
import tracemalloc
from collections.abc import Iterable
from itertools import chain, repeat

import pytest

from pipeline.kernel.importing import _write_steps
from pipeline.kernel.tarball import UnsafeArchiveError, entries
from pipeline.system.untrusted import ARCHIVE_BYTES, ARCHIVE_HEADER, TooMuchError


class Stream(io.BytesIO):
    """Keeps the size of the largest piece that was written."""

    largest = 0

    def write(self, data: bytes) -> int:  # type: ignore[override]
        self.largest = max(self.largest, len(data))
        return super().write(data)


def archive(member: tarfile.TarInfo, content: bytes = b"") -> io.BytesIO:
    return io.BytesIO(gzip.compress(member.tobuf(tarfile.GNU_FORMAT) + content + bytes(1024), 1))


def test_a_large_file_is_never_in_memory_as_a_whole() -> None:
    member = tarfile.TarInfo("linux/zeros")
    member.size = 20 << 20
    stream = Stream()
    _write_steps(stream, archive(member, bytes(member.size)), 0)
    assert len(stream.getvalue()) > member.size
    assert stream.largest <= 1 << 20


@pytest.mark.parametrize(
    ("kind", "size"),
    [(tarfile.XHDTYPE, ARCHIVE_HEADER.most + 1), (tarfile.GNUTYPE_LONGNAME, 1 << 30), (b"0", ARCHIVE_BYTES.most + 1)],
    ids=["pax header", "long name", "file"],
)
def test_sizes_that_no_tree_has(kind: bytes, size: int) -> None:
    member = tarfile.TarInfo("linux/x")
    member.type, member.size = kind, size
    with pytest.raises(TooMuchError):
        _write_steps(Stream(), archive(member), 0)


class Endless(io.RawIOBase):
    """An archive in pieces, which is never as a whole anywhere."""

    def __init__(self, pieces: Iterable[bytes]) -> None:
        self._pieces = iter(pieces)
        self._first = next(self._pieces)

    def seek(self, *_: int) -> int:
        return 0

    def read(self, size: int = -1, /) -> bytes:
        if size == 6:
            return self._first[:6]
        piece, self._first = self._first, b""
        return piece or next(self._pieces, b"")


def refusal(*pieces: Iterable[bytes]) -> str:
    """The error of an archive, which takes little memory."""
    tracemalloc.start()
    try:
        with pytest.raises((UnsafeArchiveError, TooMuchError)) as caught:
            for _ in entries(Endless(chain(*pieces))):
                pass
        assert tracemalloc.get_traced_memory()[1] < 64 << 20
    finally:
        tracemalloc.stop()
    return str(caught.value)


def header(name: str, kind: bytes, size: int = 0, at: int = 0, more: bytes = b"") -> bytes:
    """The first block of a member, with `more` at a place."""
    info = tarfile.TarInfo(name)
    info.type, info.size = kind, size
    block = bytearray(info.tobuf(tarfile.GNU_FORMAT))
    block[at : at + len(more)] = more
    block[148:156] = b" " * 8
    block[148:155] = b"%06o\0" % sum(block)
    return bytes(block)


def extended(kind: bytes, **values: str) -> bytes:
    """A header of POSIX (pax)."""
    lines = []
    for name, value in values.items():
        rest = f" {name.replace('__', '.')}={value}\n"
        size = len(rest) + 1
        while len(f"{size}{rest}") != size:
            size += 1
        lines.append(f"{size}{rest}")
    records = "".join(lines)
    return header("pax", kind, len(records)) + records.encode() + bytes(-len(records) % 512)


def test_the_map_of_a_sparse_file_is_not_read() -> None:
    """Seen red: it had not ended after 25 seconds; of 1.6 MB packed, a command took 476 MiB."""
    entry = b"00000000001\0" * 2
    first = header("linux/file", tarfile.GNUTYPE_SPARSE, 512, 482, b"\1" + b"00000100000\0")
    assert "sparse" in refusal([first], repeat((entry * 21 + b"\1" + bytes(7)) * 2048, 100))


def test_the_map_of_a_sparse_file_in_posix_form_is_not_read() -> None:
    """Seen red: it had not ended after 25 seconds."""
    about = {"GNU__sparse__major": "1", "GNU__sparse__minor": "0", "GNU__sparse__name": "linux/file"}
    start = extended(b"x", **about) + header("linux/file", b"0", 400 << 20) + b"90000000\n"
    assert "sparse" in refusal([start], repeat(b"1\n" * (1 << 19), 50))


def test_headers_of_headers() -> None:
    """Seen red with a RecursionError."""
    assert "headers of headers" in refusal([extended(b"x", path="linux/file")] * 5000)


def test_global_headers_do_not_add_up() -> None:
    """Seen red: tarfile keeps them all."""
    headers = (extended(b"g", **{f"k{at}": "v" * 900_000}) + header(f"linux/{at}", b"0") for at in range(100))
    assert f"more than {ARCHIVE_HEADER.most}" in refusal(headers)


def test_members_are_not_kept() -> None:
    """Seen red with a kilobyte for each."""
    members = b"".join(header(f"linux/{at}", b"0") for at in range(20_000)) + bytes(1024)
    pieces = [members[at : at + (1 << 16)] for at in range(0, len(members), 1 << 16)]
    tracemalloc.start()
    try:
        assert sum(1 for _ in entries(Endless(pieces))) == 20_000
        assert tracemalloc.get_traced_memory()[1] < 8 << 20
    finally:
        tracemalloc.stop()
