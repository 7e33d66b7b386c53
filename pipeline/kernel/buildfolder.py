"""O= folders: their names, and whether a build can go on in what lies there."""

from __future__ import annotations

import hashlib
import os
import stat
import time
from collections.abc import Collection, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from pipeline.system import untrusted, untrusted_dir
from pipeline.system.errors import InfrastructureError
from pipeline.system.shell import pasted
from pipeline.system.store import Key

MOST_FOLDERS = 3
"""Of a cell that are kept: the base's, the shared one, and the one that programs of their own were run in last."""
_BASE, _SHARED = "base", "shared"
_UNFINISHED = ".pipeline-unfinished"
_CONFIG = ".config"


class BuildFolder:
    """An O= folder that is either known to be consistent or wiped.

    A make that was killed can leave a truncated object that is newer than its source, so a folder that was in use when
    its user vanished is not trusted. Nor is one that somebody changed since it was last used: make would not see a
    damaged object. What lay there then is noted beside the folder, where no makefile can write.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._seal = path.with_name(f".{path.name}.seal")
        self._in_use = False

    @property
    def fresh(self) -> bool:
        """Whether nothing was built here yet."""
        return not (self.path / "vmlinux").exists()

    @property
    def is_shared(self) -> bool:
        """Whether states of several series are built here."""
        return self.path.name.startswith(f"{_SHARED}-")

    def claim(self) -> None:
        """Wipes the folder unless it is as it was left."""
        if self.path.exists() and not (self._in_use or self.is_sealed()):
            self.wipe()
        self._in_use = True
        self.path.parent.mkdir(parents=True, exist_ok=True)
        # A makefile may leave a setuid program there, of the user who runs us.
        self.path.parent.chmod(0o700)

    def begin(self, config: str = "") -> None:
        """Takes the folder into use, with `config` as its `.config` (whose time changes only with its content).

        Without one there is none: where kconfig failed, a copy of the base's folder must not be built as the base is.
        """
        if os.path.lexists(self.path / _UNFINISHED):
            self.wipe()
        self.path.mkdir(parents=True, exist_ok=True)
        untrusted_dir.write(self.path, _UNFINISHED, b"")
        if not config:
            untrusted_dir.discard(self.path, _CONFIG)
        elif self.config() != config:
            self.set_config(config)

    def config(self) -> str:
        """The `.config`; empty where there is none, or something else in its place, or one larger than any."""
        try:
            return untrusted_dir.read(self.path, _CONFIG, untrusted.STORED_CONFIG.most).decode("utf-8", "replace")
        except OSError:
            return ""

    def set_config(self, config: str) -> None:
        untrusted_dir.write(self.path, _CONFIG, config.encode())

    def finish(self) -> None:
        """Says that make came to its own end here, be it good or bad."""
        untrusted_dir.discard(self.path, _UNFINISHED)

    def seal(self) -> None:
        """Notes what lies in the folder, at the end of its use."""
        if self.path.exists():
            try:
                self._seal.write_text(self._content()[0])
            except OSError:
                # A folder that cannot be read is not trusted, and is wiped when it is next claimed.
                self._seal.unlink(missing_ok=True)
        self._in_use = False

    def is_sealed(self) -> bool:
        """Whether everything is as it was left, make had ended, and all is older than what make will compare it with.

        Where the clock went back, a source that is checked out now would be older than what was made of its forerunner.
        """
        if not self._seal.exists() or os.path.lexists(self.path / _UNFINISHED):
            return False
        try:
            digest, newest = self._content()
        except OSError:
            return False
        return self._seal.read_text() == digest and newest <= time.time_ns()

    def _content(self) -> tuple[str, int]:
        """SHA-256 of every file's name, type, size and times, and the newest time of modification, ns.

        Whoever changes a file changes its ctime (inode(7)).

        Raises:
            OSError: a folder hides what it holds.
        """
        digest, newest = hashlib.sha256(), 0
        # In the order of the folder, which does not change: to sort millions of names takes memory.
        for path, about in untrusted_dir.entries(self.path):
            if not stat.S_ISDIR(about.st_mode):
                facts = (path, about.st_mode, about.st_size, about.st_mtime_ns, about.st_ctime_ns)
                digest.update(repr(facts).encode("utf-8", "surrogateescape"))
                newest = max(newest, about.st_mtime_ns)
        return digest.hexdigest(), newest

    def wipe(self) -> None:
        """Removes the folder.

        Raises:
            InfrastructureError: something in it stays.
        """
        self._seal.unlink(missing_ok=True)
        try:
            untrusted_dir.remove(self.path)
        except OSError as error:
            raise InfrastructureError(
                f"the build folder {self.path} cannot be emptied: {error.strerror}",
                hint=pasted(("rm", "-rf"), (str(self.path),)),
            ) from error


class CellFolders:
    """The build folders of one cell on one base.

    The base's is built from the base alone, and others begin as its copy. States that are known to run the same
    programs, and no others, share one. Any other state has one of its own: what its programs leave there, nobody else
    meets.

    Args:
        parent: where they lie.
        root: digest of everything that determines the base's configuration: tree, toolchain, variables, what is asked.
    """

    def __init__(self, parent: Path, root: str) -> None:
        self._parent = parent
        self._root = root

    def base(self) -> BuildFolder:
        return self._named(_BASE, {})

    def shared(self, config: str, deciding: Mapping[str, str]) -> BuildFolder:
        """Where the same programs run, and no others, on a configuration of this digest.

        Args:
            deciding: objects of git that decide what runs, beside the base's, by path.
        """
        return self._named(_SHARED, {"config": config, "deciding": dict(deciding)})

    def own(self, tree: str, config: str) -> BuildFolder:
        """Where programs of a git tree run, on a configuration of this digest."""
        return self._named("own", {"tree": tree, "config": config})

    def configuring(self, tree: str) -> BuildFolder:
        """Where kconfig of a git tree runs; not kept."""
        return self._named("configuring", {"tree": tree})

    def _named(self, kind: str, inputs: dict[str, Any]) -> BuildFolder:
        name = Key("build-folder", {"kind": kind, "root": self._root, **inputs}).digest[:32]
        return BuildFolder(self._parent / f"{kind}-{name}")


def remove_old(parent: Path, used: Collection[Path]) -> None:
    """Removes build folders of a cell beyond `MOST_FOLDERS`: those of single states, and what was not used for long.

    Args:
        parent: where they lie.
        used: folders that stay.
    """
    folders = [path for path in parent.iterdir() if path.is_dir() and path not in used] if parent.exists() else []
    folders.sort(key=lambda path: (path.name.startswith((_BASE, _SHARED)), path.lstat().st_mtime), reverse=True)
    for path in folders[max(0, MOST_FOLDERS - len(used)) :]:
        # Files that one series left and that cannot be removed must not end the run of another.
        with suppress(InfrastructureError):
            BuildFolder(path).wipe()
