"""Chooses the kernels that a series needs, of a matrix that leaves the choice to it.

One that boots, of an architecture that the series concerns, with what the series' files need of kconfig; and the cells
of other matrices, where the series is about what these ask.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from pathlib import Path

from pipeline.definitions import AlsoDefinition, CellDefinition, MatrixDefinition
from pipeline.definitions.files import in_time
from pipeline.kernel import kconfig
from pipeline.kernel.buildhost import BuildHost
from pipeline.kernel.sources import Sources
from pipeline.model import Applied, Cell, ChangedFile
from pipeline.plan import Planner
from pipeline.plan.cells import select_cells
from pipeline.plan.concerned import architectures, code_files
from pipeline.plan.configurations import config_key, configuration_origins, touches_kconfig
from pipeline.plan.suggest import Suggester, fragment_name
from pipeline.system.errors import InfrastructureError, UsageError
from pipeline.system.store import Key
from pipeline.system.text import count

MOST_NAMED = 6
"""Options that are named in a cell's description."""
VERSION = 1
"""Raised whenever the same series needs something else."""

_IDENTIFIER = re.compile(r"\b[A-Za-z_]\w{2,80}\b")


@dataclass(frozen=True)
class NeededKernels:
    """The cells for a series on a tree.

    Args:
        cells: each says in `about` why it is there.
        notes: what is not there, and why; a sentence each.
    """

    cells: tuple[Cell, ...] = ()
    notes: tuple[str, ...] = ()

    def narrowed(self, globs: Sequence[str]) -> NeededKernels:
        """Only the cells that match any of `globs`; all of them without."""
        if not globs:
            return self
        return replace(
            self, cells=tuple(cell for cell in self.cells if any(fnmatchcase(cell.id, glob) for glob in globs))
        )

    def without_archs(self, archs: Collection[str]) -> NeededKernels:
        """No cell of architectures for which the series does not compile."""
        left_out = sorted({cell.arch for cell in self.cells}.intersection(archs))
        notes = (f"No kernel is built for {arch}: the series does not compile there." for arch in left_out)
        cells = tuple(cell for cell in self.cells if cell.arch not in archs)
        return NeededKernels(cells, (*self.notes, *notes))

    def without_boots(self) -> NeededKernels:
        return replace(self, cells=tuple(replace(cell, boot=()) for cell in self.cells))


class KernelChooser:
    """Chooses kernels for series.

    Args:
        host: store, sandbox, worktrees and jobserver.
        matrix: whose cells are chosen from.
        fragments: folder of the matrix' own fragments.
    """

    def __init__(self, host: BuildHost, matrix: MatrixDefinition, fragments: Path) -> None:
        self._host = host
        self._matrix = matrix
        self._fragments = fragments
        self._repository = host.repository

    def choose(self, applied: Applied, title: str, changed: Sequence[ChangedFile]) -> NeededKernels:
        """The kernels for a series on a tree.

        Args:
            title: of the series.
            changed: its files of code, with the lines that it changes.

        Raises:
            InfrastructureError: the machine failed.
            UsageError: fragments of a cell contradict each other.
        """
        code = code_files(applied.changed)
        if not code and not touches_kconfig(applied.changed):
            return NeededKernels(notes=("No kernel is built: the series changes nothing that kernels are made of.",))
        cells, notes = self._bootable(applied, title, code)
        for also in self._matrix.also:
            if is_about(also.when, applied.changed, changed):
                beside, missing = self._there(also.cells, also.when.reason)
                cells, notes = [*cells, *beside], [*notes, *missing]
        return NeededKernels(tuple(cells), tuple(notes))

    def _bootable(self, applied: Applied, title: str, code: Sequence[str]) -> tuple[list[Cell], list[str]]:
        """The kernel that boots; of the first architecture that has a cell and a compiler."""
        # Files that only kconfig and make read concern every kernel.
        concerned = architectures(code)
        named = [cell for cell in self._matrix.cells if not code or cell.arch in concerned]
        there, missing = self._there(named)
        if not named:
            return [], [f"No kernel is built: the matrix has none of {', '.join(concerned)}."]
        if not there:
            return [], missing
        cell = there[0]
        if code:
            cell = self._with_needs(cell, applied, title, code)
        return [cell], []

    def _there(self, defined: Sequence[CellDefinition], reason: str = "") -> tuple[list[Cell], list[str]]:
        """Cells whose compilers are installed, and a sentence for each of the others."""
        matrix = self._matrix.model_copy(update={"cells": tuple(defined)})
        cells, missing = list[Cell](), list[str]()
        for definition in defined:
            try:
                (cell,) = select_cells(matrix, self._fragments, (definition.id,), self._host.processes)
            except InfrastructureError as error:
                missing.append(f"{definition.id} is not built: {error.message}. {error.hint}".rstrip())
                continue
            about = ", ".join(filter(None, [cell.about, f"since {reason}" if reason else ""]))
            cells.append(replace(cell, about=about))
        return cells, missing

    def _with_needs(self, cell: Cell, applied: Applied, title: str, code: Sequence[str]) -> Cell:
        """A cell with what the series' files need of kconfig, as wishes: an option of the series is none of the base.

        It is found by the files after the last patch, and stored.
        """
        last = applied.states[-1]
        origin = configuration_origins(applied.states)[last.patch]
        name = fragment_name(title)
        asked = config_key(self._host, cell, last, "needs")
        key = Key("needs", {**asked.inputs, "code": [*code], "name": name, "version": VERSION})
        stored = self._host.store.get(key)
        if stored is None:
            sources, planner = Sources(self._repository, last.commit), Planner(self._host)
            with self._host.worktree_lock(applied.tree):
                suggester = Suggester(sources, lambda asking: planner.config(applied, origin, asking))
                try:
                    suggestion = suggester.suggest(name, code, [cell])
                except UsageError as error:
                    self._host.console.warn(f"what the series needs of kconfig is not known: {error.message}")
                    return replace(cell, about=f"{cell.about}; what the series needs of kconfig is not known")
            first, others = suggestion.proposals[:1], suggestion.proposals[1:]
            value = {
                "options": dict(first[0].fragment.options) if first else {},
                "compiled": len(suggestion.compiled) + sum(len(proposal.files) for proposal in first),
                "unreached": len(suggestion.unreached) + sum(len(proposal.files) for proposal in others),
            }
            stored = self._host.store.put(key, value, {})
        options, compiled, unreached = (stored.value[of] for of in ("options", "compiled", "unreached"))
        about = cell.about
        if options:
            named = [f"CONFIG_{option}" for option in options]
            more = f" and {count(len(named) - MOST_NAMED, 'option')} more" if len(named) > MOST_NAMED else ""
            about += f", with {', '.join(named[:MOST_NAMED])}{more}"
        if compiled + unreached:
            about += f"; compiles {compiled} of {count(compiled + unreached, 'source file')} of the series"
        wishes = "".join(f"#? CONFIG_{option}={value}\n" for option, value in options.items())
        fragments = (*cell.fragments, *([kconfig.parse_fragment(name, wishes)] if wishes else []))
        return replace(cell, fragments=fragments, about=about)


def is_about(when: AlsoDefinition, paths: Iterable[str], changed: Iterable[ChangedFile]) -> bool:
    """Whether a series touches what a matrix asks about: its files, or its names in changed lines.

    Raises:
        UsageError: to find that out takes too long, which is up to who wrote the patterns.
    """
    with in_time(f"looking for what matrix {when.matrix} is about"):
        if any(fnmatchcase(path, pattern) for path in set(paths) for pattern in when.files):
            return True
        patterns = [re.compile(pattern) for pattern in when.names]
        return any(pattern.fullmatch(name) for name in _names(changed) for pattern in patterns) if patterns else False


def _names(changed: Iterable[ChangedFile]) -> set[str]:
    """Identifiers in the lines that a series adds or changes."""
    names = set[str]()
    for file in changed:
        lines = file.source.split("\n")
        names.update(
            name for number in file.lines if number <= len(lines) for name in _IDENTIFIER.findall(lines[number - 1])
        )
    return names
