"""Results of the verbs on one tree: everything that a run's record is collected from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from pipeline.boot.report import Boots
from pipeline.kernel.moved import Moved
from pipeline.measure.cells import Measured
from pipeline.model import (
    Applied,
    Build,
    CellOutcome,
    CheckResult,
    NoiseFloor,
    PlannedCell,
)
from pipeline.probes import Probe


@dataclass(frozen=True)
class TreeResult:
    """Results of the verbs on one tree.

    Args:
        builds: by cell id and patch number.
        measured: by cell id.
        boots: by cell id, patch number and scenario name.
        floors: noise floors, by cell id.
        outcomes: effects of the series on the cells' promises, by cell id.
        moved: names and lines of the base's source after each patch, by patch number.
        probes: of the matrix.
        checks: results for each patch.
    """

    applied: Applied
    planned: Sequence[PlannedCell] = ()
    builds: Mapping[tuple[str, int], Build] | None = None
    measured: Mapping[str, Measured] = field(default_factory=dict)
    boots: Boots | None = None
    floors: Mapping[str, NoiseFloor] | None = None
    outcomes: Mapping[str, CellOutcome] | None = None
    moved: Mapping[int, Moved] | None = None
    probes: Sequence[Probe] = ()
    checks: Sequence[CheckResult] = ()
