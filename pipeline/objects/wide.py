"""The wide configuration: everything that kconfig grants, with warnings that stay warnings."""

from __future__ import annotations

from pipeline.kernel.kconfig import parse_fragment
from pipeline.model import Fragment
from pipeline.system.git import Repository

BASE = "allyesconfig"
UNWANTED = frozenset({"HEADERS_INSTALL"})
"""Makes `make prepare` install a thousand headers for programs, which no object of a kernel reads."""


def wide_fragment(repository: Repository, commit: str) -> Fragment:
    """What is asked for on top of allyesconfig: no option of the tree that makes errors of warnings.

    Every subsystem has one of its own, which the tree itself names.
    """
    _, printed, _ = repository.run(
        *("grep", "-I", "-h", "-o", "-E", "-e", r"^\s*(menu)?config\s+(\w+_)?WERROR\s*$", commit, "--", "*Kconfig*")
    )
    names = sorted({line.split()[-1] for line in printed.splitlines() if line.strip()} | UNWANTED)
    return parse_fragment("wide", "".join(f"#? CONFIG_{name}=n\n" for name in names))
