"""The struct pages of huge pages as booted kernels show them, as numbers for one huge page."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from pipeline.record import BootRecord, CellRecord, CheckRecord


class Kind(StrEnum):
    HUGETLB = "HugeTLB"
    DEVICE_DAX = "device DAX"


class Tails(StrEnum):
    """The page frames that the vmemmap pages behind the first are mapped to."""

    OWN = "page frames of their own"
    FAKE_HEADS = "the page frame of the head"
    SHARED = "a page frame that huge pages share"
    REPEATED = "a page frame of tails of the same huge page"


class Encoding(StrEnum):
    """How a tail page leads to its head."""

    POINTER = "address"
    MASK = "a mask"
    MIXED = "both"


@dataclass(frozen=True)
class Memmap:
    """The struct pages of huge pages of one size, as a boot saw them; what was not measured is None.

    Args:
        cell: its id.
        patch: patches applied.
        pages: huge pages that were looked at.
        page_size: of a base page, bytes.
        huge_page: its size, bytes.
        struct_page: its size, bytes.
        heads: struct pages with PG_head, of all huge pages.
        encoding: what tail pages hold.
        mapped: vmemmap pages of all huge pages that are mapped by page table entries of the base page size; None
            where the memmap is mapped otherwise, as it is without the optimization.
        read_only: how many of them.
        frames: page frames behind them.
        shared: those that several huge pages are mapped to.
        shared_per_node: the most that the huge pages of one node have.
        nodes: NUMA nodes that the huge pages lie on.
        announced_kb: what the kernel says is saved for a huge page; None where nothing was asked.
        saved_kb: what free memory says of that.
    """

    cell: str
    arch: str
    kind: Kind
    scenario: str
    patch: int
    pages: int
    page_size: int
    huge_page: int
    struct_page: int
    heads: int
    encoding: Encoding | None
    mapped: int | None = None
    read_only: int | None = None
    frames: int | None = None
    shared: int | None = None
    shared_per_node: int | None = None
    nodes: int | None = None
    announced_kb: int | None = None
    saved_kb: int | None = None

    @property
    def base_pages(self) -> int:
        return self.huge_page // self.page_size

    @property
    def vmemmap_pages(self) -> int:
        """Pages of the base page size that its struct pages take."""
        return -(-self.base_pages * self.struct_page // self.page_size)

    @property
    def deduplicated(self) -> bool:
        """Whether there are fewer page frames than vmemmap pages."""
        return self.mapped is not None and self.frames is not None and self.frames < self.mapped

    @property
    def kept(self) -> int | None:
        """Page frames that a huge page keeps for itself; None where that is unknown, or not the same for each."""
        if self.frames is None or self.shared is None:
            return None
        whole, rest = divmod(self.frames - self.shared, self.pages)
        return whole if rest == 0 else None

    @property
    def freed(self) -> int | None:
        """Page frames that a huge page needs no more, beside those that all share."""
        return None if self.kept is None or not self.deduplicated else self.vmemmap_pages - self.kept

    @property
    def heads_per_page(self) -> int | None:
        whole, rest = divmod(self.heads, self.pages)
        return whole if rest == 0 else None

    @property
    def tails(self) -> Tails:
        if not self.deduplicated:
            return Tails.OWN
        if self.heads > self.pages:
            return Tails.FAKE_HEADS
        return Tails.SHARED if self.shared else Tails.REPEATED


def memmaps(cells: Iterable[CellRecord]) -> list[Memmap]:
    """Memmaps that boots saw, in the order of cells and boots.

    A check that failed is left out: what it counted is not what the kernel is meant to do.
    """
    return [
        memmap
        for cell in cells
        for boot in cell.boots
        for check in boot.checks
        if (memmap := _memmap(cell, boot, check)) is not None
    ]


def _memmap(cell: CellRecord, boot: BootRecord, check: CheckRecord) -> Memmap | None:
    values = check.values
    sizes = ("page-size", "huge-page-kb", "huge-pages", "struct-page", "raw-heads")
    if check.status != "pass" or any(values.get(name, 0) <= 0 for name in sizes):
        return None
    huge_page = values["huge-page-kb"] << 10
    kind = Kind.DEVICE_DAX if "memmap-kb" in values else Kind.HUGETLB
    saved = _saved(boot, huge_page) if kind is Kind.HUGETLB else {}
    mapped = values.get("mapped-read-only", 0) + values.get("mapped-writable", 0)
    return Memmap(
        cell.id,
        cell.arch,
        kind,
        boot.scenario,
        boot.patch,
        values["huge-pages"],
        values["page-size"],
        huge_page,
        values["struct-page"],
        values["raw-heads"],
        _encoding(values),
        mapped or None,
        values.get("mapped-read-only"),
        values.get("frames"),
        values.get("shared-frames"),
        values.get("shared-frames-per-node"),
        values.get("nodes"),
        saved.get("announced-kb"),
        saved.get("saved-kb"),
    )


def _encoding(values: Mapping[str, int]) -> Encoding | None:
    """The encoding that the words of tail pages show; in runs of older versions, the one that the kernel announced."""
    if "mask" in values:
        return Encoding.MASK if values["mask"] else Encoding.POINTER
    pointers, masks = values.get("pointers", 0) > 0, values.get("masks", 0) > 0
    if pointers and masks:
        return Encoding.MIXED
    return Encoding.MASK if masks else Encoding.POINTER if pointers else None


def _saved(boot: BootRecord, huge_page: int) -> Mapping[str, int]:
    """Values of the check that measured what a huge page of that size saves, in this boot; empty where none did."""
    for check in boot.checks:
        measured = check.status == "pass" and "saved-kb" in check.values
        if measured and check.values.get("huge-page-kb", 0) << 10 == huge_page:
            return check.values
    return {}
