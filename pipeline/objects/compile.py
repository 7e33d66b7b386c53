"""Compiles the objects of one source state in a build folder, and reads their results."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from pipeline.build.folders import Folders, Place
from pipeline.build.results import compiler_of
from pipeline.kernel import diagnostics, kbuild, logs, records, sparse
from pipeline.kernel.diagnostics import Complaints
from pipeline.kernel.make import Make
from pipeline.kernel.toolchain import ToolchainName
from pipeline.measure import sized_symbols
from pipeline.measure.code import both_codes
from pipeline.measure.coverage import measure_coverage
from pipeline.model import Build, BuildStatus, ChangedFile, CompiledObject, Diagnostic
from pipeline.objects import rust
from pipeline.objects.device_tree import goals
from pipeline.objects.results import StateObjects, build_of
from pipeline.objects.runtime import unresolved
from pipeline.system import untrusted_dir
from pipeline.system.confined import UnreadableError

WORDS = ("--keep-going",)
"""What make is told beside its targets and the cell's own words: every object, whatever becomes of another."""


@dataclass(frozen=True)
class Wanted:
    """The objects to compile at a state.

    Args:
        place: where.
        sources: of the objects, by target.
        kept: objects that come out as at the state before.
        base: what the base came to; None where this is the base.
        before: the same of the state before.
        changed: the code whose coverage is measured here; None where it is not.
        proven: targets that fail at this state in another cell, where that was confirmed.
        compared: sources that the series touches, where code is compared; None in other cells.
    """

    place: Place
    sources: Mapping[str, str]
    kept: Mapping[str, CompiledObject]
    base: StateObjects | None
    before: StateObjects | None
    changed: Sequence[ChangedFile] | None
    proven: frozenset[str] = frozenset()
    compared: frozenset[str] | None = None


class Compiler:
    """Compiles objects of one cell.

    Args:
        make: of the cell.
        folders: knows where states are built.
    """

    def __init__(self, make: Make, folders: Folders) -> None:
        self._make = make
        self._folders = folders
        self._log = b""
        self._made = set[str]()
        self._seconds = self._cpu_seconds = 0.0

    def compile(self, wanted: Wanted) -> tuple[StateObjects, bytes]:
        """The objects of a state, and what make printed.

        Raises:
            InfrastructureError: the machine failed.
        """
        make, steps = self._make, self._make.steps
        self._folders.enter(make, wanted.place)
        objects = self._objects(wanted)
        if objects is None:
            # Not a copy of the base's: which objects lie there is up to other series, too.
            self._folders.enter(make, wanted.place, alone=True, empty=True)
            objects = self._objects(wanted, alone=True) or {}
        build = Build(
            status=BuildStatus.BUILT,
            seconds=round(self._seconds, 2),
            cpu_seconds=round(self._cpu_seconds, 2),
            steps=make.steps - steps,
            warnings=(),
            errors=(),
            log=make.folder.path,
            reused=wanted.kept.keys() >= wanted.sources.keys() and make.steps == steps,
        )
        build = build_of(objects, _broken(objects, wanted.base), build)
        if wanted.changed is not None:
            build = self._with_coverage(build, wanted, [target for target in objects if objects[target].good])
        state = StateObjects(build, objects)
        return (state if wanted.compared is None else self._with_code(state, wanted, wanted.compared)), self._log

    def _objects(self, wanted: Wanted, *, alone: bool = False) -> dict[str, CompiledObject] | None:
        """The objects of a state; None where one was made of what others may have left in the folder.

        An object that fails on top of what other states left there is compiled once more in an empty folder before it
        counts, unless another cell has proven that it fails.

        Args:
            alone: the folder is of this state alone.
        """
        make = self._make
        incremental = bool(make.folder.config())
        missing = [target for target in wanted.sources if target not in wanted.kept]
        if wanted.changed is not None:
            # The preprocessor is asked with records that lie beside the objects.
            folder = make.folder.path
            missing = [*missing, *(target for target in wanted.kept if not untrusted_dir.is_file(folder, target))]
        objects = {**wanted.kept, **self._compiled(wanted, missing)}
        if missing and self._is_misled(wanted.place):
            return None
        suspects = [
            target
            for target in _broken(objects, wanted.base)
            if target not in wanted.proven and not _failed(target, wanted.before)
        ]
        if suspects and incremental:
            self._folders.enter(make, wanted.place, empty=True, alone=alone)
            objects |= self._compiled(wanted, suspects)
            if self._is_misled(wanted.place):
                return None
        return {target: objects[target] for target in wanted.sources}

    def _is_misled(self, place: Place) -> bool:
        """Whether an assembler read, in a shared folder, what no record of the base's names."""
        if not self._make.folder.is_shared or not self._folders.speaks_to_assembler(place):
            return False
        try:
            read = records.of_assemblers(self._make)
        except UnreadableError:
            read = None
        return self._folders.is_misled(self._make, place, read)

    def _compiled(self, wanted: Wanted, targets: Sequence[str]) -> dict[str, CompiledObject]:
        """Compile `targets`, each here and now."""
        make, folder = self._make, self._make.folder
        if not targets:
            return {}
        for target in targets:
            # What is not compiled says nothing of its warnings.
            _discard(make, target)
        folder.begin(wanted.place.config)
        printed = b""
        for together in goals(targets):
            done = make.run(*make.cell.words, *WORDS, *together, timeout=kbuild.BUILD_TIMEOUT)
            printed += done.stdout + done.stderr
            self._seconds += done.seconds
            self._cpu_seconds += done.cpu_seconds
        self._log += printed
        self._made.update(targets)
        sources = {target: wanted.sources[target] for target in targets}
        try:
            said = logs.complaints_by_target(make, compiler_of(make.cell), sources, printed)
        except UnreadableError as error:
            said = {target: Complaints((), (Diagnostic("make", 0, str(error)),)) for target in targets}
        there = sorted(target for target in targets if untrusted_dir.is_file(folder.path, target))
        lacking = unresolved(make, {target: sources[target] for target in there})
        said |= {target: Complaints(_warnings(said, target), errors) for target, errors in lacking.items()}
        good = {target for target in there if target not in lacking}
        symbols = self._symbols(sorted(good))
        try:
            read, _ = records.of_objects(make, good, ())
        except UnreadableError:
            read = {}
        folder.finish()
        others = _of_none(said)
        return {
            target: self._object(
                CompiledObject(
                    target,
                    sources[target],
                    target in good,
                    symbols=symbols.get(target, b""),
                    read=read.get(target, frozenset()),
                ),
                said.get(target, Complaints()),
                others,
            )
            for target in targets
        }

    def _object(self, compiled: CompiledObject, said: Complaints, others: Complaints) -> CompiledObject:
        """An object with what was said of it; where that explains no failure, what was said of none."""
        unread = compiled.good and any(error.tool == sparse.PROGRAM for error in said.errors)
        said = _without_checker(said) if unread else said
        # What make did not take for a failure is as good as a warning.
        warnings = said.warnings if not compiled.good else (*said.warnings, *said.errors)
        errors = () if compiled.good else said.errors or said.last_words or others.errors or others.last_words
        if not compiled.good and not errors:
            errors = (Diagnostic(compiled.target, 0, "make left no such object"),)
        warnings = diagnostics.in_source(warnings, self._make.source)
        return replace(compiled, warnings=warnings, errors=errors, unread=unread)

    def _symbols(self, targets: Sequence[str]) -> dict[str, bytes]:
        """Sized symbols of each object."""
        objects = [target for target in targets if target.endswith(".o")]
        if not objects:
            return {}
        nm = ToolchainName.parse(self._make.cell.toolchain.name).binary_tool("nm")
        done = self._make.tool(nm, "--print-file-name", "--size-sort", *objects)
        self._make.check_failure(done)
        lines_by_target: dict[str, list[bytes]] = {target: [] for target in objects}
        for line in done.stdout.splitlines(keepends=True):
            target, colon, rest = line.partition(b":")
            name = target.decode("utf-8", "replace")
            if colon and name in lines_by_target:
                lines_by_target[name].append(rest)
        return {target: sized_symbols(b"".join(lines)) for target, lines in lines_by_target.items()}

    def _with_code(self, state: StateObjects, wanted: Wanted, touched: frozenset[str]) -> StateObjects:
        """A state with the code of its good objects; of those that were not compiled here, that of the state before.

        An object may lie in the folder as another series left it.
        """
        good = {target: kept.source for target, kept in state.objects.items() if kept.good and target.endswith(".o")}
        made = {target: source for target, source in good.items() if target in self._made}
        before = wanted.before or StateObjects(state.build, {})
        code, neutral = both_codes(self._make, made, before.code, touched & {*made.values()})
        kept = [target for target in good if target not in made]
        return replace(
            state,
            code={target: before.code[target] for target in kept if target in before.code} | code,
            neutral={target: before.neutral[target] for target in kept if target in before.neutral}
            | {target: unit for target, unit in neutral.items() if target in made},
        )

    def _with_coverage(self, build: Build, wanted: Wanted, good: Sequence[str]) -> Build:
        """A build with what its good objects read of the series; records of others are those of an earlier state."""
        changed = wanted.changed or ()
        try:
            _, reading = records.of_objects(self._make, good, [file.path for file in changed])
            return replace(build, coverage=measure_coverage(self._make, changed, reading))
        except UnreadableError as error:
            self._make.warn(str(error))
            return build


def _without_checker(said: Complaints) -> Complaints:
    """What was said of a good object, without sparse's words: it cannot read what the compiler can."""
    kept = [[each for each in kind if each.tool != sparse.PROGRAM] for kind in (said.warnings, said.errors)]
    return Complaints(*map(tuple, kept))


def _of_none(said: Mapping[str, Complaints]) -> Complaints:
    """What was said of no target, or of the crates that every other one of Rust needs."""
    others = said.get(logs.OTHERS, Complaints())
    if others.errors or others.last_words:
        return others
    errors = [error for target, complaints in said.items() if rust.is_crate(target) for error in complaints.errors]
    return replace(others, errors=tuple(errors))


def _warnings(said: Mapping[str, Complaints], target: str) -> tuple[Diagnostic, ...]:
    """Warnings of an object that was compiled."""
    complaints = said.get(target, Complaints())
    return (*complaints.warnings, *complaints.errors)


def _discard(make: Make, target: str) -> None:
    try:
        untrusted_dir.discard(make.folder.path, target)
    except FileNotFoundError:
        # Its folder is not there either.
        return
    except OSError:
        # A link in place of a folder: nothing that lies there is believed.
        make.folder.wipe()


def _broken(objects: Mapping[str, CompiledObject], base: StateObjects | None) -> Sequence[str]:
    """Objects that are not compiled, of those that are on the base or are not there."""
    if base is None:
        return ()
    return [target for target, compiled in objects.items() if not compiled.good and not _failed(target, base)]


def _failed(target: str, state: StateObjects | None) -> bool:
    known = state.objects.get(target) if state else None
    return known is not None and not known.good
