"""Facts on an architecture: where its code lies, how it is compiled, and the machine that boots it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Image:
    """The kernel image that a machine loads.

    Args:
        target: of make.
        path: of the file that it makes in the O= folder.
    """

    target: str
    path: str


@dataclass(frozen=True)
class Machine:
    """A machine of QEMU.

    Args:
        program: of QEMU.
        package: Debian's, that has it.
        machine: QEMU's -machine.
        cpu: QEMU's -cpu.
        console: the kernel's name of the first serial port.
        serial: QEMU's device for virtio serial ports.
        bus: the kconfig option of the bus that the device is on.
        made_up_nodes: the kernel makes NUMA nodes up on request (`numa=fake=`), since nothing tells it of any.
    """

    program: str
    package: str
    machine: str
    cpu: str
    console: str
    serial: str
    bus: str
    made_up_nodes: bool = False


@dataclass(frozen=True)
class Userspace:
    """A compiler and a C library of Debian that make static programs for an architecture.

    Args:
        triple: of the GNU tools, `riscv64-linux-gnu`.
        libc: a file that shows that there is a static C library.
        compiler_package: Debian's.
        libc_package: Debian's.
    """

    triple: str
    libc: str
    compiler_package: str
    libc_package: str

    @property
    def compiler(self) -> str:
        return f"{self.triple}-gcc"


@dataclass(frozen=True)
class Architecture:
    """An architecture: one value of kbuild's ARCH.

    Args:
        name: as ARCH has it.
        folder: below arch/ in the tree (SRCARCH).
        cross: prefix of Debian's cross tools, `riscv64-linux-gnu-`; empty where the host's own compile for it.
        bits: of a pointer.
        little_endian: whether the kernels that are built here are.
        page_sizes: in bytes, that a kernel can be configured for.
        letters: how letters write it, in lower case.
        image: what a machine loads; None where vmlinux itself is run, or no machine is known.
        machine: that boots it; None where none is known.
        userspace: what makes programs for it; None where none is needed.
        objtool: whether objtool, a program of the tree that links with libelf, looks at its kernels.
    """

    name: str
    folder: str
    cross: str
    bits: int
    page_sizes: tuple[int, ...]
    letters: tuple[str, ...]
    little_endian: bool = True
    image: Image | None = None
    machine: Machine | None = None
    userspace: Userspace | None = None
    objtool: bool = False

    @property
    def boots(self) -> bool:
        """Whether its kernels can be booted."""
        return self.image is not None and self.machine is not None and self.userspace is not None
