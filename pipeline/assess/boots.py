"""Judges the boots of a series against those of the base, so that only what is new counts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from pipeline.record import BootRecord, CellRecord, CheckRecord

NOISE = 64
"""kB by which free memory differs between two boots of one kernel."""

_RAN = ("pass", "fail", "flaky", "time-out", "not understood")
_BAD = ("fail", "time-out")


@dataclass(frozen=True)
class Regression:
    """A boot that is worse than the base's.

    Args:
        cell: that was booted.
        boot: the first that shows it.
        what: in a few words.
        evidence: lines to look at: what checks say, or the console's new lines.
    """

    cell: CellRecord
    boot: BootRecord
    what: str
    evidence: tuple[str, ...]


def by_scenario(cell: CellRecord) -> Mapping[str, Sequence[BootRecord]]:
    """A cell's boots in order of their patches, by scenario."""
    boots_by_name: dict[str, list[BootRecord]] = {}
    for boot in cell.boots:
        boots_by_name.setdefault(boot.scenario, []).append(boot)
    return {name: sorted(boots, key=lambda boot: boot.patch) for name, boots in boots_by_name.items()}


def base_of(boots: Sequence[BootRecord]) -> BootRecord | None:
    """The boot of the base, where it was run."""
    return next((boot for boot in boots if boot.patch == 0 and boot.status in _RAN), None)


def regressions(cell: CellRecord) -> list[Regression]:
    """Scenarios that get worse with the series, each at the first patch that shows it.

    Without a boot of the base, a failure is the series' own as far as anybody knows.
    """
    worsened = []
    for boots in by_scenario(cell).values():
        base = base_of(boots)
        worse = ((boot, what) for boot in boots if boot.patch and (what := worse_than(base, boot)))
        if first := next(worse, None):
            boot, what = first
            details = [f"{check.name}: {detail}" for check in _failing(boot) for detail in check.details]
            worsened.append(
                Regression(cell, boot, what, tuple(details) or new_splats(base, boot) or boot.new_lines[-5:])
            )
    return worsened


def worse_than(base: BootRecord | None, boot: BootRecord) -> str:
    """What fails in a boot and did not fail in the base's, in a few words; empty when nothing does."""
    if boot.status in _BAD and (base is None or base.status not in _BAD):
        return boot.reason or boot.status
    if boot.status == "time-out" and base and base.status != "time-out":
        return boot.reason
    known = {check.name for check in _failing(base)} if base else set()
    failing = [check.name for check in _failing(boot) if check.name not in known]
    if failing and boot.status in _BAD:
        return f"failed: {', '.join(failing)}"
    splats = new_splats(base, boot)
    return f"the kernel complains: {splats[0]}" if splats else ""


def new_splats(base: BootRecord | None, boot: BootRecord) -> tuple[str, ...]:
    """Complaints that the base does not have; none for a boot that was not run."""
    known = base.splats if base else ()
    return tuple(splat for splat in boot.splats if splat not in known)


def not_understood(cells: Iterable[tuple[str, CellRecord]]) -> list[str]:
    """A sentence for each check that does not understand a kernel, and why it says so: faults of the check.

    Args:
        cells: each with what it is called.
    """
    groups: dict[tuple[str, str], dict[str, None]] = {}
    for label, cell in cells:
        for boot in cell.boots:
            for check in boot.checks:
                if check.status == "not understood":
                    group = groups.setdefault((check.name, "; ".join(check.details)), {})
                    group[f"{label}/{boot.scenario}, {f'patch {boot.patch}' if boot.patch else 'the base'}"] = None
    return [
        f"The check {name} does not understand this kernel, a fault of the pipeline: {', '.join(places)}: {details}."
        for (name, details), places in groups.items()
    ]


def proving_less(cells: Iterable[tuple[str, CellRecord]], *, baseline: bool = False) -> list[str]:
    """A sentence for boots that prove less than they might: not run, flaky, or failing on the base already.

    Args:
        cells: each with what it is called.
        baseline: the base is what the run is about, so that its failures are told elsewhere.
    """
    groups: dict[tuple[str, str], dict[str, None]] = {}
    for label, cell in cells:
        for boot in cell.boots:
            for sentence in _shortcomings(boot, baseline=baseline):
                groups.setdefault(sentence, {})[f"{label}/{boot.scenario}"] = None
    return [f"{before}{', '.join(names)}{after}" for (before, after), names in groups.items()]


def _shortcomings(boot: BootRecord, *, baseline: bool) -> Iterable[tuple[str, str]]:
    """Sentences about a boot, in two halves: its name goes between."""
    if boot.status == "not run":
        yield "Not booted: ", f": {boot.reason}."
    elif boot.status == "flaky":
        where = f"after patch {boot.patch}" if boot.patch else "on the base"
        yield f"Flaky {where}, passed when tried again: ", f": {boot.reason}."
    elif boot.patch == 0 and boot.status in _BAD and not baseline:
        yield "Boot fails on the base: ", f": {boot.reason}; that is the tree, not the series."
    for check in boot.checks:
        if check.status == "not run" and (boot.patch or baseline):
            yield "Check not run: ", f", {check.name}: {'; '.join(check.details)}."


def failing_on_base(cell: CellRecord) -> list[tuple[BootRecord, tuple[str, ...]]]:
    """Boots of the base that fail, each with what its checks say: what a baseline finds."""
    return [
        (boot, tuple(f"{check.name}: {detail}" for check in _failing(boot) for detail in check.details) or boot.splats)
        for boot in cell.boots
        if boot.patch == 0 and boot.status in _BAD
    ]


def complaining_on_base(cell: CellRecord) -> list[BootRecord]:
    """Boots of the base that come to their end, and during which the kernel complains."""
    return [boot for boot in cell.boots if boot.patch == 0 and boot.status not in _BAD and boot.splats]


def all_measured(boots: Sequence[BootRecord]) -> list[tuple[str, str]]:
    """Values that checks measured on the base: `check value`, then the number."""
    base = base_of(boots)
    return [(name, str(number)) for name, number in _values(base.checks)] if base else []


def measured(boots: Sequence[BootRecord]) -> list[tuple[str, str, str]]:
    """Values that differ between the base's boot and the last one: `check value`, then both numbers.

    Values of free memory (`…-kb`) have to differ by more than `NOISE`.
    """
    base, last = base_of(boots), boots[-1]
    if base is None or last.patch == 0:
        return []
    before, after = dict(_values(base.checks)), dict(_values(last.checks))
    return [
        (name, _number(before.get(name)), _number(after.get(name)))
        for name in dict.fromkeys([*before, *after])
        if _differ(name, before.get(name), after.get(name))
    ]


def _failing(boot: BootRecord) -> list[CheckRecord]:
    return [check for check in boot.checks if check.status == "fail"]


def _values(checks: Iterable[CheckRecord]) -> Iterable[tuple[str, int]]:
    return ((f"{check.name} {name}", number) for check in checks for name, number in check.values.items())


def _differ(name: str, before: int | None, after: int | None) -> bool:
    if before is None or after is None:
        return before != after
    return abs(after - before) > (NOISE if name.endswith("-kb") else 0)


def _number(value: int | None) -> str:
    return "-" if value is None else str(value)
