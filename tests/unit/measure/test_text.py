"""bloat-o-meter and size, from text to values."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from pipeline.measure import kind_deltas, parse_bloat, parse_sections, section_deltas, sized_symbols
from pipeline.measure.text import unnumbered
from pipeline.model import Build, BuildStatus, SymbolDelta
from tests.support.bloat_o_meter import OUTPUT

EMPTY = """\
add/remove: 0/0 grow/shrink: 0/0 up/down: 0/0 (0)
Function                                     old     new   delta
Total: Before=3456789, After=3456789, chg +0.00%
"""
GROWN = """\
add/remove: 0/0 grow/shrink: 1/0 up/down: 8/0 (8)
Function                                     old     new   delta
f                                              8      16      +8
Total: Before=8, After=16, chg +100.00%
"""


def test_the_counts_are_read() -> None:
    text_delta = parse_bloat(OUTPUT)
    assert (text_delta.add, text_delta.remove, text_delta.grow, text_delta.shrink) == (1, 2, 1, 1)
    assert (text_delta.up, text_delta.down, text_delta.delta) == (146, 1168, -1022)
    assert (text_delta.before, text_delta.after) == (3456789, 3455767)
    assert text_delta.verbatim == OUTPUT


def test_a_dash_in_a_column_is_no_size() -> None:
    assert parse_bloat(OUTPUT).symbols == (
        SymbolDelta("prep_compound_page", None, 123, 123),
        SymbolDelta("vmemmap_remap_free.constprop.0", 200, 223, 23),
        SymbolDelta("__pfx_page_fixed_fake_head", 16, None, -16),
        SymbolDelta("page_fixed_fake_head", 1100, None, -1100),
        SymbolDelta("hugetlb_vmemmap_init", 152, 100, -52),
    )


@pytest.mark.parametrize("output", [OUTPUT, EMPTY, GROWN])
def test_the_summary_is_the_line_that_was_printed(output: str) -> None:
    assert parse_bloat(output).summary == output.splitlines()[0]


@pytest.mark.parametrize("output", [OUTPUT, EMPTY, GROWN])
def test_the_parts_add_up(output: str) -> None:
    text_delta = parse_bloat(output)
    assert sum(symbol.delta for symbol in text_delta.symbols) == text_delta.delta == text_delta.up - text_delta.down
    assert text_delta.after - text_delta.before == text_delta.delta


def test_no_difference_is_no_symbols() -> None:
    text_delta = parse_bloat(EMPTY)
    assert (text_delta.symbols, text_delta.delta) == ((), 0)


@pytest.mark.parametrize(
    "output",
    ["", "Traceback (most recent call last):\n", OUTPUT.splitlines()[0], OUTPUT.split("\n", 1)[1], EMPTY.lower()],
    ids=["nothing", "traceback", "no total", "no summary", "other words"],
)
def test_garbage_is_an_error(output: str) -> None:
    with pytest.raises(ValueError, match="no summary"):
        parse_bloat(output)


SIZES = """\
vmlinux  :
section               size        addr
.text              2200000   4294967296
.rodata             300000   4297000000
.init.text               0   4297000001
.comment                31            0
.debug_info        9000000            0
Total             11500031


"""


def test_sections_are_read_but_for_those_that_are_never_loaded() -> None:
    assert parse_sections(SIZES) == {".text": 2200000, ".rodata": 300000, ".init.text": 0}


@pytest.mark.parametrize("output", ["", "size: 'vmlinux': No such file\n"])
def test_no_sections_are_read_from_garbage(output: str) -> None:
    assert parse_sections(output) == {}


def test_sections_that_differ_and_the_text_are_listed() -> None:
    before = Build(
        BuildStatus.BUILT, 1, 1, 1, (), (), Path("log"), sections={".text": 10, ".rodata": 5, ".data": 7, ".old": 1}
    )
    after = replace(before, sections={".text": 10, ".rodata": 5, ".data": 8, ".new": 2})
    assert section_deltas(before, after) == ((".text", 10, 10), (".data", 7, 8), (".old", 1, 0), (".new", 0, 2))


def test_symbols_of_gnu_nm_are_kept_as_they_are() -> None:
    symbols = b"0000000000000001 b completed.0\n00000022 T _start\n0000000000000100 r __func__.1\n"
    assert sized_symbols(symbols) == symbols


def test_what_llvm_nm_lists_without_a_size_is_left_out() -> None:
    symbols = b"                 w __weak\n0000000000000000 T _end\n00000010 T main\n"
    assert sized_symbols(symbols) == b"00000010 T main\n"


def kernel(symbols: str) -> Build:
    return Build(BuildStatus.BUILT, 0.0, 0.0, 0, (), (), Path("log"), symbols=symbols.encode())


def test_changes_are_told_apart_by_the_kind_of_symbol() -> None:
    before = kernel("10 T main\n0000000000000020 t helper\n8 W weak\n10 D table\n10 r names\n")
    after = kernel(
        "14 T main\n20 t helper\n8 w weak\n10 D table\n8 V twin\n4 R names\n10000 b log\n1 B flag\n99 a absolute\n"
    )
    assert kind_deltas(before, after) == {"text": 4, "rodata": 4 - 16, "data": 8, "bss": 0x10000 + 1}
    assert not any(kind_deltas(after, after).values())


def test_more_sections_than_any_kernel_has_are_not_read() -> None:
    """Each would be a row of the report. Seen red with all of them kept."""
    with pytest.raises(ValueError, match="more than 10000 sections"):
        parse_sections("".join(f".text.{number} 1 0\n" for number in range(10_001)))


@pytest.mark.parametrize(
    ("name", "plain"),
    [
        ("__initcall__kmod_lm93__610_2644_lm93_driver_init6", "__initcall__kmod_lm93_lm93_driver_init6"),
        ("__initcall__kmod_a__b__7_1_init_module4s", "__initcall__kmod_a__b_init_module4s"),
        ("__UNIQUE_ID_license610", "__UNIQUE_ID_license"),
        ("__UNIQUE_ID___addressable_f2fs_610", "__UNIQUE_ID___addressable_f2fs"),
        ("crc32_le_base", "crc32_le_base"),
        ("x__initcall__kmod_a__1_2_f6", "x__initcall__kmod_a__1_2_f6"),
    ],
)
def test_names_that_hold_a_line_stay_when_lines_move(name: str, plain: str) -> None:
    """Seen red in a report: an initcall of eight bytes had gone, and another had come."""
    table = "0000000000000008 d {}\n0000000000000010 T frob\n"
    assert unnumbered(table.format(name).encode()) == table.format(plain).encode()
