"""The words for cells, their results and diagnostics, the same in every report."""

from __future__ import annotations

from pipeline.record import CellRecord, DiagnosticRecord, RunRecord, StateRecord

COMPILERS = ("gcc", "clang", "cc", "rustc", "as")
"""Tools whose words need no name."""


def label(record: RunRecord, cell: CellRecord) -> str:
    """A cell's id, with its tree where the run has several."""
    several = len({other.tree for other in record.cells}) > 1
    return f"{cell.id} on {cell.tree}" if several and cell.tree not in cell.id else cell.id


def location(diagnostic: DiagnosticRecord) -> str:
    """A diagnostic as compilers print it, with the tool where it is another; the linker's and make's have no line."""
    named = diagnostic.tool in ("", *COMPILERS, diagnostic.path) or diagnostic.message.startswith(
        f"{diagnostic.tool}: "
    )
    words = diagnostic.message if named else f"{diagnostic.tool}: {diagnostic.message}"
    return f"{diagnostic.path}:{diagnostic.line}: {words}" if diagnostic.line else f"{diagnostic.path}: {words}"


def result(record: RunRecord, cell: CellRecord) -> str:
    """A word for a cell; `builds` takes every state up to the last patch."""
    total = len(record.series.patches)
    if cell.status in ("unreachable", "duplicate", "missing"):
        return f"as {cell.same_as}" if cell.status == "duplicate" else cell.status
    if first_failing(cell) or (cell.status == "failed" and not base_fails(cell)):
        return "FAILS"
    if any(state.status == "failed" for state in cell.states):
        return "base FAILS"
    return "builds" if cell.states and cell.states[-1].patch == total else "incomplete"


def base_fails(cell: CellRecord) -> bool:
    return any(state.patch == 0 and state.status == "failed" for state in cell.states)


def first_failing(cell: CellRecord) -> StateRecord | None:
    """The first state that failed where the one before was built: after a failing base, a failure proves nothing."""
    before: StateRecord | None = None
    for state in cell.states:
        if state.status == "failed" and state.patch > 0 and (before is None or before.status == "built"):
            return state
        before = state
    return None


def labelled(record: RunRecord) -> list[tuple[str, CellRecord]]:
    return [(label(record, cell), cell) for cell in record.cells]
