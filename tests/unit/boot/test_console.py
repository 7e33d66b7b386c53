"""Consoles: made without_controls, searched for complaints, compared."""

from __future__ import annotations

import pytest

from pipeline.boot.console import new_lines, splats, without_controls

SPLAT = """\
[    1.234567] ------------[ cut here ]------------
[    1.234568] WARNING: CPU: 1 PID: 17 at mm/hugetlb_vmemmap.c:205 vmemmap_remap_pte+0x12/0x40
[    1.234569] Modules linked in:
[    1.234570] CPU: 1 UID: 0 PID: 17 Comm: init Not tainted 6.12.0 #1
"""


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        (b"plain\r\n", "plain\n"),
        (b"\x1b[2J\x1b[1;31mred\x1b[0m", "red"),
        (b"\x1b]0;title\x07after", "after"),
        (b"\x1b]52;c;c3RvbGVu\x1b\\after", "after"),
        (b"\x1bPq#0\x1b\\after", "after"),
        (b"bell\x07 back\x08 nul\x00 del\x7f csi\x9b31m", "bell back nul del csi\ufffd31m"),
        ("csi\u009b31m".encode(), "csi31m"),
        (b"lone \x1b", "lone "),
        ("öffnen".encode(), "öffnen"),
        (b"bad \xff byte", "bad \ufffd byte"),
    ],
)
def test_nothing_that_steers_a_terminal_is_left(raw: bytes, text: str) -> None:
    assert without_controls(raw) == text


def test_a_warning_is_named_by_its_place() -> None:
    assert splats(SPLAT) == ("WARNING: at mm/hugetlb_vmemmap.c:N vmemmap_remap_pte",)


def test_the_same_complaint_from_another_boot_is_the_same() -> None:
    other = (
        SPLAT.replace("1.23", "7.98").replace("CPU: 1 PID: 17", "CPU: 0 PID: 1234").replace("0x12/0x40", "0x18/0x50")
    )
    assert splats(other + SPLAT) == splats(SPLAT)


@pytest.mark.parametrize(
    ("line", "splat"),
    [
        ("BUG: Bad page state in process init  pfn:1a00", "BUG: Bad page state   pfn:N"),
        ("BUG: KASAN: slab-out-of-bounds in foo+0x1/0x2", "BUG: KASAN: slab-out-of-bounds in foo"),
        ("Oops: 0002 [#1] PREEMPT SMP", "Oops: N [#N] PREEMPT SMP"),
        ("Kernel panic - not syncing: Attempted to kill init!", "Kernel panic - not syncing: Attempted to kill init!"),
        ("UBSAN: shift-out-of-bounds in mm/x.c:7:9", "UBSAN: shift-out-of-bounds in mm/x.c:N:N"),
        ("Unable to handle kernel paging request at ffff0000", "Unable to handle kernel paging request at N"),
        ("rcu: INFO: rcu_sched self-detected stall on CPU", "rcu: INFO: rcu_sched self-detected stall on CPU"),
    ],
)
def test_complaints_of_each_kind(line: str, splat: str) -> None:
    assert splats(f"[    0.100000] {line}\n") == (splat,)


@pytest.mark.parametrize(
    "line",
    ["a line about BUG: nothing", "WARNINGS are off", "HugeTLB: 28 KiB vmemmap can be freed for a 2.00 MiB page"],
)
def test_other_lines_are_no_complaints(line: str) -> None:
    assert splats(line) == ()


def test_only_lines_that_the_base_has_not_are_new() -> None:
    base = "[    0.000001] Memory: 1024K/2048K\n[    0.2] HugeTLB: registered\n"
    text = "[    0.500000] Memory: 1000K/2048K\n[    0.6] memmap is not aligned\n[    0.7] memmap is not aligned\n"
    assert new_lines(text, base) == ("memmap is not aligned",)
