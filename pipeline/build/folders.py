"""Which build folder a state of a series is built in: one that no program of another series ever wrote to."""

from __future__ import annotations

from dataclasses import dataclass

from pipeline.build.results import BuildResults
from pipeline.kernel.buildfolder import CellFolders
from pipeline.kernel.buildhost import BuildHost, Make
from pipeline.kernel.programs import Programs, reads_unrecorded
from pipeline.model import Applied, PlannedCell, SourceState
from pipeline.plan import config_digest, config_key
from pipeline.system.store import Key


@dataclass(frozen=True)
class Place:
    """What decides where a state is built.

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
        results: what is known of the programs of bases.
    """

    def __init__(self, host: BuildHost, results: BuildResults) -> None:
        self._host = host
        self._results = results

    def enter(self, make: Make, place: Place) -> None:
        """Takes the folder of a state into use; the worktree is at the state."""
        folders = make.folders(config_key(self._host, make.cell, place.applied.states[0]).digest)
        config = config_digest(place.config)
        if not place.state.patch:
            make.enter(folders.base())
        elif self._asked(make, folders, place):
            make.enter(folders.shared(config), folders.base())
        else:
            make.enter(folders.own(place.state.tree_id, config), folders.base())

    def runs_base_programs(self, place: Place) -> bool:
        """Whether all that runs while a state is built is the base's, as far as that is known by now."""
        return not place.state.patch or self._known(place, self._programs(place)) is True

    def _asked(self, make: Make, folders: CellFolders, place: Place) -> bool:
        """The same, for certain: compilers are asked where that is needed."""
        programs = self._programs(place)
        known = self._known(place, programs)
        if known is None and programs and folders.base().is_sealed():
            make.look_into(folders.base())
            known = programs.answer_alike(make)
            self._results.put_probed(place.base, place.state.tree_id, alike=known)
        return known is True

    def _known(self, place: Place, programs: Programs | None) -> bool | None:
        """None where compilers have to be asked."""
        if programs is None or config_digest(place.config) != config_digest(place.planned.config):
            return False
        base, state = place.applied.states[0], place.state
        changes = self._host.changes(base, state)
        if not programs.stay(changes) or reads_unrecorded(self._host.changed_lines(base, state)):
            return False
        return self._results.probed(place.base, state.tree_id) if changes.keys() & programs.probed else True

    def _programs(self, place: Place) -> Programs | None:
        return self._results.programs(place.base, place.planned.cell)
