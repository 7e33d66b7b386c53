"""Tarballs of a few files."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Mapping


def archive(**members: bytes | tarfile.TarInfo) -> io.BytesIO:
    """A tarball of these files; `__` in a keyword is a slash."""
    return packed({name.replace("__", "/"): content for name, content in members.items()})


def packed(members: Mapping[str, bytes | tarfile.TarInfo]) -> io.BytesIO:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w:gz") as tar:
        for name, content in members.items():
            if isinstance(content, tarfile.TarInfo):
                content.name = name
                tar.addfile(content)
            else:
                info = tarfile.TarInfo(name)
                info.size = len(content)
                info.mode = 0o755 if name.endswith(".sh") else 0o644
                tar.addfile(info, io.BytesIO(content))
    stream.seek(0)
    return stream


def member(kind: bytes, target: str = "") -> tarfile.TarInfo:
    info = tarfile.TarInfo()
    info.type, info.linkname = kind, target
    return info
