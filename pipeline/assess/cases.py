"""Splits a run into test cases, one for each cell, source state and check, for test reports."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import StrEnum

from pipeline.assess.boots import base_of, by_scenario, new_splats, worse_than
from pipeline.assess.words import label, location
from pipeline.record import BootRecord, CellRecord, RunRecord, StateRecord
from pipeline.record.kinds import kinds


class Outcome(StrEnum):
    PASS = "pass"
    FAIL = "fail"
    NOT_RUN = "not run"
    NOT_UNDERSTOOD = "not understood"
    """The check does not understand the kernel: a fault of the check."""


@dataclass(frozen=True)
class Case:
    """One check of one cell at one source state.

    Args:
        tree: name of the tree.
        cell: id of the cell.
        label: what reports call the cell.
        patch: patches applied; 0 is the base.
        check: `build`, `warnings`, `promises`, `size` of all symbols, `size: text` and so on by kind, or
            `SCENARIO: CHECK` of a boot.
        outcome: of this state alone.
        known: it fails on the base as well, or is the base's: not the series' doing.
        details: what is wrong, or why it was not run.
        seconds: of wall time.
        log: file name within the run's folder.
        number: what it measured; `unit` says of what.
    """

    tree: str
    cell: str
    label: str
    patch: int
    check: str
    outcome: Outcome
    known: bool = False
    details: tuple[str, ...] = ()
    seconds: float = 0.0
    log: str = ""
    number: int | None = None
    unit: str = ""

    @property
    def state(self) -> str:
        return "base" if self.patch == 0 else f"patch {self.patch}"


def cases(record: RunRecord) -> list[Case]:
    """All cases, in the order of cells and source states."""
    return [case for cell in record.cells for case in _of_cell(record, cell)]


def _of_cell(record: RunRecord, cell: CellRecord) -> Iterator[Case]:
    name = label(record, cell)
    if not cell.states:
        reason = f"as {cell.same_as}" if cell.same_as else cell.reason
        yield Case(cell.tree, cell.id, name, 0, "build", Outcome.NOT_RUN, details=(f"{cell.status}: {reason}",))
    base_fails = any(state.patch == 0 and state.status == "failed" for state in cell.states)
    for state in cell.states:
        yield _build(cell, name, state, base_fails)
        if state.status == "built":
            yield _warnings(cell, name, state)
        if state is cell.states[-1]:
            yield from _promises(cell, name, state)
            yield from _sizes(cell, name, state)
    for boots in by_scenario(cell).values():
        for boot in boots:
            yield from _boot(cell, name, boot, base_of(boots))


def _build(cell: CellRecord, name: str, state: StateRecord, base_fails: bool) -> Case:
    failed = state.status == "failed"
    return Case(
        cell.tree,
        cell.id,
        name,
        state.patch,
        "build",
        Outcome.FAIL if failed else Outcome.PASS,
        failed and base_fails,
        tuple(location(diagnostic) for diagnostic in state.errors),
        state.seconds,
        state.log,
    )


def _warnings(cell: CellRecord, name: str, state: StateRecord) -> Case:
    places = tuple(location(new_warning) for new_warning in state.new_warnings) if state.patch else ()
    outcome = Outcome.FAIL if places else Outcome.PASS
    return Case(cell.tree, cell.id, name, state.patch, "warnings", outcome, False, places, log=state.log)


def _promises(cell: CellRecord, name: str, state: StateRecord) -> Iterator[Case]:
    """Cases for the promises that the matrix makes of the cell, where they were checked."""
    if cell.lost is not None and state.patch:
        broken = tuple(promise.what for promise in cell.lost)
        outcome = Outcome.FAIL if broken else Outcome.PASS
        yield Case(cell.tree, cell.id, name, state.patch, "promises", outcome, False, broken)


def _sizes(cell: CellRecord, name: str, state: StateRecord) -> Iterator[Case]:
    """The change of all symbols, which bloat-o-meter counts, and of each kind of symbol."""
    if cell.text is not None:
        changes = {"size": cell.text.delta, **{f"size: {kind}": delta for kind, delta in kinds(cell).items()}}
        for check, change in changes.items():
            case = Case(cell.tree, cell.id, name, state.patch, check, Outcome.PASS)
            yield replace(case, number=change, unit="bytes")


def _boot(cell: CellRecord, name: str, boot: BootRecord, base: BootRecord | None) -> Iterator[Case]:
    """The boot as a whole, then each of its checks."""
    common = (cell.tree, cell.id, name, boot.patch)
    splats = new_splats(base, boot) if boot.patch else ()
    bad = boot.status in ("fail", "time-out")
    inconclusive = {"not run": Outcome.NOT_RUN, "not understood": Outcome.NOT_UNDERSTOOD}
    outcome = Outcome.FAIL if bad or splats else inconclusive.get(boot.status, Outcome.PASS)
    known = bad and (boot.patch == 0 or not worse_than(base, boot))
    details = tuple(filter(None, [boot.reason, *splats]))
    yield Case(*common, boot.scenario, outcome, known, details, boot.seconds, boot.console)
    before = {check.name: check.status for check in base.checks} if base else {}
    for check in boot.checks:
        yield Case(
            *common,
            f"{boot.scenario}: {check.name}",
            Outcome(check.status),
            check.status == "fail" and (boot.patch == 0 or before.get(check.name) == "fail"),
            check.details,
            log=boot.console,
        )
