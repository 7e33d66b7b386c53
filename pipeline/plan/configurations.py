"""Identities of configurations: places where kconfig may answer otherwise, keys of its answers, result digests."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import PurePosixPath

from pipeline.kernel.buildhost import BuildHost
from pipeline.model import Cell, SourceState
from pipeline.system.store import Key


def touches_kconfig(paths: Sequence[str]) -> bool:
    """Whether any of `paths` can change what kconfig answers: Kconfig files, makefiles, scripts, default configs."""
    for path in map(PurePosixPath, paths):
        if path.name.startswith(("Kconfig", "Makefile", "Kbuild")) or path.suffix == ".include":
            return True
        if "scripts" in path.parts or "configs" in path.parts:
            return True
    return False


def configuration_origins(states: Sequence[SourceState]) -> dict[int, SourceState]:
    """The earliest state that kconfig answers alike, for each state; states carry the paths that they changed."""
    origins: dict[int, SourceState] = {}
    origin = states[0]
    for state in states:
        if state.patch and touches_kconfig(state.changed):
            origin = state
        origins[state.patch] = origin
    return origins


def config_key(host: BuildHost, cell: Cell, origin: SourceState, stage: str = "config") -> Key:
    """Key of a cell's final configuration at a state (or of its layout, which follows from it)."""
    asked = {"tree": origin.tree_id, "base": cell.base, "fragments": [fragment.text for fragment in cell.fragments]}
    return Key(stage, {**asked, **host.inputs(cell)})


def config_digest(config: str) -> str:
    """SHA-256 of a final `.config` without its comments (the header names the kernel version)."""
    lines = [line for line in config.splitlines() if line.startswith("CONFIG_") or line.endswith(" is not set")]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()
