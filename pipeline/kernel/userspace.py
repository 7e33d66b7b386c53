"""Programs that run on a kernel: static ones, for any architecture, with compilers and C libraries that Debian has."""

from __future__ import annotations

from dataclasses import dataclass

FLAGS = ("-O2", "-static", "-D_GNU_SOURCE", "-D_FILE_OFFSET_BITS=64")


@dataclass(frozen=True)
class Userspace:
    """What makes programs for an architecture.

    Args:
        compiler: by name.
        libc: a file that shows that there is a static C library.
        compiler_package: Debian's.
        libc_package: Debian's.
    """

    compiler: str
    libc: str
    compiler_package: str
    libc_package: str


USERSPACES = {
    "x86_64": Userspace("x86_64-linux-gnu-gcc", "/usr/lib/x86_64-linux-gnu/libc.a", "gcc", "libc6-dev"),
    # Not gcc -m32: Debian's gcc-multilib conflicts with its cross compilers.
    "i386": Userspace(
        "i686-linux-gnu-gcc", "/usr/i686-linux-gnu/lib/libc.a", "gcc-i686-linux-gnu", "libc6-dev-i386-cross"
    ),
    "riscv": Userspace(
        "riscv64-linux-gnu-gcc", "/usr/riscv64-linux-gnu/lib/libc.a", "gcc-riscv64-linux-gnu", "libc6-dev-riscv64-cross"
    ),
    "arm64": Userspace(
        "aarch64-linux-gnu-gcc", "/usr/aarch64-linux-gnu/lib/libc.a", "gcc-aarch64-linux-gnu", "libc6-dev-arm64-cross"
    ),
}
"""By kbuild's ARCH."""
