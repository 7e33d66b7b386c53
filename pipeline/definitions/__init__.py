"""The TOML files that a maintainer edits: matrices and boot scenarios under kconfigs/, tracked series
under series/."""

from pipeline.definitions.files import Definition, Identifier
from pipeline.definitions.matrix import CHOSEN_MATRIX, DEFAULT_MATRIX, load_matrix
from pipeline.definitions.matrix_file import AlsoCells, AlsoDefinition, CellDefinition, MatrixDefinition, Probes
from pipeline.definitions.scenario import Scenario, ScenarioDefinition, load_scenarios
from pipeline.definitions.series import (
    ClaimDefinition,
    SeriesDefinition,
    VersionDefinition,
    find_series,
    load_series,
)

__all__ = [
    "CHOSEN_MATRIX",
    "DEFAULT_MATRIX",
    "AlsoCells",
    "AlsoDefinition",
    "CellDefinition",
    "ClaimDefinition",
    "Definition",
    "Identifier",
    "MatrixDefinition",
    "Probes",
    "Scenario",
    "ScenarioDefinition",
    "SeriesDefinition",
    "VersionDefinition",
    "find_series",
    "load_matrix",
    "load_scenarios",
    "load_series",
]
