"""Files below a folder that a stranger's program wrote: whatever lies there, nothing outside is read or written.

In place of a file there may be a link to one of the user's, a FIFO that nobody writes to, or eight gigabytes.
"""

from __future__ import annotations

import errno
import os
import shutil
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path, PurePath

LARGEST = 256 << 20
"""Bytes of a file that are read; a kernel's image has a tenth of it."""


def read(folder: Path, name: str | PurePath, largest: int = LARGEST) -> bytes:
    """Content of a regular file.

    Args:
        folder: ours; may be reached through links.
        name: relative to it; no part of it may be a link.
        largest: bytes that it may have.

    Raises:
        OSError: there is none, a part of its path is a link, it is no regular file, or it is too large.
    """
    with _parent(folder, name) as (parent, last):
        # Nobody may ever write to a FIFO: to open one must not wait for that.
        descriptor = os.open(last, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=parent)
        with os.fdopen(descriptor, "rb") as file:
            found = os.fstat(descriptor)
            if not stat.S_ISREG(found.st_mode):
                raise _error(errno.EINVAL, folder, name)
            if found.st_size > largest:
                raise _error(errno.EFBIG, folder, name)
            return file.read(largest)


def write(folder: Path, name: str | PurePath, content: bytes) -> None:
    """Makes a regular file in place of whatever was there.

    Raises:
        OSError: a folder of its path is a link or is missing, or the disk fails.
    """
    with _parent(folder, name) as (parent, last):
        _discard(parent, last)
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        with os.fdopen(os.open(last, flags, 0o644, dir_fd=parent), "wb") as file:
            file.write(content)


def discard(folder: Path, name: str | PurePath) -> None:
    """Removes whatever has this name, if anything has.

    Raises:
        OSError: a folder of its path is a link or is missing, or something stays.
    """
    with _parent(folder, name) as (parent, last):
        _discard(parent, last)


def is_file(folder: Path, name: str | PurePath) -> bool:
    """Whether there is a regular file, reached without links."""
    try:
        with _parent(folder, name) as (parent, last):
            return stat.S_ISREG(os.stat(last, dir_fd=parent, follow_symlinks=False).st_mode)
    except OSError:
        return False


def remove(folder: Path) -> None:
    """Removes a folder and all that is in it, whatever permissions a stranger took away.

    Raises:
        OSError: something is left.
    """
    try:
        if not folder.is_symlink():
            _permit(folder)
        shutil.rmtree(folder)
    except FileNotFoundError:
        return
    except RecursionError as error:
        raise _error(errno.ENAMETOOLONG, folder, "") from error


def _permit(folder: Path) -> None:
    """Gives the owner every right on the folders below, which are then visited with it."""
    for place, names, _ in os.walk(folder):
        for path in (Path(place, name) for name in names):
            mode = path.lstat().st_mode
            if stat.S_ISDIR(mode) and mode & stat.S_IRWXU != stat.S_IRWXU:
                path.chmod(stat.S_IRWXU)


def _discard(parent: int, last: str) -> None:
    with suppress(FileNotFoundError):
        try:
            os.unlink(last, dir_fd=parent)
        except IsADirectoryError:
            shutil.rmtree(last, dir_fd=parent)


@contextmanager
def _parent(folder: Path, name: str | PurePath) -> Iterator[tuple[int, str]]:
    """A descriptor of the folder that holds `name`, and the last part of its path."""
    parts = [part for part in os.fspath(name).split("/") if part]
    if os.fspath(name).startswith("/") or ".." in parts or not parts:
        raise _error(errno.EINVAL, folder, name)
    *folders, last = parts
    flags = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
    descriptor = os.open(folder, flags)
    try:
        for part in folders:
            inner = os.open(part, flags | os.O_NOFOLLOW, dir_fd=descriptor)
            os.close(descriptor)
            descriptor = inner
        yield descriptor, last
    finally:
        os.close(descriptor)


def _error(number: int, folder: Path, name: str | PurePath) -> OSError:
    return OSError(number, os.strerror(number), str(folder / name))
