"""Judges claims by measurements. A claim is refuted only by its opposite; where numbers differ it is not confirmed."""

from __future__ import annotations

import fnmatch
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, field

from pipeline.claims import diffstat
from pipeline.claims.code import FILES_SHOWN, differences, how_much
from pipeline.model import Claim, ClaimKind, Diffstat, Measurand
from pipeline.record import CellRecord, ClaimRecord, CodeRecord, StateRecord, line_numbers, line_ranges
from pipeline.record.kinds import by_kind
from pipeline.system.text import count

PER_PATCH = "run the same command again with --per-patch"


@dataclass(frozen=True)
class Evidence:
    """Measurements and facts that claims are judged by.

    Args:
        cells: as recorded.
        files: paths that the patches touch.
        diffstats: what git can print of the series where it applies; empty where no tree took it.
        patch_files: paths that each patch touches, by its number.
    """

    cells: Sequence[CellRecord]
    files: frozenset[str] = frozenset()
    diffstats: tuple[Diffstat, ...] = ()
    patch_files: Mapping[int, Collection[str]] = field(default_factory=dict)

    @property
    def building(self) -> list[CellRecord]:
        """Cells that were built; duplicates and unreachable ones are none."""
        return [cell for cell in self.cells if cell.states and cell.states[0].status == "built"]


def judged(claims: Sequence[Claim], evidence: Evidence) -> tuple[ClaimRecord, ...]:
    """Judge every claim by the first cell that it is about; without a cell there is no verdict.

    A claim about a duplicate is about the cell that was built in its place. Of several diffstats the best match counts:
    others are of what the series builds on, or of a part of it.
    """
    shown = {claim: claim.diffstat for claim in claims if claim.diffstat}
    own = diffstat.nearest([*shown.values()], evidence.diffstats, evidence.files)
    return tuple(_JUDGES[claim.kind](claim, evidence) for claim in claims if shown.get(claim) in (None, own))


def judged_again(
    records: Sequence[ClaimRecord],
    cells: Sequence[CellRecord],
    patch_files: Mapping[int, Collection[str]] | None = None,
) -> tuple[ClaimRecord, ...]:
    """Judge the claims of a record against other cells.

    What cells have no part in stays as it is: a diffstat, a benchmark. So does a claim about a boot in a record that is
    too old to say what of the boot.
    """
    evidence = Evidence(cells, patch_files=patch_files or {})
    return tuple(_again(record, evidence) for record in records)


def _again(record: ClaimRecord, evidence: Evidence) -> ClaimRecord:
    claim, is_measured = _claim(record), record.measurand is not None or record.unit == "bytes"
    return _JUDGES[claim.kind](claim, evidence) if claim.kind in _OF_CELLS and is_measured else record


def _claim(record: ClaimRecord) -> Claim:
    """A claim as it was before it was judged."""
    return Claim(
        record.text,
        record.about or record.cell,
        record.claimed,
        record.relation,
        Measurand(**record.measurand.model_dump()) if record.measurand else None,
        ClaimKind(record.kind),
        record.patches,
        obstacle="" if record.about or record.cell else record.finding,
        limit=record.limit,
        found=record.origin == "letter",
    )


def _record(claim: Claim, verdict: str, **more: object) -> ClaimRecord:
    return ClaimRecord.model_validate(
        {
            "text": claim.text,
            "kind": claim.kind.value,
            "origin": "letter" if claim.found else "series.toml",
            "patches": claim.patches,
            "claimed": claim.claimed,
            "measured": None,
            "unit": claim.measurand.value if claim.measurand else "bytes",
            "verdict": verdict,
            "cell": claim.cell,
            "about": claim.cell,
            "relation": claim.relation,
            "limit": claim.limit,
            "measurand": asdict(claim.measurand) if claim.measurand else None,
            **more,
        }
    )


def _number(claim: Claim, evidence: Evidence) -> ClaimRecord:
    """A figure of the size or of a boot."""
    built = {(cell.tree, cell.id): cell for cell in evidence.cells}
    for named in evidence.cells:
        cell = built.get((named.tree, named.same_as), named)
        measured = _measured(cell, claim) if fnmatch.fnmatchcase(named.id, claim.cell) else None
        if measured is not None and claim.claimed is not None:
            verdict = _compared(claim.claimed, measured, claim.relation)
            kind = "" if claim.measurand or claim.patches else by_kind(cell)
            return _record(claim, verdict, measured=measured, cell=cell.id, finding=kind)
    return _record(claim, "not measured", finding=_not_measured(claim, evidence))


def _not_measured(claim: Claim, evidence: Evidence) -> str:
    """Why there is no figure, where that can be told."""
    if claim.obstacle:
        return claim.obstacle
    if not any(fnmatch.fnmatchcase(cell.id, claim.cell) for cell in evidence.cells):
        return f"no cell is {claim.cell}"
    return f"patch {claim.patches[0]} was not built alone; {PER_PATCH}" if claim.patches else ""


def _compared(claimed: int, measured: int, relation: str) -> str:
    if relation == "equal":
        return "confirmed" if measured == claimed else "refuted"
    if measured <= claimed:
        return "confirmed"
    return "not confirmed" if relation == "near" and not claimed < 0 <= measured else "refuted"


def _measured(cell: CellRecord, claim: Claim) -> int | None:
    """The measured number of a claim: bloat-o-meter's total, or a number of the boot after the last patch built."""
    if claim.patches:
        changes = [state.text_change for state in cell.states if state.patch in claim.patches]
        known = [change for change in changes if change is not None]
        return sum(known) if len(known) == len(claim.patches) else None
    if claim.measurand is None:
        return cell.text.delta if cell.text else None
    wanted = claim.measurand
    boots = [boot for boot in cell.boots if boot.scenario == wanted.scenario and boot.patch == cell.states[-1].patch]
    values = [
        check.values.get(wanted.value)
        for boot in boots
        for check in boot.checks
        if check.name == wanted.check and check.status != "not understood"
    ]
    return values[0] if values and boots[0].patch else None


def _diffstat(claim: Claim, evidence: Evidence) -> ClaimRecord:
    assert claim.diffstat is not None
    comparison = diffstat.compared(claim.diffstat, evidence.diffstats, evidence.files)
    return _record(claim, comparison.verdict, finding=comparison.words, details=comparison.details)


def _no_functional_change(claim: Claim, evidence: Evidence) -> ClaimRecord:
    """Confirmed where every cell's code is the same; other code is no proof of another behaviour.

    Of cells that compile files apart, those count that compare code: the ones in which little else is on. Where a
    kernel was not built after each patch, they alone tell of a patch.
    """
    if claim.limit:
        return _record(claim, "not checked", finding=f"the letter limits it: {claim.limit}")
    compared: dict[str, CodeRecord] = {}
    cells = list[CellRecord]()
    for cell in evidence.building:
        codes = _codes(cell, claim.patches)
        if codes is None and (cell.stage == "objects" or claim.patches):
            continue
        if codes is None:
            return _record(claim, "not measured", finding=_NOT_COMPARED)
        cells.append(cell)
        compared |= {f"patch {patch} in {cell.id}" if patch else cell.id: code for patch, code in codes.items()}
    if not compared and claim.patches and any(cell.stage == "kernels" for cell in evidence.building):
        return _unbuilt(claim)
    if not compared:
        words = _IN_NONE if evidence.building else "no cell was built before and after the series"
        return _record(claim, "not measured", finding=words)
    details = [f"{name}: {differences(code)}" for name, code in compared.items() if not code.same]
    if details:
        return _record(claim, "not confirmed", finding=how_much([*compared.values()]), details=details)
    if unseen := _not_compiled(evidence, claim.patches, cells):
        return _record(claim, "not confirmed", finding="the code that was compared is the same", details=unseen)
    functions = min(code.functions for code in compared.values())
    counted = f"{functions} functions, in {count(len(cells), 'cell')}"
    return _record(claim, "confirmed", finding=f"the code is the same, instruction by instruction: {counted}")


_NOT_COMPARED = "the code was not compared; builds of an earlier version of the pipeline hold none"
_IN_NONE = "no cell compared the code"


def _codes(cell: CellRecord, patches: Sequence[int]) -> Mapping[int, CodeRecord] | None:
    """The comparisons that a claim is about, 0 for that of the whole series; None where one of them is missing."""
    if not patches:
        return {0: cell.code} if cell.code else None
    codes = {state.patch: state.code for state in cell.states if state.patch in patches and state.code}
    return codes if len(codes) == len(patches) else None


def _not_compiled(evidence: Evidence, patches: Sequence[int], cells: Sequence[CellRecord]) -> list[str]:
    """Files of code that no cell compiled, and lines that none kept: of them nothing is known.

    Args:
        patches: those that count; all of the series where there are none.
        cells: those that are asked.
    """
    touched = {path for patch in patches for path in evidence.patch_files.get(patch, ())}
    files: dict[str, tuple[set[int], set[int]]] = {}
    for cell in evidence.building:
        for covered in cell.coverage or ():
            if patches and evidence.patch_files and covered.path not in touched:
                continue
            changed, kept = files.setdefault(covered.path, (set(), set()))
            changed.update(line_numbers(covered.lines))
            if covered.compiled and cell in cells:
                kept.update(line_numbers(covered.lines if covered.kept is None else covered.kept))
    missing = {path: sorted(changed - kept) for path, (changed, kept) in files.items()}
    which = "cell" if len(cells) == len(evidence.building) else "cell that compares code"
    return [f"{path}: no {which} compiles line {line_ranges(lines)}" for path, lines in missing.items() if lines]


def _preparatory(claim: Claim, evidence: Evidence) -> ClaimRecord:
    """Judge patches that prepare others: each builds; the change of size is shown, and is no verdict."""
    cells = evidence.building
    states = {(state.patch, cell.id): state for cell in cells for state in cell.states if state.patch in claim.patches}
    if not cells or len(states) < len(claim.patches) * len(cells):
        return _unbuilt(claim)
    broken = [f"patch {patch} in {cell}" for (patch, cell), state in sorted(states.items()) if not _builds(state)]
    details = _change_lines(_changes(claim, cells) or {})
    if broken:
        return _record(claim, "refuted", finding=f"does not build: {', '.join(broken[:FILES_SHOWN])}", details=details)
    each = "each builds" if len(claim.patches) > 1 else "it builds"
    return _record(claim, "confirmed", finding=f"{each}, in {count(len(cells), 'cell')}", details=details)


def _builds(state: StateRecord) -> bool:
    return state.status == "built"


def _changes(claim: Claim, cells: Sequence[CellRecord]) -> Mapping[int, Mapping[str, int]] | None:
    """Bytes by patch and cell; None unless each of the patches was measured in each cell."""
    changes: dict[int, dict[str, int]] = {}
    for cell in cells:
        for state in cell.states:
            if state.patch in claim.patches and state.text_change is not None:
                changes.setdefault(state.patch, {})[cell.id] = state.text_change
    whole = set(changes) == set(claim.patches) and all(len(of_patch) == len(cells) for of_patch in changes.values())
    return dict(sorted(changes.items())) if whole and cells else None


def _change_lines(changes: Mapping[int, Mapping[str, int]]) -> list[str]:
    """One line for a patch; cells in which it changes nothing are not named."""
    lines = []
    for patch, cells in changes.items():
        moved = ", ".join(f"{cell} {change:+d}" for cell, change in cells.items() if change)
        lines.append(f"patch {patch}: {moved or 'size unchanged'}")
    return lines


def _unbuilt(claim: Claim) -> ClaimRecord:
    if len(claim.patches) == 1:
        words = f"patch {claim.patches[0]} was not built alone"
    else:
        words = f"patches {line_ranges(claim.patches).replace('-', ' to ')} were not built one by one"
    return _record(claim, "not measured", finding=f"{words}; {PER_PATCH}")


def _benchmark(claim: Claim, _: Evidence) -> ClaimRecord:
    return _record(claim, "not checked", finding="benchmarks are not run here")


_JUDGES: Mapping[ClaimKind, Callable[[Claim, Evidence], ClaimRecord]] = {
    ClaimKind.TEXT_DELTA: _number,
    ClaimKind.BOOT: _number,
    ClaimKind.DIFFSTAT: _diffstat,
    ClaimKind.NO_FUNCTIONAL_CHANGE: _no_functional_change,
    ClaimKind.PREPARATORY: _preparatory,
    ClaimKind.BENCHMARK: _benchmark,
}

_OF_CELLS = (ClaimKind.TEXT_DELTA, ClaimKind.BOOT, ClaimKind.NO_FUNCTIONAL_CHANGE, ClaimKind.PREPARATORY)
