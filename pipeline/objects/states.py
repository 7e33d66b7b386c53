"""The source states of a series at which the objects of a cell are configured, compiled and stored."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from pipeline.build.folders import Folders, Place
from pipeline.kernel import diagnostics, records
from pipeline.kernel.buildhost import BuildHost
from pipeline.kernel.make import Make
from pipeline.kernel.staleness import is_stale
from pipeline.model import (
    Applied,
    Build,
    BuildStatus,
    Cell,
    ChangedFile,
    CompiledObject,
    Coverage,
    Diagnostic,
    SourceState,
    TouchedFile,
)
from pipeline.objects import rust
from pipeline.objects.compile import WORDS, Compiler, Wanted
from pipeline.objects.further import merged
from pipeline.objects.results import ObjectResults, StateObjects
from pipeline.objects.touched import TouchedCode
from pipeline.objects.wide import BASE, NARROW, configure
from pipeline.objects.work import Work
from pipeline.plan import Planner
from pipeline.plan.configurations import config_digest, config_key, configuration_origins
from pipeline.system.confined import UnreadableError
from pipeline.system.errors import InfrastructureError
from pipeline.system.store import Key

VERSION = 7
"""Raised whenever the same objects come to say something else."""


class States:
    """Configures cells, and compiles their objects at every state of a series; what is stored is taken.

    Args:
        host: store, sandbox, worktrees and jobserver.
        applied: the series on the tree.
        touched: what of it is compiled.
    """

    def __init__(self, host: BuildHost, applied: Applied, touched: TouchedCode) -> None:
        self._host = host
        self._applied = applied
        self._touched = touched
        self._planner = Planner(host)
        self._results = ObjectResults(host.store)
        self._folders = Folders(host, lambda base, _: self._results.programs(base))
        self._origins = configuration_origins(applied.states)
        self._failing: dict[int, frozenset[str]] = {}
        self._on_base: list[Coverage] = []
        self._sources = frozenset(path for path in touched.files if path.endswith(".c"))

    def compile(self, works: Sequence[Work]) -> None:
        """Configures cells, and compiles their objects at every state; the caller holds the worktree's lock.

        Raises:
            InfrastructureError: the machine failed; what was finished before is stored.
        """
        self.configure(works)
        reachable = [work for work in works if work.planned.reachable]
        for work in reachable:
            chosen = self._touched.chosen(work.planned.cell.arch, work.configs, work.also)
            work.files = {patch: tuple(_of(work, files)) for patch, files in chosen.items()}
        for state in self._applied.states:
            self._visit(state, reachable)

    def configure(self, works: Sequence[Work], states: Sequence[SourceState] = ()) -> None:
        """Finds the configuration of every state, made again where kconfig may answer otherwise.

        Args:
            states: those that are wanted; all without.
        """
        host, base = self._host, self._applied.states[0]
        configure(host, self._planner, self._applied.tree, base, [work.planned.cell for work in works])
        for work in works:
            config = self._planner.known_config(base, work.planned.cell) or ""
            reason = "" if config else f"make {BASE} failed on the base"
            work.planned = replace(work.planned, config=config, reason=reason)
            for state in (states or self._applied.states) if config else ():
                origin = self._origins[state.patch]
                work.configs[state.patch] = (
                    self._planner.config(self._applied, origin, work.planned.cell) if origin.patch else config
                )

    def _visit(self, state: SourceState, works: Sequence[Work]) -> None:
        """Adds what the objects of a state come to, stored or compiled now."""
        missing = []
        for work in works:
            key = self._key(work, state)
            if not work.configs[state.patch]:
                work.states[state.patch] = self._not_configured(work, state, key)
            elif stored := self._known(state, key):
                work.states[state.patch] = stored
            else:
                missing.append(work)
        if missing:
            self._compile(state, missing)
        if not state.patch:
            on_base = [work.states[state.patch].build.coverage for work in works]
            self._on_base += [coverage for coverage in on_base if coverage]
        objects = [compiled for work in works for compiled in work.states[state.patch].objects.values()]
        failing = {compiled.target for compiled in objects if not compiled.good}
        self._failing[state.patch] = self._failing.get(state.patch, frozenset()) | failing

    def _known(self, state: SourceState, key: Key) -> StateObjects | None:
        """What is stored of a state; of the base also what it compiles of the lines that the series removes."""
        stored = self._results.get(key, cached=True)
        if stored is None or state.patch or not self._looked_at(state):
            return stored
        coverage = self._results.removed(key, self._touched.removed_digest)
        return replace(stored, build=replace(stored.build, coverage=coverage)) if coverage else None

    def _looked_at(self, state: SourceState) -> Sequence[ChangedFile]:
        """The code whose coverage a state shows: the last one that of added lines, the base that of removed ones."""
        if state is self._applied.states[-1]:
            return self._touched.changed
        if state.patch:
            return ()
        files = {file.path: file for file in merged(self._on_base).files}
        # What one cell has compiled no other one needs to.
        return [
            removed
            for removed in self._touched.removed
            if (file := files.get(removed.path)) is None
            or not (file.compiled and (file.kept is None or len(file.kept) == len(file.lines)))
        ]

    def _compile(self, state: SourceState, missing: Sequence[Work]) -> None:
        """Compiles the objects of a state, and stores what they come to."""
        host = self._host
        host.move(self._applied.tree, state)
        wanted = {work.planned.cell.id: self._wanted(work, state) for work in missing}
        keys = {work.planned.cell.id: self._key(work, state) for work in missing}
        # Of a base that is stored only what a series removes is looked for.
        known = {key.digest for key in keys.values() if not state.patch and self._results.get(key, cached=True)}

        def compile_and_store(make: Make) -> None:
            compiled, log = Compiler(make, self._folders).compile(wanted[make.cell.id])
            if not state.patch and any(target.endswith(".o") for target in wanted[make.cell.id].sources):
                self._keep_programs(make, keys[make.cell.id])
            self._keep(keys[make.cell.id], state, compiled, log)

        where = f"after patch {state.patch}/{self._applied.states[-1].patch}" if state.patch else "of the base"
        cells = [(work.planned.cell, None) for work in missing]
        host.run_all(self._applied.tree, f"Compiling objects {where}", cells, compile_and_store)
        for work in missing:
            key = keys[work.planned.cell.id]
            stored = self._stored(key, cached=key.digest in known)
            if not state.patch and wanted[work.planned.cell.id].changed:
                coverage = self._results.removed(key, self._touched.removed_digest)
                stored = replace(stored, build=replace(stored.build, coverage=coverage))
            work.states[state.patch] = stored

    def _keep(self, key: Key, state: SourceState, compiled: StateObjects, log: bytes) -> None:
        """Stores a state; what a series removes is none of its base, which others share."""
        build = compiled.build
        if not state.patch and build.coverage:
            self._results.put_removed(key, self._touched.removed_digest, build.coverage)
            if self._results.get(key, cached=True):
                return
            compiled = replace(compiled, build=replace(build, coverage=None))
        self._results.put(key, compiled, log)

    def _stored(self, key: Key, *, cached: bool = False) -> StateObjects:
        """The results that were stored a moment ago."""
        stored = self._results.get(key, cached=cached)
        if stored is None:
            raise InfrastructureError("objects vanished from the store", hint="Run the command again.")
        return stored

    def _not_configured(self, work: Work, state: SourceState, key: Key) -> StateObjects:
        """The result of a state at which kconfig fails: nothing is compiled."""
        origin = self._origins[state.patch]
        asked = self._host.store.get(config_key(self._host, work.planned.cell, origin))
        log = asked.read("log") if asked else b""
        words = asked.value["failed"] if asked else "kconfig failed"
        error = Diagnostic("Kconfig", 0, words)
        build = Build(BuildStatus.FAILED, 0.0, 0.0, 0, (), (error,), self._host.workspace.store, coverage=Coverage(()))
        self._results.put(key, StateObjects(build, {}), log)
        return self._stored(key)

    def _wanted(self, work: Work, state: SourceState) -> Wanted:
        sources = self._targets(work, state)
        return Wanted(
            place=self._place(work, state),
            sources=sources,
            kept=self._kept(work, state, sources),
            base=work.states.get(0),
            before=work.states.get(state.patch - 1),
            changed=self._looked_at(state) or (() if state is self._applied.states[-1] else None),
            proven=self._failing.get(state.patch, frozenset()),
            # Sources are compiled a second time for it, which takes least where little else is on.
            compared=self._sources if work.planned.cell.base == NARROW else None,
        )

    def _kept(self, work: Work, state: SourceState, sources: Mapping[str, str]) -> dict[str, CompiledObject]:
        """Objects that come out as at the state before, since nothing that they read has changed."""
        if not state.patch:
            stored = self._results.get(self._key(work, state), cached=True)
            return dict(stored.objects) if stored else {}
        before = work.states.get(state.patch - 1)
        if before is None:
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
            "words": [*work.planned.cell.words, *WORDS],
            "coverage": self._touched.changed_digest if last else "",
            "version": [VERSION, diagnostics.VERSION],
            **self._host.inputs(work.planned.cell),
        }
        # What a patched state comes to is compared with its base, and shares a folder with what the base decides.
        return Key("objects", {**inputs, "base": self._applied.states[0].tree_id} if state.patch else inputs)

    def _targets(self, work: Work, state: SourceState) -> dict[str, str]:
        return self._touched.targets(work.files[state.patch])

    def explain(self, cell: Cell, config: str, option: str) -> str:
        """Why an option is off on the base, from the Kconfig files; empty where they do not tell."""
        return self._planner.explain(self._applied.states[0], cell, config, option, "y")

    def files(self, work: Work, patch: int) -> tuple[TouchedFile, ...]:
        """The touched files of a state; a header is shown by whatever was seen to read it, too."""
        objects, base = work.states[patch].objects, work.states[0].objects
        files = []
        for file in work.files[patch]:
            good = [target for target in file.targets if target in objects and objects[target].good]
            readers = [target for target, compiled in objects.items() if compiled.good and file.path in compiled.read]
            reason = file.reason
            if file.path.endswith(".h"):
                good += readers
            elif (
                file.path.endswith(rust.SUFFIX)
                and good
                and not (good := [target for target in good if target in readers])
            ):
                reason = "no crate that is compiled takes it in"
            targets = tuple(dict.fromkeys([*file.targets, *good]))
            on_base = [target for target in file.targets if target in base and not base[target].good]
            reason = reason or ("does not compile on the base either" if on_base else "")
            files.append(TouchedFile(file.path, targets, bool(good), "" if good else reason, file.touched))
        return tuple(files)


def _of(work: Work, files: Sequence[TouchedFile]) -> Iterator[TouchedFile]:
    """The files that a cell is for, and the headers beside them: it is seen whether anything reads these."""
    for file in files:
        if work.only is None or file.path in work.only:
            yield file
        elif file.path.endswith(".h"):
            yield TouchedFile(file.path, reason=file.reason or "nothing that is compiled there includes it")
