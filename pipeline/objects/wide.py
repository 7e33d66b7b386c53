"""The wide configuration: everything that kconfig grants, with warnings that stay warnings."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial

from pipeline.checks.compiled import BISECTABILITY, CLANG, MORE_WARNINGS, SPARSE, WARNINGS
from pipeline.kernel import sparse, toolchain
from pipeline.kernel.architectures import architecture
from pipeline.kernel.buildhost import BuildHost
from pipeline.kernel.kconfig import parse_fragment
from pipeline.kernel.make import Make
from pipeline.model import Cell, Fragment, PlannedCell, SourceState, Stage, Toolchain, Tree
from pipeline.plan import Planner
from pipeline.plan.concerned import WIDTHS, X86_64, objects_cell_id
from pipeline.plan.configurations import config_key
from pipeline.system.errors import InfrastructureError
from pipeline.system.git import Repository

BASE = "allyesconfig"
NARROW = "allnoconfig"
MOST_NAMED = 4
"""Options that are named in a cell's description."""
FOR_SIZE = frozenset({"i386"})
"""Architectures whose objects are optimized for size: compilers call the division of 64 bits there that they write out,
or find out to be one of 32 bits, where they optimize for speed, and randconfig meets sooner or later."""
CHECKED = frozenset({"i386"})
"""Architectures whose sources sparse reads, too: one that nearly all code is compiled for is enough, and one that does
not hold up the first verdict."""
EVERYTHING = frozenset({WARNINGS, CLANG, SPARSE, BISECTABILITY})
"""Checks that come with builds and are wanted where nothing else is said."""
UNWANTED = frozenset({"HEADERS_INSTALL", "RUST"})
"""What `make prepare` spends minutes on: a thousand headers for programs, which no object of a kernel reads; the tree's
crates, which nothing but Rust reads, and Rust has a cell of its own."""


def wide_fragment(repository: Repository, commit: str) -> Fragment:
    """Requests on top of allyesconfig: no option of the tree that makes errors of warnings.

    Every subsystem has one of its own, which the tree itself names.
    """
    _, printed, _ = repository.run(
        *("grep", "-I", "-h", "-o", "-E", "-e", r"^\s*(menu)?config\s+(\w+_)?WERROR\s*$", commit, "--", "*Kconfig*")
    )
    names = sorted({line.split()[-1] for line in printed.splitlines() if line.strip()} | UNWANTED)
    return parse_fragment("wide", "".join(f"#? CONFIG_{name}=n\n" for name in names))


def size_fragment() -> Fragment:
    """Requests for code that is optimized for size; it is one of a choice."""
    return parse_fragment("size", "#? CONFIG_CC_OPTIMIZE_FOR_PERFORMANCE=n\n#? CONFIG_CC_OPTIMIZE_FOR_SIZE=y\n")


def wide_cell(
    host: BuildHost, repository: Repository, tree: Tree, arch: str, wanted: Collection[str] = EVERYTHING
) -> PlannedCell:
    """The cell of an architecture, not configured yet; one without a compiler is out of reach.

    Args:
        wanted: names of the checks that come with builds.
    """
    name = f"{architecture(arch).cross}gcc"
    reason = ""
    try:
        compiler = toolchain.identify(name, host.processes)
    except InfrastructureError as error:
        compiler, reason = Toolchain(name, name, ""), f"{error.message}: {error.hint}"
    checker = sparse.identify(host.processes) if arch in CHECKED and SPARSE in wanted else None
    about = f"{BASE}, and of it the objects of what the series touches, with W=1{_checker_in_words(checker)}"
    fragments = (wide_fragment(repository, tree.commit), *([size_fragment()] if arch in FOR_SIZE else []))
    return PlannedCell(
        Cell(
            objects_cell_id(arch),
            arch,
            compiler,
            BASE,
            fragments,
            about,
            stage=Stage.OBJECTS,
            checker=checker,
            words=(WARNINGS,),
        ),
        tree,
        reason=reason,
    )


def _checker_in_words(checker: Toolchain | None) -> str:
    """The name and version of the checker, as part of a sentence."""
    return f" and sparse {checker.version.split()[0]}" if checker else ""


def narrow_cells(host: BuildHost, cell: Cell, wanted: Collection[str] = EVERYTHING) -> Sequence[Cell]:
    """Cells in which nothing is on that kconfig lets be off, the best first; what is compiled there is asked for, too.

    clang warns of what gcc does not see, such as variables that are not set on every path. It is the best, where it is
    installed; what it is too old for, kconfig says.

    Args:
        cell: the wide one of its architecture.
        wanted: names of the checks that come with builds.
    """
    about = f"{NARROW}, before it is known what the series' files need"
    compilers = [cell.toolchain]
    with suppress(InfrastructureError):
        if CLANG in wanted:
            compilers.insert(0, toolchain.identify("llvm", host.processes))
    checker = sparse.identify(host.processes) if SPARSE in wanted else None
    narrow = replace(cell, id=f"{cell.id}-narrow", base=NARROW, fragments=(), about=about, checker=checker)
    return [replace(narrow, toolchain=compiler) for compiler in compilers]


def needing_cell(cell: Cell, requests: Mapping[str, str]) -> Cell:
    """A narrow cell with what files of a series need, as wishes.

    Args:
        cell: of `narrow_cells`.
    """
    wishes = "".join(f"#? CONFIG_{option}={value}\n" for option, value in requests.items())
    about = f"{NARROW} with {named(requests)} and no more: what the series takes for granted is not there"
    about += _checker_in_words(cell.checker)
    return replace(cell, fragments=(parse_fragment("needed", wishes),), about=about)


def more_warnings_cell(cell: Cell) -> Cell:
    """A wide cell once more, with the warnings of the next level and those alone."""
    about = f"{BASE}, and of it the objects of what the series touches, with {MORE_WARNINGS}"
    return replace(cell, id=f"{cell.id}-more-warnings", about=about, words=(MORE_WARNINGS,), checker=None)


def named(requests: Mapping[str, str]) -> str:
    """Requests for a cell's description, the first few."""
    listed = ", ".join(f"CONFIG_{option}={value}" for option, value in [*requests.items()][:MOST_NAMED])
    return f"{listed} and more" if len(requests) > MOST_NAMED else listed or "nothing"


def further_cell(cell: Cell, number: int, requests: Mapping[str, str]) -> Cell:
    """A wide cell with more requests, as wishes: what only the series brings is no option of the base.

    Args:
        number: of the cell among those of its architecture.
    """
    wishes = "".join(f"#? CONFIG_{option}={value}\n" for option, value in requests.items())
    fragments = (*cell.fragments, parse_fragment("further", wishes))
    about = f"{BASE} with {named(requests)}, for lines and files that {cell.id} leaves out"
    return replace(cell, id=f"{cell.id}-{number}", fragments=fragments, about=about)


def configured(planner: Planner, host: BuildHost, base: SourceState, make: Make) -> str:
    """The configuration of the base where make's cell builds it; empty where kconfig fails."""
    make.enter(make.folders(config_key(host, make.cell, base).digest).base())
    return planner.configure(base, make)


def configure(host: BuildHost, planner: Planner, tree: Tree, base: SourceState, cells: Sequence[Cell]) -> None:
    """Configures those of `cells` that the base was not configured for yet; the caller holds the worktree's lock."""
    unknown = [(cell, None) for cell in cells if planner.known_config(base, cell) is None]
    if unknown:
        host.move(tree, base)
        host.run_all(tree, "Configuring", unknown, partial(configured, planner, host, base))


def prepare(host: BuildHost, repository: Repository, tree: Tree) -> None:
    """Configures and prepares a tree as it is, so that a series on it begins with its own objects.

    Raises:
        InfrastructureError: the machine failed.
    """
    cells = [wide_cell(host, repository, tree, arch) for arch in (X86_64, *WIDTHS)]
    planned = [(of_arch.cell, None) for of_arch in cells if of_arch.reachable]
    if not planned:
        return
    base = SourceState(0, "base", tree.commit, tree.tree_id)

    def prepared(make: Make) -> None:
        if config := configured(Planner(host), host, base, make):
            make.folder.begin(config)
            make.run("prepare")
            make.folder.finish()

    with host.worktree_lock(tree):
        host.move(tree, base)
        host.run_all(tree, "Preparing", planned, prepared)
