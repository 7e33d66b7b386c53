"""One boot in QEMU, in the sandbox: files go in, console and report come out."""

from __future__ import annotations

import secrets
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pipeline.boot.console import without_controls
from pipeline.boot.initramfs import archive
from pipeline.boot.machine import (
    INITRAMFS_FILE,
    KERNEL_FILE,
    OUTPUT_LIMIT,
    REPORT_FILE,
    qemu,
)
from pipeline.boot.report import Ending, GuestReport, answered, parse_report
from pipeline.definitions import ScenarioDefinition
from pipeline.kernel.buildhost import BuildHost
from pipeline.model import Image
from pipeline.system import untrusted
from pipeline.system.command import CommandTimeoutError, OutputLimitError
from pipeline.system.errors import InfrastructureError
from pipeline.system.sandbox import Box
from pipeline.system.untrusted import inflated


@dataclass(frozen=True)
class Attempt:
    """The result of one boot; `seconds` are wall time."""

    report: GuestReport
    ending: Ending
    console: str
    seconds: float


def attempt(host: BuildHost, arch: str, scenario: ScenarioDefinition, image: Image, program: bytes) -> Attempt:
    """Boots a kernel once.

    Args:
        host: sandbox, subprocess door and workspace.
        arch: kbuild's ARCH.
        image: of the kernel.
        program: the guest's, of that architecture.

    Raises:
        InfrastructureError: QEMU could not do its work.
    """
    nonce = secrets.token_hex(16)
    with tempfile.TemporaryDirectory(prefix="boot-", dir=host.workspace.folder) as name:
        box = Box(Path(name) / "source", Path(name) / "build")
        for folder in (box.source, box.build):
            folder.mkdir()
        (box.source / KERNEL_FILE).write_bytes(inflated(image.kernel.read_bytes(), untrusted.STORED_FILE))
        files = _files(scenario, nonce, image, program)
        (box.source / INITRAMFS_FILE).write_bytes(archive(files, host.processes))
        started = time.monotonic()
        ending, console = _run(host, arch, scenario, box)
        seconds = round(time.monotonic() - started, 2)
        report = parse_report(_content(box.build / REPORT_FILE), nonce)
        report = answered(report, [check.label for check in scenario.checks])
        return Attempt(report, ending, without_controls(console), seconds)


def _files(scenario: ScenarioDefinition, nonce: str, image: Image, program: bytes) -> Mapping[str, bytes]:
    lines = [nonce, *(check.line() for check in scenario.checks)]
    files = {"init": program, "scenario": "".join(f"{line}\n" for line in lines).encode()}
    if image.selftest:
        files["hugepage-vmemmap"] = image.selftest.read_bytes()
    elif image.obstacle:
        files["hugepage-vmemmap.missing"] = image.obstacle.encode()
    return files


def _run(host: BuildHost, arch: str, scenario: ScenarioDefinition, box: Box) -> tuple[Ending, bytes]:
    """How QEMU ended, and the console."""
    try:
        done = host.processes.run(host.sandbox.command(qemu(arch, scenario), box))
    except CommandTimeoutError as error:
        return Ending(timed_out=True), error.output
    except OutputLimitError as error:
        return Ending(flooded=True), error.output
    complaint = done.stderr.decode("utf-8", "replace").strip()
    host.workspace.check_failure(f"while a kernel of {arch} was booted", done.status, complaint)
    if done.status and complaint:
        # A guest can end QEMU with any status, but cannot make QEMU print a complaint.
        raise InfrastructureError(f"QEMU failed: {complaint[-300:]}", hint="`pipeline doctor` lists its version.")
    return Ending(done.status), done.stdout


def _content(path: Path) -> bytes:
    """A file that QEMU wrote; empty where it is none."""
    if path.is_symlink() or not path.is_file():
        return b""
    with path.open("rb") as file:
        return file.read(OUTPUT_LIMIT)
