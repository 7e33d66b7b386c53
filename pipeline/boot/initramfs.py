"""The guest's file system: one static program of our own (`guest/`), compiled for the cell's architecture.

There is no distribution in it: a C compiler and a C library for the architecture are all that it takes, where a shell
would need a busybox that Debian does not have for every one of them.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from pipeline.kernel import toolchain
from pipeline.kernel.architectures import architecture
from pipeline.kernel.userspace import FLAGS
from pipeline.system.command import Command
from pipeline.system.errors import InfrastructureError
from pipeline.system.policy import TOOL_ENVIRONMENT
from pipeline.system.process import Processes
from pipeline.system.store import Key, Store

SOURCES = Path(__file__).with_name("guest")


@cache
def source_digest() -> str:
    """SHA-256 over the names and the text of the guest's sources."""
    text = hashlib.sha256()
    for path in sorted(SOURCES.iterdir()):
        text.update(f"{path.name}\0".encode() + path.read_bytes() + b"\0")
    return text.hexdigest()


class GuestProgram:
    """Compiles the guest's program, once per architecture and compiler.

    Args:
        store: where it is kept.
        processes: the subprocess door.
    """

    def __init__(self, store: Store, processes: Processes) -> None:
        self._store = store
        self._processes = processes

    def binary(self, arch: str) -> bytes:
        """A static ELF file.

        Raises:
            InfrastructureError: the compiler is missing, or fails.
        """
        userspace = architecture(arch).userspace
        if userspace is None:
            raise InfrastructureError(f"no compiler of programs for {arch} is known")
        compiler = toolchain.identify(userspace.compiler, self._processes)
        inputs = {"arch": arch, "compiler": compiler.digest, "flags": FLAGS, "sources": source_digest()}
        key = Key("guest", inputs)
        entry = self._store.get(key)
        if entry is None:
            entry = self._store.put(key, {}, {"init": self._compile(compiler.name)})
        return entry.read("init")

    def _compile(self, compiler: str) -> bytes:
        sources = [str(path) for path in sorted(SOURCES.glob("*.c"))]
        with tempfile.TemporaryDirectory(prefix="pipeline-guest-") as folder:
            target = Path(folder) / "init"
            done = self._processes.run(
                Command(
                    (compiler, *FLAGS, "-o", str(target), *sources), environment=TOOL_ENVIRONMENT, merge_stderr=True
                )
            )
            if not done.ok:
                raise InfrastructureError(
                    f"the guest's program cannot be compiled with {compiler}: {done.text.strip()[-300:]}",
                    hint="`pipeline doctor` names the C library that it needs.",
                )
            return target.read_bytes()


def archive(files: Mapping[str, bytes], processes: Processes) -> bytes:
    """An initramfs: a cpio archive in the newc format (Documentation/driver-api/early-userspace/buffer-format.rst).

    Args:
        files: name to content, all of them executable; names without folders.

    Raises:
        InfrastructureError: cpio is missing, or fails.
    """
    with tempfile.TemporaryDirectory(prefix="pipeline-initramfs-") as name:
        folder = Path(name)
        for file, content in files.items():
            (folder / file).write_bytes(content)
            (folder / file).chmod(0o755)
            os.utime(folder / file, (0, 0))
        done = processes.run(
            Command(
                ("cpio", "--create", "--format=newc", "--reproducible", "--owner=+0:+0", "--quiet"),
                cwd=folder,
                environment=TOOL_ENVIRONMENT,
                stdin="".join(f"{file}\n" for file in sorted(files)).encode(),
            )
        )
    if not done.ok:
        raise InfrastructureError(f"cpio failed: {done.text.strip()[-300:]}", hint="apt-get install cpio.")
    return done.stdout
