"""Where cells are configured and built: one worktree per tree, one O= folder per cell, one jobserver for all."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from functools import cached_property, partial
from pathlib import Path
from typing import Any, TypeVar

from pipeline.kernel import assembled, kbuild
from pipeline.kernel.buildfolder import BuildFolder
from pipeline.kernel.ccache import CompilerCache, Use
from pipeline.kernel.differences import Change, Differences
from pipeline.kernel.make import Make
from pipeline.kernel.moved import Moved, moved
from pipeline.kernel.worktree import Worktree
from pipeline.model import Cell, SourceState, Tree
from pipeline.system.command import Command
from pipeline.system.console import Console
from pipeline.system.errors import KilledError
from pipeline.system.git import Repository, initialised
from pipeline.system.jobserver import Jobserver
from pipeline.system.parallel import parallel
from pipeline.system.policy import POLICY_VERSION, SEARCH_PATH
from pipeline.system.process import Processes
from pipeline.system.sandbox import Sandbox
from pipeline.system.store import Store
from pipeline.system.workspace import Workspace

Result = TypeVar("Result")


@dataclass(frozen=True)
class BuildHost:
    """The shared means of configuring and building: worktrees, sandbox, store, processes.

    Args:
        jobs: compilers that may run at once, over all cells.
        ccache: where compilers look first; nowhere when it is None.
        assemblers: that tell what they open, in folders for compilers.
    """

    workspace: Workspace
    store: Store
    sandbox: Sandbox
    processes: Processes
    console: Console
    jobs: int
    ccache: CompilerCache | None = None
    assemblers: assembled.Assemblers = field(default_factory=assembled.Assemblers)

    @cached_property
    def repository(self) -> Repository:
        """The workspace's, looked at once.

        Raises:
            GitError: it is damaged.
        """
        return initialised(self.workspace.repository)

    @cached_property
    def _differences(self) -> Differences:
        return Differences(self.repository)

    def worktree_folder(self, tree: Tree) -> Path:
        return self.workspace.worktree(tree.tree_id)

    def tools(self, cell: Cell) -> Path | None:
        """A folder with the assembler of a cell's compiler, which notes what it opens; None where it needs none."""
        name = cell.toolchain.name
        if not assembled.is_recorded(name):
            return None
        folder = self.workspace.folder / "tools" / name
        self.assemblers.prepare(folder, name, self.processes)
        return folder

    def worktree_lock(self, tree: Tree) -> AbstractContextManager[object]:
        """Held while a tree's worktree and build folders are in use; another run waits, and then finds the results."""
        name = f"worktree-{tree.tree_id[:16]}"
        if self.workspace.is_locked(name):
            self.console.say(f"Waiting for another run that uses {tree.name} in this workspace")
        return self.workspace.lock(name)

    def move(self, tree: Tree, state: SourceState) -> None:
        """Checks `state` out in the tree's worktree; the caller holds its lock."""
        Worktree(self.repository, self.worktree_folder(tree)).move_to(state.commit)

    def changes(self, before: SourceState, after: SourceState) -> Mapping[str, Change]:
        """Paths that differ between two states, each with what happened to it."""
        return self._differences.changes(before.tree_id, after.tree_id)

    def moved(self, before: SourceState, after: SourceState) -> Moved:
        """Where the source of a state is in a later one."""
        return moved(self.repository, before.tree_id, after.tree_id)

    def changed_lines(self, before: SourceState, after: SourceState) -> str:
        """Lines that are added or removed between two states, without their signs."""
        return self._differences.changed_lines(before.tree_id, after.tree_id)

    def copy(self, source: Path, target: Path) -> None:
        """Copies a build folder, times and all, so that make finds it as it was left; nothing where that cannot be.

        Raises:
            InfrastructureError: the disk is full or failing.
        """
        # The time of its last use: folders that were not used for long are removed first.
        os.utime(source)
        words = ("cp", "--archive", "--reflink=auto", "--", str(source), str(target))
        done = self.processes.run(Command(words, environment={"PATH": SEARCH_PATH, "LC_ALL": "C"}))
        self.workspace.check_failure(f"while {source} was copied", done.status, done.text)
        if not done.ok:
            BuildFolder(target).wipe()

    def run_all(
        self,
        tree: Tree,
        label: str,
        expected: Sequence[tuple[Cell, int | None]],
        task: Callable[[Make], Result],
        *,
        ccache: Use = Use.NONE,
    ) -> dict[str, Result]:
        """Runs `task` for every cell at once, all makes under one jobserver.

        Cells whose compiler was killed are started again when the others are done, one after the other, with a quarter
        of the compilers: memory was short, most likely.

        Args:
            label: what is being done, for progress.
            expected: cells, each with the number of make's steps where it is known.
            task: gets the cell's `Make`; what it returns is returned by cell id.
            ccache: what it is used for, where there is one.

        Raises:
            Exception: the first that a task raised; the others' makes are stopped before.
            KilledError: of a cell whose compiler was killed a second time.
        """
        if not expected:
            return {}
        cells = {cell.id: cell for cell, _ in expected}
        results: dict[str, Result] = {}
        with self.console.track(label, {cell.id: steps for cell, steps in expected}) as tracker:

            def run(name: str, jobserver: Jobserver) -> None:
                make = Make(self, tree, cells[name], jobserver, tracker, ccache=ccache)
                results[name] = task(make)
                make.leave()

            def run_or_leave(name: str, jobserver: Jobserver) -> None:
                try:
                    run(name, jobserver)
                except KilledError as error:
                    self.console.warn(f"{error.message}; {name} will be started again")

            with Jobserver(self.jobs) as jobserver:
                tasks = {name: partial(run_or_leave, name, jobserver) for name in cells}
                # As many makes as jobs can run at once, and as many cells again be measured meanwhile.
                parallel(tasks, min(len(tasks), 2 * self.jobs), self.processes)
            with Jobserver(max(1, self.jobs // 4)) as jobserver:
                unfinished = [name for name in cells if name not in results]
                parallel({name: partial(run, name, jobserver) for name in unfinished}, 1, self.processes)
        return results

    def inputs(self, cell: Cell) -> dict[str, Any]:
        """Everything that determines a cell's results, beside its source and its configuration; part of store keys."""
        return {
            "toolchain": cell.toolchain.digest,
            "variables": kbuild.variables(cell),
            "sandbox": self.sandbox.name,
            "policy": POLICY_VERSION,
            **({"checker": cell.checker.digest} if cell.checker else {}),
            **({"rust": [program.digest for program in cell.rust]} if cell.rust else {}),
        }

    def past(self, cell: Cell) -> tuple[int | None, float | None]:
        """Steps and CPU seconds of the cell's last full build in this workspace."""
        try:
            entry = json.loads(self._history(cell).read_text())
            return int(entry["steps"]), float(entry["cpu_seconds"])
        except (OSError, ValueError, KeyError, TypeError):
            return None, None

    def remember(self, cell: Cell, steps: int, cpu_seconds: float) -> None:
        """Notes a full build for the next estimate; an estimate is all it is used for."""
        self._history(cell).parent.mkdir(exist_ok=True)
        self._history(cell).write_text(json.dumps({"steps": steps, "cpu_seconds": cpu_seconds}))

    def _history(self, cell: Cell) -> Path:
        return self.workspace.folder / "history" / f"{cell.id}.json"
