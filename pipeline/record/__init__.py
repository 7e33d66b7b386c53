"""`run.json`: all that reports and replies need; `python -m pipeline.record` writes its schema, run.schema.json."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Literal

from pydantic import ConfigDict, Field

from pipeline.record.base import LineRanges, Record, line_numbers, line_ranges
from pipeline.record.cell import (
    BootRecord,
    CellRecord,
    CheckRecord,
    CompilerCallsRecord,
    DiagnosticRecord,
    FileCoverageRecord,
    LayoutRecord,
    LostPromiseRecord,
    MemberDeltaRecord,
    MemberRecord,
    NoiseFloorRecord,
    SectionRecord,
    StateRecord,
    StructPageRecord,
    SymbolRecord,
    TextRecord,
)
from pipeline.record.code import CodeChangeRecord, CodeRecord
from pipeline.record.series import (
    BaseRecord,
    ClaimRecord,
    HunkRecord,
    LetterRecord,
    MeasurandRecord,
    PatchRecord,
    PrerequisiteRecord,
    SeriesRecord,
    SuspicionRecord,
    TreeRecord,
    UncarriedTrailerRecord,
)
from pipeline.review.record import ReviewRecord

__all__ = [
    "SCHEMA_FILE",
    "BaseRecord",
    "BootRecord",
    "CellRecord",
    "CheckRecord",
    "ClaimRecord",
    "CodeChangeRecord",
    "CodeRecord",
    "CompilerCallsRecord",
    "DiagnosticRecord",
    "FileCoverageRecord",
    "HunkRecord",
    "LayoutRecord",
    "LetterRecord",
    "LineRanges",
    "LostPromiseRecord",
    "MeasurandRecord",
    "MemberDeltaRecord",
    "MemberRecord",
    "NoiseFloorRecord",
    "PatchRecord",
    "PrerequisiteRecord",
    "Record",
    "RunRecord",
    "SectionRecord",
    "SeriesRecord",
    "StateRecord",
    "StructPageRecord",
    "SuspicionRecord",
    "SymbolRecord",
    "TextRecord",
    "ToolRecord",
    "TreeRecord",
    "UncarriedTrailerRecord",
    "json_schema",
    "line_numbers",
    "line_ranges",
]

SCHEMA_FILE = Path(__file__).with_name("run.schema.json")


class ToolRecord(Record):
    name: str
    version: str


class RunRecord(Record):
    """One run of the pipeline."""

    schema_: Literal["pipeline-run/1"] = Field(default="pipeline-run/1", alias="schema")
    id: str
    started: str = Field(description="ISO 8601, UTC")
    seconds: float
    command: str = Field(description="what reproduces the run, on the machine that made it")
    series: SeriesRecord
    matrix: str
    trees: tuple[TreeRecord, ...]
    cells: tuple[CellRecord, ...]
    claims: tuple[ClaimRecord, ...] = ()
    review: ReviewRecord | None = Field(default=None, description="null where the thread was not looked at")
    tools: tuple[ToolRecord, ...]
    sandbox: str
    notes: tuple[str, ...] = Field(default=(), description="how a run was put together from others")
    places: tuple[str, ...] = Field(
        default=(), description="workspace, current and home folder, which no report names for others"
    )

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    def to_json(self) -> str:
        return self.model_dump_json(by_alias=True, indent=1)


def json_schema() -> str:
    """The JSON Schema of run.json, as shipped."""
    return json.dumps(RunRecord.model_json_schema(by_alias=True), indent=1, sort_keys=True) + "\n"
