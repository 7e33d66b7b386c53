"""**build**: every cell at every source state, all cells of a state at once.

A build that fails is a result. A killed compiler, a full disk or a time-out is not: it is raised and never stored.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pipeline.build.folders import Folders, Place
from pipeline.build.products import keep_records, read_assembled, read_records
from pipeline.build.results import BuildResults, beside, bootable, read_log
from pipeline.build.states import selected_states, to_bisect
from pipeline.build.vmlinux import make_vmlinux
from pipeline.kernel import diagnostics, image, kbuild
from pipeline.kernel.buildhost import BuildHost
from pipeline.kernel.ccache import Use
from pipeline.kernel.make import Make
from pipeline.kernel.moved import Moved
from pipeline.kernel.staleness import is_stale
from pipeline.measure import Inspector
from pipeline.model import Applied, Build, BuildStatus, PlannedCell, SourceState
from pipeline.plan import Planner
from pipeline.plan.configurations import config_digest, configuration_origins
from pipeline.system.command import Completed
from pipeline.system.store import Key

__all__ = ["Builder", "Builds", "read_log"]

Builds = Mapping[tuple[str, int], Build]
"""Builds by cell id and patch number."""


class Builder:
    """Builds what the store does not hold.

    Args:
        host: store, sandbox, worktrees and jobserver.
        inspector: looks into build folders while a state is in them; nobody does when it is None.
        named: git tree id of the tree as the user named it. A base can be another: prerequisites are strangers'
            patches, and the commit that a series names may be anybody's. It fills no compiler cache.
    """

    def __init__(self, host: BuildHost, inspector: Inspector | None = None, named: str = "") -> None:
        self._host = host
        self._named = named
        self._inspector = inspector
        self._planner = Planner(host)
        self._results = BuildResults(host.store)
        self.folders = Folders(host, self._results.programs)

    def build(self, applied: Applied, planned: Sequence[PlannedCell], per_patch: bool) -> Builds:
        """Builds every reachable cell once at base and last state, or at every state; a failure is traced to its patch.

        The outer loop is over states, so that each patch costs only what it makes stale.

        Raises:
            InfrastructureError: the machine failed; what was finished before is stored.
        """
        cells = [cell for cell in planned if cell.to_build]
        builds: dict[tuple[str, int], Build] = {}
        for state in selected_states(applied.states, per_patch):
            self._reuse(applied, state, cells, builds)
            self._visit(applied, state, cells, builds)
        known: dict[str, dict[int, BuildStatus]] = {}
        for (cell_id, patch), build in builds.items():
            known.setdefault(cell_id, {})[patch] = build.status
        for cell in cells:
            self._bisect(applied, cell, known[cell.cell.id], builds)
        return builds

    def keys(self, applied: Applied, cell: PlannedCell) -> dict[int, Key]:
        """Keys of a cell's builds at every state, by patch number."""
        return {state.patch: self._key(applied, cell, state) for state in applied.states}

    def config(self, applied: Applied, cell: PlannedCell, state: SourceState) -> str:
        """A cell's `.config` at a state; the caller holds the worktree's lock."""
        origin = configuration_origins(applied.states)[state.patch]
        if origin.patch == 0:
            return cell.config
        return self._planner.config(applied, origin, cell.cell)

    def place(self, applied: Applied, cell: PlannedCell, state: SourceState) -> Place:
        """Facts that decide where a state is built; the caller holds the worktree's lock."""
        base = self._key(applied, cell, applied.states[0])
        return Place(applied, cell, state, self.config(applied, cell, state), base)

    def all_keys(self, state: SourceState, build: Key) -> tuple[Key, ...]:
        """Keys of everything that a build leaves in the store, its own among them."""
        return (build, *beside(build), *(self._inspector.keys(state, build) if self._inspector else ()))

    def stored(self, applied: Applied, cell: PlannedCell, per_patch: bool) -> Builds | None:
        """The result of `build` for a cell, from the store alone; None where something would have to be built."""
        keys = self.keys(applied, cell)
        builds: dict[tuple[str, int], Build] = {}
        wanted = [state.patch for state in selected_states(applied.states, per_patch)]
        while wanted:
            patch = wanted.pop(0)
            build = self._results.get(keys[patch], cell.cell, cached=True)
            if build is None:
                return None
            good = build.status is BuildStatus.BUILT
            if good and self._inspector and not self._inspector.complete(applied.states[patch], keys[patch]):
                return None
            builds[cell.cell.id, patch] = build
            if not wanted:
                between = to_bisect({at: build.status for (_, at), build in builds.items()})
                wanted = [] if between is None else [between]
        return builds

    def _visit(
        self,
        applied: Applied,
        state: SourceState,
        cells: Sequence[PlannedCell],
        builds: dict[tuple[str, int], Build],
    ) -> None:
        """Adds the builds of `cells` at `state`, stored ones and new ones."""
        keys = {cell.cell.id: self._key(applied, cell, state) for cell in cells}
        at_state = self._stored(keys, cells, cached=True)
        missing = [cell for cell in cells if cell.cell.id not in at_state]
        if missing:
            built_here = self._build_state(applied, state, missing, keys, builds)
            ids = {cell.cell.id for cell in built_here}
            at_state |= self._stored(keys, [cell for cell in missing if cell.cell.id not in ids], cached=True)
            at_state |= self._stored(keys, built_here, cached=False)
        if self._inspector:
            built = [cell for cell in cells if at_state[cell.cell.id].status is BuildStatus.BUILT]
            self._inspect(applied, state, built, keys, self._inspector)
            at_state = {name: self._inspector.inspected(build, state, keys[name]) for name, build in at_state.items()}
        builds.update({(cell_id, state.patch): build for cell_id, build in at_state.items()})

    def _reuse(self, applied: Applied, state: SourceState, cells: Sequence[PlannedCell], builds: Builds) -> None:
        """Carries the result of the state before to `state`, in cells where nothing that was read has changed."""
        changes: dict[int, dict[str, str]] = {}
        # States are built in order, so that the last one of a cell stays.
        last = dict(builds.keys())
        for cell in cells:
            before = last.get(cell.cell.id)
            if before is None or builds[cell.cell.id, before].status is not BuildStatus.BUILT:
                continue
            source, target = (self._key(applied, cell, at) for at in (applied.states[before], state))
            if self._results.get(target, cell.cell, cached=True):
                continue
            read = self._results.dependencies(source)
            if before not in changes:
                differing = self._host.changes(applied.states[before], state)
                changes[before] = {path: change.letter for path, change in differing.items()}
            if read is None:
                continue
            # Other programs may have written these records, which are not trusted then.
            place = self.place(applied, cell, applied.states[before])
            believed = self.folders.runs_base_programs(place)
            if not is_stale(changes[before], read if believed else None):
                self._results.reuse(source, target, cell.cell)
                if self._inspector:
                    self._inspector.reuse(source, target)

    def _inspect(
        self,
        applied: Applied,
        state: SourceState,
        built: Sequence[PlannedCell],
        keys: Mapping[str, Key],
        inspector: Inspector,
    ) -> None:
        """Inspects builds that were taken from the store, where this was not asked of them before."""
        host = self._host
        if all(inspector.complete(state, keys[cell.cell.id]) for cell in built):
            return
        with host.worktree_lock(applied.tree):
            wanted = [cell for cell in built if not inspector.complete(state, keys[cell.cell.id])]
            places = {cell.cell.id: self.place(applied, cell, state) for cell in wanted}
            host.move(applied.tree, state)

            def make_targets(make: Make, place: Place, targets: Sequence[str]) -> Completed:
                make.folder.begin(place.config)
                return make.run(*targets, timeout=kbuild.BUILD_TIMEOUT)

            def make_and_inspect(make: Make) -> None:
                place = places[make.cell.id]
                self.folders.enter(make, place)
                targets = inspector.targets(state, keys[make.cell.id])
                done = make_targets(make, place, targets)
                if make.folder.is_shared and self.folders.is_misled(make, place, read_assembled(make)):
                    self.folders.enter(make, place, alone=True)
                    done = make_targets(make, place, targets)
                if done.ok:
                    inspector.inspect(make, state, keys[make.cell.id])
                make.folder.finish()
                if "vmlinux" in targets:
                    # Its warnings were not parsed, so a build on top of it could miss some.
                    make.folder.wipe()

            host.run_all(applied.tree, "Measuring", [(cell.cell, None) for cell in wanted], make_and_inspect)

    def _bisect(
        self,
        applied: Applied,
        cell: PlannedCell,
        known: dict[int, BuildStatus],
        builds: dict[tuple[str, int], Build],
    ) -> None:
        """Builds between a cell's last good state and its first bad one (`known`), until they are neighbours."""
        while (patch := to_bisect(known)) is not None:
            self._visit(applied, applied.states[patch], [cell], builds)
            known[patch] = builds[cell.cell.id, patch].status

    def _build_state(
        self,
        applied: Applied,
        state: SourceState,
        missing: Sequence[PlannedCell],
        keys: Mapping[str, Key],
        builds: Builds,
    ) -> Sequence[PlannedCell]:
        """Builds those of the `missing` cells that nobody else built meanwhile, and returns them."""
        host = self._host
        with host.worktree_lock(applied.tree):
            # Another run may have built them while this one waited.
            missing = [cell for cell in missing if not self._stored(keys, [cell], cached=True)]
            places = {cell.cell.id: self.place(applied, cell, state) for cell in missing}
            if missing:
                host.move(applied.tree, state)
            before = {cell.cell.id: builds.get((cell.cell.id, 0)) for cell in missing}
            moved = host.moved(applied.states[0], state) if missing and state.patch else Moved()

            def claim_and_build(make: Make) -> None:
                name = make.cell.id
                self.folders.enter(make, places[name])
                if not self._build_cell(make, places[name], keys[name], before[name], moved):
                    self.folders.enter(make, places[name], alone=True)
                    self._build_cell(make, places[name], keys[name], before[name], moved)

            where = f"after patch {state.patch}/{applied.states[-1].patch}" if state.patch else "the base"
            host.run_all(
                applied.tree,
                f"Building {where}",
                [(cell.cell, host.past(cell.cell)[0] or cell.steps) for cell in missing],
                claim_and_build,
                ccache=Use.FILL if (state.patch, state.tree_id) == (0, self._named) else Use.READ,
            )
        return missing

    def _build_cell(
        self,
        make: Make,
        place: Place,
        key: Key,
        base: Build | None,
        moved: Moved,
    ) -> bool:
        """Builds one cell in its claimed folder and stores the result; `moved` is what did since the base.

        Nothing is stored, and it returns False, where something was read that others may have left in the folder.

        The base is built clean, because its warnings are what others are compared with. A failure or new warning from
        an incremental build is confirmed by a clean one before it counts, and what follows it starts clean, too: files
        that are not rebuilt keep silent about their warnings.
        """
        if base is None and not make.folder.fresh:
            make.folder.wipe()
        incremental = not make.folder.fresh
        result, files = make_vmlinux(make, place.config)
        suspicious = result.status is BuildStatus.FAILED or (
            base is not None and diagnostics.new_ones(result.warnings, base.warnings, moved)
        )
        if suspicious and incremental:
            make.folder.wipe()
            result, files = make_vmlinux(make, place.config)
        elif not incremental and result.status is BuildStatus.BUILT:
            self._host.remember(make.cell, result.steps, result.cpu_seconds)
        recorded = read_records(make) if result.status is BuildStatus.BUILT else None
        opened = recorded.assembled if recorded else None
        if result.status is BuildStatus.BUILT and self.folders.is_misled(make, place, opened):
            return False
        if self._inspector and result.status is BuildStatus.BUILT:
            self._inspector.inspect(make, place.state, key)
        if recorded:
            keep_records(make, recorded, self._results, key, base)
        if bootable(make.cell) and result.status is BuildStatus.BUILT:
            self._results.put_image(key, image.files(make))
        if suspicious:
            make.folder.wipe()
        self._results.put(key, result, files)
        return True

    def _key(self, applied: Applied, cell: PlannedCell, state: SourceState) -> Key:
        origin = configuration_origins(applied.states)[state.patch]
        config = self._planner.known_config(origin, cell.cell) if origin.patch else cell.config
        if config is None:
            with self._host.worktree_lock(applied.tree):
                config = self.config(applied, cell, state)
        inputs = {"tree": state.tree_id, "config": config_digest(config), **self._host.inputs(cell.cell)}
        # The base decides what programs a patched state shares a folder with, and a base may be a stranger's.
        return Key("build", {**inputs, "base": applied.states[0].tree_id} if state.patch else inputs)

    def _stored(self, keys: Mapping[str, Key], cells: Sequence[PlannedCell], *, cached: bool) -> dict[str, Build]:
        """Builds that are there, complete with what the cells' boots need."""
        stored = {cell.cell.id: self._results.get(keys[cell.cell.id], cell.cell, cached=cached) for cell in cells}
        return {cell_id: build for cell_id, build in stored.items() if build}
