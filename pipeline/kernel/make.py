"""`make` for one cell: its build folders, its box, and what is run there."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipeline.kernel import assembled, diagnostics, kbuild
from pipeline.kernel.buildfolder import BuildFolder, CellFolders, remove_old
from pipeline.kernel.ccache import Use, take_calls
from pipeline.model import Cell, CompilerCalls, Tree
from pipeline.system import confined, untrusted, untrusted_dir
from pipeline.system.command import Completed
from pipeline.system.console import Tracker
from pipeline.system.errors import InfrastructureError
from pipeline.system.jobserver import Jobserver
from pipeline.system.process import StoppedError
from pipeline.system.sandbox import Box, Job
from pipeline.system.watch import LimitError

if TYPE_CHECKING:
    from pipeline.kernel.buildhost import BuildHost


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
        # Take the run lock again before the seat is left: nobody may wait for a seat while holding the lock.
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
                # Its output would go on filling the disk.
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
        """Calls of ccache since the last count; None where there is no ccache."""
        return take_calls(self.folder.path) if self._host.ccache and self._ccache is not Use.NONE else None

    def tool(self, *argv: str) -> Completed:
        """Runs another program in the cell's box, its error output apart."""
        job = Job(argv, merge_stderr=False, output_limit=untrusted.TOOL_OUTPUT.most)
        return self._host.processes.run(self._host.sandbox.command(job, self._box))

    def warn(self, words: str) -> None:
        """Says something of the cell that its result does not."""
        self._host.console.warn(f"{self.cell.id}: {words}")

    def read_apart(self, function: Callable[..., Any], *arguments: Any, data: bytes | None = None) -> Any:
        """Call a function on the files of a build, in a process of its own; see `confined.call`."""
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

    @property
    def _box(self) -> Box:
        return Box(self.source_dir, self.folder.path, self._host.tools(self.cell))

    def _cached_box(self) -> tuple[Box, dict[str, str]]:
        """The box and variables for a make whose compilers ask ccache first, if that is wanted."""
        ccache = self._host.ccache
        if ccache is None or self._ccache is Use.NONE:
            return self._box, {}
        tools, writable = ccache.prepare(self.cell.toolchain), self._ccache is Use.FILL
        if assembled.is_recorded(self.cell.toolchain.name):
            self._host.assemblers.prepare(tools, self.cell.toolchain.name, self._host.processes)
        box = replace(self._box, tools=tools, cache=ccache.cache(writable=writable))
        return box, ccache.environment(self.cell.toolchain, writable=writable)

    def _count(self, output: bytes) -> None:
        steps = kbuild.count_steps(output)
        self.steps += steps
        self._tracker.advance(self.cell.id, steps)
