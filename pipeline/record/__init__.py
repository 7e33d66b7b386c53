"""`run.json`: all that reports and replies need; `python -m pipeline.record` writes its schema, run.schema.json."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Literal, Self

from pydantic import ConfigDict, Field, ValidationInfo, model_validator

from pipeline.record.base import LineRanges, OfOthers, Record, count_lines, line_numbers
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
    ReadingRecord,
    SectionRecord,
    StateRecord,
    StructPageRecord,
    SymbolRecord,
    TextRecord,
    TouchedFileRecord,
)
from pipeline.record.check import CheckFindingRecord, PatchCheckRecord
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
    UncollectedTrailerRecord,
)
from pipeline.review.record import ReviewRecord
from pipeline.system import untrusted
from pipeline.system.mistakes import MistakenError, mistake_apart, mistake_in
from pipeline.system.numbers import Seconds
from pipeline.system.text import line_ranges

__all__ = [
    "SCHEMA_FILE",
    "BaseRecord",
    "BootRecord",
    "CellRecord",
    "CheckFindingRecord",
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
    "PatchCheckRecord",
    "PatchRecord",
    "PrerequisiteRecord",
    "ReadingRecord",
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
    "TouchedFileRecord",
    "TreeRecord",
    "UncollectedTrailerRecord",
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
    seconds: Seconds
    command: str = Field(description="what reproduces the run, on the machine that made it")
    series: SeriesRecord
    matrix: str
    trees: tuple[TreeRecord, ...]
    cells: tuple[CellRecord, ...]
    checks: tuple[PatchCheckRecord, ...] = Field(default=(), description="by tree, patch and check")
    claims: tuple[ClaimRecord, ...] = ()
    review: ReviewRecord | None = Field(default=None, description="null where the thread was not looked at")
    tools: tuple[ToolRecord, ...]
    sandbox: str
    notes: tuple[str, ...] = Field(default=(), description="how a run was put together from others")
    places: tuple[str, ...] = Field(
        default=(), description="workspace, current and home folder, which no report names for others"
    )

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True, defer_build=True)

    @property
    def is_baseline(self) -> bool:
        """Whether it is of trees as they are, without a series."""
        return not self.series.patches

    @model_validator(mode="after")
    def _few_cells_and_lines(self, info: ValidationInfo) -> Self:
        if not isinstance(info.context, OfOthers):
            return self
        untrusted.RUN_CELLS.check(len(self.cells))
        covered = [file for cell in self.cells for file in cell.coverage or ()]
        untrusted.RUN_LINES.check(sum(count_lines(file.lines) + count_lines(file.kept or "") for file in covered))
        return self

    @classmethod
    def from_json(cls, text: bytes) -> Self:
        """Reads a record that anybody may have written.

        Raises:
            ValueError: it is none, or there is more in it than any run leaves.
        """
        untrusted.RUN.check(len(text))
        # Each value takes a hundred bytes of memory once it is read, and two in the file.
        untrusted.RUN_VALUES.check(text.count(b",") + text.count(b":"))
        if mistake := mistake_apart(find_mistake, text):
            raise MistakenError(mistake)
        return cls.model_validate_json(text, context=OfOthers())

    def to_json(self) -> str:
        return self.model_dump_json(by_alias=True, indent=1)


def find_mistake(text: bytes) -> str:
    """The first mistake in a record; called in a process of its own."""
    return mistake_in(lambda: RunRecord.model_validate_json(text, context=OfOthers()))


def json_schema() -> str:
    """The JSON Schema of run.json, as shipped."""
    return json.dumps(RunRecord.model_json_schema(by_alias=True), indent=1, sort_keys=True) + "\n"
