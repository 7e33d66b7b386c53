"""64-bit RISC-V."""

from pipeline.kernel.architectures.architecture import Architecture, Image, Machine, Userspace

RISCV = Architecture(
    name="riscv",
    folder="riscv",
    cross="riscv64-linux-gnu-",
    bits=64,
    page_sizes=(4096,),
    letters=("riscv", "riscv64", "risc-v"),
    image=Image("Image", "arch/riscv/boot/Image"),
    machine=Machine(
        program="qemu-system-riscv64",
        package="qemu-system-misc",
        machine="virt",
        cpu="rv64",
        console="ttyS0",
        serial="virtio-serial-device",
        bus="VIRTIO_MMIO",
    ),
    userspace=Userspace(
        "riscv64-linux-gnu", "/usr/riscv64-linux-gnu/lib/libc.a", "gcc-riscv64-linux-gnu", "libc6-dev-riscv64-cross"
    ),
)
