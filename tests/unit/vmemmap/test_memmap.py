"""Numbers for one huge page, from what boots counted, and the drawings of them."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

import pipeline
from pipeline.vmemmap import diagram
from pipeline.vmemmap.memmap import Encoding, Kind, Tails, memmaps
from tests.support import memmaps as made

FAKE = {"frames": 64, "shared": 0, "heads": 512}
UNMAPPED: dict[str, Any] = {"mapped": None, "read_only": None, "frames": None, "shared": None}


@pytest.mark.parametrize(
    ("changes", "kept", "freed", "heads", "tails"),
    [
        ({}, 1, 7, 1, Tails.SHARED),
        (FAKE, 1, 7, 8, Tails.FAKE_HEADS),
        ({"kind": Kind.DEVICE_DAX, "frames": 128, "shared": 0}, 2, 6, 1, Tails.REPEATED),
        ({"huge_page": 1 << 30, "pages": 2, "heads": 2, "mapped": 8192, "frames": 3}, 1, 4095, 1, Tails.SHARED),
        ({"frames": 512, "shared": 0}, 8, None, 1, Tails.OWN),
        (UNMAPPED, None, None, 1, Tails.OWN),
        ({"shared": None}, None, None, 1, Tails.REPEATED),
        ({"frames": 70}, None, None, 1, Tails.SHARED),
        ({"heads": 65}, 1, 7, None, Tails.FAKE_HEADS),
    ],
)
def test_what_a_huge_page_keeps(changes: dict[str, Any], kept: int, freed: int, heads: int, tails: Tails) -> None:
    memmap = made.memmap(**changes)
    assert (memmap.kept, memmap.freed, memmap.heads_per_page, memmap.tails) == (kept, freed, heads, tails)


def test_vmemmap_pages_follow_from_the_sizes() -> None:
    assert made.memmap().vmemmap_pages == 8
    assert made.memmap(huge_page=4 << 20, struct_page=40).vmemmap_pages == 10
    assert made.memmap(page_size=65536, huge_page=512 << 20).vmemmap_pages == 8
    assert made.memmap(struct_page=65).vmemmap_pages == 9, "one that is filled in part is a page, too"


def test_memmaps_are_read_from_boots() -> None:
    cell = made.cell(made.boot(made.SHARED), made.boot(made.DAX, "device-dax"), made.boot(made.PLAIN, "hugetlb"))
    shared, dax, plain = memmaps([cell])
    assert shared == made.memmap(announced_kb=28, saved_kb=28)
    assert (dax.kind, dax.read_only, dax.saved_kb) == (Kind.DEVICE_DAX, 0, None)
    assert (plain.mapped, plain.frames, plain.deduplicated) == (None, None, False)


@pytest.mark.parametrize("lost", ["page-size", "huge-page-kb", "huge-pages", "struct-page", "raw-heads"])
def test_a_boot_that_does_not_tell_a_size_tells_nothing(lost: str) -> None:
    assert memmaps([made.cell(made.boot({k: v for k, v in made.SHARED.items() if k != lost}))]) == []
    assert memmaps([made.cell(made.boot(made.SHARED | {lost: 0}))]) == []


@pytest.mark.parametrize(
    ("values", "encoding"),
    [
        ({"pointers": 5, "masks": 0}, Encoding.POINTER),
        ({"pointers": 0, "masks": 5}, Encoding.MASK),
        ({"pointers": 1, "masks": 4}, Encoding.MIXED),
        ({"pointers": 0, "masks": 0}, None),
        # What guests of older versions said.
        ({"mask": 1}, Encoding.MASK),
        ({"mask": 0}, Encoding.POINTER),
        ({}, None),
    ],
)
def test_the_encoding_is_what_was_found(values: dict[str, int], encoding: Encoding | None) -> None:
    sizes = {name: value for name, value in made.SHARED.items() if name not in ("pointers", "masks")}
    (memmap,) = memmaps([made.cell(made.boot(sizes | values))])
    assert memmap.encoding is encoding


def test_the_guest_reports_what_is_read() -> None:
    guest = Path(pipeline.__file__).parent / "boot" / "guest"
    reported = set(re.findall(r'report_value\("([a-z-]+)"', "".join(file.read_text() for file in guest.glob("*.c"))))
    assert {*made.SHARED, *made.PLAIN, *made.DAX, *made.SAVED} <= reported


def test_a_check_that_failed_is_left_out() -> None:
    assert memmaps([made.cell(made.boot(made.SHARED, status="fail"))]) == []


def test_the_saving_of_another_size_is_not_taken() -> None:
    (memmap,) = memmaps([made.cell(made.boot(made.SHARED | {"huge-page-kb": 1 << 20}))])
    assert memmap.saved_kb is None


def test_shared_tails_are_drawn() -> None:
    assert diagram.after(made.memmap(huge_page=1 << 20, frames=65)) == [
        "              vmemmap                                  page frames",
        "+----------------------------------+              +--------------------+",
        "|    0: struct page 0-63           | -----------> |    page frame 0    |",
        "+----------------------------------+              +--------------------+",
        "|    1: struct page 64-127         | -----+",
        "+----------------------------------+      |       +--------------------+",
        "|    2: struct page 128-191        | -----+-----> |  shared tail page  |",
        "+----------------------------------+      |       +--------------------+",
        "|    3: struct page 192-255        | -----+",
        "+----------------------------------+",
    ]


def test_fake_heads_are_drawn() -> None:
    assert diagram.after(made.memmap(huge_page=1 << 20, **FAKE))[1:6] == [
        "+----------------------------------+              +--------------------+",
        "|    0: struct page 0-63           | -----+-----> |    page frame 0    |",
        "+----------------------------------+      |       +--------------------+",
        "|    1: struct page 64-127         | -----+",
        "+----------------------------------+      |",
    ]


def test_pages_without_the_optimization_are_drawn() -> None:
    drawn = diagram.before(made.memmap())
    assert [line.count("page frame ") for line in drawn[2::2]] == [1] * 8
    assert "|    7: struct page 448-511        | -----------> |    page frame 7    |" in drawn


def test_of_many_pages_the_first_and_the_last_are_drawn() -> None:
    gigantic = made.memmap(huge_page=1 << 30, pages=2, heads=2, mapped=8192, frames=3)
    for drawn in (diagram.before(gigantic), diagram.after(gigantic)):
        assert len(drawn) == 12
        assert any("..." in line for line in drawn)
        assert any("| 4095: struct page 262080-262143  |" in line for line in drawn)
        assert max(map(len, drawn)) <= 76
    assert any("shared tail page" in line for line in diagram.after(gigantic))
