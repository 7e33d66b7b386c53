"""Which changes leave what runs during a build as it was."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from pipeline.kernel.commands import Recorded
from pipeline.kernel.programs import Programs, probe_command, programs_of, reads_unrecorded
from pipeline.system.process import Completed

KERNEL, HOST = "gcc -D__KERNEL__ -c", "gcc -O2"
PROGRAMS = Programs(
    frozenset({"mm/util.c", "include/linux/mm.h", "arch/x86/kernel/head_64.S"}),
    frozenset({"lib/gen_table.c", "Documentation/table.txt"}),
    frozenset({"include/linux/mm.h"}),
    {},
)


@pytest.mark.parametrize(
    "changes",
    [
        {"mm/util.c": "M", "include/linux/mm.h": "M", "arch/x86/kernel/head_64.S": "M"},
        {"mm/util.c": "M", "Documentation/mm/hugetlbfs.rst": "A", "MAINTAINERS": "M"},
        {},
    ],
)
def test_sources_of_the_kernel_and_texts_run_nothing(changes: dict[str, str]) -> None:
    assert PROGRAMS.stay(changes)


@pytest.mark.parametrize(
    "changes",
    [
        {"mm/Makefile": "M"},
        {"mm/Kconfig": "M"},
        {"Documentation/conf.py": "M"},
        {"Documentation/table.txt": "M"},
        {"Documentation/mm/hugetlbfs.rst": "T"},
        {"scripts/mod/file2alias.c": "M"},
        {"lib/gen_table.c": "M"},
        {"drivers/not_compiled.c": "M"},
        {"mm/util.c": "A"},
        {"mm/util.c": "D"},
        {"mm/util.c": "T"},
        {"mm/util.c": "M", "mm/Makefile": "M"},
    ],
)
def test_all_else_may_run(changes: dict[str, str]) -> None:
    assert not PROGRAMS.stay(changes)


class FakeMake:
    """A make whose compiler says what `answers` have for a source, and fails on others."""

    source_prefixes = ("/src/",)

    def __init__(self, answers: dict[str, str]) -> None:
        self.answers = answers

    def tool(self, *argv: str) -> Completed:
        answer = self.answers.get(argv[-1])
        return Completed(argv, 0 if answer else 1, (answer or "").encode(), b"", 0.1, 0.1)

    def check_failure(self, done: Completed) -> None:
        pass


OFFSETS = "/src/arch/x86/kernel/asm-offsets.c"
RECORDED = [
    Recorded("mm/util.o", KERNEL, "mm/util.c", ("include/linux/mm.h", "include/linux/table.h", "include/linux/lds.h")),
    Recorded("mm/blob.o", KERNEL, "mm/blob.S"),
    Recorded("mm/blob_data.o", KERNEL, "mm/blob_data.c"),
    Recorded("lib/gen_table", HOST, "lib/gen_table.c", ("include/linux/table.h",)),
    Recorded("lib/table.h", "perl /src/lib/table.pl /src/include/linux/registry.h"),
    Recorded("lib/registry.o", KERNEL, "lib/registry.c", ("include/linux/registry.h",)),
    Recorded("arch/x86/kernel/vmlinux.lds", f"{KERNEL} -E", "arch/x86/kernel/vmlinux.lds.S", ("include/linux/lds.h",)),
    Recorded("scripts/mod/empty.o", KERNEL, "scripts/mod/empty.c", ("include/linux/kconfig.h",)),
    Recorded("usr/initramfs_data.o", KERNEL, "usr/initramfs_data.S"),
    Recorded(
        "arch/x86/kernel/asm-offsets.s",
        f"gcc -Wp,-MMD,x.d -D__KERNEL__ -O2 -fverbose-asm -S -o asm-offsets.s {OFFSETS}",
        "arch/x86/kernel/asm-offsets.c",
        ("include/linux/mm.h",),
    ),
    Recorded("scripts/basic/fixdep", "gcc -o scripts/basic/fixdep /src/scripts/basic/fixdep.c"),
    Recorded("lib/string.o", KERNEL, "lib/string.c", ("include/linux/fixdep.h",)),
    Recorded("mm/built-in.a", "ar cDPrST mm/built-in.a mm/util.o"),
]


def known(tmp_path: Path, make: FakeMake) -> Programs | None:
    (tmp_path / "mm").mkdir()
    (tmp_path / "mm/blob.S").write_text('\t.incbin "mm/blob_data.c"\n')
    (tmp_path / "scripts/basic").mkdir(parents=True)
    (tmp_path / "scripts/basic/fixdep.c").write_text('#include "../../include/linux/fixdep.h"\n')
    fake: Any = make
    return programs_of(fake, {one.target: one for one in RECORDED}, tmp_path)


def test_what_the_kernel_alone_is_made_of_is_seen_in_records(tmp_path: Path) -> None:
    """Others are: a linker script, a program, a script that names a file, what a source includes by itself.

    Seen red without each.
    """
    found = known(tmp_path, FakeMake({OFFSETS: "1"}))
    assert found
    assert found.kernel == {"mm/util.c", "include/linux/mm.h", "mm/blob.S", "lib/registry.c", "lib/string.c"}
    assert found.probed == {"arch/x86/kernel/asm-offsets.c", "include/linux/mm.h"}
    assert list(found.probes) == ["arch/x86/kernel/asm-offsets.s"]


def test_probes_are_asked_again(tmp_path: Path) -> None:
    make: Any = FakeMake({OFFSETS: '.ascii "->SIZE $64 sizeof(page)"'})
    found = known(tmp_path, make)
    assert found
    assert found.answer_alike(make)
    make.answers = {OFFSETS: '.ascii "->SIZE $56 sizeof(page)"'}
    assert not found.answer_alike(make)
    make.answers = {}
    assert not found.answer_alike(make)


def test_without_an_answer_nothing_is_known(tmp_path: Path) -> None:
    assert known(tmp_path, FakeMake({})) is None


def test_a_probe_writes_nothing() -> None:
    (offsets,) = (one for one in RECORDED if one.target.endswith(".s"))
    assert probe_command(offsets) == (
        *("gcc", "-D__KERNEL__", "-O2", "-S", "-g0", "-w", "-o", "-", "/src/arch/x86/kernel/asm-offsets.c"),
    )
    with pytest.raises(ValueError, match="compiles no source"):
        probe_command(Recorded("x.s", "perl -D__KERNEL__ x.pl", "x.c"))


@pytest.mark.parametrize(
    ("text", "unrecorded"),
    [
        ('asm(".incbin \\"mm/util.c\\"");', True),
        ('\t.include "mm/util.c"', True),
        ("#embed <mm/util.c>", True),
        ("# embed <mm/util.c>", True),
        ('#include "util.c"', False),
        ("/* It is embedded. */", False),
    ],
)
def test_code_that_reads_what_is_not_recorded(text: str, unrecorded: bool) -> None:
    assert reads_unrecorded(text) is unrecorded
