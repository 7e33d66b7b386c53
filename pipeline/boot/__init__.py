"""**boot**: boots kernels in QEMU, and checks from inside what they do.

A guest that panics, hangs or floods its console is a result; QEMU killed by the machine is not, and is never stored.
"""

from __future__ import annotations

import hashlib
import shutil
import zlib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path

from pipeline.boot import console
from pipeline.boot.attempt import attempt
from pipeline.boot.doubt import doubted
from pipeline.boot.initramfs import GuestProgram
from pipeline.boot.machine import command_line, machine, needed_options
from pipeline.boot.report import Boot, Boots, BootStatus, CheckResult, CheckStatus, verdict
from pipeline.build import Builds
from pipeline.definitions import Scenario
from pipeline.kernel import kconfig
from pipeline.kernel.architectures import architecture
from pipeline.kernel.buildhost import BuildHost
from pipeline.model import BuildStatus, Image, PlannedCell
from pipeline.system import untrusted
from pipeline.system.command import Command
from pipeline.system.console import Tracker
from pipeline.system.errors import KilledError
from pipeline.system.parallel import parallel
from pipeline.system.policy import SEARCH_PATH, TOOL_ENVIRONMENT
from pipeline.system.store import Entry, Key
from pipeline.system.untrusted import inflated


@dataclass(frozen=True)
class _Wanted:
    """A boot that is asked for."""

    planned: PlannedCell
    patch: int
    scenario: Scenario

    @property
    def arch(self) -> str:
        return self.planned.cell.arch

    @property
    def label(self) -> str:
        return f"{self.planned.cell.id}/{self.scenario.name}"

    @property
    def key(self) -> tuple[str, int, str]:
        return (self.planned.cell.id, self.patch, self.scenario.name)


class Booter:
    """Boots what the store does not hold.

    Args:
        host: store, sandbox, subprocess door, console.
        scenarios: by name.
    """

    def __init__(self, host: BuildHost, scenarios: Mapping[str, Scenario]) -> None:
        self._host = host
        self._scenarios = scenarios
        self._guest = GuestProgram(host.store, host.processes)
        self._versions: dict[str, str] = {}

    def boot(self, planned: Sequence[PlannedCell], builds: Builds) -> Boots:
        """Boots every built kernel of the cells that name scenarios, in each of these.

        Raises:
            InfrastructureError: the machine failed; what was finished before is stored.
        """
        boots: dict[tuple[str, int, str], Boot] = {}
        missing: list[tuple[_Wanted, Image, Key]] = []
        for wanted, image in self._wanted(planned, builds):
            reason = self._obstacle(wanted)
            if reason or image is None:
                boots[wanted.key] = Boot(wanted.scenario.name, BootStatus.NOT_RUN, reason or "there is no image of it")
                continue
            key = self._key(wanted, image)
            if entry := self._host.store.get(key):
                boots[wanted.key] = _from_entry(wanted.scenario.name, entry)
            else:
                missing.append((wanted, image, key))
        return doubted(boots | self._boot_all(missing))

    def keys(self, planned: Sequence[PlannedCell], builds: Builds) -> tuple[Key, ...]:
        """Store keys of the boots that are wanted and can be run here."""
        wanted = self._wanted(planned, builds)
        return tuple(
            self._key(asked_boot, image) for asked_boot, image in wanted if image and not self._obstacle(asked_boot)
        )

    def _wanted(self, planned: Sequence[PlannedCell], builds: Builds) -> Iterator[tuple[_Wanted, Image | None]]:
        for cell in planned:
            for (cell_id, patch), build in builds.items():
                if cell_id == cell.cell.id and build.status is BuildStatus.BUILT:
                    yield from ((_Wanted(cell, patch, self._scenarios[name]), build.image) for name in cell.cell.boot)

    def _obstacle(self, wanted: _Wanted) -> str:
        """Why a boot cannot be run here; empty when it can."""
        arch, allowed = wanted.arch, wanted.scenario.definition.arch
        known = architecture(arch)
        if known.machine is None or known.userspace is None:
            return f"no machine is known for {arch}"
        if allowed and arch not in allowed:
            return f"the scenario is for {', '.join(allowed)}"
        for program, package in ((known.machine.program, known.machine.package), ("cpio", "cpio")):
            if not shutil.which(program, path=SEARCH_PATH):
                return f"{program} is not installed: apt-get install {package}"
        userspace = known.userspace
        if not shutil.which(userspace.compiler, path=SEARCH_PATH) or not Path(userspace.libc).exists():
            packages = f"{userspace.compiler_package} {userspace.libc_package}"
            return f"the guest cannot be compiled: apt-get install {packages}"
        options = kconfig.parse_config(wanted.planned.config)
        absent = [f"CONFIG_{name}" for name in needed_options(arch) if options.get(name) != "y"]
        return f"the kernel lacks {', '.join(absent)}" if absent else ""

    def _key(self, wanted: _Wanted, image: Image) -> Key:
        arch = wanted.arch
        inputs = {
            "kernel": image.digest,
            "arch": arch,
            "scenario": wanted.scenario.definition.model_dump(mode="json"),
            "command-line": command_line(arch, wanted.scenario.definition),
            "guest": hashlib.sha256(self._guest.binary(arch)).hexdigest(),
            "qemu": self._qemu_version(arch),
            "sandbox": self._host.sandbox.name,
        }
        return Key("boot", inputs)

    def _qemu_version(self, arch: str) -> str:
        program = machine(arch).program
        if program not in self._versions:
            done = self._host.processes.run(Command((program, "--version"), environment=TOOL_ENVIRONMENT))
            self._versions[program] = done.text.split("\n")[0]
        return self._versions[program]

    def _boot_all(self, missing: Sequence[tuple[_Wanted, Image, Key]]) -> dict[tuple[str, int, str], Boot]:
        """Boots at once as many machines as there are jobs; the first error stops the others."""
        if not missing:
            return {}
        steps = Counter(wanted.label for wanted, _, _ in missing)
        host = self._host
        with host.console.track("Booting", steps) as tracker:
            tasks = {wanted.key: partial(self._boot, wanted, image, key, tracker) for wanted, image, key in missing}
            return parallel(tasks, host.jobs, host.processes)

    def _boot(self, wanted: _Wanted, image: Image, key: Key, tracker: Tracker) -> Boot:
        """Boots once, and once again when that did not pass. A time-out says too little of a kernel to be kept."""
        boot = self._attempt(wanted, image)
        if boot.status not in (BootStatus.PASS, BootStatus.NOT_UNDERSTOOD):
            again = self._attempt(wanted, image)
            passed = again.status is BootStatus.PASS
            boot = replace(again, status=BootStatus.FLAKY, reason=boot.reason) if passed else again
        tracker.advance(wanted.label, 1)
        if boot.status is not BootStatus.TIME_OUT:
            value = asdict(replace(boot, console=""))
            self._host.store.put(key, value, {"console.z": zlib.compress(boot.console.encode())})
        return boot

    def _attempt(self, wanted: _Wanted, image: Image) -> Boot:
        program, definition = self._guest.binary(wanted.arch), wanted.scenario.definition
        start = partial(attempt, self._host, wanted.arch, definition, image, program)
        try:
            tried = start()
        except KilledError as error:
            self._host.console.warn(f"{error.message}; it is started once more")
            tried = start()
        status, reason = verdict(tried.report, tried.ending)
        return Boot(
            scenario=wanted.scenario.name,
            status=status,
            reason=reason,
            checks=tried.report.checks,
            splats=console.splats(tried.console),
            console=tried.console,
            seconds=tried.seconds,
        )


def _from_entry(scenario: str, entry: Entry) -> Boot:
    value = entry.value
    return Boot(
        scenario=scenario,
        status=BootStatus(value["status"]),
        reason=value["reason"],
        checks=tuple(
            CheckResult(
                check["name"],
                CheckStatus(check["status"]),
                tuple(check["details"]),
                check["values"],
                check.get("everywhere", False),
            )
            for check in value["checks"]
        ),
        splats=tuple(value["splats"]),
        console=inflated(entry.read("console.z"), untrusted.STORED_TEXT).decode(),
        seconds=value["seconds"],
        cached=not entry.made_for_run,
    )
