"""Boots that tell of the struct pages of 2 MiB pages on x86_64, as a guest reports them."""

from __future__ import annotations

from typing import Any, Literal

from pipeline.record import BootRecord, CellRecord, CheckRecord
from pipeline.vmemmap.memmap import Encoding, Kind, Memmap
from tests.support import records

SHARED = {
    **{"page-size": 4096, "huge-page-kb": 2048, "huge-pages": 64, "struct-page": 64, "raw-heads": 64, "fake-heads": 0},
    **{"pointers": 0, "masks": 64 * 511, "frames": 65, "shared-frames": 1, "shared-frames-per-node": 1, "nodes": 1},
    **{"mapped-read-only": 448, "mapped-writable": 64},
}
FAKE = SHARED | {
    "raw-heads": 512,
    "fake-heads": 448,
    "pointers": 64 * 504,
    "masks": 0,
    "frames": 64,
    "shared-frames": 0,
}
_SIZES = ("page-size", "huge-page-kb", "huge-pages", "struct-page", "raw-heads")
PLAIN = {name: SHARED[name] for name in _SIZES} | {"pointers": 64 * 511, "masks": 0}
DAX = SHARED | {"memmap-kb": 520, "mapped-read-only": 0, "mapped-writable": 512}
SAVED = {"huge-page-kb": 2048, "announced-kb": 28, "saved-kb": 28}


def boot(
    values: dict[str, int], scenario: str = "hvo", patch: int = 3, status: Literal["pass", "fail", "not run"] = "pass"
) -> BootRecord:
    """A boot whose memmap was looked at, and what was saved."""
    name = "dax" if "memmap-kb" in values else "memmap"
    checks = (
        CheckRecord(name=name, status=status, values=values),
        CheckRecord(name="saved", status="pass", values=SAVED),
    )
    return BootRecord(patch=patch, scenario=scenario, status="pass", checks=checks)


def cell(*boots: BootRecord, name: str = "x86_64-boot", **changes: Any) -> CellRecord:
    return records.cell(name, boots=boots, **changes)


def memmap(**changes: Any) -> Memmap:
    """2 MiB pages on x86_64 that share their tails."""
    values: dict[str, Any] = {"cell": "x86_64-boot", "arch": "x86_64", "kind": Kind.HUGETLB, "scenario": "hvo"}
    values |= {"patch": 3, "pages": 64, "page_size": 4096, "huge_page": 2 << 20, "struct_page": 64, "heads": 64}
    values |= {
        "encoding": Encoding.MASK,
        "mapped": 512,
        "read_only": 448,
        "frames": 65,
        "shared": 1,
        "shared_per_node": 1,
    }
    return Memmap(**(values | {"nodes": 1} | changes))
