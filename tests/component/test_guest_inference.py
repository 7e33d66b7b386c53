"""What the guest infers from bytes, on memory images made here: the guest's own C code, compiled for this machine.

An image is what /proc/kcore would give of a kernel's memmap, or of its page table.
"""

from __future__ import annotations

import ctypes
import subprocess
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from pipeline.boot.initramfs import SOURCES

STRUCT_PAGE = 64
WORD = 8
"""Offset of the word that leads to the head."""
PG_HEAD = 1 << 6
WHOLE = (1 << 64) - 1
FINDINGS = ("good", "bad", "bad everywhere", "unclear")


class Layout(ctypes.Structure):
    _fields_ = (("size", ctypes.c_uint64), ("info", ctypes.c_uint64), ("head_flag", ctypes.c_uint64))


TALLY = ("heads", "headless", "tails", "fake_heads", "raw_heads", "pointers", "masks", "astray", "strange")


class Tally(ctypes.Structure):
    _fields_ = tuple((name, ctypes.c_longlong) for name in TALLY)


class Mapping(ctypes.Structure):
    _fields_ = (("physical", ctypes.c_uint64), ("writable", ctypes.c_int), ("shift", ctypes.c_int))


READ = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_uint64, ctypes.c_void_p, ctypes.c_size_t)
LINEAR = ctypes.CFUNCTYPE(ctypes.c_uint64, ctypes.c_uint64)


class PageTable(ctypes.Structure):
    _fields_ = (("root", ctypes.c_uint64), ("top", ctypes.c_int), ("read", READ), ("linear", LINEAR))


@pytest.fixture(scope="module")
def guest(tmp_path_factory: pytest.TempPathFactory) -> ctypes.CDLL:
    library = tmp_path_factory.mktemp("guest") / "inference.so"
    sources = [str(SOURCES / name) for name in ("tails.c", "pagetable.c")]
    subprocess.run(["gcc", "-shared", "-fPIC", "-D_GNU_SOURCE", "-o", str(library), *sources], check=True)
    loaded = ctypes.CDLL(str(library))
    loaded.judge_tally.restype = ctypes.c_int
    return loaded


@dataclass(frozen=True)
class Image:
    """The struct pages of huge pages, in a memmap that is virtually contiguous.

    Args:
        memmap: address of the struct page of the first huge page.
        order: of a huge page.
        word: what a tail holds, by its address and that of its head.
        fake_heads: vmemmap pages behind the first that show the first one.
    """

    memmap: int = 0xFFFFEA0000400000
    huge_pages: int = 4
    order: int = 9
    struct_page: int = STRUCT_PAGE
    word: Callable[[int, int], int] = lambda _, head: head | 1
    fake_heads: int = 0
    heads: bool = True

    def pages(self) -> Iterator[tuple[int, int, bytes]]:
        """Address, address of the head, and bytes of each struct page."""
        for huge_page in range(self.huge_pages):
            head = self.memmap + (huge_page << self.order) * self.struct_page
            for at in range(1 << self.order):
                address = head + at * self.struct_page
                per_frame = 4096 // self.struct_page
                shown = at % per_frame if 0 < at // per_frame <= self.fake_heads else at
                flags = PG_HEAD if shown == 0 and self.heads else 0
                word = 0x1000 if shown == 0 else self.word(address, head)
                yield address, head, flags.to_bytes(8, "little") + (word & WHOLE).to_bytes(8, "little")


def mask(order: int) -> Callable[[int, int], int]:
    """The word of 7.3 under HVO, and of the tracked series: ones down to the size of the huge page's memmap."""
    return lambda _address, _head: (WHOLE << (order + 6)) & WHOLE | 1


def looked_at(guest: ctypes.CDLL, image: Image) -> tuple[str, dict[str, int]]:
    """The finding, and what was counted."""
    tally, layout = Tally(), Layout(image.struct_page, WORD, PG_HEAD)
    for address, head, content in image.pages():
        guest.tally_page(
            ctypes.byref(tally), ctypes.byref(layout), content, ctypes.c_uint64(address), ctypes.c_uint64(head)
        )
    return FINDINGS[guest.judge_tally(ctypes.byref(tally))], {name: getattr(tally, name) for name in TALLY}


POINTERS = Image()
MASKS = Image(word=mask(9))
TAILS = 4 * 511


@pytest.mark.parametrize(
    ("image", "counted"),
    [
        (POINTERS, {"pointers": TAILS, "masks": 0, "raw_heads": 4}),
        (MASKS, {"pointers": 0, "masks": TAILS, "raw_heads": 4}),
        # Where five levels of page tables are; larger pages; a memmap that is not aligned to its huge pages.
        (replace(MASKS, memmap=0xFFD4000000800000), {"masks": TAILS}),
        (Image(word=mask(12), order=12, huge_pages=1), {"masks": (1 << 12) - 1}),
        (replace(POINTERS, memmap=0xFFD4000000800000 + 64 * 64), {"pointers": TAILS}),
        # 80 bytes: no mask can be meant.
        (replace(POINTERS, struct_page=80), {"pointers": TAILS, "masks": 0}),
        (
            Image(word=lambda address, head: mask(9)(address, head) if address & 64 else head | 1),
            {"pointers": TAILS // 2 - 2, "masks": TAILS // 2 + 2},
        ),
        (replace(POINTERS, fake_heads=7), {"fake_heads": 4 * 7, "raw_heads": 4 * 8, "pointers": TAILS - 28}),
    ],
    ids=["pointer", "mask", "la57", "large", "unaligned", "odd", "mixed", "fake heads"],
)
def test_right_memmaps_are_right(guest: ctypes.CDLL, image: Image, counted: dict[str, int]) -> None:
    finding, tally = looked_at(guest, image)
    assert finding == "good"
    assert {name: tally[name] for name in counted} == counted
    assert tally["astray"] == tally["headless"] == 0


@pytest.mark.parametrize(
    ("image", "finding", "counted"),
    [
        # The mask of one order less leads to a tail, and that of one more to every second huge page's neighbour.
        (replace(MASKS, word=mask(8)), "bad", {"astray": TAILS - 4 * 255}),
        (replace(MASKS, word=mask(10)), "bad", {"astray": TAILS // 2}),
        (replace(MASKS, memmap=0xFFD4000000800000 + 64 * 64), "bad everywhere", {"astray": TAILS}),
        # A neighbour's address would do as a mask in some tails, and is none.
        (replace(POINTERS, word=lambda _, head: (head + 512 * 64) | 1), "bad everywhere", {"astray": TAILS}),
        (replace(POINTERS, word=lambda _, head: head), "bad everywhere", {"astray": TAILS, "strange": 0}),
        (replace(MASKS, word=lambda *_: WHOLE), "bad everywhere", {"astray": TAILS, "strange": 0}),
        (replace(POINTERS, heads=False), "bad everywhere", {"headless": 4, "raw_heads": 0}),
        # No encoding that is known: the number of the head's page frame, the distance to the head.
        (replace(POINTERS, word=lambda _, head: head >> 6 << 1 & 0xFFFFFFFF | 1), "unclear", {"strange": TAILS}),
        (replace(POINTERS, word=lambda address, head: (address - head) << 1 | 1), "unclear", {"strange": TAILS}),
        (
            replace(POINTERS, word=lambda address, head: 3 if address - head == 640 else head | 1),
            "bad",
            {"strange": 4, "astray": 4},
        ),
    ],
    ids=[
        "small mask",
        "large mask",
        "unaligned",
        "neighbour",
        "no tail",
        "all ones",
        "no head",
        "pfn",
        "distance",
        "one of each",
    ],
)
def test_wrong_memmaps_are_told(guest: ctypes.CDLL, image: Image, finding: str, counted: dict[str, int]) -> None:
    told, tally = looked_at(guest, image)
    assert told == finding
    assert {name: tally[name] for name in counted} == counted


LINEAR_BASE = 0xFF11000000000000
ROOT, KNOWN, REMAPPED, VMEMMAP = 0xFFFFFFFF82000000, 0x7654000, 0x1234000, 0xFFD4000000800000


def tables(levels: int, mappings: Sequence[tuple[int, int, int]]) -> dict[int, int]:
    """A page table of x86_64 as words by address.

    Args:
        mappings: virtual address, physical address, and flags of the last entry.
    """
    memory: dict[int, int] = {}
    frames = iter(range(0x100000, 0x200000, 0x1000))
    for virtual, physical, flags in mappings:
        at = ROOT
        for shift in range(12 + 9 * (levels - 1), 12, -9):
            slot = at + (virtual >> shift & 511) * 8
            if slot not in memory:
                memory[slot] = next(frames) | 3
            at = LINEAR_BASE + (memory[slot] & ~0xFFF)
        memory[at + (virtual >> 12 & 511) * 8] = physical | flags
    return memory


@pytest.mark.parametrize("levels", [4, 5])
def test_levels_of_the_page_table_are_found_by_what_it_maps(guest: ctypes.CDLL, levels: int) -> None:
    """The same addresses in a kernel that runs with four levels, and in one with five."""
    memory = tables(levels, [(LINEAR_BASE + KNOWN, KNOWN, 3), (VMEMMAP, REMAPPED, 1), (VMEMMAP + 4096, KNOWN, 3)])

    def read(address: int, buffer: int, size: int) -> int:
        if address not in memory or size != 8:
            return 0
        ctypes.memmove(buffer, memory[address].to_bytes(8, "little"), 8)
        return 1

    table = PageTable(ROOT, 0, READ(read), LINEAR(lambda physical: LINEAR_BASE + physical))
    assert guest.find_levels(ctypes.byref(table), ctypes.c_uint64(KNOWN)) == levels
    mapping = Mapping()
    for address, physical, writable in ((VMEMMAP + 8, REMAPPED + 8, 0), (VMEMMAP + 4096, KNOWN, 2)):
        assert guest.walk_table(ctypes.byref(table), ctypes.c_uint64(address), ctypes.byref(mapping))
        assert (mapping.physical, bool(mapping.writable), mapping.shift) == (physical, bool(writable), 12)
    assert not guest.walk_table(ctypes.byref(table), ctypes.c_uint64(VMEMMAP + 8192), ctypes.byref(mapping))


def test_a_page_table_that_is_not_understood_has_no_levels(guest: ctypes.CDLL) -> None:
    table = PageTable(ROOT, 0, READ(lambda *_: 0), LINEAR(lambda physical: LINEAR_BASE + physical))
    assert guest.find_levels(ctypes.byref(table), ctypes.c_uint64(KNOWN)) == 0


def test_all_of_the_guest_compiles_without_a_complaint(tmp_path: Path) -> None:
    sources = sorted(map(str, SOURCES.glob("*.c")))
    subprocess.run(
        ["gcc", "-Wall", "-Wextra", "-Werror", "-O2", "-D_GNU_SOURCE", "-o", str(tmp_path / "init"), *sources],
        check=True,
    )
