"""Small run records, complete but for what a test is about."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from pipeline.model import StructPage
from pipeline.probes import Facts
from pipeline.probes.struct_page import StructPageProbe
from pipeline.record import (
    CellRecord,
    ClaimRecord,
    CodeChangeRecord,
    CodeRecord,
    DiagnosticRecord,
    FileCoverageRecord,
    LayoutRecord,
    LetterRecord,
    LostPromiseRecord,
    MemberDeltaRecord,
    MemberRecord,
    PatchRecord,
    ReadingRecord,
    RunRecord,
    SectionRecord,
    SeriesRecord,
    StateRecord,
    StructPageRecord,
    SymbolRecord,
    TextRecord,
    ToolRecord,
    TreeRecord,
)

TREE = "debian:linux-source-6.12"
SUMMARY = "add/remove: 1/2 grow/shrink: 3/14 up/down: 120/-1530 (-1410)"
SUBJECTS = (
    "mm: Change the interface of prep_compound_tail()",
    "mm: Rename the 'compound_head' field to 'compound_info'",
    "mm/hugetlb: Remove fake head pages",
)
FILES = (
    ("mm/page_alloc.c", "mm/internal.h"),
    ("mm/page_alloc.c", "include/linux/mm_types.h"),
    ("mm/hugetlb.c",),
)


def letter(**changes: Any) -> LetterRecord:
    """The cover letter, from Kiryl to Frank with two in Cc."""
    return LetterRecord(
        **{
            "message_id": "20251205194351.1646318-1-kas@kernel.org",
            "subject": "[PATCH 0/3] mm/hugetlb: Eliminate fake head pages",
            "sender": "Kiryl Shutsemau <kas@kernel.org>",
            "to": ("Frank van der Linden <fvdl@google.com>",),
            "cc": ("Andrew Morton <akpm@linux-foundation.org>", "linux-mm@kvack.org"),
            "references": (),
            "date": "Fri, 5 Dec 2025 19:43:36 +0000",
            "body": "This series removes fake heads.\n\nI see ~1K reduction of\ntext in vmlinux.\n",
            **changes,
        }
    )


def series(**changes: Any) -> SeriesRecord:
    """Three patches, each of another subject."""
    patches = tuple(
        PatchRecord(number=at, subject=subject, author="Kiryl <kas@kernel.org>", message_id=f"{at}@x", files=files)
        for at, (subject, files) in enumerate(zip(SUBJECTS, FILES, strict=True), 1)
    )
    return SeriesRecord(
        **{
            "title": "mm/hugetlb: Eliminate fake head pages",
            "version": 1,
            "message_id": "20251205194351.1646318-1-kas@kernel.org",
            "source": "20251205194351.1646318-1-kas@kernel.org",
            "cover": letter(),
            "patches": patches,
            **changes,
        }
    )


def tree(**changes: Any) -> TreeRecord:
    return TreeRecord(**{"name": TREE, "version": "6.12.117-1", "tree_id": "a" * 40, "applied": "clean", **changes})


def diagnostic(path: str = "mm/hugetlb.c", line: int = 1234, message: str = "too few arguments") -> DiagnosticRecord:
    return DiagnosticRecord(path=path, line=line, message=message)


def state(patch: int, status: str = "built", **changes: Any) -> StateRecord:
    """A source state: the base, or after so many patches."""
    values: dict[str, Any] = {
        "patch": patch,
        "subject": SUBJECTS[patch - 1] if 0 < patch <= len(SUBJECTS) else "base",
        "status": status,
        "seconds": 12.5,
        "cpu_seconds": 20.0,
        "cached": False,
        "log": f"logs/cell.{patch}.log",
    }
    return StateRecord(**(values | changes))


def states(*words: str, **errors: Any) -> tuple[StateRecord, ...]:
    """States from the base on: `built` or `failed`."""
    return tuple(state(patch, word, **(errors if word == "failed" else {})) for patch, word in enumerate(words))


def text(**changes: Any) -> TextRecord:
    """A saving of 1410 bytes, in 20 symbols."""
    symbols = [SymbolRecord(name="prep_compound_page", old=250, new=370, delta=120)]
    symbols += [SymbolRecord(name=f"function_{at:02}", old=500, new=500 - at, delta=-at) for at in range(1, 18)]
    symbols += [SymbolRecord(name="page_fixed_fake_head", old=900, new=None, delta=-900)]
    return TextRecord(
        **{
            "add": 1,
            "remove": 2,
            "grow": 3,
            "shrink": 14,
            "up": 120,
            "down": 1530,
            "delta": -1410,
            "before": 3456789,
            "after": 3455379,
            "symbols": tuple(symbols),
            "verbatim": f"{SUMMARY}\nFunction  old new delta\nTotal: Before=3456789, After=3455379, chg -0.04%\n",
            **changes,
        }
    )


def code(*functions: str, **changes: Any) -> CodeRecord:
    """900 functions compared, of which those named differ, in mm/util.c and with the same sizes."""
    rows = [
        CodeChangeRecord(name=name, path="mm/util.c", kind="function", before=64, after=64, amount=2)
        for name in functions
    ]
    return CodeRecord(
        **{
            "functions": 900,
            "objects": 400,
            "changed_functions": len(rows),
            "changed_objects": 0,
            "resized": 0,
            "files": 1 if rows else 0,
            "changes": tuple(rows),
            **changes,
        }
    )


def cell(name: str = "x86_64-gcc-small", **changes: Any) -> CellRecord:
    """A cell that builds at every state and saves text; its matrix asks for `struct-page`."""
    made = CellRecord(
        **{
            "id": name,
            "tree": TREE,
            "arch": "x86_64",
            "toolchain": "gcc (Debian 12.2.0-14) 12.2.0",
            "status": "built",
            "vmemmap": True,
            "struct_page": StructPageRecord(size=64, power_of_two=True),
            "states": states("built", "built", "built", "built"),
            "text": text(),
            "sections": (SectionRecord(name=".text", before=2200000, after=2198590),),
            **changes,
        }
    )
    return made if "readings" in changes else made.model_copy(update={"readings": _struct_page_readings(made)})


def _struct_page_readings(cell: CellRecord) -> tuple[ReadingRecord, ...]:
    """What the probe reads where the base and the states are as they are in `cell`."""

    def read(vmemmap: bool | None, page: StructPageRecord | None) -> tuple[str, ...]:
        return StructPageProbe().read(Facts(vmemmap, StructPage(page.size) if page else None))

    patched = [state for state in cell.states if state.patch]
    memmaps = [state.vmemmap for state in patched if state.vmemmap is not None]
    pages = [state.struct_page for state in patched if state.struct_page]
    before = read(cell.vmemmap, cell.struct_page)
    after = read(memmaps[-1] if memmaps else None, pages[-1] if pages else None)
    rows = zip(StructPageProbe().columns, before, after, strict=True)
    return tuple(ReadingRecord(column=column, before=first, after=last) for column, first, last in rows)


def measured(**changes: Any) -> CellRecord:
    """A cell that compiles one of two files and has one struct of another layout."""
    head, info = (MemberRecord(name=name, offset=64, size=64) for name in ("compound_head", "compound_info"))
    files = (
        FileCoverageRecord(path="mm/hugetlb.c", compiled=True, lines="10-12", kept="10"),
        FileCoverageRecord(path="mm/internal.h", compiled=False, lines="7", kept=""),
    )
    renamed = MemberDeltaRecord(change="renamed", before=head, after=info)
    page = LayoutRecord(struct="page", before=64, after=72, members=(renamed,), tracked=True)
    return cell(**{"coverage": files, "layouts": (page,), **changes})


def buffered(**changes: Any) -> CellRecord:
    """A cell whose text shrinks, and that has a page more of data that is 0 at boot."""
    kinds = {"text": -1410, "rodata": 0, "data": 0, "bss": 4096}
    return cell(**{"text": text(delta=2686, kinds=kinds), **changes})


def grown(name: str = "x86_64-gcc-small", at: int = 2, **changes: Any) -> CellRecord:
    """A cell that is built at every state, and whose struct page is longer from patch `at` on."""
    sizes = (StructPageRecord(size=64, power_of_two=True), StructPageRecord(size=80, power_of_two=False))
    every = tuple(state(patch, struct_page=sizes[patch >= at], vmemmap=True) for patch in range(4))
    return cell(name, **{"states": every, "lost": (), **changes})


LOST = LostPromiseRecord(
    what="kconfig drops CONFIG_MEMCG=y (memcg.config): now depends on EXTRA, which is n", patch=3, kept=2
)


def broken(name: str, *words: str, **changes: Any) -> CellRecord:
    """A cell that fails to build, with states in words."""
    values: dict[str, Any] = {
        "status": "failed",
        "states": states(*words, errors=(diagnostic(),)),
        "text": None,
        "sections": (),
        "struct_page": StructPageRecord(size=56, power_of_two=False),
        "vmemmap": False,
    }
    return cell(name, **(values | changes))


def unreachable(name: str = "x86_64-gcc-flat", reason: str = "CONFIG_SPARSEMEM_VMEMMAP=n was dropped") -> CellRecord:
    blank = {"states": (), "text": None, "sections": (), "struct_page": None, "vmemmap": None}
    return cell(name, status="unreachable", reason=reason, **blank)


def claim(verdict: str = "confirmed", measured: int | None = -1410, **changes: Any) -> ClaimRecord:
    values: dict[str, Any] = {
        "text": "~1K reduction of text in vmlinux",
        "claimed": -1000,
        "cell": "x86_64-gcc-small",
    }
    return ClaimRecord(**({"verdict": verdict, "measured": measured} | values | changes))


def run(**changes: Any) -> RunRecord:
    """A clean run: one tree, one cell, three patches."""
    return RunRecord(
        **{
            "id": "2025-12-08T09-12-44-hvo",
            "started": "2025-12-08T09:12:44Z",
            "seconds": 312.0,
            "command": "pipeline apply-and-build 20251205194351.1646318-1-kas@kernel.org --matrix small",
            "series": series(),
            "matrix": "small",
            "trees": (tree(),),
            "cells": (cell(),),
            "claims": (claim(),),
            "tools": (ToolRecord(name="b4", version="0.16.0"), ToolRecord(name="gcc", version="12.2.0")),
            "sandbox": "bubblewrap 0.8.0",
            **changes,
        }
    )


def large(symbols: int = 60_000, cells: int = 2, name: str = "a_function_of_the_kernel_%d") -> RunRecord:
    """A run whose kernels differ in every symbol."""
    texts = [
        text(
            symbols=tuple(
                SymbolRecord(
                    name=name % at if "%" in name else name,
                    path=f"drivers/net/ethernet/vendor{at % 90}/file{at % 700}.c",
                    old=at,
                    new=at + (shift := at * 7919 % 301 - 150 - number),
                    delta=shift,
                )
                for at in range(symbols)
            )
        )
        for number in range(cells)
    ]
    return run(cells=tuple(cell(f"cell-{at}", text=text_record) for at, text_record in enumerate(texts)))


STARTED = datetime(2025, 12, 8, 9, 12, 44, tzinfo=UTC)
