"""Which changes leave what runs during a build as it was."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.kernel.commands import Recorded
from pipeline.kernel.programs import Programs, programs_of, reads_unrecorded, speaks_to_assembler
from tests.support.clock import at_most

KERNEL, HOST = "gcc -D__KERNEL__ -c", "gcc -O2"
PROGRAMS = Programs(
    kernel=frozenset({"mm/util.c", "mm/slab.h", "include/linux/mm.h", "arch/x86/kernel/head_64.S"}),
    units=frozenset({"mm/util.c", "arch/x86/kernel/head_64.S"}),
    asked=frozenset({"include/linux/mm.h"}),
    others=frozenset({"lib/gen_table.c", "Documentation/table.txt"}),
)


@pytest.mark.parametrize(
    "changes",
    [
        {"mm/util.c": "M", "mm/slab.h": "M", "arch/x86/kernel/head_64.S": "M"},
        {"mm/util.c": "M", "Documentation/mm/hugetlbfs.rst": "A", "MAINTAINERS": "M"},
        {},
    ],
)
def test_sources_of_the_kernel_and_texts_run_nothing(changes: dict[str, str]) -> None:
    assert PROGRAMS.decided_by(changes) == frozenset()


def test_what_the_compiler_is_asked_about_decides_with_all_that_it_could_include() -> None:
    """Seen red with the other headers left out, which the first can come to include."""
    assert PROGRAMS.decided_by({"include/linux/mm.h": "M", "mm/util.c": "M"}) == frozenset({"include/linux/mm.h"})
    changes = {"include/linux/mm.h": "M", "mm/slab.h": "M", "mm/util.c": "M"}
    assert PROGRAMS.decided_by(changes) == frozenset({"include/linux/mm.h", "mm/slab.h"})


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
    assert PROGRAMS.decided_by(changes) is None


def test_rust_and_what_runs_in_its_compiler_is_of_no_object() -> None:
    """A macro of a crate runs there, and takes in what it likes: a header of the kernel, for one."""
    recorded = [
        Recorded("mm/util.o", KERNEL, "mm/util.c", ("include/linux/a.h", "include/linux/b.h", "include/linux/c.h")),
        Recorded("rust/libmacros.so", "rustc --crate-type proc-macro", "rust/macros/lib.rs", ("include/linux/a.h",)),
        Recorded("rust/bindings.rs", "bindgen -D__KERNEL__", "rust/bindings.h", ("include/linux/b.h",)),
        Recorded("lib/driver.o", "rustc --emit=obj", "lib/driver.rs", ("lib/part.rs",)),
    ]
    programs = programs_of(recorded, Path("/nowhere"), ("/src/",))
    assert programs.kernel == {"mm/util.c", "include/linux/c.h"}
    for path in ("rust/macros/lib.rs", "include/linux/a.h", "include/linux/b.h", "lib/driver.rs", "lib/part.rs"):
        assert programs.decided_by({path: "M"}) is None


OFFSETS = "/src/arch/x86/kernel/asm-offsets.c"
RECORDED = [
    Recorded("mm/util.o", KERNEL, "mm/util.c", ("include/linux/mm.h", "include/linux/table.h", "include/linux/lds.h")),
    Recorded("arch/x86/entry/vdso/vdso-image-64.o", KERNEL, "", ("include/linux/mm.h",)),
    Recorded("mm/policy.o", KERNEL, "mm/policy.c"),
    Recorded("mm/all.o", KERNEL, "mm/util.c", ("mm/policy.c",)),
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


def test_what_the_kernel_alone_is_made_of_is_seen_in_records(tmp_path: Path) -> None:
    """Others are: a linker script, a program, a script that names a file, what a source includes by itself.

    Seen red without each.
    """
    for path, text in {
        "mm/blob.S": '\t.incbin "mm/blob_data.c"\n',
        "scripts/basic/fixdep.c": '#include "../../include/linux/fixdep.h"\n',
    }.items():
        (tmp_path / path).parent.mkdir(parents=True)
        (tmp_path / path).write_text(text)
    programs = programs_of(RECORDED, tmp_path, ("/src/",))
    units = {"mm/util.c", "mm/blob.S", "lib/registry.c", "lib/string.c"}
    assert programs.units == units
    assert programs.kernel == {*units, "mm/policy.c", "include/linux/mm.h", "arch/x86/kernel/asm-offsets.c"}
    assert programs.asked == {"arch/x86/kernel/asm-offsets.c", "include/linux/mm.h"}
    read = frozenset({"mm/blob.o /src/lib/string.c"})
    assert programs_of(RECORDED, tmp_path, ("/src/",), read).kernel == programs.kernel - {"lib/string.c"}


@pytest.mark.parametrize(
    ("text", "unrecorded"),
    [
        ('asm(".incbin \\"mm/util.c\\"");', True),
        ('\t.include "mm/util.c"', True),
        ("#embed <mm/util.c>", True),
        ("# embed <mm/util.c>", True),
        ('#include "util.c"', True),
        ("# include <mm/util.S>", True),
        ("#include NAMED(mm/util.c)", True),
        ('#import "util.c"', True),
        ('#include_next "util.c"', True),
        ('%:include "util.c"', True),
        ('#/* */include/**/"util.c"', True),
        ('#inc\\\nlude \\\n "util.c"', True),
        ('#/*\n*/include "util.c"', True),
        ('#include /*\n*/ "util.c"', True),
        ('#pragma include_alias("mm.h", "util.c")', True),
        ('#inc\\\rlude "util.c"', True),
        ('#\0include "util.c"', True),
        ('#\\\0\ninclude "util.c"', True),
        ("#\u00a0include <mm/util.c>", True),
        ('#include "../Documentation/cut#/../include/linux/mm.h"', True),
        ("#include <cut\\;/mm.h>", True),
        ("#include <$$/mm.h>", True),
        ("#if __has_include(<../Documentation/cut#/name.rst>)", True),
        ("#if __has_embed(<../Documentation/cut#/name.rst>)", True),
        ("#include <linux/mm.h>", False),
        ("#include <dt-bindings/sound/qcom,lpass.h>", False),
        ('\t# include "mm.h" /* Ours. */', False),
        ("#define included #a", False),
        ("/* It is embedded. */", False),
    ],
)
def test_code_that_reads_what_is_not_recorded(text: str, unrecorded: bool) -> None:
    assert reads_unrecorded(text) is unrecorded


@pytest.mark.parametrize(
    "piece",
    ["#include <", '#include "', "# ", ".incbin ", '#include "a.', "#embed\t", "#/*", "#/* */", "\\", "#\u00a0"],
)
def test_a_search_of_much_code_takes_time_by_its_length(piece: str) -> None:
    """Seen red with a name that may hold what begins the next one."""
    with at_most(2):
        reads_unrecorded(f"{piece} x" * 300_000)


@pytest.mark.parametrize(
    ("path", "text", "speaks"),
    [
        ("mm/util.c", 'pr_info("no");', True),
        ("mm/util.c", "char c = '\"';", True),
        ("mm/util.c", "__asm__(NAME);", True),
        ("mm/util.c", "_ASM_EXTABLE(a, b)", True),
        ("mm/util.c", "#define BOTH(a, b) a##b", True),
        ("mm/util.c", "#define BOTH(a, b) a%:\\\n%:b", True),
        ("mm/util.c", '#include "a.h" /* " */', True),
        ("arch/x86/kernel/head_64.S", "nop", True),
        ("mm/util.c", '#include "a.h"\n# include <linux/mm.h>\nreturn a * 7;', False),
    ],
)
def test_code_that_can_make_up_words_of_assembly(path: str, text: str, speaks: bool) -> None:
    assert speaks_to_assembler([path], text) is speaks
