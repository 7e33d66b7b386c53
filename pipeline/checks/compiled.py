"""Checks that come with the stage of objects: what compilers, sparse and the order of patches say, patch by patch.

They are no `PatchCheck`: nothing is run for them that the stage does not run. `pipeline.assess.compiled` reads their
results from what was compiled.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from pipeline.checks.configuration import Configuration, addresses
from pipeline.checks.protocol import Options, Tool
from pipeline.kernel import sparse
from pipeline.kernel.toolchain import ToolchainName, newest
from pipeline.model import CheckResult, CheckStatus, Series

WARNINGS, MORE_WARNINGS, CLANG, SPARSE, BISECTABILITY = "W=1", "W=2", "clang", "sparse", "bisectability"


@dataclass(frozen=True)
class CompiledCheck:
    """One of the checks.

    Args:
        name: as configuration and reports call it.
        about: what it looks at, in one line.
        compiler: by the name of its toolchain, that it cannot do without.
        tools: programs that it cannot do without beside a compiler.
        switched: whether `checks.toml` can switch it; the others are what the stage is there for.
    """

    name: str
    about: str
    compiler: str = "gcc"
    tools: tuple[Tool, ...] = ()
    switched: bool = False

    @property
    def programs(self) -> tuple[Tool, ...]:
        """Programs of the machine, with those of the compiler."""
        packages = ToolchainName.parse(newest(self.compiler)).packages
        return (*(Tool(*package) for package in packages.items()), *self.tools)


COMPILED: tuple[CompiledCheck, ...] = (
    CompiledCheck(WARNINGS, "objects of what is touched, compiled by gcc with W=1, new warnings"),
    CompiledCheck(MORE_WARNINGS, "the same objects with W=2, new warnings that W=1 does not have", switched=True),
    CompiledCheck(CLANG, "the same sources, compiled by clang with W=1, new warnings", "llvm", switched=True),
    CompiledCheck(
        SPARSE,
        "the same sources, read by sparse (C=1, endianness), new warnings",
        tools=(Tool(sparse.PROGRAM, sparse.PACKAGE),),
        switched=True,
    ),
    CompiledCheck(BISECTABILITY, "which patch is the first to break an object, and which mends it"),
)
"""In the order in which reports show them, below the others."""


def options_of(series: Series, configuration: Configuration) -> Mapping[tuple[int, str], Options]:
    """What configuration says of each of the checks, by patch number and name."""
    sent_to = addresses(series)
    return {
        (patch.number, check.name): configuration.options(check.name, sent_to, patch.files)
        for patch in series.patches
        for check in COMPILED
    }


def wanted(series: Series, configuration: Configuration) -> frozenset[str]:
    """The checks that some patch of a series wants."""
    return frozenset(name for (_, name), options in options_of(series, configuration).items() if not options.reason)


def switched_off(series: Series, configuration: Configuration) -> tuple[CheckResult, ...]:
    """A result for each check and patch that does not want it; those of the others come of what is compiled."""
    return tuple(
        CheckResult(name, number, CheckStatus.NOT_CONCERNED, options.reason)
        for (number, name), options in options_of(series, configuration).items()
        if options.reason
    )
