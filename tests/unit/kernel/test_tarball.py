"""Archives that were packed to be larger than any memory or disk."""

from __future__ import annotations

import gzip
import io
import tarfile

import pytest

from pipeline.kernel.importing import _write_steps
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
