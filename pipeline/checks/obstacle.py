"""Why a check cannot be run: a program that is not installed or too old, a script that the tree does not have."""

from __future__ import annotations

import shutil

from pipeline.checks.protocol import Needs
from pipeline.kernel import minimums
from pipeline.kernel.architectures.x86 import X86_64
from pipeline.kernel.toolchain import ToolchainName, identify
from pipeline.system.errors import InfrastructureError
from pipeline.system.git import Repository
from pipeline.system.policy import SEARCH_PATH
from pipeline.system.process import Processes
from pipeline.system.sandbox import Sandbox


def program_place(program: str) -> str | None:
    """Where a program is that the sandbox sees, too."""
    return shutil.which(program, path=SEARCH_PATH)


def without_tools(needs: Needs) -> str:
    """A sentence on programs that are not installed; empty where all are."""
    lacking = [tool.program for tool in needs.tools if not program_place(tool.program)]
    return f"{', '.join(lacking)} is not installed" if lacking else ""


def without_script(needs: Needs, has_script: bool) -> str:
    """A sentence on the script that a tree does not have; empty where it has one, or none is needed."""
    return "" if has_script or not needs.scripts else f"the tree has no {needs.scripts[-1]}"


def too_old(compiler: str, script: str, box: Sandbox, processes: Processes) -> str:
    """A sentence on a compiler that is too old for a tree; empty where it is not, or is not installed.

    Args:
        compiler: by the name of its toolchain; it is asked about for the machine's own architecture.
        script: of the tree, that knows the oldest one (`minimums.SCRIPT`).
        box: where it runs.
    """
    try:
        toolchain = identify(compiler, processes)
    except InfrastructureError:
        return ""
    least = minimums.minimum(script, ToolchainName.parse(toolchain.name), X86_64.name, box, processes)
    version = minimums.compiler_version(toolchain)
    return "" if least is None or least.met_by(version) else minimums.complaint(least, version, "")


def obstacle(needs: Needs, repository: Repository, commit: str) -> str:
    """Why a check cannot be run on a tree; empty where it can."""
    names = [f"{commit}:{script}" for script in needs.scripts]
    return without_tools(needs) or without_script(needs, bool(names) and "blob" in repository.kinds(names))
