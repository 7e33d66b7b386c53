"""What a series leaves behind never reaches the stored results of another.

Hostile series get their program run by makefiles, Kconfig, a compiler's flags or one of the build's own programs, and
leave one in the build folder in place of another. An innocent series that is built after them in the same workspace
comes out as in a clean one, byte by byte.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from pipeline.model import BuildStatus
from tests.support.containment import CELL, Host, files_that_hold, plant, stored_results
from tests.support.developer import UTIL, Edit
from tests.support.paths import FAKE_KERNEL
from tests.support.sweeps import some

pytestmark = pytest.mark.xdist_group("forged-results")

LETTER = "Documentation/mm/vmemmap_dedup.rst"
HEADER = "include/linux/table.h"
PROGRAM = "lib/gen_table.c"
HUGETLB = "mm/hugetlb.c"

FORGE = """
cd /build && test -e scripts/basic/fixdep && mkdir forging 2> /dev/null || exit 0
echo 'int forged(void); int forged(void) { return 42; }' > forged.c
gcc -O2 -ffreestanding -fno-pie -fcf-protection=none -mcmodel=kernel -c -o forged.o forged.c
cp scripts/basic/fixdep real
printf '%s\\n' '#!/bin/sh' '/build/real "$@"' > forging/fixdep
echo 'test $2 = mm/util.o && ld -r -o all.o $2 forged.o && mv all.o $2; exit 0' >> forging/fixdep
chmod 755 forging/fixdep
mv forging/fixdep scripts/basic/fixdep
"""
"""A shell script: a program that runs whenever something is compiled adds a function to one of the objects.

Other compilers are at work meanwhile: at every moment there is a program that they can run, or the build would fail,
and be begun anew in an empty folder.
"""
RUNS = (
    "#include <stdlib.h>\n__attribute__((constructor)) static void runs(void)\n"
    f'{{\n\tif (system("sh /src/{LETTER}"))\n\t\treturn;\n}}\n'
)

BASE: Mapping[str, str] = {
    "Kconfig": """
WORKS = true

config TABLE
	bool

config CHECKED
	bool
	depends on "$(shell,$(WORKS))" = ""

config CC_FLAG
	string
	default "-fno-common"
""",
    "arch/x86/Makefile": '\nKBUILD_CFLAGS += $(subst ",,$(CONFIG_CC_FLAG))\n',
    PROGRAM: '#include <stdio.h>\n#include "../include/linux/table.h"\n\n'
    'int main(void)\n{\n\treturn printf("%d\\n", TABLE_SIZE) < 0;\n}\n',
    HEADER: "#define TABLE_SIZE 7\n",
    "lib/Makefile": """
ifeq ($(CONFIG_TABLE),y)
quiet_cmd_host = HOSTCC  $@
      cmd_host = $(HOSTCC) -Wp,-MMD,$(depfile) -o $@ $<
lib/gen_table: $(srctree)/lib/gen_table.c FORCE
	$(call if_changed_dep,host)
quiet_cmd_table = GEN     $@
      cmd_table = $< > $@
lib/table.h: lib/gen_table FORCE
	$(call if_changed,table)
always-y += table.h
targets += lib/gen_table
endif
""",
    # As arm64 and riscv do, to tell the compiler where a task's canary lies.
    "mm/Makefile": """
ccflags-y += $(shell awk '{ if ($$2 == "GUARD") print "-DGUARD=" $$3 }' include/generated/asm-offsets.h)
""",
}
"""What is added to the fake kernel's files."""
USES: Edit = ("lib/string.c", "#include <linux/kernel.h>\n", "#include <linux/kernel.h>\n#include <linux/table.h>\n")


@pytest.fixture
def host(tmp_path: Path, sealed_environment: Mapping[str, str]) -> Host:
    """A machine with a kernel whose build has more programs, flags and macros than the fake one has."""
    made = Host.made(tmp_path, sealed_environment)
    folder = made.developer.folder
    for path, text in BASE.items():
        (folder / path).write_text(((folder / path).read_text() if (folder / path).exists() else "") + text)
    path, old, new = USES
    (folder / path).write_text((folder / path).read_text().replace(old, new))
    made.developer.git("add", "--all")
    made.developer.git("commit", "--quiet", "-m", "more that runs")
    plant(made.developer, "innocent", COMMENT)
    return made


COMMENT: Edit = (UTIL, "unsigned long page_index(", "/* Found. */\nunsigned long page_index(")
LETTER_RUNS = {LETTER: f"{FORGE}\n"}
WRAPPER = {LETTER: f'if [ $# -gt 0 ]; then "$@" || exit; fi\n{FORGE}\n'}
SWITCHED_ON: Edit = ("Kconfig", "config TABLE\n\tbool\n", "config TABLE\n\tbool\n\tdefault y\n")
INCLUDES: Edit = (
    "mm/page_alloc.c",
    "#include <linux/kernel.h>\n",
    "#include <linux/kernel.h>\n"
    'asm(".pushsection .rodata\\n.type letter, @object\\nletter:\\n.incbin \\"/src/mm/hugetlb.c\\"\\n"\n'
    '    ".size letter, . - letter\\n.popsection");\n',
)
LONGER: Edit = (HUGETLB, "#include <linux/kernel.h>", "/* Longer than it was. */\n#include <linux/kernel.h>")
GUARDED: Edit = (
    "include/linux/mm_types.h",
    "struct page {",
    'asm(".pushsection .discard\\n.ascii \\"->GUARD $0$(sh${IFS}/src/mm/hugetlb.c) x\\"\\n.popsection");\n'
    "struct page {",
)
IN_C: Edit = (HUGETLB, "#include", f"#if 0\n{FORGE}\nexit\n#endif\n#include")

# A header comes to read a source that nothing included before; what that says then decides what make is told.
APART = {HUGETLB: f"#ifndef HERE\n{(FAKE_KERNEL / HUGETLB).read_text()}#endif\n"}
COMPUTED: Edit = (
    "include/linux/mm_types.h",
    "struct page {",
    "#define HERE\n#define QUOTED(name) #name\n#define NAMED(name) QUOTED(name)\n"
    "#include NAMED(../../mm/hugetlb.c)\n#undef HERE\nstruct page {",
)
# Behind a backslash a carriage return ends a line for compilers, and for git it ends none.
IN_TWO_LINES: Edit = (
    "include/linux/mm_types.h",
    "struct page {",
    '#define HERE\n#inc\\\rlude "../../mm/hugetlb.c"\n#undef HERE\nstruct page {',
)
SAYS: Edit = (
    HUGETLB,
    "#ifndef HERE\n",
    f"#if 0\n{FORGE}\nexit\n#endif\n#ifdef HERE\n"
    'asm(".pushsection .discard\\n.ascii \\"->GUARD $0$(sh${IFS}/src/mm/hugetlb.c) x\\"\\n.popsection");\n'
    "#endif\n#ifndef HERE\n",
)

# After everything was built.
LINKED: Edit = ("scripts/link-vmlinux.sh", "info NM System.map\n", f"info NM System.map\nsh /src/{LETTER}\n")
BINARY = "a binary that is included"
BELOW = "a prerequisite that the series takes back"
Patch = Mapping[str, str] | Edit
ATTACKS: Mapping[str, tuple[list[Patch], list[Patch]]] = {
    "a program that is switched on": ([SWITCHED_ON, LETTER_RUNS, (PROGRAM, "\nint", f"\n{RUNS}\nint")], [SWITCHED_ON]),
    "a header of such a program": (
        [SWITCHED_ON, LETTER_RUNS, (HEADER, "#define", f"#ifndef __KERNEL__\n{RUNS}#endif\n#define")],
        [SWITCHED_ON],
    ),
    "an option that ends in a compiler's flags": (
        [WRAPPER, ("Kconfig", '"-fno-common"', f'"-wrapper sh,/src/{LETTER}"')],
        [],
    ),
    "a macro over two lines": (
        [LETTER_RUNS, ("Kconfig", "WORKS = true\n", f"WORKS = true\nWORKS \\\n= sh /src/{LETTER}\n")],
        [],
    ),
    BINARY: ([LONGER, INCLUDES], [INCLUDES]),
    "a source that a header includes by a macro": ([APART, COMPUTED, SAYS], [APART, COMPUTED]),
    "a source that a header includes by a word in two lines": ([APART, IN_TWO_LINES, SAYS], [APART, IN_TWO_LINES]),
    "a new header found first": (
        [
            {"include/asm/table.h": f"#ifndef __KERNEL__\n{RUNS}#endif\n"},
            LETTER_RUNS,
            SWITCHED_ON,
            (HEADER, "#define", "#include <asm/table.h>\n#define"),
            ("lib/Makefile", "$(HOSTCC) -Wp", "$(HOSTCC) -I/src/include -Wp"),
        ],
        [SWITCHED_ON],
    ),
    "a makefile": ([LETTER_RUNS, ("lib/Makefile", "obj-y ", f"$(info $(shell sh /src/{LETTER}))\nobj-y ")], []),
    "what make reads of the compiler's numbers": ([GUARDED, IN_C], []),
    # Undone by the last patch, so that a program ran in none of what the whole series comes to.
    "a program that the next patch takes back": ([LETTER_RUNS, LINKED, {}], []),
    BELOW: ([LETTER_RUNS, LINKED, {}], []),
}
"""Patches of a hostile series, and those of them that an innocent one holds, too."""


@pytest.mark.parametrize("attack", some(ATTACKS, 3))
def test_an_innocent_series_comes_out_as_in_a_clean_workspace(host: Host, tmp_path: Path, attack: str) -> None:
    """Seen red, each but the new header and the makefile, with series judged harmless by what their diffs look like;
    the word in two lines with carriage returns taken for blanks.
    """
    hostile, shared = ATTACKS[attack]
    developer = host.developer
    (developer.folder / "include/asm").mkdir()
    restored = {path: (developer.folder / path).read_text() for path in (LETTER, LINKED[0])}
    plant(developer, "alike", *shared, COMMENT)
    plant(developer, "hostile", *[patch or {**restored, **_text_of(host, COMMENT)} for patch in hostile])
    host.build("hostile", patches=1 if attack == BELOW else len(hostile))
    if attack != BINARY:
        assert files_that_hold("forged", host.workspace / "builds"), "the attack has come to nothing"
    for name, patches in (("alike", len(shared) + 1), ("innocent", 1)):
        builds = host.build(name, patches=patches)
        assert {build.status for build in builds.values()} == {BuildStatus.BUILT}
        assert b"forged" not in b"".join(build.symbols for build in builds.values())
        clean = tmp_path / f"clean {name}"
        host.build(name, patches=patches, workspace=clean)
        wanted, stored = stored_results(clean), stored_results(host.workspace)
        assert {key: stored.get(key) for key in wanted} == wanted
    assert builds[CELL, 0].cached


def _text_of(host: Host, edit: Edit) -> Mapping[str, str]:
    path, old, new = edit
    return {path: (host.developer.folder / path).read_text().replace(old, new)}
