"""Machines of QEMU, one per architecture, and the command that boots a kernel in one. Emulated (TCG): no host device is
needed, and every architecture boots everywhere.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pipeline.definitions import ScenarioDefinition
from pipeline.system.sandbox import Job

OUTPUT_LIMIT = 4 << 20
"""Bytes of console, and of report, that a guest may write."""

PORT = "pipeline.report"
"""Name of the virtio serial port that the guest reports through."""

REPORT_FILE = "report"
KERNEL_FILE = "kernel"
INITRAMFS_FILE = "initramfs"


@dataclass(frozen=True)
class Machine:
    """How an architecture is booted.

    Args:
        program: of QEMU.
        package: Debian's, that has it.
        machine: QEMU's -machine.
        cpu: QEMU's -cpu.
        console: the kernel's name of the first serial port.
        serial: QEMU's device for virtio serial ports.
    """

    program: str
    package: str
    machine: str
    cpu: str
    console: str
    serial: str


MACHINES = {
    "x86_64": Machine(
        "qemu-system-x86_64",
        "qemu-system-x86",
        "pc",
        "max",
        "ttyS0",
        "virtio-serial-pci",
    ),
    "i386": Machine(
        "qemu-system-i386",
        "qemu-system-x86",
        "pc",
        "max",
        "ttyS0",
        "virtio-serial-pci",
    ),
    "riscv": Machine(
        "qemu-system-riscv64",
        "qemu-system-misc",
        "virt",
        "rv64",
        "ttyS0",
        "virtio-serial-device",
    ),
    "arm64": Machine(
        "qemu-system-aarch64",
        "qemu-system-arm",
        "virt",
        "cortex-a57",
        "ttyAMA0",
        "virtio-serial-device",
    ),
}
"""By kbuild's ARCH."""


def needed_options(arch: str) -> tuple[str, ...]:
    """What a kernel needs to report at all, as kconfig options."""
    bus = "VIRTIO_PCI" if MACHINES[arch].serial.endswith("pci") else "VIRTIO_MMIO"
    return ("BLK_DEV_INITRD", "BINFMT_ELF", "DEVTMPFS", bus, "VIRTIO_CONSOLE")


def command_line(arch: str, scenario: ScenarioDefinition) -> str:
    """The kernel's. An oops is a panic, and that ends the machine at once (`panic=-1` under -no-reboot).

    A kernel that goes on after an oops with a lock held hangs until the time limit, and a hang says less.
    """
    words = [f"console={MACHINES[arch].console}", "oops=panic", "panic=-1"]
    if scenario.nodes > 1 and arch == "x86_64":
        # Kernels of the matrix have no ACPI to tell them of nodes.
        words.append(f"numa=fake={scenario.nodes}")
    return " ".join([*words, *scenario.command_line.split()])


def qemu(arch: str, scenario: ScenarioDefinition) -> Job:
    """The command that boots `{src}/kernel` with `{src}/initramfs`.

    The console is its standard output, of which a flood ends it; the report is a file in `{build}` that grows no
    further than to `OUTPUT_LIMIT`.
    """
    machine = MACHINES[arch]
    words = ["prlimit", f"--fsize={OUTPUT_LIMIT}", "--core=0", "--", machine.program]
    words += ["-nodefaults", "-no-user-config", "-display", "none", "-no-reboot", "-net", "none"]
    words += ["-machine", scenario.machine or machine.machine, "-accel", "tcg", "-cpu", scenario.cpu or machine.cpu]
    words += ["-m", f"{scenario.memory}M", "-smp", str(scenario.cpus), *_nodes(scenario)]
    words += ["-serial", "stdio"]
    words += ["-device", machine.serial, "-chardev", f"file,id=report,path={{build}}/{REPORT_FILE}"]
    words += ["-device", f"virtserialport,chardev=report,name={PORT}"]
    words += ["-kernel", f"{{src}}/{KERNEL_FILE}", "-initrd", f"{{src}}/{INITRAMFS_FILE}"]
    words += ["-append", command_line(arch, scenario)]
    return Job(tuple(words), timeout=scenario.limit, output_limit=OUTPUT_LIMIT, merge_stderr=False)


def _nodes(scenario: ScenarioDefinition) -> Sequence[str]:
    if scenario.nodes == 1:
        return ()
    words: list[str] = []
    share = scenario.memory // scenario.nodes
    for node in range(scenario.nodes):
        size = share if node else scenario.memory - share * (scenario.nodes - 1)
        words += ["-object", f"memory-backend-ram,id=memory{node},size={size}M"]
        cpus = [cpu for cpu in range(scenario.cpus) if cpu % scenario.nodes == node]
        listed = "".join(f",cpus={cpu}" for cpu in cpus)
        words += ["-numa", f"node,nodeid={node},memdev=memory{node}{listed}"]
    return words
