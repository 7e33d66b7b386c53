"""The values that flow from verb to verb: frozen, typed, and named in the field's words."""

from pipeline.model.build import Build, BuildStatus, Diagnostic, Image
from pipeline.model.matrix import Cell, Expectation, Fragment, PlannedCell, StructPage, Toolchain
from pipeline.model.measure import (
    ChangedFile,
    Coverage,
    FileCoverage,
    Layout,
    Member,
    NoiseFloor,
    SymbolDelta,
    TextDelta,
)
from pipeline.model.series import (
    Claim,
    ClaimKind,
    Diffstat,
    Letter,
    Measurand,
    Patch,
    Prerequisite,
    Series,
    Suspicion,
    UncarriedTrailer,
)
from pipeline.model.tree import Applied, ApplyStatus, BaseCandidate, Hunk, SourceState, Tree

__all__ = [
    "Applied",
    "ApplyStatus",
    "BaseCandidate",
    "Build",
    "BuildStatus",
    "Cell",
    "ChangedFile",
    "Claim",
    "ClaimKind",
    "Coverage",
    "Diagnostic",
    "Diffstat",
    "Expectation",
    "FileCoverage",
    "Fragment",
    "Hunk",
    "Image",
    "Layout",
    "Letter",
    "Measurand",
    "Member",
    "NoiseFloor",
    "Patch",
    "PlannedCell",
    "Prerequisite",
    "Series",
    "SourceState",
    "StructPage",
    "Suspicion",
    "SymbolDelta",
    "TextDelta",
    "Toolchain",
    "Tree",
    "UncarriedTrailer",
]
