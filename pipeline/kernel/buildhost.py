"""Where cells are configured and built: one worktree per tree, one O= folder per cell, one jobserver for all."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from functools import cached_property, partial
from pathlib import Path
from typing import Any, TypeVar

from pipeline.kernel import assembled, diagnostics, kbuild
from pipeline.kernel.buildfolder import BuildFolder, CellFolders, remove_old
from pipeline.kernel.ccache import CompilerCache, Use, take_calls
from pipeline.kernel.differences import Change, changed_lines, changes
from pipeline.kernel.moved import Moved, moved
from pipeline.kernel.worktree import Worktree
from pipeline.model import Cell, CompilerCalls, SourceState, Tree
from pipeline.system import confined, untrusted, untrusted_dir
from pipeline.system.console import Console, Tracker
from pipeline.system.errors import InfrastructureError, KilledError
from pipeline.system.git import initialised
from pipeline.system.jobserver import Jobserver
from pipeline.system.parallel import parallel
from pipeline.system.policy import POLICY_VERSION, SEARCH_PATH
from pipeline.system.process import Command, Completed, Processes, StoppedError
from pipeline.system.sandbox import Box, Job, Sandbox
from pipeline.system.store import Store
from pipeline.system.watch import LimitError
from pipeline.system.workspace import Workspace

Result = TypeVar("Result")


class Make:
    """`make` for one cell, in its sandbox, under the shared jobserver."""

    def __init__(
        self,
        host: BuildHost,
        tree: Tree,
        cell: Cell,
        jobserver: Jobserver,
        tracker: Tracker,
        *,
        ccache: Use = Use.NONE,
    ) -> None:
        self.cell = cell
        self.source_dir = host.worktree_folder(tree)
        self.steps = 0
        self._host = host
        self._place = host.workspace.build(tree.tree_id, cell.id)
        self._folder: BuildFolder | None = None
        self._used = dict[Path, BuildFolder]()
        self._jobserver = jobserver
        self._tracker = tracker
        self._ccache = ccache

    @property
    def folder(self) -> BuildFolder:
        """The build folder that was entered last."""
        if self._folder is None:
            raise RuntimeError(f"no build folder was entered for {self.cell.id}")
        return self._folder

    @property
    def source_prefixes(self) -> tuple[str, ...]:
        return self._host.sandbox.source_prefixes(self._box)

    def folders(self, root: str) -> CellFolders:
        """The cell's build folders on a base; for `root`, see there."""
        return CellFolders(self._place, root)

    def enter(self, folder: BuildFolder, seed: BuildFolder | None = None) -> None:
        """Takes a build folder into use.

        Args:
            folder: one of the cell's.
            seed: what it begins as a copy of, where there is nothing yet that can be built upon.
        """
        folder.claim()
        if seed and not folder.path.exists() and seed.is_sealed():
            self._host.copy(seed.path, folder.path)
        self._folder = folder
        self._used[folder.path] = folder

    def leave(self) -> None:
        """Notes what lies in the folders that were in use, and removes others that were not for long."""
        for folder in self._used.values():
            folder.seal()
        remove_old(self._place, [path for path in self._used if path.exists()])

    def run(self, *targets: str, timeout: float = kbuild.PREPARE_TIMEOUT) -> Completed:
        """Runs make once; its steps are counted in `steps` and shown as progress.

        Raises:
            InfrastructureError: make failed because the machine did.
            StoppedError: the run is being ended.
        """
        box, environment = self._cached_box()
        processes = self._host.processes
        # Whoever has a seat needs the run lock before it is left: nobody may wait for a seat and hold the lock.
        with processes.run_lock.given_back(), self._jobserver.seat(lambda: processes.stopping) as seat:
            if seat is None:
                raise StoppedError
            job = kbuild.make(
                self.cell,
                *targets,
                environment=environment,
                makeflags=seat.makeflags,
                descriptors=seat.descriptors,
                timeout=timeout,
            )
            try:
                done = processes.run(self._host.sandbox.command(job, box), self._count)
            except LimitError:
                # What it wrote would go on filling the disk.
                self.folder.wipe()
                raise
        self.check_failure(done)
        return done

    def check_failure(self, done: Completed) -> None:
        """Raises InfrastructureError where a command in the cell's box failed because the machine did."""
        self._host.workspace.check_failure(f"while {self.cell.id} was built", done.status, done.last_words)

    def source(self, path: str) -> bytes | None:
        """The content of a file of the source tree; None where there is no such regular file."""
        try:
            return untrusted_dir.read(self._box.source, path, diagnostics.LARGEST_FILE)
        except (OSError, ValueError):
            return None

    def take_compiler_calls(self) -> CompilerCalls | None:
        """What ccache did since it was last asked; None where there is no ccache."""
        return take_calls(self.folder.path) if self._host.ccache and self._ccache is not Use.NONE else None

    def tool(self, *argv: str) -> Completed:
        """Runs another program in the cell's box, its error output apart."""
        job = Job(argv, merge_stderr=False, output_limit=untrusted.TOOL_OUTPUT.most)
        return self._host.processes.run(self._host.sandbox.command(job, self._box))

    def warn(self, words: str) -> None:
        """Says something of the cell that its result does not."""
        self._host.console.warn(f"{self.cell.id}: {words}")

    def read_apart(self, function: Callable[..., Any], *arguments: Any, data: bytes | None = None) -> Any:
        """What a function makes of what the build left, in a process of its own; see `confined.call`."""
        return confined.call(self._host.processes, function, *arguments, data=data)

    def struct_page_size(self) -> int:
        """`sizeof(struct page)` in bytes, compiled with the cell's own flags in its prepared folder.

        Raises:
            InfrastructureError: the probe cannot be compiled.
        """
        folder = self.folder.path
        try:
            command = self.read_apart(kbuild.read_probe_command, str(folder))
            untrusted_dir.write(folder, kbuild.PROBE_SOURCE, kbuild.PROBE.encode())
            done = self.tool(*command)
            if not done.ok:
                raise ValueError(done.text.strip()[:300])
            assembler = untrusted_dir.read(folder, kbuild.PROBE_OUTPUT, untrusted.ASSEMBLER.most)
            return kbuild.probed_size(assembler.decode("utf-8", "replace"))
        except (OSError, ValueError) as error:
            raise InfrastructureError(f"sizeof(struct page) cannot be measured in {self.cell.id}: {error}") from error

    @cached_property
    def _tools(self) -> Path | None:
        return self._host.tools(self.cell)

    @property
    def _box(self) -> Box:
        return Box(self.source_dir, self.folder.path, self._tools)

    def _cached_box(self) -> tuple[Box, dict[str, str]]:
        """The box and variables for a make whose compilers ask ccache first, if that is wanted."""
        ccache = self._host.ccache
        if ccache is None or self._ccache is Use.NONE:
            return self._box, {}
        tools, writable = ccache.prepare(self.cell.toolchain), self._ccache is Use.FILL
        if assembled.is_told(self.cell.toolchain.name):
            assembled.prepare(tools, self.cell.toolchain.name, self._host.processes)
        box = replace(self._box, tools=tools, cache=ccache.cache(writable=writable))
        return box, ccache.environment(self.cell.toolchain, writable=writable)

    def _count(self, output: bytes) -> None:
        steps = kbuild.count_steps(output)
        self.steps += steps
        self._tracker.advance(self.cell.id, steps)


@dataclass(frozen=True)
class BuildHost:
    """What configuring and building share.

    Args:
        jobs: compilers that may run at once, over all cells.
        ccache: where compilers look first; nowhere when it is None.
    """

    workspace: Workspace
    store: Store
    sandbox: Sandbox
    processes: Processes
    console: Console
    jobs: int
    ccache: CompilerCache | None = None

    def worktree_folder(self, tree: Tree) -> Path:
        return self.workspace.worktree(tree.tree_id)

    def tools(self, cell: Cell) -> Path | None:
        """A folder with the assembler of a cell's compiler, which notes what it opens; None where it needs none."""
        name = cell.toolchain.name
        if not assembled.is_told(name):
            return None
        folder = self.workspace.folder / "tools" / name
        assembled.prepare(folder, name, self.processes)
        return folder

    def worktree_lock(self, tree: Tree) -> AbstractContextManager[object]:
        """Held while a tree's worktree and build folders are in use; another run waits, and then finds the results."""
        name = f"worktree-{tree.tree_id[:16]}"
        if self.workspace.is_locked(name):
            self.console.say(f"Waiting for another run that uses {tree.name} in this workspace")
        return self.workspace.lock(name)

    def move(self, tree: Tree, state: SourceState) -> None:
        """Checks `state` out in the tree's worktree; the caller holds its lock."""
        Worktree(initialised(self.workspace.repository), self.worktree_folder(tree)).move_to(state.commit)

    def changes(self, before: SourceState, after: SourceState) -> dict[str, Change]:
        """Paths that differ between two states, each with what became of it."""
        return changes(initialised(self.workspace.repository), before.tree_id, after.tree_id)

    def moved(self, before: SourceState, after: SourceState) -> Moved:
        """Where the source of a state is in a later one."""
        return moved(initialised(self.workspace.repository), before.tree_id, after.tree_id)

    def changed_lines(self, before: SourceState, after: SourceState) -> str:
        """Lines that are added or removed between two states, without their signs."""
        return changed_lines(initialised(self.workspace.repository), before.tree_id, after.tree_id)

    def copy(self, source: Path, target: Path) -> None:
        """Copies a build folder, times and all, so that make finds it as it was left; nothing where that cannot be.

        Raises:
            InfrastructureError: the disk is full or failing.
        """
        # When it was last used: what was not for long goes first.
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

        Cells whose compiler was killed are begun anew once the others are done, one after the other and with a quarter
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
                    self.console.warn(f"{error.message}; {name} will be begun anew")

            with Jobserver(self.jobs) as jobserver:
                tasks = {name: partial(run_or_leave, name, jobserver) for name in cells}
                # As many makes as jobs can run at once, and as many cells again be measured meanwhile.
                parallel(tasks, min(len(tasks), 2 * self.jobs), self.processes)
            with Jobserver(max(1, self.jobs // 4)) as jobserver:
                left = [name for name in cells if name not in results]
                parallel({name: partial(run, name, jobserver) for name in left}, 1, self.processes)
        return results

    def inputs(self, cell: Cell) -> dict[str, Any]:
        """What determines every result of a cell, beside its source and its configuration; part of store keys."""
        return {
            "toolchain": cell.toolchain.digest,
            "variables": kbuild.variables(cell),
            "sandbox": self.sandbox.name,
            "policy": POLICY_VERSION,
        }

    def past(self, cell: Cell) -> tuple[int | None, float | None]:
        """Steps and CPU seconds of the cell's last full build in this workspace."""
        try:
            past = json.loads(self._history(cell).read_text())
            return int(past["steps"]), float(past["cpu_seconds"])
        except (OSError, ValueError, KeyError, TypeError):
            return None, None

    def remember(self, cell: Cell, steps: int, cpu_seconds: float) -> None:
        """Notes a full build for the next estimate; an estimate is all it is used for."""
        self._history(cell).parent.mkdir(exist_ok=True)
        self._history(cell).write_text(json.dumps({"steps": steps, "cpu_seconds": cpu_seconds}))

    def _history(self, cell: Cell) -> Path:
        return self.workspace.folder / "history" / f"{cell.id}.json"
