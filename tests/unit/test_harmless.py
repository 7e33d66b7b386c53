"""Which series leave nothing of their own making in a build folder."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.kernel.commands import Recorded
from pipeline.kernel.harmless import Harm, Programs, digests, judge, programs_of

HEADERS = {"scripts/mod/devicetable-offsets.h": "1" * 64}
PROGRAMS = Programs(
    frozenset({"include/linux/mod_devicetable.h", "lib/gen_crc32table.c", "include/linux/license.h"}),
    frozenset({"include/linux/types.h", "include/linux/license.h"}),
    HEADERS,
)


@pytest.mark.parametrize(
    "changes",
    [
        {"mm/hugetlb.c": "M", "include/linux/mm.h": "M", "arch/x86/kernel/head_64.S": "M"},
        {"Documentation/mm/hugetlbfs.rst": "A", "MAINTAINERS": "M"},
        {},
    ],
)
def test_c_and_texts_run_nothing(changes: dict[str, str]) -> None:
    assert judge(changes, PROGRAMS) == Harm(possible=False)


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
    assert judge(changes, PROGRAMS) == Harm(possible=True)


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
    found = judge({"mm/Kconfig": "M", "arch/x86/Kconfig.debug": "M"}, PROGRAMS, lines)
    assert found == Harm(possible=not harmless)


def test_headers_of_programs_decide_where_they_are_made_of_what_is_changed() -> None:
    assert judge({"include/linux/types.h": "M", "mm/util.c": "M"}, PROGRAMS) == Harm(False, HEADERS)
    assert judge({"include/linux/types.h": "M", "mm/Makefile": "M"}, PROGRAMS) == Harm(True)
    assert judge({"include/linux/types.h": "D"}, PROGRAMS) == Harm(True)
    assert judge({"include/linux/license.h": "M"}, PROGRAMS) == Harm(True)


def test_programs_are_what_is_not_the_kernel(tmp_path: Path) -> None:
    kernel, host = "gcc -D__KERNEL__ -c", "gcc -O2"
    offsets = "scripts/mod/devicetable-offsets.h"
    recorded = [
        Recorded("mm/util.o", kernel, "mm/util.c", ("include/linux/mm.h",), ("include/generated/bounds.h",)),
        Recorded("arch/x86/tools/relocs", host, "arch/x86/tools/relocs.c", ("include/uapi/linux/elf.h",)),
        Recorded("scripts/mod/devicetable-offsets.s", kernel, "scripts/mod/a.c", ("include/linux/mei.h",)),
        Recorded("scripts/mod/file2alias.o", host, "scripts/mod/b.c", (), (offsets, "scripts/mod/missing.h")),
        Recorded("scripts/module.lds", f"{kernel} -E", "scripts/module.lds.S", ("include/asm-generic/codetag.lds.h",)),
        Recorded("mm/built-in.a", "ar cDPrST mm/built-in.a mm/util.o"),
    ]
    (tmp_path / "scripts/mod").mkdir(parents=True)
    (tmp_path / offsets).write_text("#define OFF_id 8\n")
    found = programs_of(recorded, tmp_path)
    assert found.sources == {
        "arch/x86/tools/relocs.c",
        "include/uapi/linux/elf.h",
        "scripts/mod/b.c",
        "scripts/module.lds.S",
        "include/asm-generic/codetag.lds.h",
    }
    assert found.probes == {"scripts/mod/a.c", "include/linux/mei.h"}
    assert list(found.headers) == [offsets]
    assert digests(tmp_path, found.headers) == found.headers
    (tmp_path / offsets).write_text("#define OFF_id 16\n")
    assert digests(tmp_path, found.headers) != found.headers
    (tmp_path / offsets).unlink()
    assert digests(tmp_path, found.headers) == {}
