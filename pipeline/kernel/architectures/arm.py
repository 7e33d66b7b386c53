"""32-bit Arm with hardware floating point (Debian's armhf)."""

from pipeline.kernel.architectures.architecture import Architecture, Image, Machine, Userspace

ARM = Architecture(
    name="arm",
    folder="arm",
    cross="arm-linux-gnueabihf-",
    bits=32,
    page_sizes=(4096,),
    letters=("arm", "arm32", "armv7"),
    image=Image("zImage", "arch/arm/boot/zImage"),
    machine=Machine(
        program="qemu-system-arm",
        package="qemu-system-arm",
        machine="virt",
        cpu="cortex-a15",
        console="ttyAMA0",
        serial="virtio-serial-device",
        bus="VIRTIO_MMIO",
    ),
    userspace=Userspace(
        "arm-linux-gnueabihf",
        "/usr/arm-linux-gnueabihf/lib/libc.a",
        "gcc-arm-linux-gnueabihf",
        "libc6-dev-armhf-cross",
    ),
)
