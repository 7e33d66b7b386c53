"""A tarball of a source tree becomes a commit."""

from __future__ import annotations

import tarfile
from pathlib import PurePosixPath
from typing import IO

from pipeline.system.git import Repository, fast_import_path


class UnsafeArchiveError(tarfile.TarError):
    """A member's name leads outside the archive (Python 3.11.4 has a class for that, Debian 12's 3.11.2 has not)."""


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
    with tarfile.open(fileobj=archive, mode="r|*", bufsize=1 << 20) as members:
        for member in members:
            parts = PurePosixPath(member.name).parts
            if ".." in parts or member.name.startswith("/"):
                raise UnsafeArchiveError(f"{member.name!r} leads outside")
            path = "/".join(part for part in parts[1:])
            if not path:
                continue
            if member.isreg():
                file = members.extractfile(member)
                assert file is not None
                content, mode = file.read(), b"100755" if member.mode & 0o100 else b"100644"
            elif member.issym():
                content, mode = member.linkname.encode("utf-8", "surrogateescape"), b"120000"
            else:
                continue
            stream.write(b"M %s inline %s\ndata %d\n" % (mode, fast_import_path(path), len(content)))
            stream.write(content)
            stream.write(b"\n")
    stream.write(b"\ndone\n")
