"""Build folders that series of nothing but C share: what one built is not built again for the next."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Mapping
from pathlib import Path
from typing import NoReturn

import pytest

from pipeline.build import read_log
from pipeline.kernel.buildfolder import MOST_FOLDERS, BuildFolder
from pipeline.kernel.buildhost import BuildHost
from pipeline.kernel.differences import changes
from pipeline.model import BuildStatus, Tree
from pipeline.run import Pipeline
from pipeline.system.console import Console
from pipeline.system.git import Repository
from pipeline.system.process import Processes
from pipeline.system.sandbox import Bubblewrap
from pipeline.system.workspace import Workspace
from tests.support.containment import CELL, Host, plant
from tests.support.developer import PAGE_FLAGS, UTIL, Edit
from tests.support.sweeps import some

pytestmark = pytest.mark.xdist_group("shared-build-folders")

FUNCTION = "unsigned long page_index("
MORE: Edit = (
    UTIL,
    FUNCTION,
    f"unsigned long more(unsigned long);\nunsigned long more(unsigned long a) {{ return a * 7; }}\n{FUNCTION}",
)
OTHER: Edit = (
    UTIL,
    FUNCTION,
    f"unsigned long other(unsigned long);\nunsigned long other(unsigned long a) {{ return a * 9; }}\n{FUNCTION}",
)
HEADER: Edit = (PAGE_FLAGS, "static __always_inline", "/* Seen everywhere. */\nstatic __always_inline")
KCONFIG: Edit = ("Kconfig", "mainmenu ", "# Nothing.\nmainmenu ")
MACRO: Edit = ("Kconfig", "mainmenu ", "NOTHING := nothing\nmainmenu ")
BINARY: Edit = ("mm/Kconfig", "config ", "# \0\n#\x0b$(NOTHING)\nconfig ")
LETTER: Edit = ("Documentation/mm/vmemmap_dedup.rst", "\n", "\nOne more.\n")
MAKEFILE: Edit = ("lib/Makefile", "obj-y ", "# Nothing.\nobj-y ")


@pytest.fixture
def host(tmp_path: Path, sealed_environment: Mapping[str, str]) -> Host:
    return Host.made(tmp_path, sealed_environment)


def kinds(host: Host) -> list[str]:
    """Of the build folders that are left."""
    return sorted(path.name.partition("-")[0] for path in host.workspace.glob(f"builds/*/{CELL}/[!.]*"))


@pytest.mark.parametrize(
    ("first", "second", "shared"),
    some(
        [
            pytest.param([MORE], [OTHER], True, id="two series"),
            pytest.param([KCONFIG, MORE], [KCONFIG, OTHER], False, id="options"),
            pytest.param([HEADER, MORE], [HEADER, OTHER], True, id="a reroll"),
            pytest.param([LETTER, MORE], [OTHER], True, id="with a document"),
            pytest.param([MACRO, MORE], [MACRO, OTHER], False, id="a macro"),
            pytest.param([BINARY, MORE], [OTHER], True, id="after a binary"),
            pytest.param([MAKEFILE, MORE], [MAKEFILE, OTHER], False, id="a makefile"),
        ],
        2,
    ),
)
def test_the_next_series_costs_what_differs(
    host: Host, tmp_path: Path, first: list[Edit], second: list[Edit], shared: bool
) -> None:
    """And comes out as from an empty folder, in one that is shared or in a copy of the base's.

    Seen red with every state in a folder of its own, and with folders that begin empty.
    """
    plant(host.developer, "first", *first)
    plant(host.developer, "second", *second)
    host.build("first", patches=len(first))
    last = len(second)
    built = host.build("second", patches=last)[CELL, last]
    clean = host.build("second", patches=last, workspace=tmp_path / "clean")
    assert built.status is BuildStatus.BUILT
    assert (built.symbols, built.sections) == (clean[CELL, last].symbols, clean[CELL, last].sections)
    assert built.steps < clean[CELL, 0].steps / 2
    assert host.build_folder().name.startswith("shared" if shared else "own")
    assert kinds(host).count("base") == 1
    assert len(kinds(host)) <= MOST_FOLDERS


TYPES = "include/linux/types.h"
# As in scripts/mod/Makefile of Linux: what the compiler says of kernel code is compiled into a program of the build.
MODPOST = {
    "scripts/mod/devicetable-offsets.c": (
        "#include <linux/kbuild.h>\n#include <linux/types.h>\n\nvoid offsets(void);\n"
        "void offsets(void) { DEFINE(SIZE_id, sizeof(device_id)); }\n"
    ),
    "scripts/mod/modpost.c": (
        '#include <stdio.h>\n#include "devicetable-offsets.h"\n'
        'int main(void) { return printf("  MODPOST %d\\n", SIZE_id) < 0; }\n'
    ),
    "Kbuild": """
targets += scripts/mod/devicetable-offsets.s scripts/mod/modpost
scripts/mod/devicetable-offsets.h: scripts/mod/devicetable-offsets.s FORCE
\t$(call filechk,offsets)
quiet_cmd_host = HOSTCC  $@
      cmd_host = $(HOSTCC) -Wp,-MMD,$(depfile) -Iscripts/mod -o $@ $<
scripts/mod/modpost: scripts/mod/modpost.c scripts/mod/devicetable-offsets.h FORCE
\t$(call if_changed_dep,host)
prepare: scripts/mod/modpost
""",
    "scripts/link-vmlinux.sh": "scripts/mod/modpost\n",
    "include/linux/types.h": "#ifndef DEVICE_ID\n#define DEVICE_ID\ntypedef u8 device_id;\n#endif\n",
}
SIZE: Edit = (TYPES, "typedef u8 device_id;", "typedef u32 device_id;")
OTHER_SIZE: Edit = (TYPES, "typedef u8 device_id;", "typedef unsigned short device_id;")


@pytest.mark.parametrize(("types", "shared"), [(SIZE, True), (OTHER_SIZE, False)], ids=["the same", "another"])
def test_what_is_compiled_into_a_program_decides_who_shares_a_folder(
    host: Host, tmp_path: Path, types: Edit, shared: bool
) -> None:
    """Seen red with no such header looked at, and with each alone in its folder."""
    for path, text in MODPOST.items():
        place = host.developer.folder / path
        place.parent.mkdir(exist_ok=True)
        place.write_text((place.read_text() if place.exists() else "") + text)
    host.developer.git("add", "--all")
    host.developer.git("commit", "--quiet", "-m", "modpost")
    plant(host.developer, "first", SIZE, MORE)
    plant(host.developer, "second", OTHER, types)
    host.build("first", patches=2)
    before = host.build_folder()
    built = host.build("second", patches=2)[CELL, 2]
    clean = host.build("second", patches=2, workspace=tmp_path / "clean")[CELL, 2]
    assert built.status is BuildStatus.BUILT
    assert (built.symbols, built.sections) == (clean.symbols, clean.sections)
    assert "MODPOST" in read_log(built)
    assert (host.build_folder() == before) is shared


def test_every_changed_line_is_seen(host: Host) -> None:
    """Those that look like a header of a diff, too. Seen red with headers told by how they begin."""
    lines = ("++ b/$(A)", "-- a/$(B)", "@@ $(C)", "\f$(D)\x0b$(E)", "\0$(F)")
    plant(host.developer, "one", ("mm/Kconfig", "config ", "".join(f"{line}\n" for line in lines) + "config "))
    host.build("innocent")
    workspace, processes = Workspace(host.workspace), Processes()
    pipeline = Pipeline(workspace, processes, Console(quiet=True))
    base, last = host.applied(pipeline, "one", 1).states
    build_host = BuildHost(workspace, pipeline.store, Bubblewrap(), processes, Console(quiet=True), 1)
    for before, after in ((base, last), (last, base)):
        assert set(lines) <= set(build_host.changed_lines(before, after).split("\n"))


def test_a_mode_or_a_link_is_no_change_of_content(host: Host) -> None:
    """git calls the first one modified. Seen red with its letter taken as it is."""
    developer = host.developer
    developer.git("checkout", "--quiet", "-B", "modes", "master")
    (developer.folder / UTIL).chmod(0o755)
    (developer.folder / "mm/hugetlb.c").unlink()
    (developer.folder / "mm/hugetlb.c").symlink_to("util.c")
    (developer.folder / "lib/string.c").write_text("/* Nothing. */\n")
    (developer.folder / "lib/more.c").touch()
    (developer.folder / "lib/fake_extra.c").unlink()
    developer.git("add", "--all")
    developer.git("commit", "--quiet", "-m", "modes")
    repository = Repository(developer.folder)
    names = ("master^{tree}", "modes^{tree}")
    by_commit = changes(repository, *(repository.out("rev-parse", name).strip() for name in names))
    assert {path: change.letter for path, change in by_commit.items()} == {
        **{UTIL: "T", "mm/hugetlb.c": "T", "lib/string.c": "M"},
        **{"lib/more.c": "A", "lib/fake_extra.c": "D"},
    }
    assert by_commit["lib/string.c"].blob == repository.out("rev-parse", "modes:lib/string.c").strip()


def test_a_run_with_nothing_to_build_waits_for_no_lock(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another run may hold the worktree for hours. Seen red with plan, then build, taking its lock to look."""
    plant(host.developer, "asks", KCONFIG, MORE)
    first = host.build("asks", patches=2)

    def worktree_lock(_: object, tree: Tree) -> NoReturn:
        pytest.fail(f"waits for the worktree of {tree.name}")

    monkeypatch.setattr(BuildHost, "worktree_lock", worktree_lock)
    again = host.build("asks", patches=2)
    assert {name: build.symbols for name, build in again.items()} == {
        name: build.symbols for name, build in first.items()
    }
    assert all(build.cached for build in again.values())


def test_a_clock_that_went_back_hides_no_change(host: Host, tmp_path: Path) -> None:
    """Sources that are checked out now look older than what was made of their forerunners.

    Seen red without a look at the newest time in `BuildFolder`.
    """
    plant(host.developer, "first", MORE)
    plant(host.developer, "second", OTHER)
    host.build("first")
    tomorrow = time.time_ns() + 86_400 * 10**9
    for path in host.build_folder().rglob("*"):
        os.utime(path, ns=(tomorrow, tomorrow), follow_symlinks=False)
    BuildFolder(host.build_folder()).seal()
    again = host.build("second")[CELL, 1]
    clean = host.build("second", workspace=tmp_path / "clean")[CELL, 1]
    assert (again.status, again.symbols, again.sections) == (BuildStatus.BUILT, clean.symbols, clean.sections)
    assert clean.symbols != host.build("first")[CELL, 1].symbols


def test_a_source_that_somebody_changed_is_restored(host: Host) -> None:
    """In the worktree, with its time put back. Seen red with a worktree believed that says to be at the commit."""
    plant(host.developer, "first", MORE)
    host.build("first")
    (source,) = host.workspace.glob("worktrees/*/lib/string.c")
    before, content = source.stat(), source.read_bytes()
    source.write_bytes(content.replace(b"while", b"until"))
    os.utime(source, ns=(before.st_atime_ns, before.st_mtime_ns))
    newest = max((host.workspace / "store/build").glob("*/*/entry.json"), key=lambda path: path.stat().st_mtime_ns)
    shutil.rmtree(newest.parent)
    assert host.build("first")[CELL, 1].status is BuildStatus.BUILT
    assert source.read_bytes() == content
