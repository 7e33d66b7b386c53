"""Architectures by kbuild's ARCH: values in files beside this one. CONTRIBUTING has the recipe for another one."""

from __future__ import annotations

from pipeline.kernel.architectures.architecture import Architecture, Image, Machine, Userspace
from pipeline.kernel.architectures.arm import ARM
from pipeline.kernel.architectures.arm64 import ARM64
from pipeline.kernel.architectures.named import LOONGARCH, POWERPC
from pipeline.kernel.architectures.riscv import RISCV
from pipeline.kernel.architectures.s390 import S390
from pipeline.kernel.architectures.um import UM
from pipeline.kernel.architectures.x86 import I386, X86_64

__all__ = ["ARCHITECTURES", "Architecture", "Image", "Machine", "Userspace", "architecture"]

ARCHITECTURES: dict[str, Architecture] = {
    known.name: known for known in (X86_64, I386, ARM64, ARM, RISCV, S390, POWERPC, LOONGARCH, UM)
}

# Other values of ARCH that share a folder, as in the tree's scripts/subarch.include and Makefile.
_FOLDERS = {"sparc32": "sparc", "sparc64": "sparc", "parisc64": "parisc"}


def architecture(name: str) -> Architecture:
    """The facts on an ARCH; of one that has no file here little more than its name."""
    return ARCHITECTURES.get(name) or Architecture(
        name, _FOLDERS.get(name, name), cross="", bits=0, page_sizes=(), letters=(name,)
    )
