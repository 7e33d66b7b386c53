"""**plan**: the matrix, cell by cell: ask kconfig, then verify its answer.

A promise that cannot be kept makes a cell unreachable, with the reason; it is never a second copy of another cell.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

from pipeline.kernel import kconfig, minimums
from pipeline.kernel.buildfolder import CellFolders
from pipeline.kernel.buildhost import BuildHost
from pipeline.kernel.kconfig.explain import explain
from pipeline.kernel.kconfig.facts import Facts, holds
from pipeline.kernel.make import Make
from pipeline.kernel.minimums import Minimum
from pipeline.kernel.sources import Sources
from pipeline.kernel.toolchain import ToolchainName
from pipeline.model import Applied, Cell, Expectation, PlannedCell, SourceState, StructPage, Tree
from pipeline.plan.configurations import config_key
from pipeline.system.command import Completed
from pipeline.system.errors import InfrastructureError, UsageError


class Planner:
    """Configures cells in their build folders and checks their promises.

    Args:
        host: store, sandbox, worktrees and jobserver.
    """

    def __init__(self, host: BuildHost) -> None:
        self._host = host
        self._sources: dict[str, Sources] = {}
        self._minimums: dict[tuple[str, ToolchainName, str], Minimum | None] = {}

    def plan(self, tree: Tree, base: SourceState, cells: Sequence[Cell]) -> tuple[PlannedCell, ...]:
        """Plans `cells` on the base of a tree, all at once.

        Raises:
            InfrastructureError: the machine failed; a kconfig that fails makes its cell unreachable instead.
        """
        host = self._host
        too_old = {cell.id: words for cell in cells if (words := self._too_old(base, cell))}
        buildable = [cell for cell in cells if cell.id not in too_old]
        if self._unknown(base, buildable):
            with host.worktree_lock(tree):
                # Another run may have planned them while this one waited.
                unknown = self._unknown(base, buildable)
                if unknown:
                    host.move(tree, base)
                expected = [(cell, None) for cell in unknown]
                host.run_all(tree, "Configuring", expected, lambda make: self._probe(base, make))
        return tuple(
            self._out_of_reach(tree, base, cell, too_old[cell.id])
            if cell.id in too_old
            else self._planned(tree, base, cell)
            for cell in cells
        )

    def refused(self, tree: Tree, base: SourceState, cells: Sequence[Cell]) -> dict[str, str]:
        """Requests that kconfig refuses, asked without preparing a build: reasons by cell id, empty where all are kept.

        What is promised of compiled structs is not looked at. Cells of one architecture, compiler and base
        configuration share a build folder: kconfig's own program is compiled once, and that configuration made once.

        Raises:
            InfrastructureError: the machine failed.
        """
        answers = {cell.id: self._too_old(base, cell) for cell in cells}
        groups: dict[tuple[str, str, str], list[Cell]] = {}
        for cell in cells:
            if not answers[cell.id] and self.known_config(base, cell) is None:
                groups.setdefault((cell.arch, cell.toolchain.name, cell.base), []).append(cell)
        by_first = {group[0].id: group for group in groups.values()}

        def configure(make: Make) -> None:
            make.enter(self._folders(make, base).base())
            make.folder.begin()
            done = make.run(make.cell.base)
            based = make.folder.config()
            for cell in by_first[make.cell.id]:
                self._refine(base, make, cell, based, done)
            make.folder.finish()

        with self._host.worktree_lock(tree):
            self._host.move(tree, base)
            self._host.run_all(tree, "Configuring", [(group[0], None) for group in groups.values()], configure)
        for cell in cells:
            if not answers[cell.id]:
                config = self.known_config(base, cell)
                broken = kconfig.broken_options(cell.fragments, config) if config else ["kconfig failed"]
                answers[cell.id] = "; ".join(broken)
        return answers

    def _too_old(self, base: SourceState, cell: Cell) -> str:
        """A sentence that a cell's compiler is too old for the tree; empty where it is not."""
        name = ToolchainName.parse(cell.toolchain.name)
        asked = (base.commit, name, cell.arch)
        if asked not in self._minimums:
            script = self._sources_of(base).read(minimums.SCRIPT)
            host = self._host
            self._minimums[asked] = minimums.minimum(script, name, cell.arch, host.sandbox, host.processes)
        least, version = self._minimums[asked], minimums.compiler_version(cell.toolchain)
        if least is None or least.met_by(version):
            return ""
        remedy = minimums.install_words(minimums.newer(least, name, self._host.processes))
        return minimums.complaint(least, version, remedy)

    def _out_of_reach(self, tree: Tree, base: SourceState, cell: Cell, reason: str) -> PlannedCell:
        """A cell that kconfig was not even asked about."""
        planned = replace(cell, expect=self._expectation(base, cell, ""))
        return PlannedCell(planned, tree, promises=kconfig.promises(cell.fragments), reason=reason)

    def _unknown(self, base: SourceState, cells: Sequence[Cell]) -> list[Cell]:
        """Cells that were never configured and probed at `base`."""
        store = self._host.store
        return [cell for cell in cells if store.get(config_key(self._host, cell, base, "layout")) is None]

    def config(self, applied: Applied, origin: SourceState, cell: Cell) -> str:
        """The final `.config` at a state that kconfig may answer differently, empty when kconfig fails there.

        The caller holds the worktree's lock; the worktree may be moved.
        """
        known = self.known_config(origin, cell)
        if known is None:
            self._host.move(applied.tree, origin)
            label = f"Configuring after patch {origin.patch}" if origin.patch else "Configuring"

            def configure(make: Make) -> str:
                folder = make.folders(config_key(self._host, cell, applied.states[0]).digest).configuring(
                    origin.tree_id
                )
                folder.wipe()
                make.enter(folder)
                try:
                    return self.configure(origin, make)
                finally:
                    folder.wipe()

            configs = self._host.run_all(applied.tree, label, [(cell, None)], configure)
            known = configs[cell.id]
        return known

    def _planned(self, tree: Tree, base: SourceState, cell: Cell) -> PlannedCell:
        configured = self._host.store.get(config_key(self._host, cell, base))
        layout = self._host.store.get(config_key(self._host, cell, base, "layout"))
        if configured is None or layout is None:
            raise InfrastructureError(f"the plan of {cell.id} vanished from the store", hint="Run the command again.")
        steps, cpu_seconds = self._host.past(cell)
        promises = kconfig.promises(cell.fragments)
        planned = PlannedCell(cell, tree, promises=promises, steps=steps or cell.steps, cpu_seconds=cpu_seconds)
        config = configured.read("config").decode()
        planned = replace(planned, cell=replace(cell, expect=self._expectation(base, cell, config)))
        if configured.value["failed"]:
            return replace(planned, reason=configured.value["failed"])
        explained = partial(self.explain, base, cell, config)
        broken = kconfig.broken_options(cell.fragments, config, explained)
        refused = tuple(kconfig.refused_wishes(cell.fragments, config, explained))
        struct_page = StructPage(layout.value["struct_page"]) if layout.value["struct_page"] else None
        if struct_page:
            broken += kconfig.broken_struct_page(cell.fragments, struct_page)
        reason = "; ".join(broken) or layout.value["failed"]
        # Without a compiled struct page, promises on it are not kept either.
        unproven = 0 if struct_page else sum(fragment.power_of_two is not None for fragment in cell.fragments)
        kept = promises - len(broken) - unproven
        return replace(planned, config=config, struct_page=struct_page, reason=reason, kept=kept, refused=refused)

    def explain(self, state: SourceState, cell: Cell, config: str, option: str, asked: str) -> str:
        """Why kconfig did not answer as asked, from the Kconfig files of the state."""
        try:
            options = self._sources_of(state).kconfig(cell.arch)
        except UsageError as error:
            return f"why is not known, {error.message}"
        return explain(options, option, asked, kconfig.parse_config(config))

    def _expectation(self, state: SourceState, cell: Cell, config: str) -> Expectation | None:
        """The matrix' expectation of a cell on this tree: the first whose condition holds."""
        sources = self._sources_of(state)
        facts = Facts(kconfig.parse_config(config), lambda: sources.kconfig(cell.arch), lambda: sources.version)
        holding = (
            expectation for expectation in cell.expectations if not expectation.when or holds(expectation.when, facts)
        )
        return next(holding, cell.expect)

    def _sources_of(self, state: SourceState) -> Sources:
        if state.commit not in self._sources:
            self._sources[state.commit] = Sources(self._host.repository, state.commit)
        return self._sources[state.commit]

    def known_config(self, state: SourceState, cell: Cell) -> str | None:
        """A cell's `.config` at a state, empty where kconfig failed; None where it was not asked yet."""
        entry = self._host.store.get(config_key(self._host, cell, state))
        if entry is None:
            return None
        return "" if entry.value["failed"] else entry.read("config").decode()

    def configure(self, state: SourceState, make: Make) -> str:
        """Runs kconfig where make is, and stores the answer; returns the final `.config`, empty when kconfig failed."""
        known = self.known_config(state, make.cell)
        if known is not None:
            return known
        make.folder.begin()
        done = make.run(make.cell.base)
        config = self._refine(state, make, make.cell, make.folder.config(), done)
        make.folder.finish()
        return config

    def _refine(self, state: SourceState, make: Make, cell: Cell, based: str, done: Completed) -> str:
        """Asks kconfig for a cell's fragments where make is; stores and returns the answer as `configure` does.

        Args:
            cell: one of make's own architecture, compiler and base configuration.
            based: the base configuration.
            done: how that was made.
        """
        if done.ok:
            # The folder may hold the configuration of another cell.
            make.folder.set_config(based + "".join(map(kconfig.request_text, cell.fragments)))
            if cell.fragments:
                done = make.run("olddefconfig")
        config = make.folder.config() if done.ok else ""
        words = "it left no .config" if done.ok else _last_words(done.last_words)
        failed = "" if config else f"kconfig failed: {words}"
        key = config_key(self._host, cell, state)
        self._host.store.put(key, {"failed": failed}, {"config": config.encode(), "log": done.stdout + done.stderr})
        return config

    def _folders(self, make: Make, base: SourceState) -> CellFolders:
        return make.folders(config_key(self._host, make.cell, base).digest)

    def _probe(self, base: SourceState, make: Make) -> None:
        """Measures `struct page` at the base, so that promises about it are checked before anything is built."""
        make.enter(self._folders(make, base).base())
        config = self.configure(base, make)
        size, failed = 0, ""
        if config and not kconfig.broken_options(make.cell.fragments, config):
            make.folder.begin(config)
            prepared = make.run("prepare")
            if prepared.ok:
                size = make.struct_page_size()
            else:
                failed = f"`make prepare` failed: {_last_words(prepared.last_words)}"
            make.folder.finish()
        self._host.store.put(
            config_key(self._host, make.cell, base, "layout"), {"struct_page": size, "failed": failed}, {}
        )


def _last_words(log: str) -> str:
    lines = [line for line in log.splitlines() if line.strip()]
    errors = [line for line in lines if "***" in line or "error" in line.lower()]
    return (errors or lines or ["no output"])[0].strip()[:300]
