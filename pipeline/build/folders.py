"""Chooses the build folder for a state of a series: one that no program of another series ever wrote to."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from pipeline.kernel.assembled import is_recorded
from pipeline.kernel.buildfolder import BuildFolder, CellFolders
from pipeline.kernel.buildhost import BuildHost
from pipeline.kernel.make import Make
from pipeline.kernel.programs import Programs, reads_unrecorded, speaks_to_assembler
from pipeline.model import Applied, Cell, PlannedCell, SourceState
from pipeline.plan.configurations import config_digest, config_key
from pipeline.system.store import Key


@dataclass(frozen=True)
class Place:
    """Facts that decide where a state is built.

    Args:
        applied: the series.
        planned: the cell, with the base's configuration.
        state: one of the series.
        config: the state's own.
        base: key of the base's build.
    """

    applied: Applied
    planned: PlannedCell
    state: SourceState
    config: str
    base: Key


class Folders:
    """Enters build folders.

    Args:
        host: knows what states change.
        programs: what is known of the programs of a base, by the key of its build.
    """

    def __init__(self, host: BuildHost, programs: Callable[[Key, Cell], Programs | None]) -> None:
        self._host = host
        self._programs = programs

    def enter(self, make: Make, place: Place, *, empty: bool = False, alone: bool = False) -> None:
        """Choose the build folder for a state, and have `make` use it.

        Args:
            make: runs make for the cell.
            place: the cell and the state.
            empty: begin with an empty folder.
            alone: use no folder that other states or series use.
        """
        folders = make.folders(config_key(self._host, make.cell, place.applied.states[0]).digest)
        base = folders.base()
        folder = self._of_patched(folders, place, alone=alone) if place.state.patch else base
        if empty:
            folder.wipe()
        make.enter(folder, None if empty or folder is base else base)

    def runs_base_programs(self, place: Place) -> bool:
        """Whether all that runs while a state is built is the base's."""
        return not place.state.patch or self._deciding(place) == {}

    def speaks_to_assembler(self, place: Place) -> bool:
        """Whether what a state changes can make up words for an assembler."""
        base, state = place.applied.states[0], place.state
        return speaks_to_assembler(self._host.changes(base, state), self._host.changed_lines(base, state))

    def is_misled(self, make: Make, place: Place, assembled: frozenset[str] | None) -> bool:
        """Whether an assembler read in a shared folder what no record of the base's names; the folder is wiped then.

        What it read may be another state's, and what it made may not be made again for the next.

        Args:
            make: of the cell.
            place: of the state that was made.
            assembled: what assemblers opened and kbuild did not record; None where that cannot be read.
        """
        if not make.folder.is_shared:
            return False
        programs = self._programs(place.base, place.planned.cell)
        if programs and assembled is not None and assembled <= programs.assembled:
            return False
        make.folder.wipe()
        return True

    def _of_patched(self, folders: CellFolders, place: Place, *, alone: bool) -> BuildFolder:
        config, deciding = config_digest(place.config), None if alone else self._deciding(place)
        return folders.own(place.state.tree_id, config) if deciding is None else folders.shared(config, deciding)

    def _deciding(self, place: Place) -> dict[str, str] | None:
        """Objects of git that decide what runs while a state is built, by path; None where any file could."""
        programs = self._programs(place.base, place.planned.cell)
        if programs is None or config_digest(place.config) != config_digest(place.planned.config):
            return None
        base, state = place.applied.states[0], place.state
        changes = self._host.changes(base, state)
        paths = programs.decided_by({path: change.letter for path, change in changes.items()})
        if paths is None:
            return None
        lines = self._host.changed_lines(base, state)
        untold = not is_recorded(place.planned.cell.toolchain.name)
        if reads_unrecorded(lines) or (untold and speaks_to_assembler(changes, lines)):
            return None
        return {path: changes[path].blob for path in sorted(paths)}
