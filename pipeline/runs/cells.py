"""Makes the records of cells from the results of the verbs; pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace

from pipeline import record
from pipeline.boot import console
from pipeline.boot.report import Boot, Boots
from pipeline.kernel.diagnostics import new_ones
from pipeline.kernel.moved import Moved
from pipeline.measure import WELL_KNOWN, layout_deltas, origins_of, section_deltas
from pipeline.measure.cells import Measured
from pipeline.model import (
    Build,
    BuildStatus,
    CodeDelta,
    CodeKind,
    CompilerCalls,
    Diagnostic,
    NoiseFloor,
    PlannedCell,
    SourceState,
    Stage,
    StructPage,
    TextDelta,
)
from pipeline.plan.matrix import surprise
from pipeline.probes import Probe
from pipeline.runs.names import config_name, console_name, log_name
from pipeline.runs.readings import readings
from pipeline.runs.results import TreeResult

"""Of a console, that a record holds; the console itself lies beside it."""

MOST_CODE_CHANGES, MOST_CODE_CHANGES_OF_A_PATCH = 500, 50
"""Functions and data objects that a record names, of a cell and of one patch in it."""


def cell_records(results: Sequence[TreeResult]) -> tuple[record.CellRecord, ...]:
    return tuple(
        _cell(planned, result, f"tree{number}")
        for number, result in enumerate(results, 1)
        for planned in result.planned
    )


def _cell(planned: PlannedCell, result: TreeResult, tree: str) -> record.CellRecord:
    cell = planned.cell
    outcome = (result.outcomes or {}).get(cell.id)
    builds = {patch: build for (cell_id, patch), build in (result.builds or {}).items() if cell_id == cell.id}
    common = record.CellRecord(
        id=cell.id,
        tree=planned.tree.name,
        arch=cell.arch,
        toolchain=cell.toolchain.version,
        toolchain_digest=cell.toolchain.digest,
        about=cell.about,
        stage="objects" if cell.stage is Stage.OBJECTS else "kernels",
        files=_files(builds),
        words=cell.words,
        checker=cell.checker.version if cell.checker else "",
        status="duplicate" if planned.same_as else "missing" if planned.reachable else "unreachable",
        reason=planned.reason,
        same_as=planned.same_as,
        expected_unreachable=bool(cell.expect and cell.expect.unreachable),
        unexpected=surprise(planned),
        vmemmap=planned.vmemmap if planned.reachable else None,
        struct_page=_struct_page(planned.struct_page) if planned.reachable else None,
        readings=readings(result.probes, planned, builds, outcome),
        lost=tuple(record.LostPromiseRecord(**asdict(promise)) for promise in outcome.lost) if outcome else None,
        base=cell.base,
        requests=tuple(f"{name}={value}" for fragment in cell.fragments for name, value in fragment.asked.items()),
    )
    if not planned.reachable or not builds:
        return common
    states = {state.patch: state for state in result.applied.states}
    base, last = builds.get(0), builds[max(builds)]
    struct_page = (base.struct_page if base else None) or planned.struct_page
    both_built = base is not None and base.status is last.status is BuildStatus.BUILT
    failed = [build for build in builds.values() if build.status is BuildStatus.FAILED]
    measured = result.measured.get(cell.id, Measured())
    return common.model_copy(
        update={
            "status": "failed" if failed else "built",
            "vmemmap": planned.vmemmap,
            "struct_page": _struct_page(struct_page),
            "config": config_name(cell.id, tree),
            "states": tuple(
                _state(
                    states[patch],
                    build,
                    base,
                    (result.moved or {}).get(patch, Moved()),
                    measured,
                    log_name(cell.id, tree, patch),
                ).model_copy(update={"vmemmap": outcome.vmemmap.get(patch) if outcome else None})
                for patch, build in sorted(builds.items())
            ),
            "text": _text(measured.text, last, base) if measured.text else None,
            "code": _code(measured.code, MOST_CODE_CHANGES),
            "sections": tuple(
                record.SectionRecord(name=name, before=before, after=after)
                for name, before, after in (section_deltas(base, last) if base and both_built else ())
            ),
            "noise_floor": _noise_floor((result.floors or {}).get(cell.id)),
            "boots": _boots(cell.id, tree, result.boots or {}),
            "coverage": _coverage(last),
            "removed": _coverage(base) if base and base is not last else None,
            "layouts": _layouts(base, last, result.probes),
        }
    )


def _files(builds: Mapping[int, Build]) -> tuple[record.TouchedFileRecord, ...]:
    """The touched files of an objects cell, each as it is after the last patch that leaves it there."""
    latest = {file.path: file for _, build in sorted(builds.items()) for file in build.files}
    return tuple(
        record.TouchedFileRecord(
            path=file.path, objects=file.targets, compiled=file.compiled, reason=file.reason, touched=file.touched
        )
        for _, file in sorted(latest.items())
    )


def _struct_page(struct_page: StructPage | None) -> record.StructPageRecord | None:
    return (
        record.StructPageRecord(size=struct_page.size, power_of_two=struct_page.power_of_two) if struct_page else None
    )


def _state(
    state: SourceState, build: Build, base: Build | None, moved: Moved, measured: Measured, log: str
) -> record.StateRecord:
    new = new_ones(build.warnings, base.warnings, moved) if base and state.patch else ()
    warned = {diagnostic.path for diagnostic in new}
    return record.StateRecord(
        patch=state.patch,
        subject=state.subject,
        status=build.status.value,
        seconds=build.seconds,
        cpu_seconds=build.cpu_seconds,
        cached=build.cached,
        reused=build.reused,
        new_warnings=_diagnostics(new),
        renames={new: old for old, new in moved.renames.items() if new in warned},
        errors=_diagnostics(build.errors),
        unread=build.unread,
        text_change=measured.text_changes.get(state.patch),
        code=_code(measured.code_changes.get(state.patch), MOST_CODE_CHANGES_OF_A_PATCH),
        compiler_calls=_calls(build.compiler_calls),
        struct_page=_struct_page(build.struct_page),
        log=log,
    )


def _code(delta: CodeDelta | None, most: int) -> record.CodeRecord | None:
    """The differences, the first `most` changes by name."""
    if delta is None:
        return None
    functions = [change for change in delta.changes if change.kind is CodeKind.FUNCTION]
    return record.CodeRecord(
        functions=delta.functions,
        objects=delta.objects,
        changed_functions=len(functions),
        changed_objects=len(delta.changes) - len(functions),
        resized=sum(change.before != change.after for change in functions),
        files=len({change.path for change in delta.changes}),
        changes=tuple(record.CodeChangeRecord.model_validate(asdict(change)) for change in delta.changes[:most]),
        unread=delta.unread[:most],
        more_unread=max(len(delta.unread) - most, 0),
        more_than=delta.more_than,
    )


def _calls(calls: CompilerCalls | None) -> record.CompilerCallsRecord | None:
    return record.CompilerCallsRecord(**asdict(calls)) if calls else None


def _boots(cell_id: str, tree: str, boots: Boots) -> tuple[record.BootRecord, ...]:
    return tuple(
        record.BootRecord(
            patch=patch,
            scenario=scenario,
            status=boot.status.value,
            reason=boot.reason,
            checks=tuple(
                record.CheckRecord(
                    name=check.name, status=check.status.value, details=check.details, values=dict(check.values)
                )
                for check in boot.checks
            ),
            splats=boot.splats,
            new_lines=_new_lines(boot, boots.get((cell_id, 0, scenario)) if patch else None),
            seconds=boot.seconds,
            cached=boot.cached,
            console=console_name(cell_id, tree, patch, scenario) if boot.console else "",
        )
        for (booted, patch, scenario), boot in sorted(boots.items())
        if booted == cell_id
    )


def _new_lines(boot: Boot, base: Boot | None) -> tuple[str, ...]:
    return console.new_lines(boot.console, base.console) if base and base.console else ()


def _noise_floor(floor: NoiseFloor | None) -> record.NoiseFloorRecord | None:
    if floor is None:
        return None
    sections = (record.SectionRecord(name=name, before=first, after=second) for name, first, second in floor.sections)
    return record.NoiseFloorRecord(up=floor.text.up, down=floor.text.down, sections=tuple(sections))


def _coverage(build: Build) -> tuple[record.FileCoverageRecord, ...] | None:
    if build.coverage is None:
        return None
    return tuple(
        record.FileCoverageRecord(
            path=file.path,
            compiled=file.compiled,
            lines=record.line_ranges(file.lines),
            kept=None if file.kept is None else record.line_ranges(file.kept),
        )
        for file in build.coverage.files
    )


def _layouts(base: Build | None, last: Build, probes: Sequence[Probe]) -> tuple[record.LayoutRecord, ...] | None:
    if base is None or base.layouts is None or last.layouts is None:
        return None
    compiled = [file.path for file in last.coverage.files if file.compiled] if last.coverage else []
    deltas = layout_deltas(base.layouts, last.layouts, compiled)
    tracked = {*WELL_KNOWN, *(struct.name for probe in probes for struct in probe.structs)}
    return tuple(
        record.LayoutRecord.model_validate(asdict(delta) | {"tracked": delta.struct in tracked}) for delta in deltas
    )


def _diagnostics(diagnostics: Sequence[Diagnostic]) -> tuple[record.DiagnosticRecord, ...]:
    return tuple(record.DiagnosticRecord(**asdict(diagnostic)) for diagnostic in diagnostics[:100])


def _text(delta: TextDelta, last: Build, base: Build | None) -> record.TextRecord:
    text = record.TextRecord.model_validate(asdict(delta))
    paths = origins_of([symbol.name for symbol in text.symbols], last.origins, base.origins if base else {})
    symbols = tuple(replace(symbol, path=paths[symbol.name]) for symbol in text.symbols)
    return text.model_copy(update={"symbols": symbols})
