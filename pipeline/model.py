"""The values that flow from verb to verb: frozen, typed, and named in the field's words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path


@dataclass(frozen=True)
class Patch:
    """One patch of a series.

    Args:
        number: 1 for the first.
        subject: without the `[PATCH …]` prefix.
        author: `Name <address>`, the in-body From: where there is one.
        message_id: without angle brackets; empty for a file that has none.
        mail: the message that `git am` takes, trailers of the thread included.
        files: paths that the diff touches.
        collected_trailers: those that b4 added from replies, `Name: value`.
    """

    number: int
    subject: str
    author: str
    message_id: str
    mail: bytes
    files: tuple[str, ...]
    collected_trailers: tuple[str, ...] = ()


@dataclass(frozen=True)
class Letter:
    """The headers and text of a mail, as the reply and the report need them."""

    message_id: str
    subject: str
    sender: str
    to: tuple[str, ...]
    cc: tuple[str, ...]
    references: tuple[str, ...]
    date: str
    body: str


@dataclass(frozen=True)
class Series:
    """A patch series, one revision, complete.

    Args:
        title: subject of the cover letter (of the patch, where there is none), prefix removed.
        version: 1 for an unnumbered posting.
        message_id: of the cover letter, or of patch 1.
        cover: the cover letter, or patch 1's message where the series has none; what a reply answers.
        patches: in order, 1 to n.
        base_commit: from the `base-commit:` line, or empty.
        prerequisites: patch ids from `prerequisite-patch-id:` lines.
        replies: every other message of the thread.
        other_versions: revisions in the thread that were not chosen.
        source: what the user named.
        notes: what a reader should know of how it was put together.
    """

    title: str
    version: int
    message_id: str
    cover: Letter
    patches: tuple[Patch, ...]
    base_commit: str = ""
    prerequisites: tuple[str, ...] = ()
    replies: tuple[Letter, ...] = ()
    other_versions: tuple[int, ...] = ()
    source: str = ""
    notes: tuple[str, ...] = ()

    @property
    def files(self) -> frozenset[str]:
        return frozenset(path for patch in self.patches for path in patch.files)


@dataclass(frozen=True)
class Measurand:
    """A number that a boot's check measures: which scenario, which check, which of its values."""

    scenario: str
    check: str
    value: str


@dataclass(frozen=True)
class Claim:
    """What a cover letter says of a number, as data.

    Args:
        text: the claim in the letter's words.
        cell: glob of the cells that it is about.
        claimed: bytes of text delta, or what a boot measures after the last patch.
        relation: `at-most` when less also confirms it (a larger saving), `equal` otherwise.
        measurand: what is measured in a boot; None for the text delta.
    """

    text: str
    cell: str
    claimed: int
    relation: str = "at-most"
    measurand: Measurand | None = None


@dataclass(frozen=True)
class Tree:
    """An imported kernel tree.

    Args:
        name: as the user named it.
        version: what it turned out to be (package version, or commit).
        commit: in the workspace's own repository.
        tree_id: git tree id of that commit.
    """

    name: str
    version: str
    commit: str
    tree_id: str


@dataclass(frozen=True)
class SourceState:
    """A tree after its first `patch` patches (0 is the base)."""

    patch: int
    subject: str
    commit: str
    tree_id: str
    changed: tuple[str, ...] = ()


class ApplyStatus(StrEnum):
    CLEAN = "clean"
    THREE_WAY = "three-way"
    ALREADY_MERGED = "already-merged"
    FAILED = "failed"


@dataclass(frozen=True)
class Hunk:
    """A hunk that did not apply: its file, its line in the tree, its `@@` header."""

    path: str
    line: int
    header: str


@dataclass(frozen=True)
class Applied:
    """What became of a series on a tree. `states` starts with the base and ends where applying ended."""

    tree: Tree
    status: ApplyStatus
    states: tuple[SourceState, ...]
    failed_patch: int | None = None
    failed_hunks: tuple[Hunk, ...] = ()
    log: str = ""

    @property
    def usable(self) -> bool:
        return self.status in (ApplyStatus.CLEAN, ApplyStatus.THREE_WAY)


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
        text: the lines given to kconfig.
        options: option to value (`y`, `n`, a string); each must survive `olddefconfig`.
        power_of_two: promise about `sizeof(struct page)`, or None.
    """

    name: str
    text: str
    options: Mapping[str, str] = field(hash=False)
    power_of_two: bool | None = None


@dataclass(frozen=True)
class Expectation:
    """What the matrix says that a cell comes to; None is no word on it."""

    unreachable: bool = False
    struct_page: int | None = None
    vmemmap: bool | None = None


@dataclass(frozen=True)
class Cell:
    """One kernel of the matrix: architecture, toolchain, base configuration, fragments.

    `steps` is how many steps a full build takes, where the matrix says so; it serves the first estimate only. `boot`
    names the boot scenarios that the kernel runs.
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


@dataclass(frozen=True)
class PlannedCell:
    """A cell on a tree: its final configuration, or the reason why it cannot be reached.

    Args:
        promises: of its fragments, how many; `kept` of them.
        steps: of a full build, where that is known.
        cpu_seconds: of its last full build in this workspace.
        same_as: id of the cell that has the same configuration and is built in place of this one.
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

    @property
    def reachable(self) -> bool:
        return not self.reason

    @property
    def to_build(self) -> bool:
        return self.reachable and not self.same_as

    @property
    def vmemmap(self) -> bool:
        return "\nCONFIG_SPARSEMEM_VMEMMAP=y\n" in self.config


@dataclass(frozen=True)
class Diagnostic:
    """A compiler's warning or error: path in the tree, line, message."""

    path: str
    line: int
    message: str

    @property
    def identity(self) -> tuple[str, str]:
        """What is compared between two states: line numbers move, so they do not count."""
        return (self.path, self.message)


@dataclass(frozen=True)
class Image:
    """A kernel that can be booted.

    Args:
        kernel: a file, compressed with zlib.
        digest: SHA-256 over kernel and self-test.
        selftest: the tree's own, a static program, where it has one.
    """

    kernel: Path
    digest: str
    selftest: Path | None = None


@dataclass(frozen=True)
class ChangedFile:
    """A file of kernel code that a series adds or changes.

    Args:
        path: in the tree.
        source: what it holds after the last patch.
        lines: numbers of the lines that the series adds or changes, after the last patch.
        structs: those whose definition it touches.
    """

    path: str
    source: str = field(repr=False)
    lines: tuple[int, ...]
    structs: tuple[str, ...] = ()


@dataclass(frozen=True)
class FileCoverage:
    """What a cell compiled of a file that the series changes.

    Args:
        lines: changed lines that are code: neither blank, nor comment, nor preprocessor directive.
        kept: those of `lines` that the preprocessor kept; None where it was not asked (Rust), or gave no answer.
    """

    path: str
    compiled: bool
    lines: tuple[int, ...] = ()
    kept: tuple[int, ...] | None = ()


@dataclass(frozen=True)
class Coverage:
    """What a cell compiled of a series; empty when the series changes no code."""

    files: tuple[FileCoverage, ...]


@dataclass(frozen=True)
class Member:
    """A member of a struct, those of its anonymous structs and unions included; offset and size in bits."""

    name: str
    offset: int
    size: int


@dataclass(frozen=True)
class Layout:
    """A struct as a cell compiles it, `size` in bytes; `path` is where the series touches it, else empty."""

    struct: str
    size: int
    members: tuple[Member, ...]
    path: str = ""


class BuildStatus(StrEnum):
    BUILT = "built"
    FAILED = "failed"


@dataclass(frozen=True)
class Build:
    """One cell at one source state.

    Args:
        symbols: `nm --size-sort` of vmlinux.
        sections: section name to size in bytes, from `size -A`.
        log: a file with the whole output of make.
        image: what a machine boots, where the cell names boots.
        cached: taken from the store.
        coverage: of the series, at its last state; None where it was not measured.
        layouts: of structs, at base and last state; None where they were not measured.
    """

    status: BuildStatus
    seconds: float
    cpu_seconds: float
    steps: int
    warnings: tuple[Diagnostic, ...]
    errors: tuple[Diagnostic, ...]
    log: Path
    symbols: bytes = b""
    sections: Mapping[str, int] = field(default_factory=dict, hash=False)
    struct_page: StructPage | None = None
    image: Image | None = None
    cached: bool = False
    coverage: Coverage | None = None
    layouts: tuple[Layout, ...] | None = None


@dataclass(frozen=True)
class SymbolDelta:
    """One line of bloat-o-meter's table; `-` in its columns is None here."""

    name: str
    old: int | None
    new: int | None
    delta: int


@dataclass(frozen=True)
class TextDelta:
    """bloat-o-meter's output as data, sizes in bytes, and `verbatim` as it came."""

    add: int
    remove: int
    grow: int
    shrink: int
    up: int
    down: int
    delta: int
    before: int
    after: int
    symbols: tuple[SymbolDelta, ...]
    verbatim: str

    @property
    def summary(self) -> str:
        """The line that cover letters quote."""
        return (
            f"add/remove: {self.add}/{self.remove} grow/shrink: {self.grow}/{self.shrink} "
            f"up/down: {self.up}/{-self.down} ({self.delta})"
        )
