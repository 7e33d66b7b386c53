"""Which changes make a build stale, and which cannot."""

from __future__ import annotations

import pytest

from pipeline.kernel.staleness import is_stale

READ = frozenset({"mm/hugetlb.c", "include/linux/mm.h", "arch/x86/kernel/vmlinux.lds.S", "lib/table.txt"})


@pytest.mark.parametrize(
    "changes",
    [
        {"Documentation/mm/hugetlbfs.rst": "M"},
        {"Documentation/new.rst": "A", "MAINTAINERS": "M"},
        {"Documentation/devicetree/bindings/x.yaml": "D"},
        {"drivers/net/other.c": "M"},
        {"drivers/net/new.c": "A"},
        {"drivers/net/other.h": "M", "arch/arm/lib/memset.S": "M"},
        {},
    ],
)
def test_what_nobody_read_changes_nothing(changes: dict[str, str]) -> None:
    assert not is_stale(changes, READ)


@pytest.mark.parametrize(
    "changes",
    [
        {"mm/hugetlb.c": "M"},
        {"drivers/net/other.c": "M", "include/linux/mm.h": "M"},
        {"arch/x86/kernel/vmlinux.lds.S": "M"},
        {"lib/table.txt": "M"},
        {"mm/Makefile": "M"},
        {"mm/Kbuild": "A"},
        {"init/Kconfig": "M"},
        {"arch/x86/configs/x86_64_defconfig": "M"},
        {"arch/x86/entry/syscalls/syscall_64.tbl": "M"},
        {"scripts/mod/modpost.c": "M"},
        {"tools/objtool/check.c": "M"},
        {"tools/testing/selftests/mm/hugepage-vmemmap.c": "M"},
        {"include/linux/new.h": "A"},
        {"include/linux/old.h": "D"},
        {"kernel/new.rs": "A"},
        {"Documentation/Makefile": "M"},
        {"mm/other.c": "T"} | {"mm/other.h": "T"},
        {"README.txt": "M"},
    ],
)
def test_what_was_read_and_what_leaves_no_record_makes_it_stale(changes: dict[str, str]) -> None:
    assert is_stale(changes, READ)


def test_a_kernel_that_packs_all_headers_reads_all_of_them() -> None:
    assert is_stale({"include/linux/other.h": "M"}, READ | {"kernel/kheaders.c"})
