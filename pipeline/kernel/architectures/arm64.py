"""64-bit Arm."""

from pipeline.kernel.architectures.architecture import Architecture, Image, Machine, Userspace

ARM64 = Architecture(
    name="arm64",
    folder="arm64",
    cross="aarch64-linux-gnu-",
    bits=64,
    page_sizes=(4096, 16384, 65536),
    letters=("arm64", "aarch64"),
    image=Image("Image", "arch/arm64/boot/Image"),
    machine=Machine(
        program="qemu-system-aarch64",
        package="qemu-system-arm",
        machine="virt",
        cpu="cortex-a57",
        console="ttyAMA0",
        serial="virtio-serial-device",
        bus="VIRTIO_MMIO",
    ),
    userspace=Userspace(
        "aarch64-linux-gnu", "/usr/aarch64-linux-gnu/lib/libc.a", "gcc-aarch64-linux-gnu", "libc6-dev-arm64-cross"
    ),
)
