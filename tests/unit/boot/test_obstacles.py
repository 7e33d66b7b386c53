"""What is in the way of a boot is said, and the cell still builds."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from pipeline.boot import Booter
from pipeline.boot.machine import needed_options
from pipeline.boot.report import BootStatus
from pipeline.definitions import Scenario, ScenarioDefinition
from pipeline.kernel.architectures import ARCHITECTURES
from pipeline.kernel.buildhost import BuildHost
from pipeline.model import Build, BuildStatus, Cell, PlannedCell, Toolchain, Tree
from pipeline.system.console import Console
from pipeline.system.process import Processes
from pipeline.system.sandbox import Unsandboxed
from pipeline.system.store import Store
from pipeline.system.workspace import Workspace

X86_64 = ARCHITECTURES["x86_64"]
CONFIG = "".join(f"CONFIG_{name}=y\n" for name in needed_options("x86_64"))
SCENARIO = ScenarioDefinition(about="nothing")


@pytest.fixture
def host(tmp_path: Path) -> Iterator[BuildHost]:
    processes = Processes()
    store = Store(tmp_path / "store", print)
    yield BuildHost(Workspace(tmp_path), store, Unsandboxed(), processes, Console(quiet=True), 1)
    processes.stop()


def obstacle(
    host: BuildHost, *, arch: str = "x86_64", config: str = CONFIG, scenario: ScenarioDefinition = SCENARIO
) -> str:
    """Why the boot of a built cell, of which no image was kept, is not run."""
    cell = Cell("cell", arch, Toolchain("gcc", "gcc 12", "0"), "tinyconfig", (), boot=("one",))
    planned = PlannedCell(cell, Tree("t", "1", "c", "t"), config=config)
    build = Build(BuildStatus.BUILT, 1, 1, 1, (), (), Path("log"))
    boots = Booter(host, {"one": Scenario("one", scenario)}).boot([planned], {("cell", 0): build})
    boot = boots["cell", 0, "one"]
    assert boot.status is BootStatus.NOT_RUN
    return boot.reason


def test_an_architecture_without_a_machine(host: BuildHost) -> None:
    assert obstacle(host, arch="mips") == "no machine is known for mips"


def test_a_scenario_for_others(host: BuildHost) -> None:
    assert obstacle(host, scenario=ScenarioDefinition(about="", arch=("arm64",))) == "the scenario is for arm64"


def test_qemu_that_is_not_installed(host: BuildHost, monkeypatch: pytest.MonkeyPatch) -> None:
    known = X86_64.machine
    assert known is not None
    replaced = replace(X86_64, machine=replace(known, program="qemu-system-absent"))
    monkeypatch.setitem(ARCHITECTURES, "x86_64", replaced)
    assert obstacle(host) == "qemu-system-absent is not installed: apt-get install qemu-system-x86"


def test_a_c_library_that_is_not_installed(host: BuildHost, monkeypatch: pytest.MonkeyPatch) -> None:
    machine, userspace = X86_64.machine, X86_64.userspace
    assert machine is not None
    assert userspace is not None
    lacking = replace(
        X86_64,
        machine=replace(machine, program="true", package="none"),
        userspace=replace(userspace, libc="/nowhere/libc.a"),
    )
    monkeypatch.setitem(ARCHITECTURES, "x86_64", lacking)
    assert obstacle(host) == "the guest cannot be compiled: apt-get install gcc libc6-dev"


def test_a_kernel_that_could_not_report(host: BuildHost) -> None:
    config = CONFIG.replace("CONFIG_VIRTIO_CONSOLE=y", "# CONFIG_VIRTIO_CONSOLE is not set")
    assert obstacle(host, config=config) == "the kernel lacks CONFIG_VIRTIO_CONSOLE"
