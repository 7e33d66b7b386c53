"""x86, in its two sizes of a pointer: one folder of the tree, one image, one machine."""

from pipeline.kernel.architectures.architecture import Architecture, Image, Machine, Userspace

_IMAGE = Image("bzImage", "arch/x86/boot/bzImage")

X86_64 = Architecture(
    name="x86_64",
    folder="x86",
    cross="",
    bits=64,
    page_sizes=(4096,),
    letters=("x86_64", "x86-64", "x86", "amd64", "x64"),
    image=_IMAGE,
    machine=Machine(
        program="qemu-system-x86_64",
        package="qemu-system-x86",
        machine="pc",
        cpu="max",
        console="ttyS0",
        serial="virtio-serial-pci",
        bus="VIRTIO_PCI",
        # Kernels of the matrix have no ACPI to tell them of nodes.
        made_up_nodes=True,
    ),
    userspace=Userspace("x86_64-linux-gnu", "/usr/lib/x86_64-linux-gnu/libc.a", "gcc", "libc6-dev"),
    objtool=True,
)

I386 = Architecture(
    name="i386",
    folder="x86",
    cross="",
    bits=32,
    page_sizes=(4096,),
    letters=("i386", "x86_32", "x86-32", "i686"),
    image=_IMAGE,
    machine=Machine(
        program="qemu-system-i386",
        package="qemu-system-x86",
        machine="pc",
        cpu="max",
        console="ttyS0",
        serial="virtio-serial-pci",
        bus="VIRTIO_PCI",
    ),
    # Not gcc -m32: Debian's gcc-multilib conflicts with its cross compilers.
    userspace=Userspace(
        "i686-linux-gnu", "/usr/i686-linux-gnu/lib/libc.a", "gcc-i686-linux-gnu", "libc6-dev-i386-cross"
    ),
)
