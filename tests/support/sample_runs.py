"""Runs that have something in every place of a report."""

from __future__ import annotations

from typing import Literal

from pipeline.record import BootRecord, CellRecord, CheckRecord, HunkRecord, RunRecord, SymbolRecord
from tests.support import records
from tests.support.sample_reviews import whole


def booted(patch: int, *statuses: Literal["pass", "fail", "not run"]) -> BootRecord:
    """A boot with the checks `walk` and `pool`."""
    checks = tuple(CheckRecord(name=name, status=word) for name, word in zip(("walk", "pool"), statuses, strict=True))
    return BootRecord(
        patch=patch,
        scenario="hvo",
        status="fail" if "fail" in statuses else "pass",
        reason="failed: some" if "fail" in statuses else "",
        checks=checks,
        console=f"logs/hvo-{patch}.console",
    )


MERGED = records.tree(name="debian:linux-source-7.2", applied="already-merged")

REFUSED = records.tree(
    name="debian:linux-source-6.1",
    applied="failed",
    failed_patch=2,
    failed_hunks=(HunkRecord(path="mm/hugetlb.c", line=123, header="@@ -120,7 +120,9 @@ static void prep()"),),
)

WARNING = records.diagnostic(message="unused variable 'head'")

WORDS_OF_THE_SCHEMA = (
    *("schema", "status", "applied", "verdict", "change", "lines", "kept", "kind", "origin"),
    *("state", "touched", "fate", "role", "found_in", "compared_by", "relation", "stage"),
)


def everything() -> RunRecord:
    """A run with every kind of trouble."""
    return records.run(
        trees=(records.tree(), MERGED, REFUSED),
        cells=(
            records.measured(),
            records.broken("riscv64-gcc-flat", "built", "built", "failed"),
            records.broken("i386-gcc", "failed", "failed"),
            warning_cell(),
            records.unreachable(),
        ),
        claims=(records.claim(), records.claim("refuted", -300), records.claim("not measured", None)),
        series=records.series(follow_ups=("Remove the static key",), notes=("Patch 2 came from a reply",)),
        notes=("Put together from 2 runs.",),
    )


def warning_cell() -> CellRecord:
    states = (
        records.state(0),
        records.state(1),
        *(records.state(at, new_warnings=(WARNING,)) for at in (2, 3)),
    )
    return records.cell("arm64-gcc", states=states)


def flooded(record: RunRecord, text: str) -> RunRecord:
    """The record with `text` in every string that is not a word of the schema."""

    def flood(value: object) -> object:
        if isinstance(value, dict):
            return {name: inner if name in WORDS_OF_THE_SCHEMA else flood(inner) for name, inner in value.items()}
        if isinstance(value, list | tuple):
            return tuple(flood(inner) for inner in value)
        return text if isinstance(value, str) else value

    return RunRecord.model_validate(flood(record.model_dump(by_alias=True)))


def with_boots() -> RunRecord:
    """A run with something in every section."""
    check = CheckRecord(name="memmap", status="fail", details=("wrong",), values={"heads": 1})
    boots = (
        BootRecord(patch=0, scenario="hvo", status="pass", console="logs/a.console"),
        BootRecord(
            patch=3,
            scenario="hvo",
            status="fail",
            reason="failed: memmap",
            checks=(check,),
            splats=("BUG: bad page",),
            new_lines=("BUG",),
            console="logs/b.console",
        ),
    )
    symbols = [SymbolRecord(name=name, path="mm/a.c", old=1, new=3, delta=2) for name in "ab"]
    text = records.text(symbols=tuple(symbols))
    changes = zip(range(4), (None, 5, -10, 3), strict=True)
    states = tuple(records.state(at, text_change=change) for at, change in changes)
    cell = records.measured(
        boots=boots, text=text, states=states, config="configs/a.config", about="about", unexpected="odd"
    )
    broken = records.broken("riscv64-gcc-flat", "built", "built", "failed")
    return records.run(
        trees=(records.tree(), REFUSED),
        cells=(cell, broken, warning_cell(), records.unreachable()),
        claims=(records.claim("refuted", -300),),
        series=records.series(follow_ups=("Remove the static key",), notes=("Patch 2 came from a reply",)),
        sandbox="none",
        review=whole(),
    )
