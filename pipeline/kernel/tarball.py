"""Tarballs of source trees: unpacked beside their reader, checked, and read in order."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import queue
import tarfile
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import IO, NoReturn, Protocol, Self, cast

from pipeline.system.untrusted import ARCHIVE_BYTES, ARCHIVE_HEADER, ARCHIVE_MEMBERS, Budget

_PIECE = 1 << 20


class UnsafeArchiveError(tarfile.TarError):
    """A member's name leads outside the archive (Python 3.11.4 has a class for that, Debian 12's 3.11.2 has not)."""


_SAY_EVERY = 10.0
"""Seconds."""
_AHEAD = 16
"""Pieces that are unpacked before they are wanted."""


class Source(Protocol):
    """What is read of a file."""

    def read(self, size: int, /) -> bytes: ...

    def seek(self, offset: int, /) -> int: ...


def _decompressed(archive: Source) -> Source:
    """What a file holds that is compressed by xz, gzip or bzip2, or not at all."""
    begin = archive.read(6)
    archive.seek(0)
    # These classes ask for more than they use.
    file = cast(IO[bytes], archive)
    if begin.startswith(b"\xfd7zXZ"):
        return lzma.LZMAFile(file)
    if begin.startswith(b"\x1f\x8b"):
        return gzip.GzipFile(fileobj=file)
    return bz2.BZ2File(file) if begin.startswith(b"BZh") else archive


class Progress(io.RawIOBase):
    """A file that says now and then how far it is read, and how long the rest takes.

    Args:
        file: a regular one, at its beginning.
        say: called with a line.
        clock: seconds.
    """

    def __init__(
        self, file: IO[bytes], say: Callable[[str], None], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._file = file
        self._say = say
        self._clock = clock
        self._size = file.seek(0, io.SEEK_END)
        file.seek(0)
        self._began = self._said = clock()

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        return self._file.seek(offset, whence)

    def tell(self) -> int:
        return self._file.tell()

    def read(self, size: int = -1, /) -> bytes:
        content, done, now = self._file.read(size), self._file.tell(), self._clock()
        if now - self._said >= _SAY_EVERY and 0 < done < self._size:
            self._said = now
            seconds_left = (now - self._began) * (self._size - done) / done
            self._say(f"  {100 * done // self._size} % imported, about {seconds_left:.0f} s left")
        return content


class Unpacked(io.RawIOBase):
    """What a compressed file holds, unpacked by a thread of its own.

    A fifth of an import is xz. The thread works beside the others: decompressors leave the interpreter to them.

    Args:
        archive: at its beginning; may be compressed by xz, gzip or bzip2, or not at all.
    """

    def __init__(self, archive: Source) -> None:
        self._pieces: queue.Queue[bytes | Exception] = queue.Queue(_AHEAD)
        self._stopped = threading.Event()
        self._ended = False
        self._thread = threading.Thread(target=self._unpack, args=(archive,), daemon=True)
        self._thread.start()

    def readable(self) -> bool:
        return True

    def read(self, _size: int = -1, /) -> bytes:
        """The next piece, of whatever size; empty at the end.

        Raises:
            tarfile.ReadError: the file is damaged.
            OSError: it cannot be read.
        """
        if self._ended:
            return b""
        piece = self._pieces.get()
        self._ended = not isinstance(piece, bytes) or not piece
        if isinstance(piece, OSError):
            raise piece
        if isinstance(piece, Exception):
            raise tarfile.ReadError(str(piece)) from piece
        return piece

    def close(self) -> None:
        """Ends the thread, wherever it is."""
        self._stopped.set()
        self._thread.join()
        super().close()

    def _unpack(self, archive: Source) -> None:
        try:
            for piece in self._pieces_of(_decompressed(archive)):
                self._put(piece)
        except (lzma.LZMAError, zlib.error, EOFError, OSError) as error:
            self._put(error)

    def _pieces_of(self, opened: Source) -> Iterator[bytes]:
        """The pieces of a file, then an empty one."""
        piece = b"-"
        while piece and not self._stopped.is_set():
            piece = opened.read(_PIECE)
            yield piece

    def _put(self, piece: bytes | Exception) -> None:
        while not self._stopped.is_set():
            try:
                self._pieces.put(piece, timeout=0.2)
            except queue.Full:
                continue
            return


def _refuse_sparse(*_: object) -> NoReturn:
    raise UnsafeArchiveError("it holds a sparse file")


def _member_class() -> type[tarfile.TarInfo]:
    """Members of one archive, whose own headers, which tarfile holds in memory, are of a usual size.

    Maps of sparse files are held as well, and are as long as their author likes; no source tree has any.
    """
    global_headers = Budget(ARCHIVE_HEADER)

    class Member(tarfile.TarInfo):
        @classmethod
        def frombuf(cls, buf: bytes | bytearray, encoding: str, errors: str) -> Self:
            member = super().frombuf(buf, encoding, errors)
            if member.type == tarfile.GNUTYPE_SPARSE:
                _refuse_sparse()
            if member.type == tarfile.XGLTYPE:
                global_headers.spend(member.size)
            if member.type not in (*tarfile.REGULAR_TYPES, tarfile.SYMTYPE, tarfile.DIRTYPE):
                ARCHIVE_HEADER.check(member.size)
            return member

    # tarfile reads the maps of three further forms, which GNU tar writes in headers of POSIX, by these.
    for form in ("00", "01", "10"):
        setattr(Member, f"_proc_gnusparse_{form}", _refuse_sparse)
    return Member


def _members(archive: tarfile.TarFile) -> Iterator[tarfile.TarInfo]:
    """The members one by one, of which tarfile would keep all."""
    while member := archive.next():
        vars(archive)["members"].clear()
        yield member


@dataclass(frozen=True)
class Entry:
    """A file or a link of a tarball.

    Args:
        path: without the first folder; with surrogates where it is not UTF-8.
        mode: as git has it.
        size: of the content, in bytes.
        content: of a file, at its beginning; of a link, where it leads.
    """

    path: str
    mode: str
    size: int
    content: IO[bytes]


def entries(archive: Source) -> Iterator[Entry | None]:
    """The members of a tarball, in order; None for those that are neither file nor link. Each is read before the next.

    Raises:
        UnsafeArchiveError: a name leads outside, or it is made to be hard to read.
        tarfile.TarError, OSError: the file is damaged, or cannot be read.
        TooMuchError: it holds more than any source tree.
    """
    try:
        yield from _entries(archive)
    except RecursionError as error:
        raise UnsafeArchiveError("it holds headers of headers of headers") from error


def _entries(archive: Source) -> Iterator[Entry | None]:
    size, count = Budget(ARCHIVE_BYTES), Budget(ARCHIVE_MEMBERS)
    with (
        closing(Unpacked(archive)) as plain,
        tarfile.open(fileobj=plain, mode="r|", bufsize=_PIECE, tarinfo=_member_class()) as members,
    ):
        for member in _members(members):
            count.spend()
            size.spend(max(0, member.size))
            parts = PurePosixPath(member.name).parts
            if ".." in parts or member.name.startswith("/"):
                raise UnsafeArchiveError(f"{member.name!r} leads outside")
            path = "/".join(parts[1:])
            if path and member.isreg():
                file = members.extractfile(member)
                assert file is not None
                yield Entry(path, "100755" if member.mode & 0o100 else "100644", member.size, file)
            elif path and member.issym():
                target = member.linkname.encode("utf-8", "surrogateescape")
                yield Entry(path, "120000", len(target), io.BytesIO(target))
            else:
                yield None
