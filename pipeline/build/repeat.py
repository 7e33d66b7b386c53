"""Builds that are made a second time, from scratch, to know how far a measured difference can be trusted.

Two builds of one source state (A/A) differ by what the tools and the machine put in: the noise floor. Their paths,
dates and names are the same, so it should be 0 bytes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from pipeline.build import Builder, Builds
from pipeline.build.folders import Place
from pipeline.build.products import read_assembled
from pipeline.build.vmlinux import make_vmlinux
from pipeline.kernel.buildhost import BuildHost
from pipeline.kernel.make import Make
from pipeline.measure import Measurer, section_deltas
from pipeline.model import Applied, Build, BuildStatus, NoiseFloor, PlannedCell, SourceState
from pipeline.system import untrusted
from pipeline.system.errors import InfrastructureError
from pipeline.system.store import Entry, Key
from pipeline.system.untrusted import inflated


class Repeater:
    """Builds again what was built, and what was reused without being built.

    Args:
        host: store, sandbox, worktrees and jobserver.
        builder: knows the keys and configurations of the first builds.
        measurer: compares the two.
    """

    def __init__(self, host: BuildHost, builder: Builder, measurer: Measurer) -> None:
        self._host = host
        self._builder = builder
        self._measurer = measurer

    def repeat(
        self, applied: Applied, planned: Sequence[PlannedCell], builds: Builds
    ) -> tuple[Builds, Mapping[str, NoiseFloor]]:
        """Builds the base of every cell again, and each reused state, clean.

        Returns:
            All builds, with real ones in place of reused ones; and noise floors by cell id.

        Raises:
            InfrastructureError: the machine failed, or what could be built cannot be built again.
        """
        cells = {cell.cell.id: cell for cell in planned if cell.to_build}
        wanted = [name for name, build in builds.items() if build.reused]
        measured = {**builds}
        # The base comes last: the next run builds on its folder.
        for patch in sorted({patch for _, patch in wanted}, reverse=True):
            entries = self._again(applied, applied.states[patch], [cells[name] for name, at in wanted if at == patch])
            measured |= {(name, patch): _in_place_of(builds[name, patch], again) for name, again in entries.items()}
        good = [cell for name, cell in cells.items() if _is_built(builds.get((name, 0)))]
        bases = self._again(applied, applied.states[0], good)
        return measured, {
            name: self._floor(applied, builds[name, 0], _in_place_of(builds[name, 0], again))
            for name, again in bases.items()
        }

    def _floor(self, applied: Applied, first: Build, second: Build) -> NoiseFloor:
        text = self._measurer.text_delta(applied.states[0].commit, first, second)
        sections = section_deltas(first, second)
        return NoiseFloor(text, tuple(row for row in sections if row[1] != row[2]))

    def _again(self, applied: Applied, state: SourceState, cells: Sequence[PlannedCell]) -> dict[str, Entry]:
        """The second builds of `cells` at a state, stored ones and new ones, by cell id."""
        keys = {
            cell.cell.id: Key("repeated-build", self._builder.keys(applied, cell)[state.patch].inputs) for cell in cells
        }
        missing = [cell for cell in cells if self._host.store.get(keys[cell.cell.id]) is None]
        if missing:
            with self._host.worktree_lock(applied.tree):
                places = {cell.cell.id: self._builder.place(applied, cell, state) for cell in missing}
                self._host.move(applied.tree, state)
                self._host.run_all(
                    applied.tree,
                    f"Building again {f'after patch {state.patch}' if state.patch else 'the base'}",
                    [(cell.cell, self._host.past(cell.cell)[0] or cell.steps) for cell in missing],
                    lambda make: self._build_clean(make, places[make.cell.id], keys[make.cell.id]),
                )
        stored = {name: self._host.store.get(key) for name, key in keys.items()}
        return {name: entry for name, entry in stored.items() if entry}

    def _build_clean(self, make: Make, place: Place, key: Key) -> None:
        self._builder.folders.enter(make, place, empty=True)
        build, files = make_vmlinux(make, place.config)
        if build.status is not BuildStatus.BUILT:
            raise InfrastructureError(
                f"{make.cell.id} was built once, and cannot be built again: "
                f"{build.errors[0].message if build.errors else 'make failed'}",
                hint="Is the disk full, or memory short? Run the same command again; finished cells are kept.",
            )
        value = {
            "seconds": build.seconds,
            "cpu_seconds": build.cpu_seconds,
            "steps": build.steps,
            "sections": dict(build.sections),
        }
        self._host.store.put(key, value, {name: files[name] for name in ("log.z", "symbols.z")})
        if make.folder.is_shared:
            self._builder.folders.is_misled(make, place, read_assembled(make))


def _is_built(build: Build | None) -> bool:
    return build is not None and build.status is BuildStatus.BUILT


def _in_place_of(build: Build, again: Entry) -> Build:
    """A build, measured by the second one."""
    symbols = inflated(again.read("symbols.z"), untrusted.TOOL_OUTPUT)
    return replace(build, **again.value, symbols=symbols, log=again.folder / "log.z", reused=False)
