"""Measurements that need a build folder while a source state is in it: coverage, layouts, code without line numbers.

Each is stored by the build that it belongs to and by what was asked, so that a series that asks something else of a
base that was built before costs a probe, not a build.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import asdict, replace
from typing import Any

from pipeline.kernel.make import Make
from pipeline.measure.changes import lines_digest
from pipeline.measure.code import neutral_code, packed, stored_table
from pipeline.measure.coverage import measure_coverage
from pipeline.measure.layout import HEADERS, layout_of, measure_layouts, probes
from pipeline.model import Build, ChangedFile, Coverage, FileCoverage, SourceState
from pipeline.probes import StructQuestion
from pipeline.system.confined import UnreadableError
from pipeline.system.store import Key, Store

_NEUTRAL = "neutral.z"


class Inspector:
    """Measures and looks up what one series comes to in each cell of one tree.

    Args:
        store: keeps what was measured.
        states: base to last; coverage is that of the last, layouts are compared between the two.
        changed: the code that the series changes.
        touched: paths that it changes, removed ones among them.
        asked: structs that the matrix asks about.
    """

    def __init__(
        self,
        store: Store,
        states: Sequence[SourceState],
        changed: Sequence[ChangedFile],
        touched: Collection[str] = (),
        asked: Sequence[StructQuestion] = (),
    ) -> None:
        self._store = store
        self._base, self._last = states[0].patch, states[-1].patch
        self._changed = changed
        self._sources = sorted(path for path in touched if path.endswith(".c"))
        self._probes = probes(changed, asked)
        self._asked = lines_digest(changed)

    def targets(self, state: SourceState, build: Key) -> tuple[str, ...]:
        """Targets that make must have built before a state can be inspected."""
        if state.patch == self._last:
            return ("vmlinux",)
        entry = self._store.get(Key("code", build.inputs))
        known = stored_table(entry.folder / "code.z") if entry else {}
        return ("prepare", *(path for path, unit in sorted(known.items()) if unit.source in self._sources))

    def complete(self, state: SourceState, build: Key) -> bool:
        """Whether everything that is wanted of a build is stored."""
        return all(self._store.get(key) is not None for key in self.keys(state, build))

    def inspect(self, make: Make, state: SourceState, build: Key) -> None:
        """Measures what is wanted of a state whose build is in the cell's folder, and stores it.

        Raises:
            InfrastructureError: a compiler ran out of time, or the machine failed.
        """
        for key in self.keys(state, build):
            if self._store.get(key) is not None:
                continue
            value: Any
            files: dict[str, bytes] = {}
            if key.stage == "coverage":
                value = self._coverage_in(make)
            elif key.stage == "neutral-code":
                value, files = {}, {_NEUTRAL: packed(neutral_code(make, self._sources))}
            else:
                value = [asdict(layout) for layout in measure_layouts(make, self._probes)]
            self._store.put(key, value, files)

    def _coverage_in(self, make: Make) -> Any:
        """Coverage from a store entry: null where the files of the build cannot be read."""
        try:
            return asdict(measure_coverage(make, self._changed))
        except UnreadableError as error:
            make.warn(str(error))
            return None

    def inspected(self, build: Build, state: SourceState, key: Key) -> Build:
        """The build with what is stored of its coverage and layouts."""
        if not self._changed and state.patch == self._last:
            return replace(build, coverage=Coverage(()))
        for needed in self.keys(state, key):
            entry = self._store.get(needed)
            if entry is not None and needed.stage == "coverage":
                build = replace(build, coverage=_coverage(entry.value) if entry.value else None)
            elif entry is not None and needed.stage == "neutral-code":
                build = replace(build, neutral=entry.folder / _NEUTRAL)
            elif entry is not None:
                build = replace(build, layouts=tuple(map(layout_of, entry.value)))
        return build

    def reuse(self, source: Key, target: Key) -> None:
        """Takes over what is stored of a build whose sources are the same."""
        if self._sources and (entry := self._store.get(self._neutral(source))):
            self._store.put(self._neutral(target), entry.value, entry.files())

    def _neutral(self, build: Key) -> Key:
        return Key("neutral-code", {"build": build.digest, "sources": self._sources})

    def keys(self, state: SourceState, build: Key) -> list[Key]:
        """Store keys of the measurements that are wanted of a state whose build has the key `build`."""
        keys: list[Key] = []
        if not self._changed:
            # A series of documents and makefiles has no line to cover and no struct to compare: nothing to make.
            return keys
        if self._sources:
            keys.append(self._neutral(build))
        if state.patch in (self._base, self._last):
            structs = [asdict(probe) for probe in self._probes]
            keys.append(Key("struct-layout", {"build": build.digest, "headers": HEADERS, "probes": structs}))
        if state.patch == self._last:
            keys.append(Key("coverage", {"build": build.digest, "changed": self._asked}))
        return keys


def _coverage(value: Any) -> Coverage:
    return Coverage(
        tuple(
            FileCoverage(
                file["path"],
                file["compiled"],
                tuple(file["lines"]),
                None if file["kept"] is None else tuple(file["kept"]),
            )
            for file in value["files"]
        )
    )
