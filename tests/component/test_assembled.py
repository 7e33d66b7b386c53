"""An assembler reads files that kbuild records nothing of: what they hold never reaches another series.

A unit that all series have in common makes an assembler's word of pieces that no search of its text finds, and so reads
a file that they differ in. make does not know that the object depends on it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from pipeline.model import BuildStatus
from tests.support.containment import CELL, Host, plant, stored_results
from tests.support.developer import Edit
from tests.support.matrices import CELLS, matrix_text, write_matrix

pytestmark = pytest.mark.xdist_group("assembled")

HUGETLB, HEADER = "mm/hugetlb.c", "include/linux/table.h"
OTHERWISE: Edit = (HUGETLB, "#include <linux/kernel.h>", "/* Otherwise. */\n#include <linux/kernel.h>")
LONGER: Edit = (
    HUGETLB,
    "#include <linux/kernel.h>",
    "#include <linux/kernel.h>\nint longer(int);\nint longer(int a) { return a * 7; }",
)
LISTED_OTHERWISE: Edit = (HEADER, "#define TABLE_SIZE 7", "#define TABLE_SIZE 7 /* Otherwise. */")
LISTED: Edit = (HEADER, "#define TABLE_SIZE 7", '#define TABLE_SIZE 7\n#if 0\n.ascii "longer"\n#endif')


def reading(words: str, unit: str = "mm/page_alloc.c") -> Edit:
    """A unit of the kernel, with assembler in it."""
    lines = f".pushsection .rodata\\n.type letter, @object\\nletter:\\n{words}\\n.size letter, . - letter\\n.popsection"
    include = "#include <linux/kernel.h>\n"
    return unit, include, f'{include}asm("{lines}");\n'


SOURCE = '\\"/src/mm/hugetlb.c\\"'
IN_PIECES = reading(f'.inc" "bin {SOURCE}')
BY_MACRO = reading(f".macro both a b\\n.\\\\a\\\\b {SOURCE}\\n.endm\\nboth inc bin")
OF_BUILD = reading('.inc" "bin \\"mm/hugetlb.o\\"')
OF_TEXT = reading('.inc" "lude \\"/src/include/linux/table.h\\"')
ATTACKS: Mapping[str, tuple[Edit, Edit, Edit]] = {
    "a word in pieces": (IN_PIECES, LONGER, OTHERWISE),
    "a macro of the assembler": (BY_MACRO, LONGER, OTHERWISE),
    "an object that another series left": (OF_BUILD, LONGER, OTHERWISE),
    "assembler that is included": (OF_TEXT, LISTED, LISTED_OTHERWISE),
}
"""What all series have, and what the hostile one and the other have beside it: in the same files.

Where they touch others, the base is looked at for these in between, and what is checked out again is compiled again.
"""


def host_of(folder: Path, environment: Mapping[str, str], compiler: str) -> Host:
    made = Host.made(folder, environment)
    (made.developer.folder / HEADER).write_text("#define TABLE_SIZE 7\n")
    string = made.developer.folder / "lib/string.c"
    string.write_text(string.read_text().replace("kernel.h>\n", "kernel.h>\n#include <linux/table.h>\n", 1))
    made.developer.git("add", "--all")
    made.developer.git("commit", "--quiet", "-m", "a table")
    (folder / compiler).mkdir()
    return replace(made, matrix=write_matrix(folder / compiler, matrix_text({CELL: CELLS[CELL]}, compiler)))


@pytest.mark.parametrize(
    ("attack", "compiler"), [*((attack, "gcc") for attack in ATTACKS), ("a word in pieces", "clang")]
)
def test_what_an_assembler_reads_is_as_in_a_clean_workspace(
    tmp_path: Path, sealed_environment: Mapping[str, str], attack: str, compiler: str
) -> None:
    """Seen red with folders that are shared whatever assemblers read; with clang, whatever they may read."""
    host = host_of(tmp_path, sealed_environment, compiler)
    reads, differs, otherwise = ATTACKS[attack]
    plant(host.developer, "hostile", differs, reads)
    plant(host.developer, "alike", reads, otherwise)
    host.build("hostile", patches=2)
    builds = host.build("alike", patches=2)
    assert {build.status for build in builds.values()} == {BuildStatus.BUILT}
    clean = tmp_path / "clean"
    host.build("alike", patches=2, workspace=clean)
    wanted, stored = stored_results(clean), stored_results(host.workspace)
    assert {key: stored.get(key) for key in wanted} == wanted
