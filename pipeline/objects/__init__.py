"""**objects**: of every architecture that a series concerns, the objects of what it touches, patch by patch.

They are compiled in a wide configuration, so that nothing of a driver is out of reach, and with W=1. No kernel is
linked: that a patch breaks, warns or drops out of every configuration is known after a minute.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from fnmatch import fnmatchcase

from pipeline.build import Builds
from pipeline.build.folders import Folders, Place
from pipeline.kernel import diagnostics, records
from pipeline.kernel.buildhost import BuildHost
from pipeline.kernel.make import Make
from pipeline.kernel.staleness import is_stale
from pipeline.model import (
    Applied,
    Build,
    BuildStatus,
    CompiledObject,
    Coverage,
    Diagnostic,
    PlannedCell,
    SourceState,
    TouchedFile,
)
from pipeline.objects.choose import values_of
from pipeline.objects.compile import WORDS, Compiler, Wanted
from pipeline.objects.further import MOST, MOST_TRIED, compiled_there, further, left_out, merged
from pipeline.objects.results import ObjectResults, StateObjects
from pipeline.objects.touched import TouchedCode
from pipeline.objects.wide import BASE, configure, further_cell, wide_cell
from pipeline.objects.work import Work
from pipeline.plan import Planner
from pipeline.plan.concerned import FURTHER, architectures, objects_cell_id
from pipeline.plan.configurations import config_digest, config_key, configuration_origins, touches_kconfig
from pipeline.system.confined import UnreadableError
from pipeline.system.errors import InfrastructureError
from pipeline.system.git import Repository
from pipeline.system.store import Key

__all__ = ["ObjectsStage"]

VERSION = 1
"""Raised whenever the same objects come to say something else."""


class ObjectsStage:
    """Compiles the objects of what a series touches on one tree.

    Args:
        host: store, sandbox, worktrees and jobserver.
        repository: holds the series' states.
        applied: the series on the tree.
        globs: of the ids of cells that are wanted; all without.
    """

    def __init__(self, host: BuildHost, repository: Repository, applied: Applied, globs: Sequence[str] = ()) -> None:
        self._globs = globs
        self._host = host
        self._repository = repository
        self._applied = applied
        self._planner = Planner(host)
        self._results = ObjectResults(host.store)
        self._folders = Folders(host, lambda base, _: self._results.programs(base))
        self._origins = configuration_origins(applied.states)
        self._touched = TouchedCode(host, repository, applied)

    @property
    def wanted(self) -> bool:
        """Whether the stage is asked for: none of its cells may be."""
        return not self._globs or bool(self._architectures())

    def cells(self) -> tuple[PlannedCell, ...]:
        """The cells of the stage, not configured yet; a series that touches neither code nor options has none."""
        concerned = self._touched.files or touches_kconfig(self._applied.changed)
        if not concerned or len(self._applied.states) < 2:
            return ()
        return tuple(
            wide_cell(self._host, self._repository, self._applied.tree, arch) for arch in self._architectures()
        )

    def _architectures(self) -> tuple[str, ...]:
        named = architectures(self._touched.files)
        if not self._globs:
            return named
        return tuple(arch for arch in named if any(fnmatchcase(objects_cell_id(arch), glob) for glob in self._globs))

    def run(self) -> tuple[tuple[PlannedCell, ...], Builds]:
        """The cells of the stage, and their builds at every state; a series that touches no code has none.

        Raises:
            InfrastructureError: the machine failed; what was finished before is stored.
        """
        planned = self.cells()
        works = [Work(of_arch) for of_arch in planned if of_arch.reachable]
        if works:
            with self._host.worktree_lock(self._applied.tree):
                self._touched.find_includers()
                self._compile(works)
                for find in (self._further, self._elsewhere):
                    more = find(works)
                    self._compile(more)
                    works, planned = [*works, *more], (*planned, *(work.planned for work in more))
        reached = {work.planned.cell.id: work.planned for work in works}
        builds = {
            (work.planned.cell.id, patch): replace(compiled.build, files=self._files(work, patch))
            for work in works
            for patch, compiled in work.states.items()
        }
        return tuple(reached.get(of_arch.cell.id, of_arch) for of_arch in planned), builds

    def _compile(self, works: Sequence[Work]) -> None:
        """Configures cells, and compiles their objects at every state."""
        self._configure(works)
        reachable = [work for work in works if work.planned.reachable]
        for work in reachable:
            chosen = self._touched.chosen(work.planned.cell.arch, work.configs)
            work.files = {
                patch: tuple(file for file in files if work.only is None or file.path in work.only)
                for patch, files in chosen.items()
            }
        for state in self._applied.states:
            self._visit(state, reachable)

    def _further(self, works: Sequence[Work]) -> list[Work]:
        """Cells for what the wide configurations leave out of the last state."""
        last, added = self._applied.states[-1], list[Work]()
        for work in works:
            state = work.states.get(last.patch)
            if state is None or state.build.coverage is None:
                continue
            sources, cell = self._touched.sources_at(last), work.planned.cell
            values, files = values_of(work.configs[last.patch]), self._files(work, last.patch)
            found = further(sources, cell.arch, values, files, state.build.coverage, self._touched.changed)
            added += [
                Work(PlannedCell(further_cell(cell, number, each.requests), self._applied.tree), only=each.paths)
                for number, each in enumerate(found, 2)
            ]
        return added

    def _elsewhere(self, works: Sequence[Work]) -> list[Work]:
        """Cells of other architectures for what all configurations so far leave out, where a compiler is there."""
        last = self._applied.states[-1]
        states = [state for work in works if (state := work.states.get(last.patch))]
        coverage = merged([state.build.coverage for state in states if state.build.coverage])
        # What the series breaks is not looked for anywhere else.
        files = [file for work in works if last.patch in work.states for file in self._files(work, last.patch)]
        broken = {file.path for file in files if not file.compiled and not file.reason}
        coverage = Coverage(tuple(file for file in coverage.files if file.path not in broken))
        left = left_out(coverage, self._touched.changed)
        sources, known, added = self._touched.sources_at(last), {work.planned.cell.arch for work in works}, list[Work]()
        others = [arch for arch in FURTHER if arch not in known and left]
        cells = [wide_cell(self._host, self._repository, self._applied.tree, arch) for arch in others]
        for cell in [cell for cell in cells if cell.reachable and not self._globs][:MOST_TRIED]:
            work = Work(cell)
            if left and len(added) < MOST:
                self._configure([work])
                values = values_of(work.configs.get(last.patch, ""))
                had = compiled_there(sources, cell.cell.arch, values, left) if values else []
                taken = set(had)
                left = [item for item in left if item not in taken]
                added += [replace(work, only=frozenset(path for path, _ in had))] if had else []
        return added

    def _configure(self, works: Sequence[Work]) -> None:
        """Finds the configuration of every state, made again where kconfig may answer otherwise."""
        host, base = self._host, self._applied.states[0]
        configure(host, self._planner, self._applied.tree, base, [work.planned.cell for work in works])
        for work in works:
            config = self._planner.known_config(base, work.planned.cell) or ""
            reason = "" if config else f"make {BASE} failed on the base"
            work.planned = replace(work.planned, config=config, reason=reason)
            for state in self._applied.states if config else ():
                origin = self._origins[state.patch]
                work.configs[state.patch] = (
                    self._planner.config(self._applied, origin, work.planned.cell) if origin.patch else config
                )

    def _visit(self, state: SourceState, works: Sequence[Work]) -> None:
        """Adds what the objects of a state come to, stored or compiled now."""
        host, missing = self._host, []
        for work in works:
            key = self._key(work, state)
            if not work.configs[state.patch]:
                work.states[state.patch] = self._not_configured(work, state, key)
            elif stored := self._results.get(key, cached=True):
                work.states[state.patch] = stored
            else:
                missing.append(work)
        if not missing:
            return
        host.move(self._applied.tree, state)
        wanted = {work.planned.cell.id: self._wanted(work, state) for work in missing}
        keys = {work.planned.cell.id: self._key(work, state) for work in missing}

        def compile_and_store(make: Make) -> None:
            compiled, log = Compiler(make, self._folders).compile(wanted[make.cell.id])
            if not state.patch and any(target.endswith(".o") for target in wanted[make.cell.id].sources):
                self._keep_programs(make, keys[make.cell.id])
            self._results.put(keys[make.cell.id], compiled, log)

        where = f"after patch {state.patch}/{self._applied.states[-1].patch}" if state.patch else "of the base"
        cells = [(work.planned.cell, None) for work in missing]
        host.run_all(self._applied.tree, f"Compiling objects {where}", cells, compile_and_store)
        for work in missing:
            work.states[state.patch] = self._stored(keys[work.planned.cell.id])

    def _stored(self, key: Key) -> StateObjects:
        """What was stored a moment ago."""
        stored = self._results.get(key, cached=False)
        if stored is None:
            raise InfrastructureError("objects vanished from the store", hint="Run the command again.")
        return stored

    def _not_configured(self, work: Work, state: SourceState, key: Key) -> StateObjects:
        """What a state comes to at which kconfig fails: nothing is compiled."""
        origin = self._origins[state.patch]
        asked = self._host.store.get(config_key(self._host, work.planned.cell, origin))
        log = asked.read("log") if asked else b""
        words = asked.value["failed"] if asked else "kconfig failed"
        error = Diagnostic("Kconfig", 0, words)
        build = Build(BuildStatus.FAILED, 0.0, 0.0, 0, (), (error,), self._host.workspace.store, coverage=Coverage(()))
        self._results.put(key, StateObjects(build, {}), log)
        return self._stored(key)

    def _wanted(self, work: Work, state: SourceState) -> Wanted:
        last = state is self._applied.states[-1]
        sources = self._targets(work, state)
        return Wanted(
            place=self._place(work, state),
            sources=sources,
            kept=self._kept(work, state, sources),
            base=work.states.get(0),
            before=work.states.get(state.patch - 1),
            changed=self._touched.changed if last else None,
        )

    def _kept(self, work: Work, state: SourceState, sources: Mapping[str, str]) -> dict[str, CompiledObject]:
        """Objects that come out as at the state before, since nothing that they read has changed."""
        before = work.states.get(state.patch - 1)
        if before is None or not state.patch:
            return {}
        earlier = self._applied.states[state.patch - 1]
        changes = {path: change.letter for path, change in self._host.changes(earlier, state).items()}
        # Other programs may have written other records.
        believed = self._folders.runs_base_programs(self._place(work, earlier))
        return {
            target: compiled
            for target, compiled in before.objects.items()
            if target in sources and compiled.good and not is_stale(changes, compiled.read if believed else None)
        }

    def _keep_programs(self, make: Make, key: Key) -> None:
        try:
            self._results.put_programs(key, records.programs(make))
        except UnreadableError as error:
            make.warn(str(error))

    def _place(self, work: Work, state: SourceState) -> Place:
        base = self._key(work, self._applied.states[0])
        return Place(self._applied, work.planned, state, work.configs[state.patch], base)

    def _key(self, work: Work, state: SourceState) -> Key:
        last = state is self._applied.states[-1]
        inputs = {
            "tree": state.tree_id,
            "config": config_digest(work.configs[state.patch]),
            "objects": self._targets(work, state),
            "words": list(WORDS),
            "coverage": self._touched.changed_digest if last else "",
            "version": [VERSION, diagnostics.VERSION],
            **self._host.inputs(work.planned.cell),
        }
        # What a patched state comes to is compared with its base, and shares a folder with what the base decides.
        return Key("objects", {**inputs, "base": self._applied.states[0].tree_id} if state.patch else inputs)

    def _targets(self, work: Work, state: SourceState) -> dict[str, str]:
        return self._touched.targets(work.files[state.patch])

    def _files(self, work: Work, patch: int) -> tuple[TouchedFile, ...]:
        """The touched files of a state; a header is shown by whatever was seen to read it, too."""
        objects, base = work.states[patch].objects, work.states[0].objects
        files = []
        for file in work.files[patch]:
            good = [target for target in file.targets if target in objects and objects[target].good]
            if file.path.endswith(".h"):
                good += [target for target, compiled in objects.items() if compiled.good and file.path in compiled.read]
            targets = tuple(dict.fromkeys([*file.targets, *good]))
            on_base = [target for target in file.targets if target in base and not base[target].good]
            reason = file.reason or ("does not compile on the base either" if on_base else "")
            files.append(TouchedFile(file.path, targets, bool(good), "" if good else reason))
        return tuple(files)
