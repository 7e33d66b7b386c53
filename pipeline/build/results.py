"""A build's entry in the store: its value, its files, and the entries that are stored with it."""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import asdict, replace

from pipeline.kernel import diagnostics, image
from pipeline.kernel.architectures import architecture
from pipeline.kernel.programs import Programs
from pipeline.kernel.toolchain import ToolchainName
from pipeline.measure.code import CodeTable, packed
from pipeline.model import Build, BuildStatus, Cell, CompilerCalls, Diagnostic, StructPage
from pipeline.system import untrusted
from pipeline.system.store import Entry, Key, Store
from pipeline.system.untrusted import inflated

# The first word of `make -C`: how the paths of the source tree begin.
_ENTERED = re.compile(r"^make: Entering directory '(?P<folder>[^'\n]+)'", re.MULTILINE)
_PATHS, _CODE = "paths.z", "code.z"
_PROGRAMS = ("kernel", "units", "asked", "others", "assembled")


def read_log(build: Build) -> str:
    """The output of make."""
    return inflated(build.log.read_bytes(), untrusted.STORED_TEXT).decode("utf-8", "replace")


def compiler_of(cell: Cell) -> str:
    """The C compiler of a cell: `gcc` or `clang`."""
    return "gcc" if ToolchainName.parse(cell.toolchain.name).family == "gcc" else "clang"


def bootable(cell: Cell) -> bool:
    """Whether an image of the cell's kernels is kept."""
    return bool(cell.boot) and architecture(cell.arch).boots


class BuildResults:
    """Builds by their keys.

    Images, code, origins of symbols and dependencies lie apart from the build itself: a cell that was built before they
    were asked for lacks only them.
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
            if entry.value.get("read_by") != diagnostics.VERSION:
                build = replace(build, warnings=_read_again(build, cell))
        except (ValueError, KeyError, TypeError) as error:
            # From another machine, stored by a version that did not check it.
            self._store.drop(key, str(error))
            return None
        if origins := self._store.get(_stage_key("symbol-origins", key)):
            build = replace(build, origins=origins.value)
        if code := self._store.get(_stage_key("code", key)):
            build = replace(build, code=code.folder / _CODE)
        if bootable(cell) and build.status is BuildStatus.BUILT:
            kept = self._store.get(_stage_key("image", key))
            return replace(build, image=image.from_entry(kept)) if kept else None
        return build

    def put(self, key: Key, build: Build, files: Mapping[str, bytes]) -> None:
        """Stores a build; its image, origins and dependencies are there before, so that it is complete."""
        value = asdict(replace(build, symbols=b"", origins={}, sections=dict(build.sections)))
        value["read_by"] = diagnostics.VERSION
        for name in ("log", "symbols", "origins", "image", "cached", "coverage", "layouts", "code", "neutral"):
            del value[name]
        self._store.put(key, value, files)

    def put_image(self, key: Key, files: Mapping[str, bytes]) -> None:
        self._store.put(_stage_key("image", key), image.value(files), files)

    def put_origins(self, key: Key, origins: Mapping[str, str]) -> None:
        self._store.put(_stage_key("symbol-origins", key), dict(origins), {})

    def put_code(self, key: Key, table: CodeTable) -> None:
        self._store.put(_stage_key("code", key), {}, {_CODE: packed(table)})

    def put_dependencies(self, key: Key, paths: Iterable[str]) -> None:
        """Store the paths of the source tree that the build read."""
        self._store.put(_stage_key("dependencies", key), {}, {_PATHS: _packed(paths)})

    def dependencies(self, key: Key) -> frozenset[str] | None:
        """Paths of the source tree that a build read; None where that is not known."""
        entry = self._store.get(_stage_key("dependencies", key))
        return _paths(entry, _PATHS) if entry else None

    def put_programs(self, key: Key, cell: Cell, programs: Programs) -> None:
        """Store the facts on programs that a base's build ran."""
        files = {name: _packed(getattr(programs, name)) for name in _PROGRAMS}
        self._store.put(_stage_key("programs", key), {"image": bootable(cell)}, files)

    def programs(self, key: Key, cell: Cell) -> Programs | None:
        """The facts on programs that a base's build ran; None where they are not of all that now run for the cell."""
        entry = self._store.get(_stage_key("programs", key))
        if entry is None or (bootable(cell) and not entry.value["image"]):
            return None
        return Programs(**{name: _paths(entry, name) for name in _PROGRAMS})

    def reuse(self, source: Key, target: Key, cell: Cell) -> bool:
        """Stores what was built as `source` as the result of `target`, at no cost; False where it is incomplete."""
        build = self.get(source, cell, cached=False)
        entry = self._store.get(source)
        if build is None or entry is None or build.status is not BuildStatus.BUILT:
            return False
        for stage, names in (
            ("image", ("kernel.z", "selftest", "selftest.missing")),
            ("symbol-origins", ()),
            ("code", (_CODE,)),
            ("dependencies", (_PATHS,)),
        ):
            if kept := self._store.get(_stage_key(stage, source)):
                files = {name: kept.read(name) for name in names if (kept.folder / name).exists()}
                self._store.put(_stage_key(stage, target), kept.value, files)
        value = {**entry.value, "seconds": 0.0, "cpu_seconds": 0.0, "steps": 0, "reused": True, "compiler_calls": None}
        self._store.put(target, value, {name: entry.read(name) for name in ("log.z", "config", "symbols.z")})
        return True


def beside(build: Key) -> tuple[Key, ...]:
    """Keys of everything that lies beside a build."""
    return tuple(_stage_key(stage, build) for stage in ("image", "symbol-origins", "code", "dependencies", "programs"))


def _packed(paths: Iterable[str]) -> bytes:
    return zlib.compress("\0".join(sorted(paths)).encode())


def _read_again(build: Build, cell: Cell) -> tuple[Diagnostic, ...]:
    """The warnings of a build whose log another version of the parser read; what that did not know is not new."""
    log = read_log(build)
    entered = _ENTERED.search(log)
    complaints = diagnostics.read(log, (f"{entered['folder'] if entered else '/src'}/",), compiler_of(cell))
    return (*complaints.warnings, *complaints.errors) if build.status is BuildStatus.BUILT else complaints.warnings


def _paths(entry: Entry, name: str) -> frozenset[str]:
    return frozenset(inflated(entry.read(name), untrusted.STORED_TEXT).decode().split("\0"))


def _stage_key(stage: str, build: Key) -> Key:
    return Key(stage, build.inputs)


def _from_entry(entry: Entry, cached: bool) -> Build:
    value = dict(entry.value)
    built = value["status"] == BuildStatus.BUILT
    return Build(
        status=BuildStatus(value["status"]),
        seconds=value["seconds"],
        cpu_seconds=value["cpu_seconds"],
        steps=value["steps"],
        warnings=tuple(Diagnostic(**fields) for fields in value["warnings"]),
        errors=tuple(Diagnostic(**fields) for fields in value["errors"]),
        log=entry.folder / "log.z",
        symbols=inflated(entry.read("symbols.z"), untrusted.TOOL_OUTPUT) if built else b"",
        sections=value["sections"],
        struct_page=StructPage(value["struct_page"]["size"]) if value["struct_page"] else None,
        cached=cached and not entry.made_for_run,
        reused=value.get("reused", False),
        compiler_calls=CompilerCalls(**calls) if (calls := value.get("compiler_calls")) else None,
    )
