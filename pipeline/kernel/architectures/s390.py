"""s390x: 64 bits, big endian."""

from pipeline.kernel.architectures.architecture import Architecture, Image, Machine, Userspace

S390 = Architecture(
    name="s390",
    folder="s390",
    cross="s390x-linux-gnu-",
    bits=64,
    little_endian=False,
    page_sizes=(4096,),
    letters=("s390", "s390x"),
    image=Image("bzImage", "arch/s390/boot/bzImage"),
    machine=Machine(
        program="qemu-system-s390x",
        package="qemu-system-misc",
        machine="s390-ccw-virtio",
        cpu="max",
        console="ttysclp0",
        serial="virtio-serial-ccw",
        bus="S390_GUEST",
    ),
    userspace=Userspace(
        "s390x-linux-gnu", "/usr/s390x-linux-gnu/lib/libc.a", "gcc-s390x-linux-gnu", "libc6-dev-s390x-cross"
    ),
)
