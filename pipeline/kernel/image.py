"""The kernel image that a machine loads, beside vmlinux, and the tree's self-test that a guest runs on it."""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Mapping

from pipeline.kernel.architectures import architecture
from pipeline.kernel.make import Make
from pipeline.kernel.userspace import FLAGS
from pipeline.model import Image
from pipeline.system import untrusted, untrusted_dir
from pipeline.system.errors import InfrastructureError
from pipeline.system.store import Entry

_SELFTEST_OUTPUT = ".pipeline-selftest"
_KERNEL, _PROGRAM, _OBSTACLE = "kernel.z", "selftest", "selftest.missing"
_NO_SELFTEST = 77
_COMPILE_SELFTEST = f"""
for folder in mm vm; do
    cd "{{src}}/tools/testing/selftests/$folder" 2>/dev/null && [ -f hugepage-vmemmap.c ] || continue
    helpers=$(sed -n 's/^$(TEST_GEN_FILES):\\([A-Za-z0-9_. ]*\\)$/\\1/p' Makefile)
    exec "$@" hugepage-vmemmap.c $helpers
done
exit {_NO_SELFTEST}
"""
"""Compiles the self-test of a tree with the sources that its makefile links all of them with.

It came with 5.18, in the folder vm, and 7.3 has it no more. Its helpers include the tree's own user-space headers.
"""


def files(make: Make) -> Mapping[str, bytes]:
    """Files of a built cell that are stored for its boots; the caller's make has just made its target.

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
    return {**kept, **_selftest(make)}


def value(kept: Mapping[str, bytes]) -> dict[str, object]:
    """The store's value for an image: its digest, and whether it has a self-test."""
    digest = hashlib.sha256()
    for name, content in sorted(kept.items()):
        digest.update(f"{name} {len(content)}\0".encode() + content)
    return {"digest": digest.hexdigest(), "selftest": _PROGRAM in kept}


def from_entry(entry: Entry) -> Image:
    selftest = entry.folder / _PROGRAM if entry.value["selftest"] else None
    obstacle = entry.folder / _OBSTACLE
    words = obstacle.read_text(encoding="utf-8", errors="replace") if obstacle.is_file() else ""
    return Image(entry.folder / _KERNEL, entry.value["digest"], selftest, words)


def _selftest(make: Make) -> Mapping[str, bytes]:
    """The self-test of the source state, or why there is none: it is the tree's affair whether one compiles."""
    untrusted_dir.discard(make.folder.path, _SELFTEST_OUTPUT)
    userspace = architecture(make.cell.arch).userspace
    if userspace is None:
        return {}
    words = [userspace.compiler, *FLAGS, "-isystem", "{src}/tools/include/uapi"]
    words += ["-o", f"{{build}}/{_SELFTEST_OUTPUT}"]
    done = make.tool("sh", "-c", _COMPILE_SELFTEST, "sh", *words)
    if done.ok and untrusted_dir.is_file(make.folder.path, _SELFTEST_OUTPUT):
        return {_PROGRAM: untrusted_dir.read(make.folder.path, _SELFTEST_OUTPUT, untrusted.SELFTEST.most)}
    if done.status == _NO_SELFTEST:
        obstacle = "this tree has no hugepage-vmemmap.c among its selftests"
    else:
        errors = [line.strip() for line in done.text.split("\n") if " error: " in line]
        obstacle = (
            f"hugepage-vmemmap.c of this tree does not compile: {errors[0][:200] if errors else 'no reason given'}"
        )
    return {_OBSTACLE: obstacle.encode()}
