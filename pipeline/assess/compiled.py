"""Checks that come with builds, patch by patch: compilers' new warnings, sparse's, and which patch breaks what."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from pipeline.assess.coverage import is_broken
from pipeline.assess.findings import identity, new_warnings
from pipeline.assess.stages import counts, objects_cells
from pipeline.assess.words import base_fails
from pipeline.checks.compiled import BISECTABILITY, CLANG, MORE_WARNINGS, SPARSE, WARNINGS
from pipeline.kernel import sparse
from pipeline.kernel.commands import is_code
from pipeline.kernel.diagnostics.words import COMPILERS, option_of
from pipeline.record import (
    CellRecord,
    CheckFindingRecord,
    DiagnosticRecord,
    PatchCheckRecord,
    PatchRecord,
    RunRecord,
    StateRecord,
    TouchedFileRecord,
)

_C = (".c", ".h")


@dataclass(frozen=True)
class _Check:
    """One of the checks.

    Args:
        of: whether a cell says something of it.
        suffixes: of the files that it is about; all without.
        programs: that there is no such cell without, by how their names begin.
    """

    name: str
    of: Callable[[CellRecord], bool]
    suffixes: tuple[str, ...] = ()
    programs: tuple[str, ...] = ()


def _is_clang(cell: CellRecord) -> bool:
    return "clang" in cell.toolchain


def _more(cell: CellRecord) -> bool:
    return MORE_WARNINGS in cell.words


_CHECKS = (
    _Check(WARNINGS, lambda cell: not _is_clang(cell) and not _more(cell)),
    _Check(MORE_WARNINGS, _more),
    _Check(CLANG, lambda cell: _is_clang(cell) and not _more(cell), _C, ("clang", "ld.lld", "llvm-nm")),
    _Check(SPARSE, lambda cell: bool(cell.checker), _C, (sparse.PROGRAM,)),
)


def compiled_checks(record: RunRecord) -> list[PatchCheckRecord]:
    """A record for each of the checks and each patch; none where the stage of objects was not run.

    What is new is a problem, as it is for the verdict. A file that no cell could show leaves a reason.
    """
    trees = list(dict.fromkeys(cell.tree for cell in objects_cells(record)))
    told = {(check.tree, check.patch, check.check) for check in record.checks}
    return [
        check
        for tree in trees
        for patch in record.series.patches
        for check in _of_patch(record, tree, patch)
        if (tree, patch.number, check.check) not in told
    ]


def _of_patch(record: RunRecord, tree: str, patch: PatchRecord) -> Iterator[PatchCheckRecord]:
    cells = [cell for cell in objects_cells(record) if cell.tree == tree]
    known = set[tuple[str, str, str]]()
    for check in _CHECKS:
        own = [cell for cell in cells if check.of(cell)]
        if not own and check.name == MORE_WARNINGS:
            # Nobody asked for it.
            continue
        fresh = _fresh(own, patch.number, of_sparse=check.name == SPARSE)
        if check.name == MORE_WARNINGS:
            # Of its level alone: what a compiler says in any case is that of W=1, too.
            fresh = {key: warning for key, warning in fresh.items() if key not in known}
        if check.name == CLANG:
            # What make starts beside the compiler, such as kernel-doc, says the same whichever compiles.
            fresh = {key: warning for key, warning in fresh.items() if warning.tool in COMPILERS or key not in known}
        known.update(fresh)
        files = [path for path in patch.files if _concerns(check, path, cells)]
        findings = tuple(_warning(warning) for warning in fresh.values())
        yield _record(tree, patch, check.name, bool(files), findings, _unseen(record, check, patch, files, own))
    yield _bisectability(record, tree, patch, cells)


def _record(
    tree: str, patch: PatchRecord, name: str, concerned: bool, findings: tuple[CheckFindingRecord, ...], reason: str
) -> PatchCheckRecord:
    status: Literal["checked", "not checked", "not concerned"] = "checked"
    if not concerned and not findings:
        status, reason = "not concerned", ""
    elif reason:
        status = "not checked"
    return PatchCheckRecord(tree=tree, patch=patch.number, check=name, status=status, reason=reason, findings=findings)


def _fresh(cells: Iterable[CellRecord], patch: int, *, of_sparse: bool) -> dict[tuple[str, str, str], DiagnosticRecord]:
    """New warnings of a state in any of the cells, each once."""
    found: dict[tuple[str, str, str], DiagnosticRecord] = {}
    for cell in cells:
        for state, fresh in new_warnings(cell):
            for warning in fresh if state.patch == patch else ():
                if (warning.tool == sparse.PROGRAM) is of_sparse:
                    found.setdefault(identity(warning), warning)
    return found


def _warning(warning: DiagnosticRecord) -> CheckFindingRecord:
    option = option_of(warning.message)
    return CheckFindingRecord(
        severity="warning",
        message=warning.message,
        path=warning.path,
        line=warning.line,
        tool=warning.tool,
        kind=f"-W{option}" if option else "",
        problem=True,
    )


def _concerns(check: _Check, path: str, cells: Sequence[CellRecord]) -> bool:
    if check.suffixes and not path.endswith(check.suffixes):
        return False
    return counts(path) and (is_code(path) or any(file.path == path for cell in cells for file in cell.files))


def _unseen(
    record: RunRecord, check: _Check, patch: PatchRecord, files: Sequence[str], cells: Sequence[CellRecord]
) -> str:
    """Why the check did not see all touched files of a patch; empty where it did."""
    there = [cell for cell in cells if any(state.patch == patch.number for state in cell.states)]
    if not there:
        return _without_cells(record, check, cells)
    reasons = [_why_not(check, path, patch.number, there) for path in files]
    missed = dict.fromkeys(filter(None, reasons))
    some = "" if all(reasons) else "in part: "
    return some + "; ".join(missed) if missed else ""


def _without_cells(record: RunRecord, check: _Check, cells: Sequence[CellRecord]) -> str:
    """Why there is no cell of a check that was compiled after some patch."""
    lacking = [
        tool.name
        for tool in record.tools
        for program in check.programs
        if tool.name.startswith(program) and not tool.version
    ]
    if lacking:
        return f"{', '.join(dict.fromkeys(lacking))} is not installed"
    reasons = dict.fromkeys(cell.reason for cell in cells if cell.reason)
    return "; ".join(reasons) or "nothing of the series was compiled for it"


def _why_not(check: _Check, path: str, patch: int, cells: Sequence[CellRecord]) -> str:
    """Why none of the cells shows a file as a patch leaves it; empty where one does."""
    entries = [(cell, file) for cell in cells for file in cell.files if file.path == path]
    compiled = [cell for cell, file in entries if _compiles(cell, file, patch)]
    if not compiled:
        reasons = [file.reason or "it does not compile" for _, file in entries]
        own = [reason for reason in reasons if not reason.startswith("needs arch/")]
        return next(iter([*own, *reasons]), "not compiled for it")
    if all(_drops(cell, path) for cell in compiled):
        return "the preprocessor drops every changed line"
    if check.name == SPARSE and all(path in _state(cell, patch).unread for cell in compiled):
        return f"sparse {compiled[0].checker.split()[0]} cannot read what the compiler can"
    return ""


def _compiles(cell: CellRecord, file: TouchedFileRecord, patch: int) -> bool:
    """Whether a cell compiled a file after a patch; the record of the file itself is that of the last state."""
    state = _state(cell, patch)
    if state.status == "built":
        # Of what a later patch breaks this one was compiled.
        return file.compiled or is_broken(file)
    return file.compiled and file.path not in _errors(state)


def _drops(cell: CellRecord, path: str) -> bool:
    """Whether a cell compiles a file without any line that the series changes there."""
    return any(file.path == path and file.compiled and file.lines and file.kept == "" for file in cell.coverage or ())


def _state(cell: CellRecord, patch: int) -> StateRecord:
    return next(state for state in cell.states if state.patch == patch)


def _bisectability(record: RunRecord, tree: str, patch: PatchRecord, cells: Sequence[CellRecord]) -> PatchCheckRecord:
    """What a patch breaks and mends, in any cell of the tree, kernels included."""
    built = [cell for cell in record.cells if cell.tree == tree and not base_fails(cell)]
    broken = dict[str, tuple[DiagnosticRecord, int | None]]()
    mended, spoiled = dict[str, int](), dict[int, None]()
    for cell in built:
        states = {state.patch: state for state in cell.states}
        if patch.number not in states or patch.number - 1 not in states:
            continue
        for path, error in _errors(states[patch.number]).items():
            if since := _since(states, path, patch.number):
                if since == patch.number:
                    broken.setdefault(path, (error, _mender(states, path, patch.number)))
                else:
                    spoiled[since] = None
        for path in _errors(states[patch.number - 1]):
            if path not in _errors(states[patch.number]) and (since := _since(states, path, patch.number - 1)):
                mended[path] = since
    findings = [
        *(_breaks(error, mender) for error, mender in broken.values()),
        *(_mends(*item) for item in mended.items()),
    ]
    concerned = any(
        is_code(path) or any(file.path == path for cell in cells for file in cell.files) for path in patch.files
    )
    seen = any(state.patch == patch.number for cell in built for state in cell.states)
    reasons = dict.fromkeys(cell.reason for cell in cells if cell.reason)
    reason = "" if seen else "; ".join(reasons) or "not compiled after this patch"
    if spoiled and not broken:
        reason = f"patch {next(iter(spoiled))} broke what is built here"
    return _record(tree, patch, BISECTABILITY, concerned, tuple(findings), reason)


def _errors(state: StateRecord) -> dict[str, DiagnosticRecord]:
    """The first error of each file; of a state that was built there are none."""
    if state.status != "failed":
        return {}
    errors: dict[str, DiagnosticRecord] = {}
    for error in state.errors:
        errors.setdefault(error.path, error)
    return errors


def _since(states: dict[int, StateRecord], path: str, patch: int) -> int:
    """The patch since which a file has been broken; 0 where the base has it broken, or states before are not known."""
    while patch in states and path in _errors(states[patch]):
        patch -= 1
    return patch + 1 if patch in states else 0


def _mender(states: dict[int, StateRecord], path: str, patch: int) -> int | None:
    """The first later patch with which a file is no more broken."""
    return next((later for later in sorted(states) if later > patch and path not in _errors(states[later])), None)


def _breaks(error: DiagnosticRecord, mender: int | None) -> CheckFindingRecord:
    after = f"patch {mender} mends it" if mender else "no later patch mends it"
    return CheckFindingRecord(
        severity="error",
        message=f"{error.message} ({after})",
        path=error.path,
        line=error.line,
        tool=error.tool,
        kind="breaks",
        problem=True,
    )


def _mends(path: str, since: int) -> CheckFindingRecord:
    return CheckFindingRecord(
        severity="remark", message=f"compiles again, which patch {since} broke", path=path, tool="make", kind="mends"
    )
