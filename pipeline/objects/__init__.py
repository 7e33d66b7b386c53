"""**objects**: compiles what a series touches, patch by patch, for every architecture that it concerns.

They are compiled in a wide configuration, so that nothing of a driver is out of reach, and with W=1. No kernel is
linked: that a patch breaks, warns or drops out of every configuration is known after a minute. Other widths of a word,
another order of bytes, and what is left out until then come after that.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from fnmatch import fnmatchcase

from pipeline.build import Builds
from pipeline.checks.compiled import MORE_WARNINGS
from pipeline.kernel.architectures import architecture
from pipeline.kernel.buildhost import BuildHost
from pipeline.model import Applied, Coverage, PlannedCell
from pipeline.objects.choose import values_of
from pipeline.objects.further import MOST, MOST_TRIED, compiled_there, further, left_out, merged, unreached
from pipeline.objects.narrow import narrow_works
from pipeline.objects.reported import reported_works
from pipeline.objects.rust_cell import RustStage
from pipeline.objects.states import States
from pipeline.objects.touched import TouchedCode
from pipeline.objects.wide import EVERYTHING, further_cell, more_warnings_cell, wide_cell
from pipeline.objects.work import Work
from pipeline.plan.concerned import FURTHER, architectures, objects_cell_id, widths
from pipeline.plan.configurations import touches_kconfig
from pipeline.plan.reported import ReportedBuild
from pipeline.system.git import Repository

__all__ = ["ObjectsStage"]

AT_FIRST = 2
"""Architectures that the first verdict waits for."""


class ObjectsStage:
    """Compiles the objects of what a series touches on one tree.

    Args:
        host: store, sandbox, worktrees and jobserver.
        repository: holds the series' states.
        applied: the series on the tree.
        globs: of the ids of cells that are wanted; all without.
        wanted: names of the checks that come with builds (`pipeline.checks.compiled`).
        reports: builds that the series' thread reports.
    """

    def __init__(
        self,
        host: BuildHost,
        repository: Repository,
        applied: Applied,
        globs: Sequence[str] = (),
        wanted: Collection[str] = EVERYTHING,
        reports: Sequence[ReportedBuild] = (),
    ) -> None:
        self._globs = globs
        self._checks = wanted
        self._reports = reports
        self._host = host
        self._repository = repository
        self._applied = applied
        self._touched = TouchedCode(host, repository, applied)
        self._states = States(host, applied, self._touched)
        self._planned: tuple[PlannedCell, ...] = ()
        self._works: list[Work] = []
        self._narrowed = set[str]()
        self._wide: dict[str, PlannedCell] = {}
        self._rust = RustStage(host, repository, applied, self._states, self._touched, globs)

    @property
    def wanted(self) -> bool:
        """Whether the stage is asked for: none of its cells may be."""
        return not self._globs or bool(self._first() or self._widths() or self._rust.planned)

    def cells(self) -> tuple[PlannedCell, ...]:
        """The cells of the stage, not configured yet; a series that touches neither code nor options has none."""
        further = (of_width for of_width in self._cells(self._widths()) if of_width.reachable)
        return (*self._cells(self._first()), *self._rust.cells, *further)

    def run(self) -> tuple[tuple[PlannedCell, ...], Builds]:
        """The cells of the first architectures that the series concerns, and their builds at every state.

        A series that touches no code has none; one on many architectures does not wait for all of them.

        Raises:
            InfrastructureError: the machine failed; what was finished before is stored.
        """
        # Where there is none, the other cells say why.
        self._rust.configure()
        self._take_architectures(self._first()[:AT_FIRST])
        self._take_rust()
        return self._results()

    def run_elsewhere(self) -> tuple[tuple[PlannedCell, ...], Builds]:
        """The cells of `run`, those of further architectures that the series concerns, and those of others, for the
        width of a word, the order of its bytes, and what was left out; the builds of all.

        Raises:
            InfrastructureError: the machine failed; what was finished before is stored.
        """
        self._take_architectures(self._first()[AT_FIRST:])
        named = [of_width for of_width in self._cells(self._widths()) if of_width.reachable]
        if named or self._works:
            with self._host.worktree_lock(self._applied.tree):
                self._touched.find_includers()
                self._take(self._with_more_warnings())
                self._take(self._narrow())
                self._take(self._compiling([Work(of_width) for of_width in named]))
                room = MOST
                while room and (elsewhere := self._elsewhere(room)):
                    # What compiles a file may drop lines of it that the next one keeps.
                    self._take(elsewhere)
                    room -= len(elsewhere)
                # Of files that no architecture compiles that was named.
                self._take(self._narrow())
                self._take(self._reported())
        return self._results()

    def unreached(self) -> tuple[str, ...]:
        """Sentences on changed lines that no configuration so far compiles; none where only some cells are wanted."""
        last = self._applied.states[-1]
        works = [work for work in self._works if last.patch in work.states]
        if not works or self._globs:
            return ()
        coverages = [work.states[last.patch].build.coverage for work in works]
        # A configuration that a patch keeps from compiling a file may be the one that would keep its lines.
        broken = {file.path for work in works for file in self._states.files(work, last.patch) if file.broken}
        files = merged([known for known in coverages if known]).files
        coverage = Coverage(tuple(file for file in files if file.path not in broken))
        first, sources = works[0], self._touched.sources_at(last)
        values = values_of(first.configs[last.patch])
        return unreached(sources, first.planned.cell.arch, values, coverage, self._touched.changed)

    def _take_architectures(self, archs: Sequence[str]) -> None:
        """Compiles what the series touches in the wide configurations of architectures, and what these leave out."""
        planned = self._cells(archs)
        self._planned += planned
        if works := [Work(of_arch) for of_arch in planned if of_arch.reachable]:
            with self._host.worktree_lock(self._applied.tree):
                self._touched.find_includers()
                self._take(works)
                self._take(self._further(works))

    def _take_rust(self) -> None:
        """Compiles what the series touches of Rust, and what that cell leaves out."""
        if work := self._rust.work:
            with self._host.worktree_lock(self._applied.tree):
                self._touched.find_includers()
                self._take([work])
                self._take(self._further([work]))
        elif self._rust.planned:
            self._planned += (self._rust.planned,)

    def _take(self, works: Sequence[Work]) -> None:
        """Compiles works, and counts them among those of the stage."""
        self._states.compile(works)
        known = {planned.cell.id for planned in self._planned}
        self._planned += tuple(work.planned for work in works if work.planned.cell.id not in known)
        self._works += works

    def _results(self) -> tuple[tuple[PlannedCell, ...], Builds]:
        reached = {work.planned.cell.id: work.planned for work in self._works}
        builds = {
            (work.planned.cell.id, patch): replace(compiled.build, files=self._states.files(work, patch))
            for work in self._works
            for patch, compiled in work.states.items()
        }
        return tuple(reached.get(planned.cell.id, planned) for planned in self._planned), builds

    def _cells(self, archs: Sequence[str]) -> tuple[PlannedCell, ...]:
        concerned = self._touched.files or touches_kconfig(self._applied.changed)
        if not concerned or len(self._applied.states) < 2:
            return ()
        return tuple(map(self._cell, archs))

    def _cell(self, arch: str) -> PlannedCell:
        """The wide cell of an architecture; the tree and its compilers are asked once."""
        if arch not in self._wide:
            self._wide[arch] = wide_cell(self._host, self._repository, self._applied.tree, arch, self._checks)
        return self._wide[arch]

    def _first(self) -> tuple[str, ...]:
        """The architectures that the series concerns."""
        if self._rust.is_alone:
            return ()
        return self._asked_for(architectures(self._touched.code))

    def _widths(self) -> tuple[str, ...]:
        """Further architectures of the tree that the series' code is compiled for, whatever it touches."""
        known = architectures(self._touched.code)
        if self._rust.is_alone:
            return ()
        return self._asked_for([arch for arch in widths(self._touched.code) if arch not in known and self._has(arch)])

    def _has(self, arch: str) -> bool:
        makefile = f"{self._applied.tree.commit}:arch/{architecture(arch).folder}/Makefile"
        return self._repository.run("cat-file", "-e", makefile)[0] == 0

    def _asked_for(self, archs: Sequence[str]) -> tuple[str, ...]:
        if not self._globs:
            return tuple(archs)
        return tuple(arch for arch in archs if any(fnmatchcase(objects_cell_id(arch), glob) for glob in self._globs))

    def _compiling(self, works: Sequence[Work]) -> list[Work]:
        """Those of works whose configuration compiles something of the series, for that alone; all that were named."""
        if self._globs:
            return list(works)
        # Each state whose Kconfig files differ takes seconds, for what may have nothing of the series.
        self._states.configure(works, (self._applied.states[0], self._applied.states[-1]))
        compiling = []
        for work in works:
            chosen = self._touched.chosen(work.planned.cell.arch, work.configs) if work.configs else {}
            paths = frozenset(file.path for files in chosen.values() for file in files if file.targets)
            compiling += [replace(work, only=paths)] if paths else []
        return compiling

    def _with_more_warnings(self) -> list[Work]:
        """The wide cells of the first architectures once more, where that is asked for."""
        if MORE_WARNINGS not in self._checks:
            return []
        wide = [work.planned for work in self._works if work.planned.cell.id == objects_cell_id(work.planned.cell.arch)]
        return [Work(replace(planned, cell=more_warnings_cell(planned.cell))) for planned in wide]

    def _reported(self) -> list[Work]:
        """What the thread reports of builds, in the configurations that it names."""
        planned = [work.planned for work in self._works]
        return [] if self._globs else reported_works(self._host, self._touched, self._applied, planned, self._reports)

    def _narrow(self) -> list[Work]:
        last, widths = self._applied.states[-1], self._widths()
        works = [
            work
            for work in self._works
            if work.planned.cell.arch not in widths
            and MORE_WARNINGS not in work.planned.cell.words
            and not work.planned.cell.rust
        ]
        return narrow_works(self._host, self._states, self._touched, last, works, self._narrowed, self._checks)

    def _further(self, works: Sequence[Work]) -> list[Work]:
        """Cells for what the wide configurations leave out of the last state."""
        last, added = self._applied.states[-1], list[Work]()
        for work in works:
            state = work.states.get(last.patch)
            if state is None or state.build.coverage is None:
                continue
            sources, cell = self._touched.sources_at(last), work.planned.cell
            values, files = values_of(work.configs[last.patch]), self._states.files(work, last.patch)
            found = further(sources, cell.arch, values, files, state.build.coverage, self._touched.changed)
            added += [
                Work(PlannedCell(further_cell(cell, number, each.requests), self._applied.tree), only=each.paths)
                for number, each in enumerate(found, 2)
            ]
        return added

    def _elsewhere(self, most: int) -> list[Work]:
        """Cells of other architectures for what all configurations so far leave out, where a compiler is there."""
        last, works = self._applied.states[-1], self._works
        states = [state for work in works if (state := work.states.get(last.patch))]
        coverage = merged([state.build.coverage for state in states if state.build.coverage])
        # What the series breaks is not looked for anywhere else.
        files = [file for work in works if last.patch in work.states for file in self._states.files(work, last.patch)]
        broken = {file.path for file in files if not file.compiled and not file.reason}
        coverage = Coverage(tuple(file for file in coverage.files if file.path not in broken))
        left = left_out(coverage, self._touched.changed)
        sources, known, added = self._touched.sources_at(last), {work.planned.cell.arch for work in works}, list[Work]()
        others = [arch for arch in FURTHER if arch not in known and left]
        cells = [self._cell(arch) for arch in others]
        for cell in [cell for cell in cells if cell.reachable and not self._globs][:MOST_TRIED]:
            work = Work(cell)
            if left and len(added) < most:
                self._states.configure([work], (last,))
                values = values_of(work.configs.get(last.patch, ""))
                had = compiled_there(sources, cell.cell.arch, values, left) if values else []
                taken = set(had)
                left = [item for item in left if item not in taken]
                # What is moved was compiled there, too, and removed lines count.
                added += [replace(work, only=self._touched.gone.union(path for path, _ in had))] if had else []
        return added
