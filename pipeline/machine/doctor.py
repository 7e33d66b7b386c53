"""**doctor**: every tool that a matrix needs, found or not, and the one command that installs what is missing."""

from __future__ import annotations

import importlib.metadata
import re
import shutil
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from pipeline.definitions import MatrixDefinition
from pipeline.kernel.architectures import architecture
from pipeline.kernel.toolchain import ToolchainName
from pipeline.kernel.trees import TreeKind, TreeName
from pipeline.system.errors import InfrastructureError
from pipeline.system.process import Command, Processes
from pipeline.system.shell import pasted

_ENVIRONMENT = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C"}
_PIP = "pip "
"""How a package begins that is not Debian's."""
_VERSION = re.compile(r"\d+\.\d+[\w.+~-]*")


@dataclass(frozen=True)
class Need:
    """A program and Debian's package that has it; `file` is looked for instead of a program where it is set.

    What is `optional` is for boots: without it kernels are built, and reported as not booted.
    """

    program: str
    package: str
    file: str = ""
    optional: bool = False


@dataclass(frozen=True)
class Finding:
    need: Need
    version: str

    @property
    def found(self) -> bool:
        return bool(self.version)


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
_ELF = Need("libelf headers", "libelf-dev", "/usr/include/libelf.h")
"""objtool, which x86_64 kernels build for themselves, links with it."""


def needs(matrix: MatrixDefinition, trees: Iterable[TreeName], sandbox: str) -> tuple[Need, ...]:
    """What building `matrix` on `trees` takes."""
    wanted = list(_KERNEL_BUILD)
    if sandbox == "bwrap":
        wanted.append(Need("bwrap", "bubblewrap"))
    if any(cell.arch == "x86_64" for cell in matrix.cells):
        wanted.append(_ELF)
    for cell in matrix.cells:
        wanted += [Need(*one) for one in ToolchainName.parse(cell.toolchain).packages.items()]
    for known in dict.fromkeys(architecture(cell.arch) for cell in matrix.cells if cell.boot):
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
    # What building needs is no option where a boot needs it, too.
    by_name: dict[str, Need] = {}
    for need in wanted:
        by_name.setdefault(need.program, need)
    return tuple(by_name.values())


def examine(wanted: Iterable[Need], processes: Processes) -> tuple[Finding, ...]:
    """Looks every tool up and asks it for its version."""
    found = [Finding(need, _version(need, processes)) for need in wanted]
    return (Finding(Need("b4", "pip install b4"), _b4()), *found)


def install_command(findings: Sequence[Finding]) -> str:
    """The command that installs what is missing; empty when nothing is."""
    missing = dict.fromkeys(finding.need.package for finding in findings if not finding.found)
    pip = [package for package in missing if package.startswith(_PIP)]
    apt = missing_packages(findings)
    return " && ".join(([pasted(("apt-get", "install"), apt)] if apt else []) + pip)


def missing_packages(findings: Sequence[Finding]) -> list[str]:
    """Debian's packages that are missing, each once."""
    missing = dict.fromkeys(finding.need.package for finding in findings if not finding.found)
    return [package for package in missing if not package.startswith(_PIP)]


def require(wanted: Iterable[Need]) -> None:
    """The quick form of the check: only whether the tools are there.

    Raises:
        InfrastructureError: something is missing; names it and the command that installs it.
    """
    missing = [Finding(need, "") for need in wanted if not need.optional and not _place(need)]
    if not _b4():
        missing.append(Finding(Need("b4", "pip install b4"), ""))
    if missing:
        raise InfrastructureError(
            f"missing: {', '.join(finding.need.program for finding in missing)}", hint=install_command(missing)
        )


def _place(need: Need) -> str | None:
    if need.file:
        return need.file if Path(need.file).exists() else None
    return shutil.which(need.program, path=_ENVIRONMENT["PATH"])


def _version(need: Need, processes: Processes) -> str:
    place = _place(need)
    if place is None:
        return ""
    if need.file:
        return "present"
    done = processes.run(Command((place, "--version"), environment=_ENVIRONMENT, timeout=20))
    match = _VERSION.search(done.text)
    return match[0] if match else "present"


def _b4() -> str:
    try:
        return importlib.metadata.version("b4")
    except importlib.metadata.PackageNotFoundError:
        return "present" if shutil.which("b4") or Path(sys.executable).with_name("b4").exists() else ""
