"""A cell's O= folder, and whether what lies in it can be built upon."""

from __future__ import annotations

import hashlib
import os
import stat
import time
from collections.abc import Collection, Sequence
from pathlib import Path

from pipeline.system import beneath
from pipeline.system.errors import InfrastructureError
from pipeline.system.shell import pasted

_UNFINISHED = ".pipeline-unfinished"
_CONFIG = ".config"


class BuildFolder:
    """An O= folder that is either known to be consistent or wiped.

    A make that was killed can leave a truncated object that is newer than its source, so a folder that was in use when
    its user vanished is not trusted. Nor is one in which makefiles or programs of another series ran: they could leave
    behind there what they liked. Nor is one that somebody changed since it was last used: make would not see a damaged
    object. Which states did run, and what lay there then, is noted beside the folder, where no makefile can write.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._states = path.with_name(f".{path.name}.states")
        self._seal = path.with_name(f".{path.name}.seal")
        self._in_use = False

    @property
    def fresh(self) -> bool:
        """Whether nothing was built here yet."""
        return not (self.path / "vmlinux").exists()

    def claim(self, states: Sequence[str], *, harmless: bool = False) -> None:
        """Wipes the folder unless it is as it was left, by what belongs to `states`; notes that the last will run.

        Args:
            states: git tree ids of a series' states, from the base to the one that is to be built.
            harmless: the last of them changes nothing that runs while a kernel is built; it is not noted.
        """
        built = self._states.read_text().split() if self._states.exists() else ["unknown"]
        if self.path.exists() and not (set(built) <= set(states) and (self._in_use or self._is_sealed())):
            self.wipe()
        self._in_use = True
        if not self.path.exists():
            built = []
        self._states.parent.mkdir(parents=True, exist_ok=True)
        # A makefile may leave a setuid program there, of the user who runs us.
        self._states.parent.chmod(0o700)
        self._write_states({*built, *([] if harmless else states[-1:])})

    def note(self, state: str) -> None:
        """Says of a claimed folder that programs of this state may run in it after all."""
        self._write_states({*self._states.read_text().split(), state})

    def _write_states(self, states: Collection[str]) -> None:
        self._states.write_text("\n".join(sorted(states)))

    def begin(self, config: str = "") -> None:
        """Takes the folder into use, with `config` as its `.config` (whose time changes only with its content)."""
        if os.path.lexists(self.path / _UNFINISHED):
            self.wipe()
        self.path.mkdir(parents=True, exist_ok=True)
        beneath.write(self.path, _UNFINISHED, b"")
        if config and self.config() != config:
            self.set_config(config)

    def config(self) -> str:
        """The `.config`; empty where there is none, or something else in its place."""
        try:
            return beneath.read(self.path, _CONFIG).decode("utf-8", "replace")
        except OSError:
            return ""

    def set_config(self, config: str) -> None:
        beneath.write(self.path, _CONFIG, config.encode())

    def finish(self) -> None:
        """Says that make came to its own end here, be it good or bad."""
        beneath.discard(self.path, _UNFINISHED)

    def seal(self) -> None:
        """Notes what lies in the folder, at the end of its use."""
        if self.path.exists():
            try:
                self._seal.write_text(self._content()[0])
            except OSError:
                # What cannot be looked at is not trusted, and is wiped when it is next claimed.
                self._seal.unlink(missing_ok=True)
        self._in_use = False

    def _is_sealed(self) -> bool:
        """Whether everything is as it was left, and older than what make will compare it with.

        Where the clock went back, a source that is checked out now would be older than what was made of its forerunner.
        """
        try:
            digest, newest = self._content()
        except OSError:
            return False
        return self._seal.exists() and self._seal.read_text() == digest and newest <= time.time_ns()

    def _content(self) -> tuple[str, int]:
        """SHA-256 of every file's name, type, size and times, and the newest time of modification, ns.

        Whoever changes a file changes its ctime (inode(7)).

        Raises:
            OSError: a folder hides what it holds.
        """
        digest, newest = hashlib.sha256(), 0
        # In the order in which they lie there, which stays as it is: to sort millions takes memory.
        for path, about in beneath.entries(self.path):
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
        try:
            beneath.remove(self.path)
        except OSError as error:
            raise InfrastructureError(
                f"the build folder {self.path} cannot be emptied: {error.strerror}",
                hint=pasted(("rm", "-rf"), (str(self.path),)),
            ) from error
