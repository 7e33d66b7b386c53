"""Values of builds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from pipeline.model.diagnostic import Diagnostic
from pipeline.model.matrix import StructPage
from pipeline.model.measure import Coverage, Layout
from pipeline.model.objects import TouchedFile


@dataclass(frozen=True)
class Image:
    """A kernel that can be booted.

    Args:
        kernel: a file, compressed with zlib.
        digest: SHA-256 over kernel and self-test.
        selftest: the tree's own, a static program, where it has one.
        obstacle: why it has none; empty where that is not known.
    """

    kernel: Path
    digest: str
    selftest: Path | None = None
    obstacle: str = ""


@dataclass(frozen=True)
class CompilerCalls:
    """Compiler calls of a build by the result of ccache.

    Args:
        hits: answered from the cache.
        misses: compiled.
        uncacheable: compiled, and by their nature not kept: links, assembler, probes of the compiler.
    """

    hits: int
    misses: int
    uncacheable: int


class BuildStatus(StrEnum):
    BUILT = "built"
    FAILED = "failed"


@dataclass(frozen=True)
class Build:
    """The build of a cell at a source state.

    Args:
        symbols: `nm --size-sort` of vmlinux.
        origins: symbol to the source file that it was compiled from, where one file alone has it.
        sections: section name to size in bytes, from `size -A`.
        log: a file with the whole output of make.
        image: what a machine boots, where the cell names boots.
        cached: taken from the store.
        reused: not built: nothing that the build of an earlier state read has changed.
        coverage: of the series, at its last state; of objects at the base, of what it removes; None where it was not
            measured.
        layouts: of structs, at base and last state; None where they were not measured.
        code: a file with the table of its code; None where it was not read.
        neutral: a file with that of what the series touches, compiled with every `__LINE__` alike.
        compiler_calls: None where it was built without ccache.
        files: of code that the series touches, where objects were compiled and no kernel.
        unread: sources that the cell's checker could not read, and its compiler could.
    """

    status: BuildStatus
    seconds: float
    cpu_seconds: float
    steps: int
    warnings: tuple[Diagnostic, ...]
    errors: tuple[Diagnostic, ...]
    log: Path
    symbols: bytes = b""
    origins: Mapping[str, str] = field(default_factory=dict, hash=False, repr=False)
    sections: Mapping[str, int] = field(default_factory=dict, hash=False)
    struct_page: StructPage | None = None
    image: Image | None = None
    cached: bool = False
    reused: bool = False
    coverage: Coverage | None = None
    layouts: tuple[Layout, ...] | None = None
    code: Path | None = None
    neutral: Path | None = None
    compiler_calls: CompilerCalls | None = None
    files: tuple[TouchedFile, ...] = ()
    unread: tuple[str, ...] = ()
