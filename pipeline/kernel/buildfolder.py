"""A cell's O= folder, and whether what lies in it can be built upon."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from pipeline.system import beneath
from pipeline.system.errors import InfrastructureError

_UNFINISHED = ".pipeline-unfinished"
_CONFIG = ".config"


class BuildFolder:
    """An O= folder that is either known to be consistent or wiped.

    A make that was killed can leave a truncated object that is newer than its source, so a folder that was in use when
    its user vanished is not trusted. Nor is one in which makefiles or programs of another series ran: they could leave
    behind there what they liked. Which states did is noted beside the folder, where no makefile can write.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._states = path.with_name(f".{path.name}.states")

    @property
    def fresh(self) -> bool:
        """Whether nothing was built here yet."""
        return not (self.path / "vmlinux").exists()

    def claim(self, states: Sequence[str], *, harmless: bool = False) -> None:
        """Wipes the folder unless what ran in it belongs to `states`, and notes that the last of them will run.

        Args:
            states: git tree ids of a series' states, from the base to the one that is to be built.
            harmless: the last of them changes nothing that runs while a kernel is built; it is not noted.
        """
        built = self._states.read_text().split() if self._states.exists() else ["unknown"]
        if self.path.exists() and not set(built) <= set(states):
            self.wipe()
        if not self.path.exists():
            built = []
        self._states.parent.mkdir(parents=True, exist_ok=True)
        # A makefile may leave a setuid program there, of the user who runs us.
        self._states.parent.chmod(0o700)
        self._states.write_text("\n".join(sorted({*built, *([] if harmless else states[-1:])})))

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

    def wipe(self) -> None:
        """Removes the folder.

        Raises:
            InfrastructureError: something in it stays.
        """
        try:
            beneath.remove(self.path)
        except OSError as error:
            raise InfrastructureError(
                f"the build folder {self.path} cannot be emptied: {error.strerror}", hint=f"rm -rf {self.path}"
            ) from error
