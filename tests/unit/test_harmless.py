"""Which series leave nothing of their own making in a build folder."""

from __future__ import annotations

import pytest

from pipeline.kernel.commands import Recorded
from pipeline.kernel.harmless import is_harmless, read_by_programs

BY_PROGRAMS = frozenset({"include/linux/mod_devicetable.h", "lib/gen_crc32table.c"})


@pytest.mark.parametrize(
    "changes",
    [
        {"mm/hugetlb.c": "M", "include/linux/mm.h": "M", "arch/x86/kernel/head_64.S": "M"},
        {"Documentation/mm/hugetlbfs.rst": "A", "MAINTAINERS": "M"},
        {},
    ],
)
def test_c_and_texts_run_nothing(changes: dict[str, str]) -> None:
    assert is_harmless(changes, BY_PROGRAMS)


@pytest.mark.parametrize(
    "changes",
    [
        {"mm/Makefile": "M"},
        {"Documentation/conf.py": "M"},
        {"scripts/mod/file2alias.c": "M"},
        {"tools/objtool/check.c": "M"},
        {"usr/gen_init_cpio.c": "M"},
        {"include/linux/mod_devicetable.h": "M"},
        {"lib/gen_crc32table.c": "M"},
        {"arch/x86/kernel/vmlinux.lds.S": "M"},
        {"arch/x86/entry/syscalls/syscall_64.tbl": "M"},
        {"include/linux/string.h": "A"},
        {"mm/new.c": "A"},
        {"mm/old.h": "D"},
        {"mm/util.c": "T"},
        {"mm/util.c": "M", "mm/Makefile": "M"},
    ],
)
def test_what_may_run_is_not_harmless(changes: dict[str, str]) -> None:
    assert not is_harmless(changes, BY_PROGRAMS)


@pytest.mark.parametrize(
    ("lines", "harmless"),
    [
        (
            "config ALIGNED\n\tbool\n\tdepends on A=y && B!=n\n\tselect C if D\n\thelp\n\t  It is, and more.\n# So.",
            True,
        ),
        ('\tdefault "a=b"', True),
        ('source "mm/evil.c"', False),
        ('\trsource "evil"', False),
        ("\tdefault $(shell,touch /build/x)", False),
        ("CC := rm", False),
        ("CC = rm", False),
        ("CC+=rm", False),
        ("  cc-option = rm", False),
    ],
)
def test_options_are_data_and_macros_are_not(lines: str, harmless: bool) -> None:
    assert is_harmless({"mm/Kconfig": "M", "arch/x86/Kconfig.debug": "M"}, BY_PROGRAMS, lines) is harmless


def test_programs_are_what_is_not_the_kernel_and_all_of_the_tools() -> None:
    kernel, host = "gcc -D__KERNEL__ -c", "gcc -O2"
    recorded = [
        Recorded("mm/util.o", kernel, "mm/util.c", ("include/linux/mm.h",)),
        Recorded("arch/x86/tools/relocs", host, "arch/x86/tools/relocs.c", ("include/uapi/linux/elf.h",)),
        Recorded("scripts/mod/devicetable-offsets.s", kernel, "scripts/mod/a.c", ("include/linux/mei.h",)),
        Recorded("mm/built-in.a", "ar cDPrST mm/built-in.a mm/util.o"),
    ]
    assert read_by_programs(recorded) == {
        "arch/x86/tools/relocs.c",
        "include/uapi/linux/elf.h",
        "scripts/mod/a.c",
        "include/linux/mei.h",
    }
