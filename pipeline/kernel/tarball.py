"""A tarball of a source tree becomes a commit."""

from __future__ import annotations

import shutil
import tarfile
from pathlib import PurePosixPath
from typing import IO, Self

from pipeline.system.git import Repository, fast_import_path
from pipeline.system.untrusted import ARCHIVE_BYTES, ARCHIVE_HEADER, ARCHIVE_MEMBERS, Budget

_PIECE = 1 << 20


class UnsafeArchiveError(tarfile.TarError):
    """A member's name leads outside the archive (Python 3.11.4 has a class for that, Debian 12's 3.11.2 has not)."""


class _Member(tarfile.TarInfo):
    """A member whose own headers, which tarfile holds in memory, are of a usual size."""

    @classmethod
    def frombuf(cls, buf: bytes | bytearray, encoding: str, errors: str) -> Self:
        found = super().frombuf(buf, encoding, errors)
        if found.type not in (*tarfile.REGULAR_TYPES, tarfile.SYMTYPE, tarfile.DIRTYPE):
            ARCHIVE_HEADER.check(found.size)
        return found


def import_archive(repository: Repository, archive: IO[bytes], message: str, ref: str) -> str:
    """Streams a tarball into one commit through git-fast-import(1), without unpacking it to disk.

    The first path component is dropped. Names are checked: absolute ones and those with `..` are refused.

    Returns:
        The commit, which `ref` names from now on; nothing is left behind when it fails.
    """
    with repository.fast_import() as stream:
        _write_commit(stream, archive, message, ref)
    return repository.out("rev-parse", f"{ref}^{{commit}}")


def _write_commit(stream: IO[bytes], archive: IO[bytes], message: str, ref: str) -> None:
    subject = message.encode()
    stream.write(b"commit %s\n" % ref.encode())
    stream.write(b"committer pipeline <pipeline@localhost> 946684800 +0000\ndata %d\n%s\n" % (len(subject), subject))
    size, count = Budget(ARCHIVE_BYTES), Budget(ARCHIVE_MEMBERS)
    with tarfile.open(fileobj=archive, mode="r|*", bufsize=1 << 20, tarinfo=_Member) as members:
        for member in members:
            count.spend()
            size.spend(max(0, member.size))
            parts = PurePosixPath(member.name).parts
            if ".." in parts or member.name.startswith("/"):
                raise UnsafeArchiveError(f"{member.name!r} leads outside")
            path = "/".join(part for part in parts[1:])
            if not path:
                continue
            if member.isreg():
                file = members.extractfile(member)
                assert file is not None
                mode = b"100755" if member.mode & 0o100 else b"100644"
                stream.write(b"M %s inline %s\ndata %d\n" % (mode, fast_import_path(path), member.size))
                # In pieces: a file of zeros takes a thousandth of its size in the archive.
                shutil.copyfileobj(file, stream, _PIECE)
            elif member.issym():
                target = member.linkname.encode("utf-8", "surrogateescape")
                stream.write(b"M 120000 inline %s\ndata %d\n%s" % (fast_import_path(path), len(target), target))
            else:
                continue
            stream.write(b"\n")
    stream.write(b"\ndone\n")
