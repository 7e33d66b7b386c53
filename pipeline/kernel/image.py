"""The kernel image that a machine loads, beside vmlinux, and the tree's self-test that a guest runs on it."""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Mapping

from pipeline.kernel.architectures import architecture
from pipeline.kernel.buildhost import Make
from pipeline.kernel.userspace import FLAGS
from pipeline.model import Image
from pipeline.system import untrusted, untrusted_dir
from pipeline.system.errors import InfrastructureError
from pipeline.system.store import Entry

SELFTESTS = "{src}/tools/testing/selftests/mm"
"""hugepage-vmemmap.c is there since 5.18; since 6.12 it needs vm_util.c, and that the tree's own user-space headers."""

_SELFTEST_OUTPUT = ".pipeline-selftest"
_KERNEL, _PROGRAM = "kernel.z", "selftest"


def files(make: Make) -> Mapping[str, bytes]:
    """What is kept of a built cell for its boots; the caller's make has just made its target.

    Raises:
        InfrastructureError: the image is not there.
    """
    image = architecture(make.cell.arch).image
    assert image is not None
    path = image.path
    try:
        kept = {_KERNEL: zlib.compress(untrusted_dir.read(make.folder.path, path, untrusted.STORED_FILE.most))}
    except OSError as error:
        raise InfrastructureError(f"make made no {path} of {make.cell.id}: {error.strerror}") from error
    program = _selftest(make)
    return kept | ({_PROGRAM: program} if program else {})


def value(kept: Mapping[str, bytes]) -> dict[str, object]:
    """What the store says of an image: its digest, and whether it has a self-test."""
    digest = hashlib.sha256()
    for name, content in sorted(kept.items()):
        digest.update(f"{name} {len(content)}\0".encode() + content)
    return {"digest": digest.hexdigest(), "selftest": _PROGRAM in kept}


def from_entry(entry: Entry) -> Image:
    selftest = entry.folder / _PROGRAM if entry.value["selftest"] else None
    return Image(entry.folder / _KERNEL, entry.value["digest"], selftest)


def _selftest(make: Make) -> bytes:
    """The self-test of the source state, or nothing: it is the tree's affair whether it has one that compiles."""
    untrusted_dir.discard(make.folder.path, _SELFTEST_OUTPUT)
    userspace = architecture(make.cell.arch).userspace
    if userspace is None:
        return b""
    words = [userspace.compiler, *FLAGS, "-isystem", "{src}/tools/include/uapi"]
    words += ["-o", f"{{build}}/{_SELFTEST_OUTPUT}"]
    sources = f"{SELFTESTS}/hugepage-vmemmap.c $(ls {SELFTESTS}/vm_util.c 2>/dev/null)"
    done = make.tool("sh", "-c", f'exec "$@" {sources}', "sh", *words)
    if not done.ok or not untrusted_dir.is_file(make.folder.path, _SELFTEST_OUTPUT):
        return b""
    return untrusted_dir.read(make.folder.path, _SELFTEST_OUTPUT, untrusted.SELFTEST.most)
