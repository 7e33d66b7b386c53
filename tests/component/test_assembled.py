"""What make is not told that an object was made of, it holds of no other series.

An assembler reads files that kbuild records nothing of, and make stops reading what kbuild records at a number sign.

A unit that all series have in common makes an assembler's word of pieces that no search of its text finds, and so reads
a file that they differ in. make does not know that the object depends on it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from pipeline.model import BuildStatus
from pipeline.record import RunRecord
from tests.support.containment import CELL, Host, plant, stored_results
from tests.support.developer import Developer, Edit
from tests.support.matrices import CELLS, matrix_text, write_matrix
from tests.support.people import AUTHOR, git_identity
from tests.support.runner import Runner
from tests.support.sweeps import some

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


INCLUDE = "#include <linux/kernel.h>\n"


def reading(words: str, unit: str = "mm/page_alloc.c") -> Edit:
    """A unit of the kernel, with assembler in it."""
    lines = f".pushsection .rodata\\n.type letter, @object\\nletter:\\n{words}\\n.size letter, . - letter\\n.popsection"
    return unit, INCLUDE, f'{INCLUDE}asm("{lines}");\n'


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
    ("attack", "compiler"), [*((attack, "gcc") for attack in some(ATTACKS, 2)), ("a word in pieces", "clang")]
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


CUT = "Documentation/cut#"


def test_a_name_that_ends_the_list_of_what_was_read_leaves_no_object_as_it_was(
    tmp_path: Path, sealed_environment: Mapping[str, str]
) -> None:
    """Seen red with includes of any name: make took all behind the number sign for a comment, and made nothing anew."""
    host = host_of(tmp_path, sealed_environment, "gcc")
    folder = host.developer.folder
    unit = f'#include "../{CUT}/../../{HEADER}"\nconst char table[TABLE_SIZE];\n'
    unit = (folder / "mm/page_alloc.c").read_text().replace(INCLUDE, INCLUDE + unit, 1)
    for name, size in (("hostile", 900), ("alike", 11)):
        (folder / CUT).mkdir(exist_ok=True)
        listed: Edit = (HEADER, "#define TABLE_SIZE 7", f"#define TABLE_SIZE {size}")
        plant(host.developer, name, listed, {"mm/page_alloc.c": unit, f"{CUT}/name.rst": "Cut.\n"})
    host.build("hostile", patches=2)
    builds = host.build("alike", patches=2)
    assert {build.status for build in builds.values()} == {BuildStatus.BUILT}
    clean = tmp_path / "clean"
    host.build("alike", patches=2, workspace=clean)
    wanted, stored = stored_results(clean), stored_results(host.workspace)
    assert {key: stored.get(key) for key in wanted} == wanted


def test_an_object_that_another_series_left_is_in_none_of_this_one(
    tmp_path: Path, sealed_environment: Mapping[str, str]
) -> None:
    """Seen red in the stage of objects: what does not assemble by itself did, and had the other's object in it."""
    developer = Developer(tmp_path / "linux", {**sealed_environment, **git_identity(AUTHOR)})
    developer.branch("hostile", "master", ("mm: add a function", [LONGER]))
    developer.branch("alike", "master", ("mm: read an object", [OF_BUILD]))
    posted = {
        name: developer.post(tmp_path / name, f"master..{name}", "mm: a trial").folder for name in ("hostile", "alike")
    }
    statuses = {}
    for folder, order in (("used", ("hostile", "alike")), ("clean", ("alike",))):
        run = Runner(tmp_path / folder, sealed_environment, tmp_path)
        for name in order:
            tree = f"--tree=path:{developer.folder}#master"
            run("apply-and-build", str(posted[name]), tree, "--until=objects", "--json=run.json")
            record = RunRecord.model_validate_json((tmp_path / "run.json").read_bytes())
        statuses[folder] = [(cell.id, [state.status for state in cell.states]) for cell in record.cells if cell.states]
    assert statuses["clean"][0][1] == ["built", "failed"]
    assert statuses["used"] == statuses["clean"]
