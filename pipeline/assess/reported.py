"""Compares the build problems that the thread reports, mostly by robots, with the results of this run."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

from pipeline.kernel.diagnostics.reported import Report, parsed
from pipeline.plan.reported import ReportedBuild, reported_builds
from pipeline.record import CellRecord, RunRecord, StateRecord
from pipeline.review.record import PointRecord

MOST = 20
"""Reported lines that are compared."""


@dataclass(frozen=True)
class Compared:
    """A reported line and what this run saw.

    Args:
        point: of the thread, that has the line.
        line: as it was reported.
        fate: `not tried` where nothing of the file was compiled.
        patch: with which it was seen first; 0 where it was not.
        cells: that have it; where none has, those that compiled the file.
        build: what it was reported of; None where the report does not tell.
    """

    point: PointRecord
    line: str
    fate: Literal["seen", "not seen", "not tried"]
    patch: int
    cells: tuple[CellRecord, ...]
    build: ReportedBuild | None = None

    @property
    def alike(self) -> tuple[CellRecord, ...]:
        """Those of the cells that have the configuration of the report."""
        build = self.build
        return tuple(cell for cell in self.cells if build and (cell.arch, cell.base) == (build.arch, build.config))


def compared(record: RunRecord) -> list[Compared]:
    """What the thread reports of builds, line by line, of earlier revisions last; lines that are no compiler's are left
    out.
    """
    found = list[Compared]()
    builds = {build.message_id: build for build in reported_builds(record.series.messages)}
    for point in _points(record):
        for line in dict.fromkeys(point.text):
            if report := parsed(line):
                found.append(_compared(record, point, line, report, builds.get(point.message_id)))
            if len(found) == MOST:
                return found
    return found


def _points(record: RunRecord) -> Iterator[PointRecord]:
    """The points of the thread, and those that were open on an earlier revision."""
    if record.review:
        yield from record.review.points
        yield from (promise.point for promise in (record.review.since.promises if record.review.since else ()))


def _compared(
    record: RunRecord, point: PointRecord, line: str, report: Report, build: ReportedBuild | None
) -> Compared:
    hits = [(state.patch, cell) for cell in record.cells for state in cell.states if _has(report, state)]
    if hits:
        first = min(patch for patch, _ in hits)
        return Compared(point, line, "seen", first, _distinct(cell for _, cell in hits), build)
    compiled = _distinct(cell for cell in record.cells if any(_compiles(cell, report)))
    return Compared(point, line, "not seen" if compiled else "not tried", 0, compiled, build)


def _has(report: Report, state: StateRecord) -> bool:
    told = (*state.errors, *state.new_warnings)
    return state.patch > 0 and any(report.is_told_by(diagnostic.path, diagnostic.message) for diagnostic in told)


def _compiles(cell: CellRecord, report: Report) -> Iterator[bool]:
    yield from (bool(file.objects) for file in cell.files if report.is_of(file.path))
    yield from (file.compiled for file in cell.coverage or () if report.is_of(file.path))


def _distinct(cells: Iterable[CellRecord]) -> tuple[CellRecord, ...]:
    return tuple({(cell.tree, cell.id): cell for cell in cells}.values())
