"""Store entries for the objects of a source state: their value, their files, and the programs of the base."""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from pipeline.kernel.programs import Programs
from pipeline.measure.code import CodeTable, packed, stored_table
from pipeline.model import Build, BuildStatus, CompiledObject, Coverage, Diagnostic, FileCoverage
from pipeline.system import untrusted
from pipeline.system.store import Entry, Key, Store
from pipeline.system.untrusted import inflated

_LOG, _SYMBOLS, _READ, _CODE, _NEUTRAL = "log.z", "symbols.z", "read.z", "code.z", "neutral.z"
_PROGRAMS = ("kernel", "units", "asked", "others", "assembled")


@dataclass(frozen=True)
class StateObjects:
    """The objects of one source state.

    Args:
        build: as reports show it.
        objects: by target.
        code: of the good ones; empty where the cell's code is not compared.
        neutral: that of what the series touches, compiled with every `__LINE__` alike.
    """

    build: Build
    objects: Mapping[str, CompiledObject]
    code: CodeTable = field(default_factory=dict)
    neutral: CodeTable = field(default_factory=dict)


class ObjectResults:
    """States by their keys.

    Args:
        store: keeps them.
    """

    def __init__(self, store: Store) -> None:
        self._store = store

    def get(self, key: Key, *, cached: bool) -> StateObjects | None:
        """The stored result of a state; an entry that cannot be read is dropped."""
        entry = self._store.get(key)
        if entry is None:
            return None
        try:
            return _from_entry(entry, cached)
        except (ValueError, KeyError, TypeError, IndexError) as error:
            self._store.drop(key, str(error))
            return None

    def put(self, key: Key, state: StateObjects, log: bytes) -> None:
        build = state.build
        ordered = [*state.objects.values()]
        value = {
            "status": build.status.value,
            "seconds": build.seconds,
            "cpu_seconds": build.cpu_seconds,
            "steps": build.steps,
            "warnings": [asdict(warning) for warning in build.warnings],
            "errors": [asdict(error) for error in build.errors],
            "coverage": asdict(build.coverage) if build.coverage else None,
            "objects": [
                {
                    "target": compiled.target,
                    "source": compiled.source,
                    "good": compiled.good,
                    "warnings": [asdict(warning) for warning in compiled.warnings],
                    "errors": [asdict(error) for error in compiled.errors],
                    "unread": compiled.unread,
                }
                for compiled in ordered
            ],
        }
        files = {
            _LOG: zlib.compress(log),
            _SYMBOLS: zlib.compress(b"\0".join(compiled.symbols for compiled in ordered)),
            _READ: zlib.compress("\n".join("\0".join(sorted(compiled.read)) for compiled in ordered).encode()),
        }
        if state.code:
            files |= {_CODE: packed(state.code), _NEUTRAL: packed(state.neutral)}
        self._store.put(key, value, files)

    def removed(self, base: Key, digest: str) -> Coverage | None:
        """What the base compiles of the lines that a series removes.

        Args:
            digest: of these lines.
        """
        key = _of_removed(base, digest)
        entry = self._store.get(key)
        if entry is None:
            return None
        try:
            return _coverage(entry.value)
        except (ValueError, KeyError, TypeError) as error:
            self._store.drop(key, str(error))
            return None

    def put_removed(self, base: Key, digest: str, coverage: Coverage) -> None:
        self._store.put(_of_removed(base, digest), asdict(coverage), {})

    def programs(self, base: Key) -> Programs | None:
        """The facts on programs that ran while the base's objects were compiled."""
        entry = self._store.get(_key_of_programs(base))
        if entry is None:
            return None
        return Programs(**{name: frozenset(_paths(_inflated(entry, name))) for name in _PROGRAMS})

    def put_programs(self, base: Key, programs: Programs) -> None:
        files = {name: zlib.compress("\0".join(sorted(getattr(programs, name))).encode()) for name in _PROGRAMS}
        self._store.put(_key_of_programs(base), {}, files)


def build_of(objects: Mapping[str, CompiledObject], broken: Sequence[str], build: Build) -> Build:
    """A state's build with what its objects say.

    Args:
        broken: targets that count as failed.
    """
    return replace(
        build,
        status=BuildStatus.FAILED if broken else BuildStatus.BUILT,
        # Warnings of a compiler that gave up may follow from its error.
        warnings=_together([compiled.warnings for compiled in objects.values() if compiled.good]),
        errors=_together([objects[target].errors for target in broken]),
        symbols=b"".join(compiled.symbols for compiled in objects.values()),
        unread=_unread(objects),
    )


def _unread(objects: Mapping[str, CompiledObject]) -> tuple[str, ...]:
    return tuple(sorted({compiled.source for compiled in objects.values() if compiled.unread}))


def _together(lists: Sequence[Sequence[Diagnostic]]) -> tuple[Diagnostic, ...]:
    """Diagnostics of several objects; that of a header is printed for each that includes it, and counts once."""
    most: dict[Diagnostic, tuple[int, Diagnostic]] = {}
    for diagnostics in lists:
        counted: dict[Diagnostic, int] = {}
        for diagnostic in diagnostics:
            # Where one copy comes without the text of its line, it is the same.
            identity = replace(diagnostic, tool="", source="")
            counted[identity] = counted.get(identity, 0) + 1
            if counted[identity] > most.get(identity, (0, diagnostic))[0]:
                most[identity] = (counted[identity], most.get(identity, (0, diagnostic))[1])
    return tuple(kept for number, kept in most.values() for _ in range(number))


def _key_of_programs(base: Key) -> Key:
    return Key("objects-programs", base.inputs)


def _of_removed(base: Key, digest: str) -> Key:
    return Key("objects-removed", {**base.inputs, "removed": digest})


def _inflated(entry: Entry, name: str) -> bytes:
    return inflated(entry.read(name), untrusted.STORED_TEXT)


def _paths(content: bytes) -> list[str]:
    return [path for path in content.decode().split("\0") if path]


def _from_entry(entry: Entry, cached: bool) -> StateObjects:
    value = entry.value
    symbols = _inflated(entry, _SYMBOLS).split(b"\0")
    read = _inflated(entry, _READ).split(b"\n")
    objects = {
        stored["target"]: CompiledObject(
            stored["target"],
            stored["source"],
            bool(stored["good"]),
            _diagnostics(stored["warnings"]),
            _diagnostics(stored["errors"]),
            symbols[at],
            frozenset(_paths(read[at])),
            bool(stored["unread"]),
        )
        for at, stored in enumerate(value["objects"])
    }
    code, neutral = (entry.folder / name if name in entry.names else None for name in (_CODE, _NEUTRAL))
    build = Build(
        status=BuildStatus(value["status"]),
        seconds=value["seconds"],
        cpu_seconds=value["cpu_seconds"],
        steps=value["steps"],
        warnings=_diagnostics(value["warnings"]),
        errors=_diagnostics(value["errors"]),
        log=entry.folder / _LOG,
        symbols=b"".join(compiled.symbols for compiled in objects.values()),
        cached=cached,
        coverage=_coverage(value["coverage"]),
        code=code,
        neutral=neutral,
        unread=_unread(objects),
    )
    return StateObjects(build, objects, stored_table(code), stored_table(neutral))


def _diagnostics(values: Sequence[Mapping[str, Any]]) -> tuple[Diagnostic, ...]:
    return tuple(Diagnostic(**fields) for fields in values)


def _coverage(value: Any) -> Coverage | None:
    if value is None:
        return None
    files = ({**file, "lines": tuple(file["lines"]), "kept": _numbers(file["kept"])} for file in value["files"])
    return Coverage(tuple(FileCoverage(**file) for file in files))


def _numbers(value: Sequence[int] | None) -> tuple[int, ...] | None:
    return None if value is None else tuple(value)
