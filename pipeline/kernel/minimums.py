"""The oldest compiler that a tree can be built with, by the tree itself (scripts/min-tool-version.sh)."""

from __future__ import annotations

import re
import tempfile
from dataclasses import dataclass
from pathlib import Path

from pipeline.kernel.architectures import architecture
from pipeline.kernel.kconfig.facts import numbers
from pipeline.kernel.toolchain import ToolchainName
from pipeline.model import Toolchain
from pipeline.system.command import Command
from pipeline.system.policy import TOOL_ENVIRONMENT
from pipeline.system.process import Processes
from pipeline.system.sandbox import Box, Job, Sandbox
from pipeline.system.shell import pasted

SCRIPT = "scripts/min-tool-version.sh"
_TIMEOUT = 30
_CLANG_VERSION = re.compile(r"clang version (\d+(?:\.\d+)+)")
_BRACKETS = re.compile(r"\([^()]*\)")
_VERSION = re.compile(r"\b(\d+(?:\.\d+)+)\b")


@dataclass(frozen=True)
class Minimum:
    """The oldest compiler for an architecture.

    Args:
        compiler: `gcc` or `clang`.
        version: as `17.0.1`.
    """

    compiler: str
    version: str

    def met_by(self, version: str) -> bool:
        """Whether a compiler of that version will do; one whose version is not known is left to kconfig."""
        return not numbers(version) or numbers(version) >= numbers(self.version)


def minimum(script: str, toolchain: ToolchainName, arch: str, sandbox: Sandbox, processes: Processes) -> Minimum | None:
    """The version that a tree's script answers for a toolchain, run in the sandbox; None where it does not tell.

    Args:
        script: the text of it, as the tree has it.
    """
    compiler, tool = ("gcc", "gcc") if toolchain.family == "gcc" else ("clang", "llvm")
    version = answer(script, tool, arch, sandbox, processes)
    return Minimum(compiler, version) if version else None


def answer(script: str, tool: str, arch: str, sandbox: Sandbox, processes: Processes) -> str:
    """The version that a tree's script answers for a tool, run in the sandbox; empty where it does not tell.

    Args:
        script: the text of it, as the tree has it.
    """
    with tempfile.TemporaryDirectory(prefix="pipeline-minimum-") as folder:
        source, build = Path(folder, "source"), Path(folder, "build")
        source.mkdir()
        build.mkdir()
        (source / "minimum.sh").write_text(script)
        variables = {"ARCH": arch, "SRCARCH": architecture(arch).folder}
        job = Job(("sh", "{src}/minimum.sh", tool), variables, timeout=_TIMEOUT, merge_stderr=False)
        done = processes.run(sandbox.command(job, Box(source, build)))
    printed = done.stdout.decode("utf-8", "replace").strip()
    return printed if done.ok and _VERSION.fullmatch(printed) else ""


def compiler_version(toolchain: Toolchain) -> str:
    """The version in what a compiler says of itself: `gcc (Debian 12.2.0-14) 12.2.0`, `Debian clang version 14.0.6`."""
    match = _CLANG_VERSION.search(toolchain.version)
    if match is None:
        match = _VERSION.search(_BRACKETS.sub("", toolchain.version))
    return match[1] if match else ""


def complaint(wanted: Minimum, version: str, remedy: str) -> str:
    """A sentence that a compiler is too old."""
    words = f"this tree needs {wanted.compiler} ≥ {wanted.version}; found {version}"
    return f"{words}; {remedy}" if remedy else f"{words}, and this machine's package lists have none that is newer"


def newer(wanted: Minimum, toolchain: ToolchainName, processes: Processes) -> tuple[str, ...]:
    """Debian's packages of the newest toolchain of that kind that will do; none where apt knows none."""
    ending = (
        f"-{toolchain.prefix.rstrip('-')}".replace("_", "-") if toolchain.prefix and wanted.compiler == "gcc" else ""
    )
    name = re.compile(rf"{wanted.compiler}-(\d+){re.escape(ending)}")
    words = ("apt-cache", "pkgnames", f"{wanted.compiler}-")
    done = processes.run(Command(words, environment=TOOL_ENVIRONMENT, timeout=_TIMEOUT))
    versions = [int(match[1]) for line in done.text.splitlines() if (match := name.fullmatch(line.strip()))]
    # Debian has the last release of a major version; an earlier one may still be too old.
    newest = max((version for version in versions if version >= numbers(wanted.version)[0]), default=None)
    if newest is None:
        return ()
    better = ToolchainName(toolchain.prefix, toolchain.family, f"-{newest}")
    return tuple(package for package in better.packages.values() if package != "binutils")


def install_words(packages: tuple[str, ...]) -> str:
    return pasted(("apt-get", "install"), packages) if packages else ""
