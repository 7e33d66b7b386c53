"""Warnings that a tree has of its own, under series that rename, repeat and move them; and those of other tools."""

from __future__ import annotations

import re
import shutil
from collections.abc import Mapping
from pathlib import Path

import pytest

from pipeline.kernel.moved import moved
from pipeline.record import DiagnosticRecord, RunRecord
from pipeline.system.git import Repository
from tests.support import developer
from tests.support.developer import UTIL, Developer, PatchSeries
from tests.support.matrices import CELLS, HVO, matrix_text, write_matrix
from tests.support.people import AUTHOR, git_identity
from tests.support.runner import Runner
from tests.support.sweeps import some

pytestmark = pytest.mark.xdist_group("preexisting-warnings")

MM = "include/linux/mm.h"
RENAMED = "mm/page_util.c"
DECLARED = "\tint old_and_known;\n"
INDEX = "\tconst struct page *head = compound_head(page);\n"
MAPPING = "void *page_mapping(const struct page *page)\n{\n"

RENAME = ("mm: another name for util.c", (("mm/Makefile", "util.o", "page_util.o"), (UTIL, "", RENAMED)))
SERIES = {
    "rename": (RENAME,),
    "rename-and-repeat": (
        RENAME,
        ("mm: say it in page_index()", ((RENAMED, INDEX, INDEX + DECLARED),)),
    ),
    "repeat": (("mm: say it in page_index()", ((UTIL, INDEX, INDEX + DECLARED),)),),
    "move": (
        (
            "mm: say it in page_mapping() instead",
            ((UTIL, DECLARED, ""), (UTIL, MAPPING, f"{MAPPING}{DECLARED}\n")),
        ),
    ),
    "shift": (developer.PUT_COMMENT, developer.INDEX_COMMENT),
    "rename-function": (
        (
            "mm: page_mapcount() is page_maps()",
            ((UTIL, "page_mapcount", "page_maps"), (MM, "page_mapcount", "page_maps")),
        ),
        developer.PUT_COMMENT,
    ),
    "edit": (("mm: a longer one", ((UTIL, DECLARED, "\tlong old_and_known;\n"),)),),
    "tools": (
        ("mm: say it in the makefile", (("mm/Makefile", "obj-y +=", "$(warning mm is not what it was)\nobj-y +="),)),
        (
            "mm: say it in assembly",
            ((UTIL, MAPPING, f'{MAPPING}\t__asm__ volatile(".warning \\"page_mapping is odd\\"");\n'),),
        ),
    ),
}


@pytest.fixture(scope="module")
def noisy(tmp_path_factory: pytest.TempPathFactory, sealed_environment: dict[str, str]) -> Developer:
    """The fake kernel with a warning of its own, and a branch for each series."""
    made = Developer(tmp_path_factory.mktemp("noisy") / "linux", {**sealed_environment, **git_identity(AUTHOR)})
    made.branch("noisy", "master", developer.NOISY)
    for name, commits in SERIES.items():
        made.branch(name, "noisy", *commits)
    return made


@pytest.fixture(scope="module")
def posted(noisy: Developer, tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, PatchSeries]:
    folder = tmp_path_factory.mktemp("posted-noisy")
    return {name: noisy.post(folder / name, f"noisy..{name}", f"mm: {name}") for name in SERIES}


def new_warnings(
    folder: Path,
    environment: dict[str, str],
    noisy: Developer,
    series: PatchSeries,
    *options: str,
    compiler: str = "gcc",
) -> tuple[list[tuple[int, DiagnosticRecord]], str]:
    """What the main job says of a series on the noisy tree: new warnings with their patch, and the report."""
    matrix = write_matrix(folder, matrix_text({HVO: CELLS[HVO]}, compiler))
    run = Runner(folder / "workspace", environment, folder)
    tree = f"--tree=path:{noisy.folder}#noisy"
    done = run("apply-and-build", str(series.folder), tree, f"--matrix={matrix}", "--json=run.json", *options)
    record = RunRecord.model_validate_json((folder / "run.json").read_bytes())
    (cell,) = record.cells
    assert [state.status for state in cell.states] == ["built"] * len(cell.states)
    warnings = [(state.patch, warning) for state in cell.states for warning in state.new_warnings]
    assert done.returncode == (1 if warnings else 0), done.stdout + done.stderr
    assert "old_and_known" in (run.workspace / "runs" / record.id / cell.states[0].log).read_text()
    return warnings, " ".join(done.stdout.split())


def test_a_file_that_is_replaced_was_renamed_all_the_same(noisy: Developer) -> None:
    noisy.branch("replaced", "noisy", ("mm: rename it", ((UTIL, "", RENAMED),)))
    noisy.git("checkout", "--quiet", "replaced")
    (noisy.folder / UTIL).write_text("/* Nothing but a place. */\n")
    noisy.git("add", "--all")
    noisy.git("commit", "--quiet", "-m", "mm: another file in its place")
    noisy.git("checkout", "--quiet", "master")
    assert Repository(noisy.folder).renames("noisy", "replaced") == {UTIL: RENAMED}
    assert Repository(noisy.folder).renames("noisy", "shift") == {}


@pytest.mark.parametrize("name", SERIES)
def test_lines_are_followed_as_git_sees_them(noisy: Developer, name: str) -> None:
    since = moved(Repository(noisy.folder), "noisy", name)
    path = RENAMED if since.renames else UTIL
    before, after = (
        noisy.git("show", f"{revision}:{file}").split("\n") for revision, file in (("noisy", UTIL), (name, path))
    )
    pairs = [(since.line_before(path, at), text) for at, text in enumerate(after, 1)]
    kept = [(line, text) for line, text in pairs if line]
    assert kept == [(line, before[line - 1]) for line, _ in kept]
    assert len(before) - len(kept) <= 4


COMPILERS = [
    pytest.param(name, marks=pytest.mark.skipif(not shutil.which(name), reason=f"{name} is missing"))
    for name in ("gcc", "clang")
]


@pytest.mark.parametrize("compiler", COMPILERS)
@pytest.mark.parametrize("name", some(["rename", "rename-function", "shift", "edit"], 2))
def test_an_old_warning_stays_old(
    folder: Path,
    sealed_environment: dict[str, str],
    noisy: Developer,
    posted: Mapping[str, PatchSeries],
    name: str,
    compiler: str,
) -> None:
    warnings, report = new_warnings(folder, sealed_environment, noisy, posted[name], compiler=compiler)
    assert warnings == []
    assert "new warning" not in report


@pytest.mark.parametrize("compiler", COMPILERS)
@pytest.mark.parametrize(("name", "function"), [("repeat", "page_index"), ("move", "page_mapping")])
def test_an_equal_warning_in_another_function_is_new(
    folder: Path,
    sealed_environment: dict[str, str],
    noisy: Developer,
    posted: Mapping[str, PatchSeries],
    name: str,
    function: str,
    compiler: str,
) -> None:
    warnings, report = new_warnings(folder, sealed_environment, noisy, posted[name], compiler=compiler)
    ((patch, warning),) = warnings
    assert (patch, warning.path, warning.function, warning.tool) == (1, UTIL, function, compiler)
    assert warning.source == "int old_and_known;"
    assert f'1 new warning with patch 1, "{SERIES[name][0][0]}", in 1 of 1 cell' in report


def test_only_what_a_rename_did_not_bring_along_is_new(
    folder: Path, sealed_environment: dict[str, str], noisy: Developer, posted: Mapping[str, PatchSeries]
) -> None:
    series = posted["rename-and-repeat"]
    warnings, report = new_warnings(folder, sealed_environment, noisy, series, "--per-patch")
    ((patch, warning),) = warnings
    assert (patch, warning.path, warning.function) == (2, RENAMED, "page_index")
    assert '1 new warning with patch 2, "mm: say it in page_index()", in 1 of 1 cell' in report


def test_other_tools_warnings_are_seen_and_named(
    folder: Path, sealed_environment: dict[str, str], noisy: Developer, posted: Mapping[str, PatchSeries]
) -> None:
    warnings, report = new_warnings(folder, sealed_environment, noisy, posted["tools"], "--per-patch")
    said = {(patch, warning.tool, warning.path, warning.message) for patch, warning in warnings}
    made = ("make", "mm/Makefile", "mm is not what it was")
    assembled = ("as", UTIL, "page_mapping is odd")
    assert said == {(1, *made), (2, *made), (2, *assembled)}
    assert "mm/Makefile:2: make: mm is not what it was" in report
    assert re.search(r"mm/util\.c:\d+: page_mapping is odd", report)
