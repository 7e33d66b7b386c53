"""The command that boots a kernel in QEMU. Emulated (TCG): no host device is needed, and every architecture boots
everywhere.
"""

from __future__ import annotations

from collections.abc import Sequence

from pipeline.definitions import ScenarioDefinition
from pipeline.kernel.architectures import Machine, architecture
from pipeline.system.sandbox import Job

OUTPUT_LIMIT = 4 << 20
"""Bytes of console, and of report, that a guest may write."""

PORT = "pipeline.report"
"""Name of the virtio serial port that the guest reports through."""

REPORT_FILE = "report"
KERNEL_FILE = "kernel"
INITRAMFS_FILE = "initramfs"


def needed_options(arch: str) -> tuple[str, ...]:
    """Kconfig options without which a kernel cannot report at all."""
    return ("BLK_DEV_INITRD", "BINFMT_ELF", "DEVTMPFS", machine(arch).bus, "VIRTIO_CONSOLE")


def machine(arch: str) -> Machine:
    """The machine of an architecture that boots."""
    known = architecture(arch).machine
    assert known is not None
    return known


def command_line(arch: str, scenario: ScenarioDefinition) -> str:
    """The kernel's. An oops is a panic, and that ends the machine at once (`panic=-1` under -no-reboot).

    A kernel that goes on after an oops with a lock held hangs until the time limit, and a hang says less.
    """
    words = [f"console={machine(arch).console}", "oops=panic", "panic=-1"]
    if scenario.nodes > 1 and machine(arch).made_up_nodes:
        words.append(f"numa=fake={scenario.nodes}")
    return " ".join([*words, *scenario.command_line.split()])


def qemu(arch: str, scenario: ScenarioDefinition) -> Job:
    """The command that boots `{src}/kernel` with `{src}/initramfs`.

    The console is its standard output, of which a flood ends it; the report is a file in `{build}` that grows no
    further than to `OUTPUT_LIMIT`.
    """
    known = machine(arch)
    words = ["prlimit", f"--fsize={OUTPUT_LIMIT}", "--core=0", "--", known.program]
    words += ["-nodefaults", "-no-user-config", "-display", "none", "-no-reboot", "-net", "none"]
    words += ["-machine", scenario.machine or known.machine, "-accel", "tcg", "-cpu", scenario.cpu or known.cpu]
    words += ["-m", f"{scenario.memory}M", "-smp", str(scenario.cpus), *_nodes(scenario)]
    words += ["-serial", "stdio"]
    words += ["-device", known.serial, "-chardev", f"file,id=report,path={{build}}/{REPORT_FILE}"]
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
