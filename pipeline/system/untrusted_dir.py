"""Read and write in a directory that a stranger filled, without following links: nothing outside is touched.

In place of a file there may be a link to a file of the user, a FIFO without a writer, or eight gigabytes.
"""

from __future__ import annotations

import errno
import os
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import count, islice
from pathlib import Path, PurePath

LARGEST = 256 << 20
"""Bytes of a file that are read; a kernel's image has a tenth of it."""
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
_MOST_WAITING, _MOST_FOLDERS = 32 << 20, 200_000
"""Characters and number of paths that a walk remembers; a kernel's build folder has 6,000 folders of 50 characters."""
_AT_ONCE = 10_000
"""Names of a folder that are held at once: it can have millions."""


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
            status = os.fstat(descriptor)
            if not stat.S_ISREG(status.st_mode):
                raise _error(errno.EINVAL, folder, name)
            if status.st_size > largest:
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
    """Removes a folder and all that is in it, however deep it is and whatever permissions a stranger took away.

    Raises:
        OSError: something is left, or it is no folder.
    """
    try:
        parent = os.open(folder.parent, _FOLDER)
    except FileNotFoundError:
        return
    try:
        _remove_folder(parent, folder.name)
    finally:
        os.close(parent)


def entries(folder: Path) -> Iterator[tuple[str, os.stat_result]]:
    """Paths of all that lies below a folder, each with what lstat(2) says; what vanishes meanwhile is skipped.

    Raises:
        OSError: a folder hides what it holds: its path is longer than the system takes, or nobody may read it; or it
            has too many folders to remember (E2BIG).
    """
    waiting, size = [str(folder)], 0
    while waiting:
        last = waiting.pop()
        size -= len(last)
        with suppress(FileNotFoundError, NotADirectoryError), os.scandir(last) as listing:
            for entry in listing:
                with suppress(FileNotFoundError):
                    about = entry.stat(follow_symlinks=False)
                    yield entry.path, about
                    if stat.S_ISDIR(about.st_mode):
                        waiting.append(entry.path)
                        size += len(entry.path)
                        if size > _MOST_WAITING or len(waiting) > _MOST_FOLDERS:
                            raise OSError(errno.E2BIG, "it has too many folders", last)


def _remove_folder(parent: int, last: str) -> None:
    """Remove a folder and its files; move nested folders up into it until none is left.

    So no name is ever looked up through more than one folder: a path can be longer than any call takes, and have more
    parts than this process may hold descriptors or make calls.
    """
    try:
        top = _opened(parent, last)
    except FileNotFoundError:
        return
    prefix, moved = secrets.token_hex(8), count()
    try:
        while names := _first(top):
            for name, is_folder in names:
                if not is_folder:
                    _unlink(top, name)
                    continue
                inner = _opened(top, name)
                try:
                    while below := _first(inner):
                        for deeper, is_deeper_folder in below:
                            if is_deeper_folder:
                                # Only who may write to a folder may move it.
                                os.close(_opened(inner, deeper))
                                os.rename(deeper, f"{prefix}-{next(moved)}", src_dir_fd=inner, dst_dir_fd=top)
                            else:
                                _unlink(inner, deeper)
                finally:
                    os.close(inner)
                os.rmdir(name, dir_fd=top)
    finally:
        os.close(top)
    os.rmdir(last, dir_fd=parent)


def _first(folder: int) -> list[tuple[str, bool]]:
    """Some names in a folder, each with whether it is a folder; none when it is empty."""
    with os.scandir(folder) as listing:
        return [(entry.name, entry.is_dir(follow_symlinks=False)) for entry in islice(listing, _AT_ONCE)]


def _opened(parent: int, name: str) -> int:
    """A descriptor of a folder, which its owner may now read and change.

    Raises:
        OSError: there is none of this name; a link to one is none.
    """
    handle = os.open(name, os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=parent)
    try:
        itself = f"/proc/self/fd/{handle}"
        if os.fstat(handle).st_mode & stat.S_IRWXU != stat.S_IRWXU:
            Path(itself).chmod(stat.S_IRWXU)
        return os.open(itself, _FOLDER)
    finally:
        os.close(handle)


def _unlink(parent: int, name: str) -> None:
    with suppress(FileNotFoundError):
        os.unlink(name, dir_fd=parent)


def _discard(parent: int, last: str) -> None:
    try:
        _unlink(parent, last)
    except IsADirectoryError:
        _remove_folder(parent, last)


@contextmanager
def _parent(folder: Path, name: str | PurePath) -> Iterator[tuple[int, str]]:
    """A descriptor of the folder that holds `name`, and the last part of its path."""
    parts = [part for part in os.fspath(name).split("/") if part]
    if os.fspath(name).startswith("/") or ".." in parts or not parts:
        raise _error(errno.EINVAL, folder, name)
    *folders, last = parts
    descriptor = os.open(folder, _FOLDER)
    try:
        for part in folders:
            inner = os.open(part, _FOLDER | os.O_NOFOLLOW, dir_fd=descriptor)
            os.close(descriptor)
            descriptor = inner
        yield descriptor, last
    finally:
        os.close(descriptor)


def _error(number: int, folder: Path, name: str | PurePath) -> OSError:
    return OSError(number, os.strerror(number), str(folder / name))
