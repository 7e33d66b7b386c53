"""The probe `struct-page`: whether the memmap is virtual, and the size of its elements."""

from __future__ import annotations

from dataclasses import dataclass

from pipeline.probes.probe import UNKNOWN, Facts, StructQuestion


@dataclass(frozen=True)
class StructPageProbe:
    """HugeTLB can share vmemmap pages only where the memmap is virtual and `struct page` is a power of two."""

    columns: tuple[str, ...] = ("vmemmap", "struct page")
    structs: tuple[StructQuestion, ...] = ()

    def read(self, facts: Facts) -> tuple[str, ...]:
        memmap = {True: "on", False: "off", None: UNKNOWN}[facts.vmemmap]
        if facts.struct_page is None:
            return memmap, UNKNOWN
        size = facts.struct_page.size
        return memmap, str(size) if facts.struct_page.power_of_two else f"{size}, not 2^n"
