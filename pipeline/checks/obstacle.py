"""Why a check cannot be run: a program that is not installed, a script that the tree does not have."""

from __future__ import annotations

import shutil

from pipeline.checks.protocol import Needs
from pipeline.system.git import Repository
from pipeline.system.policy import SEARCH_PATH


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


def obstacle(needs: Needs, repository: Repository, commit: str) -> str:
    """Why a check cannot be run on a tree; empty where it can."""
    names = [f"{commit}:{script}" for script in needs.scripts]
    return without_tools(needs) or without_script(needs, bool(names) and "blob" in repository.kinds(names))
