"""What is kept of a build: its value, its files, and what lies beside it in the store."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Mapping
from dataclasses import asdict, replace

from pipeline.kernel import image
from pipeline.kernel.harmless import Programs
from pipeline.model import Build, BuildStatus, Cell, CompilerCalls, Diagnostic, StructPage
from pipeline.system import untrusted
from pipeline.system.store import Entry, Key, Store
from pipeline.system.untrusted import inflated

_PATHS, _SOURCES, _PROBES = "paths.z", "sources.z", "probes.z"


def read_log(build: Build) -> str:
    """What make printed."""
    return inflated(build.log.read_bytes(), untrusted.STORED_TEXT).decode("utf-8", "replace")


def bootable(cell: Cell) -> bool:
    """Whether an image of the cell's kernels is kept."""
    return bool(cell.boot) and cell.arch in image.TARGETS


class BuildResults:
    """Builds by their keys.

    Images, origins of symbols and dependencies lie apart from the build itself: a cell that was built before they were
    asked for lacks only them.
    """

    def __init__(self, store: Store) -> None:
        self._store = store

    def get(self, key: Key, cell: Cell, *, cached: bool) -> Build | None:
        """The build of `key`, if it is there with what the cell's boots need.

        Args:
            cached: what the build shall say of itself, unless another machine made it for this run.
        """
        entry = self._store.get(key)
        if entry is None:
            return None
        try:
            build = _from_entry(entry, cached)
        except (ValueError, KeyError, TypeError) as error:
            # Of another machine, taken in by a version that did not look into it.
            self._store.drop(key, str(error))
            return None
        if origins := self._store.get(_beside("symbol-origins", key)):
            build = replace(build, origins=origins.value)
        if bootable(cell) and build.status is BuildStatus.BUILT:
            kept = self._store.get(_beside("image", key))
            return replace(build, image=image.from_entry(kept)) if kept else None
        return build

    def put(self, key: Key, build: Build, files: Mapping[str, bytes]) -> None:
        """Stores a build; its image, origins and dependencies are there before, so that it is complete."""
        value = asdict(replace(build, symbols=b"", origins={}, sections=dict(build.sections)))
        for name in ("log", "symbols", "origins", "image", "cached", "coverage", "layouts"):
            del value[name]
        self._store.put(key, value, files)

    def put_image(self, key: Key, files: Mapping[str, bytes]) -> None:
        self._store.put(_beside("image", key), image.value(files), files)

    def put_origins(self, key: Key, origins: Mapping[str, str]) -> None:
        self._store.put(_beside("symbol-origins", key), dict(origins), {})

    def put_dependencies(self, key: Key, paths: Iterable[str], programs: Programs) -> None:
        """What the build read of the source tree, and what its programs were made of."""
        files = {_PATHS: paths, _SOURCES: programs.sources, _PROBES: programs.probes}
        packed = {name: zlib.compress("\0".join(sorted(listed)).encode()) for name, listed in files.items()}
        self._store.put(_beside("dependencies", key), {"headers": dict(programs.headers)}, packed)

    def dependencies(self, key: Key) -> frozenset[str] | None:
        """What a build read of the source tree; None where that is not known."""
        entry = self._store.get(_beside("dependencies", key))
        return _paths(entry, _PATHS) if entry else None

    def programs(self, key: Key) -> Programs | None:
        """What the programs of a build were made of; None where that is not known."""
        entry = self._store.get(_beside("dependencies", key))
        if entry is None or not all((entry.folder / name).exists() for name in (_SOURCES, _PROBES)):
            return None
        return Programs(_paths(entry, _SOURCES), _paths(entry, _PROBES), entry.value["headers"])

    def carry(self, source: Key, target: Key, cell: Cell) -> bool:
        """Stores what was built as `source` as the result of `target`, at no cost; False where it is incomplete."""
        found = self.get(source, cell, cached=False)
        entry = self._store.get(source)
        if found is None or entry is None or found.status is not BuildStatus.BUILT:
            return False
        for stage, names in (
            ("image", ("kernel.z", "selftest")),
            ("symbol-origins", ()),
            ("dependencies", (_PATHS, _SOURCES, _PROBES)),
        ):
            if kept := self._store.get(_beside(stage, source)):
                files = {name: kept.read(name) for name in names if (kept.folder / name).exists()}
                self._store.put(_beside(stage, target), kept.value, files)
        value = {**entry.value, "seconds": 0.0, "cpu_seconds": 0.0, "steps": 0, "carried": True, "compiler_calls": None}
        self._store.put(target, value, {name: entry.read(name) for name in ("log.z", "config", "symbols.z")})
        return True


def beside(build: Key) -> tuple[Key, ...]:
    """Keys of everything that lies beside a build."""
    return tuple(_beside(stage, build) for stage in ("image", "symbol-origins", "dependencies"))


def _paths(entry: Entry, name: str) -> frozenset[str]:
    return frozenset(inflated(entry.read(name), untrusted.STORED_TEXT).decode().split("\0"))


def _beside(stage: str, build: Key) -> Key:
    return Key(stage, build.inputs)


def _from_entry(entry: Entry, cached: bool) -> Build:
    value = dict(entry.value)
    built = value["status"] == BuildStatus.BUILT
    return Build(
        status=BuildStatus(value["status"]),
        seconds=value["seconds"],
        cpu_seconds=value["cpu_seconds"],
        steps=value["steps"],
        warnings=tuple(Diagnostic(**one) for one in value["warnings"]),
        errors=tuple(Diagnostic(**one) for one in value["errors"]),
        log=entry.folder / "log.z",
        symbols=inflated(entry.read("symbols.z"), untrusted.TOOL_OUTPUT) if built else b"",
        sections=value["sections"],
        struct_page=StructPage(value["struct_page"]["size"]) if value["struct_page"] else None,
        cached=cached and not entry.made_for_run,
        carried=value.get("carried", False),
        compiler_calls=CompilerCalls(**calls) if (calls := value.get("compiler_calls")) else None,
    )
