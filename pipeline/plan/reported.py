"""Builds that a thread reports: which architecture, configuration and compiler, as the kernel test robot names them.

What is an own configuration of the tree can be made again, and so can what a target of make is; one that was drawn at
random lies where the mail's link leads, and is not fetched.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Protocol

from pipeline.kernel.architectures import ARCHITECTURES, architecture
from pipeline.kernel.diagnostics.reported import parsed
from pipeline.kernel.toolchain import ToolchainName

MOST_LINES = 2000
"""Of a mail, that are read."""
MOST_PATHS = 20
"""Files of one report."""
TARGETS = frozenset({"allyesconfig", "allmodconfig", "allnoconfig", "defconfig", "tinyconfig"})

_CONFIG = re.compile(r"config: {1,8}(?P<arch>[a-z0-9_]{2,16})-(?P<config>[\w.-]{1,100})(?: |$)")
_COMPILER = re.compile(r"compiler: {1,8}(?P<compiler>\S.{0,99})")
_GCC = re.compile(r"(?:[\w.]+-)*gcc(?:-(?P<named>\d+))?\b(?: \([^()]*\) (?P<version>\d+))?")
_CLANG = re.compile(r"\bclang(?:-| version )(?P<version>\d+)")


@dataclass(frozen=True)
class ReportedBuild:
    """The build of one report.

    Args:
        message_id: of the report.
        arch: kbuild's ARCH.
        config: a target of make, or the robot's own name for what it drew.
        compiler: in the robot's words; empty where it names none.
        sources: files that have to be compiled to see what is reported.
    """

    message_id: str
    arch: str
    config: str
    compiler: str
    sources: tuple[str, ...]

    @property
    def file(self) -> str:
        """Of the tree's own configuration, where it is one; empty for a target that is none, and for anything else."""
        own = self.config.endswith("_defconfig") and not self.config.startswith("-")
        return f"arch/{architecture(self.arch).folder}/configs/{self.config}" if own else ""

    @property
    def toolchains(self) -> tuple[str, ...]:
        """Names of toolchains, the one most like the robot's first."""
        prefix = architecture(self.arch).cross
        gcc, clang = f"{prefix}gcc", "llvm"
        if match := _CLANG.search(self.compiler):
            return f"llvm-{match['version']}", clang, gcc
        match = _GCC.match(self.compiler)
        version = (match["named"] or match["version"]) if match else ""
        return (*([f"{gcc}-{version}"] if version else []), gcc)


class Message(Protocol):
    """What is read of a mail."""

    @property
    def message_id(self) -> str: ...
    @property
    def body(self) -> str: ...


def reported_builds(replies: Iterable[Message]) -> list[ReportedBuild]:
    """The builds that messages report, each once for a message."""
    return [build for letter in replies for build in _of(letter)]


def _of(letter: Message) -> Iterator[ReportedBuild]:
    lines = letter.body.splitlines()[:MOST_LINES]
    config = next(filter(None, map(_CONFIG.match, lines)), None)
    if config is None or config["arch"] not in ARCHITECTURES:
        return
    compiler = next(filter(None, map(_COMPILER.match, lines)), None)
    marked = [line for line in lines if line.startswith(">>")]
    reports = filter(None, map(parsed, marked or lines))
    sources = dict.fromkeys(report.source for report in reports if report.source)
    if sources:
        words = compiler["compiler"].strip() if compiler else ""
        yield ReportedBuild(letter.message_id, config["arch"], config["config"], words, tuple(sources)[:MOST_PATHS])


def same_compiler(build: ReportedBuild, toolchain: str) -> bool:
    """Whether a toolchain is the one that a report names, by kind and number."""
    wanted, had = ToolchainName.parse(build.toolchains[0]), ToolchainName.parse(toolchain)
    return (wanted.family == "gcc", wanted.suffix) == (had.family == "gcc", had.suffix)
