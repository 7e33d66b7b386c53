"""Findings of a run: failed builds, new warnings, boots that got worse, each with the patch that it came with."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from pipeline.assess.boots import Regression, regressions
from pipeline.assess.words import base_fails, first_failing, label, result
from pipeline.kernel.diagnostics import new_ones
from pipeline.kernel.diagnostics.words import names_in, option_of
from pipeline.kernel.moved import Moved
from pipeline.record import CellRecord, DiagnosticRecord, RunRecord, StateRecord
from pipeline.system.text import count, cut


@dataclass(frozen=True)
class BlamedPatch:
    """Which patch something came with.

    Args:
        applied: how many patches are applied where it was first seen.
        patch: that it came with; 0 where that is not known.
        proven: the state before that patch was looked at; else it is the only one that touches the file.
    """

    applied: int = 0
    patch: int = 0
    proven: bool = False


@dataclass(frozen=True)
class Finding:
    """Failed builds, or new warnings, that say the same.

    Args:
        blame: the patch that it came with, or what is known of it.
        cells: every cell that shows it.
        diagnostics: the compiler's words.
        log: of the first cell, a file name within the run's folder.
        blamed: the same as `blame`, as numbers.
    """

    blame: str
    cells: tuple[str, ...]
    diagnostics: tuple[DiagnosticRecord, ...]
    log: str = ""
    blamed: BlamedPatch = BlamedPatch()


def failures(record: RunRecord) -> list[Finding]:
    """Build failures that the series causes; a cell counts once, at the first state that fails."""
    groups: dict[tuple[str, BlamedPatch, tuple[DiagnosticRecord, ...]], list[tuple[str, str]]] = {}
    for cell in record.cells:
        if state := first_failing(cell):
            blamed = _blamed_patch(record, cell, state, state.errors)
            blame = _blame(record, blamed, state, state.errors)
            errors = _in_words_of_another_cell(
                state.errors, [known for *same, known in groups if same == [blame, blamed]]
            )
            groups.setdefault((blame, blamed, errors), []).append((label(record, cell), state.log))
        elif result(record, cell) == "FAILS":
            reason = cell.reason or "the run does not say at which patch"
            groups.setdefault((reason, BlamedPatch(), ()), []).append((label(record, cell), ""))
    return [
        Finding(blame, tuple(cell for cell, _ in hits), diagnostics, hits[0][1], blamed)
        for (blame, blamed, diagnostics), hits in groups.items()
    ]


def _in_words_of_another_cell(
    errors: tuple[DiagnosticRecord, ...], known: Sequence[tuple[DiagnosticRecord, ...]]
) -> tuple[DiagnosticRecord, ...]:
    """Errors in the words of another cell that fails alike: what follows from the first error depends on options.

    Of another compiler they begin at the same line (clang complains of each use of a name, gcc of the first one); of
    the same one they begin alike, and are of no other lines.
    """
    places = [(error.path, error.line) for error in errors]
    for other in known:
        known_places = [(error.path, error.line) for error in other]
        if {error.tool for error in errors}.isdisjoint(error.tool for error in other):
            alike = bool(places) and places[0][1] > 0 and places[0] == next(iter(known_places), None)
        else:
            begins = [error.message for error in errors[:1]] == [error.message for error in other[:1]]
            alike = begins and set(places) <= set(known_places)
        if alike:
            return other
    return errors


def identity(warning: DiagnosticRecord) -> tuple[str, str, str]:
    """What is the same in every cell: compilers have words of their own for what they have the same option for."""
    names = names_in(warning.message)
    if names and (option := option_of(warning.message)):
        return warning.path, option, " ".join(names)
    return warning.path, warning.message, warning.function


def warnings(record: RunRecord) -> list[Finding]:
    """Warnings that the base does not have, each at the first state that has it; alike ones of cells are one."""
    hits: dict[tuple[str, BlamedPatch, tuple[str, str, str], int], list[tuple[str, str, DiagnosticRecord]]] = {}
    for cell in record.cells:
        for state, fresh in new_warnings(cell):
            alike: Counter[tuple[str, str, str]] = Counter()
            for warning in fresh:
                alike_key = identity(warning)
                alike[alike_key] += 1
                blamed = _blamed_patch(record, cell, state, [warning])
                key = (_blame(record, blamed, state, [warning]), blamed, alike_key, alike[alike_key])
                hits.setdefault(key, []).append((label(record, cell), state.log, warning))
    groups: dict[tuple[str, BlamedPatch, tuple[str, ...], str], list[DiagnosticRecord]] = {}
    for (blame, blamed, *_), diagnostics in hits.items():
        cells, first = tuple(name for name, _, _ in diagnostics), diagnostics[0]
        groups.setdefault((blame, blamed, cells, first[1]), []).append(first[2])
    return [
        Finding(blame, cells, tuple(diagnostics), log, blamed)
        for (blame, blamed, cells, log), diagnostics in groups.items()
    ]


def boot_failures(record: RunRecord) -> list[tuple[Finding, str]]:
    """Boots that are worse than the base's, each with what is worse; alike ones of several cells are one finding."""
    groups: dict[tuple[str, BlamedPatch, str], list[Regression]] = {}
    for cell in record.cells:
        for regression in regressions(cell):
            state = next(state for state in cell.states if state.patch == regression.boot.patch)
            blamed = _blamed_patch(record, cell, state, [])
            key = (_blame(record, blamed, state, []), blamed, f"{regression.boot.scenario}: {regression.what}")
            groups.setdefault(key, []).append(regression)
    return [
        (
            Finding(
                blame,
                tuple(label(record, regression.cell) for regression in found_in),
                tuple(
                    DiagnosticRecord(path=found_in[0].boot.scenario, line=0, message=line)
                    for line in found_in[0].evidence
                ),
                found_in[0].boot.console,
                blamed,
            ),
            what,
        )
        for (blame, blamed, what), found_in in groups.items()
    ]


def new_warnings(cell: CellRecord) -> Iterable[tuple[StateRecord, tuple[DiagnosticRecord, ...]]]:
    """What each state warns of and none before it; nothing where the base fails: there is nothing to compare with."""
    known: list[DiagnosticRecord] = []
    for state in cell.states if not base_fails(cell) else ():
        if state.patch > 0:
            # A file that is renamed within the series is known by its name on the base.
            fresh = new_ones(state.new_warnings, known, Moved({old: new for new, old in state.renames.items()}))
            yield state, _independent(cell, state, fresh)
            known += [
                warning.model_copy(update={"path": state.renames.get(warning.path, warning.path)}) for warning in fresh
            ]


def _independent(
    cell: CellRecord, state: StateRecord, fresh: Sequence[DiagnosticRecord]
) -> tuple[DiagnosticRecord, ...]:
    """The warnings that do not follow from an error: of a file that does not compile those that outlive the error."""
    broken = {error.path for error in state.errors}
    later = [
        warning
        for other in cell.states
        if other.patch > state.patch and other.status == "built"
        for warning in other.new_warnings
    ]
    alive = {(warning.path, warning.message, warning.function) for warning in later}
    return tuple(
        warning
        for warning in fresh
        if warning.path not in broken or (warning.path, warning.message, warning.function) in alive
    )


def _blamed_patch(
    record: RunRecord, cell: CellRecord, state: StateRecord, diagnostics: Sequence[DiagnosticRecord]
) -> BlamedPatch:
    """The patch that a finding came with; without its predecessor's build, what the file it names says of that."""
    if state.patch - 1 in {other.patch for other in cell.states}:
        return BlamedPatch(state.patch, state.patch, proven=True)
    touching = [patch.number for patch in record.series.patches if diagnostics and diagnostics[0].path in patch.files]
    return BlamedPatch(state.patch, touching[0] if len(touching) == 1 else 0)


def _blame(record: RunRecord, blamed: BlamedPatch, state: StateRecord, diagnostics: Sequence[DiagnosticRecord]) -> str:
    """The same in words."""
    if blamed.proven:
        return f'patch {state.patch}, "{cut(state.subject, 64)}"'
    whole = state.patch == len(record.series.patches)
    applied = f"{'all' if whole else 'the first'} {count(state.patch, 'patch')} applied"
    if blamed.patch:
        return f"{applied}; patch {blamed.patch} alone touches {cut(diagnostics[0].path, 60)}"
    return f"{applied} (run with --per-patch to find the first)"
