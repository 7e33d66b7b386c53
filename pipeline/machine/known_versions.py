"""Versions that programs said before: those written in Python take a second of a processor together to say theirs."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from platformdirs import user_cache_path

_Stamp = list[str | int]


class KnownVersions:
    """By a program's file; one that was installed again since is asked again.

    Args:
        file: where versions are kept from run to run; a cache, which may be missing, damaged or not to be written.
    """

    def __init__(self, file: Path | None = None) -> None:
        self._file = file or user_cache_path("kernel-series-pipeline-tools") / "versions.json"
        self._known: dict[str, tuple[_Stamp, str]] = {}
        self._new = False
        with suppress(OSError, ValueError, AttributeError, TypeError):
            entries = json.loads(self._file.read_text()).items()
            self._known = {name: (list(stamp), str(version)) for name, (stamp, version) in entries}

    def of(self, program: str, ask: Callable[[], str]) -> str:
        """What the program at a path says, asked for where that is not known; what is empty is not kept."""
        stamp = _stamp(Path(program))
        known = self._known.get(program)
        if known and stamp and known[0] == stamp:
            return known[1]
        version = ask()
        if version and stamp:
            self._known[program] = (stamp, version)
            self._new = True
        return version

    def keep(self) -> None:
        """Writes what is known; of two runs at once the last one does."""
        if not self._new:
            return
        with suppress(OSError):
            self._file.parent.mkdir(parents=True, exist_ok=True)
            with tempfile.NamedTemporaryFile("w", dir=self._file.parent, delete=False) as aside:
                json.dump(self._known, aside)
            Path(aside.name).replace(self._file)


def _stamp(program: Path) -> _Stamp:
    """The file that a program's name leads to, by what an installation changes; nothing if unseen."""
    # Debian's alternatives are links to links.
    file = program.resolve()
    try:
        about = file.stat()
    except OSError:
        return []
    return [str(file), about.st_ino, about.st_size, about.st_mtime_ns, about.st_ctime_ns]
