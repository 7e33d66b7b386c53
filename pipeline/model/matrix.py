"""Values of a plan: toolchains, fragments, cells."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from pipeline.model.tree import Tree


class Stage(StrEnum):
    """A stage of a run: each ends in a verdict, and later ones add to it."""

    MAIL = "mail"
    OBJECTS = "objects"
    KERNELS = "kernels"
    BOOTS = "boots"

    def includes(self, other: Stage) -> bool:
        """Whether a run up to this stage comes to another."""
        stages = list(Stage)
        return stages.index(other) <= stages.index(self)


@dataclass(frozen=True)
class Toolchain:
    """A compiler by name, and what it turned out to be.

    Args:
        name: as the matrix names it (`gcc`, `gcc-12`, `riscv64-linux-gnu-gcc`).
        version: first line of `--version`.
        digest: SHA-256 over driver, compiler proper, assembler and linker.
    """

    name: str
    version: str
    digest: str


@dataclass(frozen=True)
class StructPage:
    """`sizeof(struct page)` in bytes, as compiled in the cell."""

    size: int

    @property
    def power_of_two(self) -> bool:
        return self.size > 0 and self.size & (self.size - 1) == 0


@dataclass(frozen=True)
class Fragment:
    """A kconfig fragment and what it promises.

    Args:
        name: file name without `.config`.
        text: as it is written.
        options: option to value (`y`, `n`, a string); each must survive `olddefconfig`.
        power_of_two: promise about `sizeof(struct page)`, or None.
        wishes: likewise option to value; kconfig is asked for them, and may refuse.
    """

    name: str
    text: str
    options: Mapping[str, str] = field(hash=False)
    power_of_two: bool | None = None
    wishes: Mapping[str, str] = field(default_factory=dict, hash=False)

    @property
    def asked(self) -> Mapping[str, str]:
        """All requests to kconfig, requirements and wishes."""
        return {**self.wishes, **self.options}


@dataclass(frozen=True)
class Expectation:
    """The expected result of a cell, by the matrix; None where the matrix says nothing.

    Args:
        when: condition on tree and configuration (`pipeline.kernel.kconfig.facts`); empty where it always holds.
    """

    unreachable: bool = False
    struct_page: int | None = None
    vmemmap: bool | None = None
    when: str = ""


@dataclass(frozen=True)
class Cell:
    """One kernel of the matrix: architecture, toolchain, base configuration, fragments.

    `steps` is how many steps a full build takes, where the matrix says so; it serves the first estimate only. `boot`
    names the boot scenarios that the kernel runs. Of `expectations` the first whose condition holds on a tree is what
    is expected there; a cell that is planned has it in `expect`. A cell of the stage `objects` links no kernel: of it
    only what a series touches is compiled; `words` are what make is told beside its targets, `checker` reads the source
    beside its compiler, and `rust` are the programs that its Rust takes, where it has any.
    """

    id: str
    arch: str
    toolchain: Toolchain
    base: str
    fragments: tuple[Fragment, ...]
    about: str = ""
    steps: int | None = None
    boot: tuple[str, ...] = ()
    expect: Expectation | None = None
    expectations: tuple[Expectation, ...] = ()
    stage: Stage = Stage.KERNELS
    checker: Toolchain | None = None
    words: tuple[str, ...] = ()
    rust: tuple[Toolchain, ...] = ()


@dataclass(frozen=True)
class PlannedCell:
    """A cell on a tree: its final configuration, or the reason why it cannot be reached.

    Args:
        promises: of its fragments, how many; `kept` of them.
        steps: of a full build, where that is known.
        cpu_seconds: of its last full build in this workspace.
        same_as: id of the cell that has the same configuration and is built in place of this one.
        refused: wishes of the fragments that kconfig did not grant, each as a line for people.
    """

    cell: Cell
    tree: Tree
    config: str = ""
    reason: str = ""
    struct_page: StructPage | None = None
    promises: int = 0
    kept: int = 0
    steps: int | None = None
    cpu_seconds: float | None = None
    same_as: str = ""
    refused: tuple[str, ...] = ()

    @property
    def reachable(self) -> bool:
        return not self.reason

    @property
    def to_build(self) -> bool:
        return self.reachable and not self.same_as

    @property
    def vmemmap(self) -> bool:
        return has_vmemmap(self.config)


def has_vmemmap(config: str) -> bool:
    """Whether the memmap of a kernel with this `.config` is virtual."""
    return "\nCONFIG_SPARSEMEM_VMEMMAP=y\n" in config


@dataclass(frozen=True)
class LostPromise:
    """A promise of the matrix that a cell keeps on the base, and not with the series.

    Args:
        what: what happened, in words.
        patch: number of the first source state that is known not to keep it.
        kept: number of the last source state before, that is known to keep it.
    """

    what: str
    patch: int
    kept: int


@dataclass(frozen=True)
class CellOutcome:
    """The effect of a series on a cell's kernel.

    Args:
        vmemmap: whether the memmap is virtual, by patch number.
        lost: promises of the matrix that the last source state does not keep.
    """

    vmemmap: Mapping[int, bool] = field(hash=False)
    lost: tuple[LostPromise, ...] = ()
