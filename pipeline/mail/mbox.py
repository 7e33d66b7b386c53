"""The one door through which mail comes in: mbox, maildir, files of patches, standard input; plain or gzipped.

What passes it is within the limits of `pipeline.mail.limits`, and nothing but regular files is opened: a FIFO or a
device named by mistake, or put into a maildir by somebody else, would be read forever.

Sources: RFC 4155 and mboxrd (`>From ` unquoted by one), git-mailsplit(1), maildir(5), RFC 1952 (gzip).
"""

from __future__ import annotations

import errno
import os
import re
import stat
import zlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from pipeline.mail.limits import COUNT_LIMIT, THREAD_LIMIT
from pipeline.system.errors import NotObtainedError

_SEPARATOR = re.compile(
    rb"^From \S[^\n]*\b[A-Z][a-z]{2} [A-Z][a-z]{2} [ \d]?\d \d\d:\d\d(?::\d\d)?"
    rb"(?: [^ \n]+){0,2} \d{4}(?: [+-]\d{4})?[ \r]*\n",
    re.MULTILINE,
)
"""A line with a date as asctime(3) writes it, as git-mailsplit(1) looks for it: prose may begin with From, too."""
_FIRST = re.compile(rb"From \S[^\n]*\n(?=[!-9;-~]+:)")
_HEADER = re.compile(rb"(?:[!-9;-~]+:|>?From )[^\n]*\n(?:[ \t][^\n]*\n)*")
_OF_A_MAIL = re.compile(rb"(?:From|Subject|Message-ID|Date|Received|Return-Path):", re.IGNORECASE)
_HEADERS_LOOKED_AT = 50
_OURS = b"From mboxrd@z Thu Jan  1 00:00:00 1970\n"
_UNQUOTED = re.compile(rb"From (?:git@z Thu Jan  1 00:00:00 1970|[0-9a-f]{40,64} Mon Sep 17 00:00:00 2001)\r?\n")
"""Separators of b4-am(5) and git-format-patch(1), which write a line `From …` of a message as it is."""
_QUOTED_FROM = re.compile(rb"^>(>*From )", re.MULTILINE)
_UNQUOTED_FROM = re.compile(rb"^(>*From )", re.MULTILINE)
_GZIP = b"\x1f\x8b"
_GZIP_MEMBERS = 1000
_PIECE = 1 << 14
_SAVED_IN_FULL = "Was it saved in full? Fetch it again."
_NOT_READABLE = (errno.EACCES, errno.EPERM, errno.ELOOP, errno.ENOENT, errno.ENOTDIR, errno.EISDIR, errno.ENXIO)


def is_there(path: Path) -> bool:
    """Whether a name is that of a file, of whatever kind; a link that leads nowhere is one, too."""
    try:
        return bool(path.lstat())
    except (OSError, ValueError):
        return False


def read_file(path: Path) -> list[bytes]:
    """The messages of an mbox, of a file that is one mail, or of either compressed by gzip.

    Raises:
        NotObtainedError: it cannot be read, holds nothing, or more than the limits.
    """
    return list(split_mbox(_content(path, THREAD_LIMIT)))


def read_files(paths: Sequence[Path]) -> list[bytes]:
    """The messages of several files, such as `git format-patch` writes.

    Raises:
        NotObtainedError: one cannot be read, or they hold nothing, or together more than the limits.
    """
    return list(_counted(message for content in _contents(paths) for message in split_mbox(content)))


def read_maildir(folder: Path) -> list[bytes]:
    """The messages of a maildir, bytes as they are in its files (`mailbox` of the standard library opens FIFOs, too).

    Raises:
        NotObtainedError: one cannot be read, or there is none, or they are more than the limits.
    """
    with _readable(folder):
        paths = [path for name in ("cur", "new") for path in sorted(_listed(folder / name)) if path.name[0] != "."]
    if not paths:
        raise NotObtainedError(f"the maildir {folder} is empty")
    return list(_counted(content for content in _contents(paths) if content.strip()))


def read_stream(stream: BinaryIO | None) -> list[bytes]:
    """The messages of an mbox on an open stream, such as standard input; None is one that was closed.

    Raises:
        NotObtainedError: nothing is there, or more than the limits.
    """
    if stream is None:
        raise NotObtainedError("standard input is closed", hint="Say pipeline fetch - < FILE, or name the file.")
    return list(split_mbox(_within(stream.read(THREAD_LIMIT + 1), "standard input", THREAD_LIMIT)))


def split_mbox(data: bytes) -> Iterator[bytes]:
    """The messages of an mbox (mboxrd or mboxo), `>From` unquoted; a lone message is an mbox of one.

    Raises:
        NotObtainedError: nothing is there, or more than the limits.
    """
    if len(data) > THREAD_LIMIT:
        raise NotObtainedError(f"the mailbox is larger than {THREAD_LIMIT >> 20} MiB")
    if not data.strip():
        raise NotObtainedError("the mailbox is empty", hint=_SAVED_IN_FULL)
    # endswith() with bounds: a slice would copy the mailbox once for every message.
    first = _FIRST.match(data)
    starts = [first.span()] if first else []
    for match in _SEPARATOR.finditer(data):
        if _separates(data, match) and (match.start() or not starts):
            starts.append(match.span())
        if len(starts) > COUNT_LIMIT:
            raise NotObtainedError(f"the mailbox holds more than {COUNT_LIMIT} messages")
    if not starts or starts[0][0] != 0:
        yield data
        return
    for position, (start, begin) in enumerate(starts):
        end = starts[position + 1][0] if position + 1 < len(starts) else len(data)
        content = data[begin:end]
        content = content.removesuffix(b"\n") if content.endswith(b"\n\n") else content
        yield content if _UNQUOTED.match(data, start, begin) else _QUOTED_FROM.sub(rb"\1", content)


def _separates(data: bytes, line: re.Match[bytes]) -> bool:
    """Whether a line that looks like a separator is one: a blank line is before it, and headers of a mail behind it."""
    if line.start() and not data.endswith((b"\n\n", b"\r\n\r\n"), 0, line.start()):
        return False
    if line[0] == _OURS:
        return True
    at, of_a_mail = line.end(), False
    for _ in range(_HEADERS_LOOKED_AT):
        header = _HEADER.match(data, at)
        if header is None:
            break
        of_a_mail |= bool(_OF_A_MAIL.match(data, at))
        at = header.end()
    return of_a_mail


def join_mbox(messages: Sequence[bytes]) -> bytes:
    """An mboxrd of the messages."""
    parts = (_OURS + _UNQUOTED_FROM.sub(rb">\1", raw) for raw in messages)
    # A blank line behind each message, the last one too: split_mbox() removes one.
    return b"".join(part + (b"\n" if part.endswith(b"\n") else b"\n\n") for part in parts)


def unzipped(data: bytes, name: str, limit: int = THREAD_LIMIT) -> bytes:
    """The content of a gzip file, never more of it in memory than the limit.

    Args:
        data: one or more gzip members.
        name: of what it is, for the message.
        limit: bytes.

    Raises:
        NotObtainedError: it is damaged, ends early, or is larger than the limit.
    """
    whole, inflater, members = bytearray(), zlib.decompressobj(zlib.MAX_WBITS | 16), 1
    for start in range(0, len(data), _PIECE):
        piece = data[start : start + _PIECE]
        while piece:
            try:
                whole += inflater.decompress(piece, limit + 1 - len(whole))
            except zlib.error as error:
                raise NotObtainedError(f"{name} is damaged: {error}", hint=_SAVED_IN_FULL) from error
            if len(whole) > limit or members > _GZIP_MEMBERS:
                raise NotObtainedError(f"{name} is larger than {limit >> 20} MiB when it is unpacked")
            piece = inflater.unconsumed_tail
            if inflater.eof:
                piece = inflater.unused_data.lstrip(b"\0")
                if piece:
                    inflater, members = zlib.decompressobj(zlib.MAX_WBITS | 16), members + 1
    if not inflater.eof:
        raise NotObtainedError(f"{name} is damaged: it ends early", hint=_SAVED_IN_FULL)
    return bytes(whole)


def _contents(paths: Iterable[Path]) -> Iterator[bytes]:
    """Contents of files, together no more than a mailbox may hold."""
    bytes_left = THREAD_LIMIT
    for path in paths:
        content = _content(path, bytes_left)
        bytes_left -= len(content)
        yield content


def _counted(messages: Iterable[bytes]) -> Iterator[bytes]:
    for number, message in enumerate(messages, 1):
        if number > COUNT_LIMIT:
            raise NotObtainedError(f"the mailbox holds more than {COUNT_LIMIT} messages")
        yield message


def _content(path: Path, limit: int) -> bytes:
    # O_NONBLOCK: opening a FIFO that nobody writes to would wait for a writer.
    with _readable(path), os.fdopen(os.open(path, os.O_RDONLY | os.O_NONBLOCK), "rb") as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise NotObtainedError(
                f"{path} is no regular file", hint="What a pipe holds is read from standard input: name -."
            )
        return _within(file.read(limit + 1), str(path), limit)


def _within(content: bytes, name: str, limit: int) -> bytes:
    """Content of no more than `limit` bytes, unpacked where gzip packed it."""
    if len(content) > limit:
        raise NotObtainedError(f"{name} is larger than {THREAD_LIMIT >> 20} MiB")
    return unzipped(content, name, limit) if content.startswith(_GZIP) else content


def _listed(folder: Path) -> Iterator[Path]:
    """Files of a folder, but not folders in it; links are what they lead to."""
    return (path for path in (folder.iterdir() if folder.is_dir() else ()) if not path.is_dir())


@contextmanager
def _readable(path: Path) -> Iterator[None]:
    """Says that `path` cannot be read; what else goes wrong with a disk is no matter of mail."""
    try:
        yield
    except OSError as error:
        if error.errno not in _NOT_READABLE:
            raise
        raise NotObtainedError(f"{error.filename or path} cannot be read: {error.strerror}") from error
