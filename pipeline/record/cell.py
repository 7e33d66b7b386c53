"""A cell of a run: its builds, sizes, boots, coverage and layouts."""

from __future__ import annotations

from typing import Literal

from pydantic import AliasChoices, ConfigDict, Field
from pydantic.dataclasses import dataclass

from pipeline.record.base import LineRanges, Record
from pipeline.record.code import CodeRecord
from pipeline.system.numbers import Count, Seconds


class DiagnosticRecord(Record):
    """A warning or error of a tool."""

    path: str = Field(description="in the tree; the tool's name where no file is named")
    line: Count = Field(description="0 where none is named")
    message: str
    tool: str = Field(default="", description="what printed it; empty where that is not known")
    function: str = Field(default="", description="that it is about; empty where that is not known")
    source: str = Field(default="", description="text of the line; empty where that is not known")


class CompilerCallsRecord(Record):
    """Compiler calls of a build by the result of ccache."""

    hits: Count
    misses: Count
    uncacheable: Count


class StructPageRecord(Record):
    size: int = Field(description="bytes")
    power_of_two: bool


class StateRecord(Record):
    patch: Count = Field(description="patches applied; 0 is the base")
    subject: str
    status: Literal["built", "failed"]
    seconds: Seconds
    cpu_seconds: Seconds
    cached: bool
    reused: bool = Field(
        default=False,
        validation_alias=AliasChoices("reused", "carried"),
        description="not built: nothing that the state before read has changed; older records call it carried",
    )
    new_warnings: tuple[DiagnosticRecord, ...] = Field(default=(), description="not there on the base")
    renames: dict[str, str] = Field(
        default={}, description="files of new warnings that had another name on the base: name to that name"
    )
    errors: tuple[DiagnosticRecord, ...] = ()
    unread: tuple[str, ...] = Field(
        default=(), description="sources that the checker could not read, and the compiler could"
    )
    text_change: Count | None = Field(
        default=None, description="bytes against the patch before, by bloat-o-meter; where every patch was built"
    )
    code: CodeRecord | None = Field(
        default=None, description="against the patch before; null where one of the two was not built, or not read"
    )
    compiler_calls: CompilerCallsRecord | None = Field(
        default=None, description="null where it was built without ccache"
    )
    struct_page: StructPageRecord | None = Field(
        default=None, description="null where it was not built, or not measured"
    )
    vmemmap: bool | None = Field(default=None, description="as configured; null where that is not known")
    log: str = Field(description="file name within the run's folder")


@dataclass(frozen=True, slots=True, kw_only=True, config=ConfigDict(extra="forbid", defer_build=True))
class SymbolRecord:
    """A symbol whose size changed. There can be a hundred thousand in a record, and a model takes thrice the memory."""

    name: str
    path: str = Field(default="", description="source file that defines it; empty where none, or several, are known to")
    old: Count | None
    new: Count | None
    delta: Count


class TextRecord(Record):
    """bloat-o-meter, base against fully patched, in bytes."""

    add: Count
    remove: Count
    grow: Count
    shrink: Count
    up: Count
    down: Count
    delta: Count
    before: Count
    after: Count
    symbols: tuple[SymbolRecord, ...]
    verbatim: str
    kinds: dict[str, int] = Field(
        default={}, description="the change of text, rodata, data and bss, by nm; empty where it was not measured"
    )


class SectionRecord(Record):
    name: str
    before: Count
    after: Count


class NoiseFloorRecord(Record):
    """Two clean builds of the base (A/A), by bloat-o-meter and `size -A`, in bytes."""

    up: Count
    down: Count
    sections: tuple[SectionRecord, ...] = Field(default=(), description="those that differ")

    @property
    def silent(self) -> bool:
        return not (self.up or self.down or self.sections)


class CheckRecord(Record):
    """A check inside a booted kernel."""

    name: str
    status: Literal["pass", "fail", "not run", "not understood"] = Field(
        description="not understood: the check does not understand the kernel, which is a fault of the check"
    )
    details: tuple[str, ...] = Field(default=(), description="what is wrong, or why it was not run")
    values: dict[str, Count] = Field(default={}, description="what it measured")


class BootRecord(Record):
    """A kernel in a scenario."""

    patch: Count = Field(description="patches applied; 0 is the base")
    scenario: str
    status: Literal["pass", "fail", "flaky", "time-out", "not run", "not understood"] = Field(
        description="not understood: nothing failed, and a check does not understand the kernel"
    )
    reason: str = Field(default="", description="why it did not pass")
    checks: tuple[CheckRecord, ...] = ()
    splats: tuple[str, ...] = Field(default=(), description="what the kernel complained of, numbers replaced")
    new_lines: tuple[str, ...] = Field(default=(), description="of the console, those that the base's has not")
    seconds: Seconds = 0.0
    cached: bool = False
    console: str = Field(default="", description="file name within the run's folder")

    @property
    def conclusive(self) -> bool:
        """Whether it says something of the kernel."""
        return self.status not in ("not run", "not understood")


class FileCoverageRecord(Record):
    """The coverage of a file that the series changes; lines are ranges, as `12-15,20`."""

    path: str
    compiled: bool
    lines: LineRanges = Field(description="changed lines of code: not blank, no comment, no directive")
    kept: LineRanges | None = Field(description="those that the preprocessor kept; null where it was not asked")


class MemberRecord(Record):
    name: str
    offset: Count = Field(description="bits from the start of the struct")
    size: Count = Field(description="bits")


class MemberDeltaRecord(Record):
    change: Literal["added", "removed", "renamed", "moved", "resized"]
    before: MemberRecord | None = None
    after: MemberRecord | None = None


class LayoutRecord(Record):
    """A struct whose layout differs between base and fully patched."""

    struct: str
    before: Count | None = Field(description="bytes; null where there is no such struct")
    after: Count | None = Field(description="bytes; null where there is no such struct")
    members: tuple[MemberDeltaRecord, ...] = ()
    tracked: bool = Field(default=False, description="asked about in every run, and not only where a series touches it")


class LostPromiseRecord(Record):
    """A promise of the matrix that the base keeps, and the last source state does not."""

    what: str = Field(description="what happened, in words")
    patch: int = Field(description="the first that is known not to keep it")
    kept: int = Field(description="the last before, that is known to keep it; 0 is the base")


class ReadingRecord(Record):
    """The answer to a probe of the matrix in a cell: one column."""

    column: str
    before: str = Field(description="on the base; - where it is not known")
    after: str = Field(description="after the last patch that it is known of; - where there is none")


class TouchedFileRecord(Record):
    """A file of code that the series touches, where objects are compiled and no kernel."""

    path: str
    objects: tuple[str, ...] = Field(default=(), description="that show it: its own, or those of files that include it")
    compiled: bool = Field(description="one of them was, with the last patch after which the file is there")
    reason: str = Field(default="", description="why none was; empty where a patch is to blame")
    touched: bool = Field(default=True, description="by the series; others are named by reports of its thread")


class CellRecord(Record):
    id: str
    tree: str
    arch: str
    toolchain: str
    about: str = ""
    stage: Literal["objects", "kernels"] = Field(
        default="kernels", description="objects: of the configuration only what the series touches is compiled"
    )
    files: tuple[TouchedFileRecord, ...] = Field(
        default=(), description="of code, that the series touches; where objects were compiled"
    )
    words: tuple[str, ...] = Field(
        default=(), description="what make is told beside its targets, as `W=1`; where objects were compiled"
    )
    checker: str = Field(default="", description="what read the sources beside the compiler; empty where nothing did")
    toolchain_digest: str = Field(default="", description="SHA-256 over compiler, assembler and linker")
    status: Literal["built", "failed", "unreachable", "duplicate", "missing"] = Field(
        description="missing: to be built, and no result is there"
    )
    reason: str = ""
    same_as: str = Field(default="", description="of a duplicate: the cell of the same configuration, which was built")
    expected_unreachable: bool = Field(default=False, description="the matrix says that it cannot be reached")
    unexpected: str = Field(default="", description="how the cell is not what the matrix expects")
    vmemmap: bool | None = Field(default=None, description="on the base; `states` has it of each state")
    struct_page: StructPageRecord | None = Field(default=None, description="on the base; `states` has it of each state")
    readings: tuple[ReadingRecord, ...] = Field(default=(), description="of the matrix's probes, column by column")
    lost: tuple[LostPromiseRecord, ...] | None = Field(
        default=None, description="promises that the series breaks; null where they were not looked at"
    )
    config: str = Field(default="", description="its .config on the base, a file name within the run's folder")
    base: str = Field(default="", description="make's target that the configuration starts from; empty if unknown")
    requests: tuple[str, ...] | None = Field(
        default=None, description="what kconfig is asked for on top, `MEMCG=y`; null where that is not known"
    )
    states: tuple[StateRecord, ...] = ()
    text: TextRecord | None = None
    sections: tuple[SectionRecord, ...] = Field(default=(), description="those that differ, and .text")
    code: CodeRecord | None = Field(default=None, description="base against fully patched; null where not compared")
    noise_floor: NoiseFloorRecord | None = Field(default=None, description="null where it was not measured")
    boots: tuple[BootRecord, ...] = ()
    coverage: tuple[FileCoverageRecord, ...] | None = Field(
        default=None, description="files of code that the series changes; null where it was not measured"
    )
    removed: tuple[FileCoverageRecord, ...] | None = Field(
        default=None, description="the same of lines that the series removes, on the base; null where not measured"
    )
    layouts: tuple[LayoutRecord, ...] | None = Field(
        default=None, description="structs that differ; null where they were not measured"
    )
