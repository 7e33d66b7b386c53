"""`run.json`: all that reports and replies need; `python -m pipeline.record` writes its schema, run.schema.json."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field
from pydantic.dataclasses import dataclass

from pipeline.review.record import ReviewRecord

LineRanges = Annotated[str, Field(pattern=r"^(\d{1,7}(-\d{1,7})?(,\d{1,7}(-\d{1,7})?)*)?$")]
SCHEMA_FILE = Path(__file__).with_name("run.schema.json")


def line_ranges(lines: Iterable[int]) -> str:
    """Ascending line numbers as text: `12-15,20`."""
    ranges: list[list[int]] = []
    for number in lines:
        if ranges and ranges[-1][1] == number - 1:
            ranges[-1][1] = number
        else:
            ranges.append([number, number])
    return ",".join(str(first) if first == last else f"{first}-{last}" for first, last in ranges)


def line_numbers(ranges: str) -> frozenset[int]:
    """The numbers in `12-15,20`."""
    numbers: set[int] = set()
    for part in filter(None, ranges.split(",")):
        first, _, last = part.partition("-")
        numbers.update(range(int(first), int(last or first) + 1))
    return frozenset(numbers)


class Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class LetterRecord(Record):
    """A mail that a reply can answer."""

    message_id: str
    subject: str
    sender: str
    to: tuple[str, ...]
    cc: tuple[str, ...]
    references: tuple[str, ...]
    date: str
    body: str


class PatchRecord(Record):
    number: int
    subject: str
    author: str
    message_id: str
    files: tuple[str, ...]
    collected_trailers: tuple[str, ...] = ()
    signatures: tuple[str, ...] = Field(default=(), description="what b4 says of its attestation")


class UncarriedTrailerRecord(Record):
    trailer: str
    message_id: str
    reason: str


class PrerequisiteRecord(Record):
    kind: Literal["patch-id", "change-id", "message-id"]
    value: str
    version: int | None
    title: str
    patches: int = Field(description="how many it has; 0 where it was not found")
    reason: str = Field(description="where it was found, or why not")


class SuspicionRecord(Record):
    """A place in a patch that a reader must be told of, since a diff on a screen does not show it."""

    patch: int
    path: str
    line: int = Field(description="after the patch; 0 for the file as a whole")
    what: str
    deceptive: bool = Field(description="what is seen is not what is there")


class SeriesRecord(Record):
    title: str
    version: int
    message_id: str
    source: str
    cover: LetterRecord = Field(description="the cover letter, or patch 1 where there is none")
    patches: tuple[PatchRecord, ...]
    base_commit: str = ""
    change_id: str = ""
    prerequisites: tuple[PrerequisiteRecord, ...] = Field(default=(), description="what the series says that it needs")
    uncarried_trailers: tuple[UncarriedTrailerRecord, ...] = Field(default=(), description="of replies, in no patch")
    replies: int = Field(default=0, description="messages of the thread that are not part of the series")
    messages: tuple[LetterRecord, ...] = Field(
        default=(),
        description="the thread beside `cover`: patches without their diff, and replies; long bodies are cut",
    )
    other_versions: tuple[int, ...] = ()
    notes: tuple[str, ...] = ()
    suspicions: tuple[SuspicionRecord, ...] = ()
    follow_ups: tuple[str, ...] = Field(default=(), description="follow-ups promised, from series.toml")


class HunkRecord(Record):
    path: str
    line: int
    header: str


class BaseRecord(Record):
    name: str
    taken: bool
    reason: str


class TreeRecord(Record):
    name: str
    version: str
    tree_id: str
    last_tree_id: str = Field(default="", description="git tree id with every patch applied; empty where they were not")
    applied: Literal["clean", "three-way", "already-merged", "failed"]
    failed_patch: int | None = None
    failed_hunks: tuple[HunkRecord, ...] = ()
    bases: tuple[BaseRecord, ...] = Field(default=(), description="in the order in which they were considered")
    prerequisites: tuple[str, ...] = Field(default=(), description="what became of each that was found")
    log: str = ""


class DiagnosticRecord(Record):
    path: str
    line: int
    message: str


class StateRecord(Record):
    patch: int = Field(description="patches applied; 0 is the base")
    subject: str
    status: Literal["built", "failed"]
    seconds: float
    cpu_seconds: float
    cached: bool
    carried: bool = Field(default=False, description="not built: nothing that the state before read has changed")
    new_warnings: tuple[DiagnosticRecord, ...] = Field(default=(), description="not there on the base")
    errors: tuple[DiagnosticRecord, ...] = ()
    text_change: int | None = Field(
        default=None, description="bytes against the patch before, by bloat-o-meter; where every patch was built"
    )
    log: str = Field(description="file name within the run's folder")


class StructPageRecord(Record):
    size: int = Field(description="bytes")
    power_of_two: bool


@dataclass(frozen=True, slots=True, kw_only=True, config=ConfigDict(extra="forbid"))
class SymbolRecord:
    """A symbol whose size changed. There can be a hundred thousand in a record, and a model takes thrice the memory."""

    name: str
    path: str = Field(default="", description="source file that defines it; empty where none, or several, are known to")
    old: int | None
    new: int | None
    delta: int


class TextRecord(Record):
    """bloat-o-meter, base against fully patched, in bytes."""

    add: int
    remove: int
    grow: int
    shrink: int
    up: int
    down: int
    delta: int
    before: int
    after: int
    symbols: tuple[SymbolRecord, ...]
    verbatim: str


class SectionRecord(Record):
    name: str
    before: int
    after: int


class CheckRecord(Record):
    """A check inside a booted kernel."""

    name: str
    status: Literal["pass", "fail", "not run"]
    details: tuple[str, ...] = Field(default=(), description="what is wrong, or why it was not run")
    values: dict[str, int] = Field(default={}, description="what it measured")


class BootRecord(Record):
    """A kernel in a scenario."""

    patch: int = Field(description="patches applied; 0 is the base")
    scenario: str
    status: Literal["pass", "fail", "flaky", "time-out", "not run"]
    reason: str = Field(default="", description="why it did not pass")
    checks: tuple[CheckRecord, ...] = ()
    splats: tuple[str, ...] = Field(default=(), description="what the kernel complained of, numbers replaced")
    new_lines: tuple[str, ...] = Field(default=(), description="of the console, those that the base's has not")
    seconds: float = 0.0
    cached: bool = False
    console: str = Field(default="", description="file name within the run's folder")


class FileCoverageRecord(Record):
    """What a cell compiled of a file that the series changes; lines are ranges after the last patch, as `12-15,20`."""

    path: str
    compiled: bool
    lines: LineRanges = Field(description="changed lines of code: not blank, no comment, no preprocessor directive")
    kept: LineRanges | None = Field(description="those that the preprocessor kept; null where it was not asked")


class MemberRecord(Record):
    name: str
    offset: int = Field(description="bits from the start of the struct")
    size: int = Field(description="bits")


class MemberDeltaRecord(Record):
    change: Literal["added", "removed", "renamed", "moved", "resized"]
    before: MemberRecord | None = None
    after: MemberRecord | None = None


class LayoutRecord(Record):
    """A struct whose layout differs between base and fully patched."""

    struct: str
    before: int | None = Field(description="bytes; null where there is no such struct")
    after: int | None = Field(description="bytes; null where there is no such struct")
    members: tuple[MemberDeltaRecord, ...] = ()


class CellRecord(Record):
    id: str
    tree: str
    arch: str
    toolchain: str
    about: str = ""
    toolchain_digest: str = Field(default="", description="SHA-256 over compiler, assembler and linker")
    status: Literal["built", "failed", "unreachable", "duplicate", "missing"] = Field(
        description="missing: to be built, and no result is there"
    )
    reason: str = ""
    same_as: str = Field(default="", description="of a duplicate: the cell of the same configuration, which was built")
    expected_unreachable: bool = Field(default=False, description="the matrix says that it cannot be reached")
    unexpected: str = Field(default="", description="how the cell is not what the matrix expects")
    vmemmap: bool | None = None
    struct_page: StructPageRecord | None = None
    config: str = Field(default="", description="its .config on the base, a file name within the run's folder")
    states: tuple[StateRecord, ...] = ()
    text: TextRecord | None = None
    sections: tuple[SectionRecord, ...] = Field(default=(), description="those that differ, and .text")
    boots: tuple[BootRecord, ...] = ()
    coverage: tuple[FileCoverageRecord, ...] | None = Field(
        default=None, description="files of code that the series changes; null where it was not measured"
    )
    layouts: tuple[LayoutRecord, ...] | None = Field(
        default=None, description="structs that differ; null where they were not measured"
    )


class MeasurandRecord(Record):
    """A number that a boot's check measures."""

    scenario: str
    check: str
    value: str


class ClaimRecord(Record):
    """A claim beside what was measured; `claimed` and `measured` are there where it is a number."""

    text: str = Field(description="in the letter's words")
    kind: Literal["text-delta", "boot", "diffstat", "no-functional-change", "preparatory", "benchmark"] = "text-delta"
    origin: Literal["series.toml", "letter"] = Field(
        default="series.toml", description="where the claim was taken from"
    )
    patches: tuple[int, ...] = Field(default=(), description="those that it is about; none is the whole series")
    claimed: int | None
    measured: int | None
    unit: str = Field(default="bytes", description="of both; a count of a boot's check has its name here")
    verdict: Literal["confirmed", "not confirmed", "refuted", "not measured", "not checked"]
    cell: str = Field(default="", description="that was measured, or `about`")
    about: str = Field(default="", description="glob of the cells that it is about; empty where no cell is")
    relation: Literal["at-most", "equal", "near"] = Field(
        default="at-most", description="near: a figure of another tree or compiler, refuted only by the opposite"
    )
    measurand: MeasurandRecord | None = Field(default=None, description="of a boot")
    finding: str = Field(default="", description="what came of it, where two numbers do not say it")
    details: tuple[str, ...] = ()


class ToolRecord(Record):
    name: str
    version: str


class RunRecord(Record):
    """One run of the pipeline."""

    schema_: Literal["pipeline-run/1"] = Field(default="pipeline-run/1", alias="schema")
    id: str
    started: str = Field(description="ISO 8601, UTC")
    seconds: float
    command: str = Field(description="what reproduces the run")
    series: SeriesRecord
    matrix: str
    trees: tuple[TreeRecord, ...]
    cells: tuple[CellRecord, ...]
    claims: tuple[ClaimRecord, ...] = ()
    review: ReviewRecord | None = Field(default=None, description="null where the thread was not looked at")
    tools: tuple[ToolRecord, ...]
    sandbox: str
    notes: tuple[str, ...] = Field(default=(), description="how a run was put together from others")

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    def to_json(self) -> str:
        return self.model_dump_json(by_alias=True, indent=1)


def json_schema() -> str:
    """The JSON Schema of run.json, as shipped."""
    return json.dumps(RunRecord.model_json_schema(by_alias=True), indent=1, sort_keys=True) + "\n"


if __name__ == "__main__":
    SCHEMA_FILE.write_text(json_schema())
