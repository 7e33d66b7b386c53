"""Answers to the probes of a matrix in a cell, before and after the series; pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pipeline.model import Build, CellOutcome, PlannedCell
from pipeline.probes import Facts, Probe
from pipeline.record import ReadingRecord


def readings(
    probes: Sequence[Probe], planned: PlannedCell, builds: Mapping[int, Build], outcome: CellOutcome | None
) -> tuple[ReadingRecord, ...]:
    """The columns of all probes.

    Args:
        builds: of the cell, by patch number; 0 is the base.
        outcome: what the series does to the cell, where that was looked at.
    """
    before, after = _base_facts(planned, builds.get(0)), _last_facts(builds, outcome)
    return tuple(
        ReadingRecord(column=column, before=first, after=last)
        for probe in probes
        for column, first, last in zip(probe.columns, probe.read(before), probe.read(after), strict=True)
    )


def _base_facts(planned: PlannedCell, base: Build | None) -> Facts:
    if not planned.reachable:
        return Facts()
    struct_page = (base.struct_page if base else None) or planned.struct_page
    return Facts(planned.vmemmap, struct_page, _sizes(base))


def _last_facts(builds: Mapping[int, Build], outcome: CellOutcome | None) -> Facts:
    """After the last patch that each is known of."""
    patched = [build for patch, build in sorted(builds.items()) if patch]
    pages = [build.struct_page for build in patched if build.struct_page]
    memmaps = [virtual for patch, virtual in sorted(outcome.vmemmap.items()) if patch] if outcome else []
    return Facts(
        memmaps[-1] if memmaps else None,
        pages[-1] if pages else None,
        _sizes(patched[-1] if patched else None),
    )


def _sizes(build: Build | None) -> dict[str, int]:
    return {layout.struct: layout.size for layout in (build.layouts or ())} if build else {}
