"""The folder for everything that is not the user's: trees, worktrees, build folders, results, runs.

trees.git/    one bare repository for all imported trees and applied series
worktrees/    one persistent worktree per tree
builds/       a few O= folders per tree and cell
store/        results by content address
mail/         b4's scratch folders
ccache/       objects for builds in an empty folder
threads/      the last good copy of every thread that an archive delivered
downloads/    packages and tarballs
imports/      trees that are being imported
runs/         one folder per run
locks/
"""

from __future__ import annotations

import os
import shutil
import stat
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock, Timeout
from platformdirs import user_cache_path

from pipeline.system import untrusted_dir
from pipeline.system.errors import InfrastructureError, require_sound_machine
from pipeline.system.shell import pasted

LAYOUT_VERSION = "1"
FULL_BYTES = 64 << 20
FULL_FILES = 64
"""With less free space, a failed program may have run out of it."""
_LOOKED_AT_WHERE_READ = frozenset({"store", "worktrees", "builds", "ccache", "downloads"})
LEFT_BY_A_KILLED_RUN = ("apply-", "boot-", "check-")
"""Never read, only removed; a series can have made a folder there that is too deep to walk through."""
RESERVE = 2 << 30
"""Bytes that must be free before kernel trees and builds are started."""


@dataclass(frozen=True)
class Workspace:
    """Paths below one folder; nothing is made before `prepare`."""

    folder: Path

    @classmethod
    def default(cls) -> Path:
        return user_cache_path("kernel-series-pipeline")

    @property
    def repository(self) -> Path:
        return self.folder / "trees.git"

    @property
    def store(self) -> Path:
        return self.folder / "store"

    @property
    def runs(self) -> Path:
        return self.folder / "runs"

    @property
    def ccache(self) -> Path:
        return self.folder / "ccache"

    @property
    def mail(self) -> Path:
        return self.folder / "mail"

    @property
    def threads(self) -> Path:
        return self.folder / "threads"

    @property
    def downloads(self) -> Path:
        return self.folder / "downloads"

    @property
    def imports(self) -> Path:
        return self.folder / "imports"

    def worktree(self, tree_id: str) -> Path:
        return self.folder / "worktrees" / tree_id[:16]

    def build(self, tree_id: str, cell_id: str) -> Path:
        """Where a cell's O= folders lie."""
        return self.folder / "builds" / tree_id[:16] / cell_id

    def prepare(self) -> None:
        """Makes the folder and checks that it is of this layout.

        Raises:
            InfrastructureError: it cannot be written, or was made by another version.
        """
        marker = self.folder / "layout"
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            if not os.path.lexists(marker):
                # Another command that begins now must not read half of it.
                descriptor, aside = tempfile.mkstemp(prefix="layout-", dir=self.folder)
                with os.fdopen(descriptor, "w") as file:
                    file.write(LAYOUT_VERSION + "\n")
                Path(aside).replace(marker)
            written = untrusted_dir.read(self.folder, marker.name).decode("utf-8", "replace").strip()
            for path in (self.runs, self.mail, self.downloads, self.folder / "locks"):
                path.mkdir(exist_ok=True)
        except OSError as error:
            raise InfrastructureError(
                f"the workspace {self.folder} cannot be used: {error.strerror}",
                hint="Name another with --workspace DIR.",
            ) from error
        if written != LAYOUT_VERSION:
            raise InfrastructureError(
                f"the workspace {self.folder} has layout {written or 'unknown'}, this pipeline needs {LAYOUT_VERSION}",
                hint="Name another with --workspace DIR, or remove this one.",
            )
        self._refuse_special_files()

    def _refuse_special_files(self) -> None:
        """Raises InfrastructureError where a FIFO or a device lies in a file's place: reading it might never end."""
        for place, folders, names in os.walk(self.folder):
            if Path(place) == self.folder:
                folders[:] = [
                    name
                    for name in folders
                    if name not in _LOOKED_AT_WHERE_READ and not name.startswith(LEFT_BY_A_KILLED_RUN)
                ]
            for path in (Path(place, name) for name in names):
                with suppress(FileNotFoundError):
                    if not stat.S_ISREG(path.stat().st_mode):
                        raise InfrastructureError(
                            f"{path} is no file",
                            hint=f"{pasted(['rm'], [str(path)])}; then run the same command again.",
                        )

    def check_space(self) -> None:
        """Raises InfrastructureError when less than `RESERVE` is free."""
        free = shutil.disk_usage(self.folder).free
        if free < RESERVE:
            raise InfrastructureError(
                f"only {free >> 20} MiB are free for the workspace {self.folder}, {RESERVE >> 20} are needed",
                hint="Run `pipeline clean`, or name another place with --workspace DIR.",
            )

    def check_failure(self, what: str, status: int, output: str) -> None:
        """Raise if the disk is full: a failure is then no result, and programs do not always report it.

        Args:
            what: was being done in the workspace, for the message.
            status: exit status of the program.
            output: all that it printed.

        Raises:
            InfrastructureError: the machine failed, or the workspace is full.
        """
        if status == 0:
            return
        require_sound_machine(what, status, output)
        disk = os.statvfs(self.folder)
        # Some file systems have no fixed number of files, and say 0.
        if disk.f_bavail * disk.f_frsize < FULL_BYTES or (disk.f_files and disk.f_favail < FULL_FILES):
            raise InfrastructureError(
                f"the workspace {self.folder} was full {what}",
                hint="Free space with `pipeline clean`, or name another place with --workspace DIR; then run it again.",
            )

    def lock(self, name: str, timeout: float = -1) -> FileLock:
        """An inter-process lock that dies with its holder; waits for ever by default."""
        return FileLock(self.folder / "locks" / f"{name}.lock", timeout=timeout)

    def is_locked(self, name: str) -> bool:
        try:
            with self.lock(name, timeout=0):
                return False
        except Timeout:
            return True
