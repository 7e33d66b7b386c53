"""**doctor**: every tool that a matrix needs, found or not, and the one command that installs what is missing."""

from __future__ import annotations

import importlib.metadata
import os
import re
import shutil
import sys
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from pipeline.checks.registry import tools as check_tools
from pipeline.definitions import CellDefinition, MatrixDefinition
from pipeline.kernel import rust, sparse
from pipeline.kernel.architectures import ARCHITECTURES, architecture
from pipeline.kernel.minimums import SCRIPT, Minimum, minimum, newer
from pipeline.kernel.sources import Sources
from pipeline.kernel.toolchain import ToolchainName, newest
from pipeline.kernel.trees import TreeKind, TreeName
from pipeline.machine import installation
from pipeline.machine.known_versions import KnownVersions
from pipeline.plan.concerned import WIDTHS, X86_64, objects_cell_id
from pipeline.record import ToolRecord
from pipeline.system.command import Command, CutShortError
from pipeline.system.errors import InfrastructureError
from pipeline.system.policy import SEARCH_PATH, TOOL_ENVIRONMENT
from pipeline.system.process import Processes
from pipeline.system.sandbox import Sandbox, SandboxName

VERSION_SECONDS = 20
"""That a program has to say its version: some import a lot of Python first."""
_VERSION = re.compile(r"\d+\.\d+[\w.+~-]*")
_ASKED_AT_ONCE = 4
"""Programs that are asked for their versions at once: most of that is waiting."""


@dataclass(frozen=True)
class Need:
    """A program, and the package that has it.

    Args:
        package: Debian's, or one of PyPI where `pypi` is set.
        file: looked for instead of a program, where it is set.
        optional: needed for boots or for a check of patches only.
        lack: what is not done without an optional program.
        beside: it belongs into the environment that this program itself is installed in.
    """

    program: str
    package: str
    file: str = ""
    optional: bool = False
    lack: str = "no boots"
    pypi: bool = False
    beside: bool = False


@dataclass(frozen=True)
class Finding:
    """A need, and whether the machine has it.

    Args:
        version: of what was found; empty where nothing was.
        minimum: that a tree asks for, where what was found is older.
        remedy: packages of what is new enough, in place of the need's own.
    """

    need: Need
    version: str
    minimum: str = ""
    remedy: tuple[str, ...] = ()

    @property
    def found(self) -> bool:
        return bool(self.version) and not self.minimum

    @property
    def packages(self) -> tuple[str, ...]:
        """Packages to install; none where none is known to help."""
        return self.remedy if self.minimum else (self.need.package,)


_KERNEL_BUILD = (
    Need("git", "git"),
    Need("make", "make"),
    Need("flex", "flex"),
    Need("bison", "bison"),
    Need("bc", "bc"),
    Need("perl", "perl"),
    Need("python3", "python3"),
    Need("ld", "binutils"),
    Need("prlimit", "util-linux"),
)
CCACHE = Need("ccache", "ccache")
_B4 = Need("b4", "b4", pypi=True, beside=True)
_ELF = Need("libelf headers", "libelf-dev", "/usr/include/libelf.h")
"""objtool, which kernels of some architectures build for themselves, links with it."""


def needs(matrix: MatrixDefinition, trees: Iterable[TreeName], sandbox: SandboxName) -> tuple[Need, ...]:
    """Needs of building `matrix` on `trees`; of the cells that are chosen once the series is known, the first one's."""
    wanted, cells = list(_KERNEL_BUILD), matrix.cells[:1] if matrix.chosen else matrix.cells
    if sandbox is SandboxName.BWRAP:
        wanted.append(Need("bwrap", "bubblewrap"))
    if any(architecture(cell.arch).objtool for cell in cells):
        wanted.append(_ELF)
    for cell in cells:
        wanted += [Need(*package) for package in ToolchainName.parse(newest(cell.toolchain)).packages.items()]
    for known in dict.fromkeys(architecture(cell.arch) for cell in cells if cell.boot):
        machine, userspace = known.machine, known.userspace
        if machine is None or userspace is None:
            continue
        wanted += [
            Need(machine.program, machine.package, optional=True),
            Need(userspace.compiler, userspace.compiler_package, optional=True),
            Need(f"C library for {known.name}", userspace.libc_package, userspace.libc, optional=True),
            Need("cpio", "cpio", optional=True),
        ]
    if any(tree.kind is TreeKind.DEBIAN for tree in trees):
        wanted += [Need("apt-get", "apt"), Need("dpkg-deb", "dpkg")]
    wanted += _of_objects() if matrix.chosen else []
    wanted += [
        Need(tool.program, tool.package, optional=True, lack="fewer checks", pypi=tool.pypi) for tool in check_tools()
    ]
    # A need of builds stays a need where a boot has it, too.
    by_name: dict[str, Need] = {}
    for need in wanted:
        by_name.setdefault(need.program, need)
    return tuple(by_name.values())


def _of_objects() -> list[Need]:
    """Needs of compiling objects beside the compiler of the first cell, where it is there."""
    wanted = [
        Need(program, package, optional=True, lack=f"no objects of {arch}")
        for arch in WIDTHS
        for program, package in ToolchainName.parse(f"{architecture(arch).cross}gcc").packages.items()
    ]
    wanted += [
        Need(program, package, optional=True, lack="no warnings of clang")
        for program, package in ToolchainName.parse(newest("llvm")).packages.items()
    ]
    return [*wanted, Need(sparse.PROGRAM, sparse.PACKAGE, optional=True, lack="no warnings of sparse")]


def candidates(matrix: MatrixDefinition, globs: Sequence[str]) -> MatrixDefinition:
    """The cells of a matrix that match any of `globs`; in a matrix with a choice, all cells that a series may need.

    Raises:
        UsageError: no cell matches.
    """
    if not matrix.chosen or not globs:
        return matrix.narrowed(globs)
    objects = [
        CellDefinition(id=objects_cell_id(name), arch=name, toolchain=f"{known.cross}gcc", base="allyesconfig")
        for name, known in ARCHITECTURES.items()
    ]
    cells = [*matrix.cells, *(cell for also in matrix.also for cell in also.cells), *objects]
    by_id = {cell.id: cell for cell in reversed(cells)}
    return matrix.model_copy(update={"cells": tuple(by_id.values()), "choice": "all"}).narrowed(globs)


def examine(wanted: Iterable[Need], processes: Processes, known: KnownVersions | None = None) -> tuple[Finding, ...]:
    """Looks every tool up and asks it for its version, unless that is `known`."""
    needs = list(wanted)
    with ThreadPoolExecutor(_ASKED_AT_ONCE) as pool:
        versions = list(pool.map(lambda need: _version(need, processes, known), needs))
    return (Finding(_B4, _b4()), *map(Finding, needs, versions))


def tool_records(matrix: MatrixDefinition, sandbox: SandboxName, processes: Processes) -> tuple[ToolRecord, ...]:
    """The programs that a matrix needs with their versions, as a run's record holds them; the pipeline comes first."""
    known = KnownVersions()
    findings = examine(needs(matrix, (), sandbox), processes, known)
    known.keep()
    own = ToolRecord(name="pipeline", version=importlib.metadata.version("kernel-series-pipeline"))
    programs = [finding for finding in findings if not finding.need.file]
    return (own, *(ToolRecord(name=finding.need.program, version=finding.version) for finding in programs))


def with_minimums(
    findings: Sequence[Finding], matrix: MatrixDefinition, sources: Sources, box: Sandbox, processes: Processes
) -> tuple[Finding, ...]:
    """The findings, those of compilers marked that are missing or too old for a tree.

    Args:
        sources: of the tree.
        box: where the tree's own script runs that knows.
    """
    script = sources.read(SCRIPT)
    result = {finding.need.program: finding for finding in findings}
    for name, arch in dict.fromkeys((newest(cell.toolchain), cell.arch) for cell in matrix.cells):
        parsed = ToolchainName.parse(name)
        finding = result.get(parsed.driver)
        if finding is None:
            # Where the series decides which cells are built, only the first one is needed in any case.
            continue
        least = minimum(script, parsed, arch, box, processes)
        if least and not (finding.version and least.met_by(finding.version)):
            # A missing compiler whose name has no version can be any version that is new enough.
            remedy = newer(least, parsed, processes)
            if finding.version or (remedy and not parsed.suffix):
                result[parsed.driver] = replace(finding, minimum=least.version, remedy=remedy)
    return (*result.values(), *(of_rust(script, box, processes) if matrix.chosen else []))


def of_rust(script: str, box: Sandbox, processes: Processes) -> list[Finding]:
    """What compiles Rust of a tree, where that says what it needs: series that touch Rust are compiled by it."""
    found, wanted = [], rust.wanted(script, X86_64, box, processes)
    for program in rust.PROGRAMS:
        if not (least := wanted[program.name]):
            continue
        need = Need(program.name, program.packages[0], optional=True, lack="no objects of Rust")
        finding = Finding(need, _version(need, processes))
        if not Minimum(program.name, least).met_by(finding.version) or not finding.version:
            finding = replace(finding, minimum=least, remedy=rust.remedy(program, least, processes))
        found.append(finding)
    return found


def missing_packages(findings: Sequence[Finding]) -> list[str]:
    """Debian's packages that are missing, each once."""
    missing = [finding for finding in findings if not finding.found and not finding.need.pypi]
    return [*dict.fromkeys(package for finding in missing for package in finding.packages)]


def missing_from_pypi(findings: Sequence[Finding], *, beside: bool) -> list[str]:
    """Packages of PyPI that are missing, each once: those of programs, or those of this program's environment."""
    missing = [finding.need for finding in findings if not finding.found and finding.need.pypi]
    return [*dict.fromkeys(need.package for need in missing if need.beside is beside)]


def install_commands(findings: Sequence[Finding]) -> tuple[str, ...]:
    """The commands that install what is missing, for the user who runs this program; none when nothing is."""
    return installation.commands(
        missing_packages(findings),
        missing_from_pypi(findings, beside=False),
        missing_from_pypi(findings, beside=True),
        as_root=os.geteuid() == 0,
    )


def require(wanted: Iterable[Need]) -> None:
    """The quick form of the check: only whether the tools are there.

    Raises:
        InfrastructureError: something is missing; names it and the command that installs it.
    """
    missing = [Finding(need, "") for need in wanted if not need.optional and not _place(need)]
    if not _b4():
        missing.append(Finding(_B4, ""))
    if missing:
        raise InfrastructureError(
            f"missing: {', '.join(finding.need.program for finding in missing)}",
            hint=" && ".join(install_commands(missing)),
        )


def _place(need: Need) -> str | None:
    if need.file:
        return need.file if Path(need.file).exists() else None
    return shutil.which(need.program, path=SEARCH_PATH)


def _version(need: Need, processes: Processes, known: KnownVersions | None = None) -> str:
    place = _place(need)
    if place is None:
        return ""
    if need.file:
        return "present"
    try:
        # A program that says no version is asked each time.
        said = known.of(place, partial(_asked, place, processes)) if known else _asked(place, processes)
    except CutShortError:
        # It is there; that a busy machine does not get it to say more must not cost a run its report.
        return "present"
    return said or "present"


def _asked(program: str, processes: Processes) -> str:
    done = processes.run(Command((program, "--version"), environment=TOOL_ENVIRONMENT, timeout=VERSION_SECONDS))
    match = _VERSION.search(done.text)
    return match[0] if match else ""


def _b4() -> str:
    try:
        return importlib.metadata.version("b4")
    except importlib.metadata.PackageNotFoundError:
        return "present" if shutil.which("b4") or Path(sys.executable).with_name("b4").exists() else ""
