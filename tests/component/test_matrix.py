"""A matrix of axes on the fake kernel: what it comes to, what is built of it, and by which toolchain."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

from pipeline.kernel.toolchain import ToolchainName, newest
from pipeline.record import CellRecord, RunRecord
from tests.support.developer import PatchSeries
from tests.support.main_job import words
from tests.support.runner import Runner

pytestmark = pytest.mark.xdist_group("matrix")

FRAGMENTS = {
    "print": "CONFIG_PRINTK=y\n",
    "memcg": "CONFIG_MEMCG=y\n",
    "no-memcg": "# CONFIG_MEMCG is not set\n",
    "memcg-again": "CONFIG_MEMCG=y\nCONFIG_PRINTK=y\n",
    "no-vmemmap": "CONFIG_SPARSEMEM_VMEMMAP=n\n",
    "power-of-two": "#: sizeof(struct page) is a power of two\n",
}
AXES = """\
title = "axes"
probes = ["struct-page", "sizeof:list_head@include/linux/mm_types.h"]

[defaults]
base = "tinyconfig"
fragments = ["print"]

[axes.arch]
x86_64 = { arch = "x86_64" }
i386 = { arch = "i386" }

[axes.accounting]
memcg = { fragments = ["memcg"] }
bare = { fragments = ["no-memcg"] }

[[include]]
when = { arch = "x86_64" }
fragments = ["power-of-two"]
expect = { struct_page = 64, vmemmap = true }

[[include]]
when = { arch = "i386" }
expect = { struct_page = 32 }

[[exclude]]
when = { arch = "i386", accounting = "bare" }
reason = "one of i386 is enough"

[[cells]]
id = "twin"
arch = "x86_64"
fragments = ["memcg-again"]

[[cells]]
id = "flat"
arch = "x86_64"
fragments = ["no-vmemmap", "power-of-two"]
expect = "unreachable"
"""
LLVM = """\
title = "toolchains"
probes = ["struct-page"]

[defaults]
base = "tinyconfig"
fragments = ["memcg"]

[axes.arch]
x86_64 = { arch = "x86_64", expect = { struct_page = 64, vmemmap = true } }
i386 = { arch = "i386", expect = { struct_page = 40, vmemmap = false } }

[axes.toolchain]
gcc = { toolchain = "gcc" }
clang = { toolchain = "clang@" }
llvm = { toolchain = "llvm" }
""".replace("@", ToolchainName.parse(newest("llvm")).suffix)
NO_LLVM = not all(map(shutil.which, ("clang", "ld.lld", "llvm-nm", "llvm-ar")))


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory, sealed_environment: dict[str, str]) -> Runner:
    """The pipeline in a workspace that the tests share, beside the matrices."""
    folder = tmp_path_factory.mktemp("matrix")
    for name, text in FRAGMENTS.items():
        (folder / f"{name}.config").write_text(text)
    (folder / "axes.toml").write_text(AXES)
    (folder / "llvm.toml").write_text(LLVM)
    return Runner(folder / "workspace", sealed_environment, folder)


def plan(run: Runner, fake_tree: Path, matrix: str, *options: str) -> str:
    done = run("plan", f"--tree=path:{fake_tree}#master", f"--matrix={matrix}", *options)
    assert done.returncode == 0, done.stderr
    return done.stdout


def job(
    run: Runner, fake_tree: Path, series: PatchSeries, matrix: str, *options: str
) -> tuple[RunRecord, subprocess.CompletedProcess[str]]:
    done = run("apply-and-build", str(series.folder), f"--tree=path:{fake_tree}#master", f"--matrix={matrix}", *options)
    assert done.returncode == 0, done.stdout + done.stderr
    return run.record(), done


def row(text: str, name: str) -> str:
    """The one line of a table that begins with a name, blanks between its words."""
    (line,) = [line for line in text.splitlines() if line.startswith(f"  {name} ")]
    return " ".join(line.split())


def test_the_plan_shows_what_each_cell_came_to(run: Runner, fake_tree: Path) -> None:
    shown = plan(run, fake_tree, "axes.toml")
    assert row(shown, "x86_64-memcg") == "x86_64-memcg gcc on 64 - 3 of 3 ?"
    assert row(shown, "i386-memcg") == "i386-memcg gcc off 40, not 2^n - 2 of 2 ?"
    assert row(shown, "flat") == "flat gcc - - - 1 of 3 unreachable"
    assert row(shown, "twin").endswith("3 of 3 as x86_64-memcg")
    assert "flat: as the matrix says: CONFIG_SPARSEMEM_VMEMMAP=n asked (no-vmemmap.config), y got" in words(shown)
    assert "Not what the matrix says i386-memcg: struct page of 32 bytes expected, 40 found" in words(shown)
    assert "Excluded i386-bare: one of i386 is enough" in words(shown)


@pytest.fixture(scope="module")
def built(
    run: Runner, fake_tree: Path, posted: Mapping[str, PatchSeries]
) -> tuple[RunRecord, subprocess.CompletedProcess[str]]:
    return job(run, fake_tree, posted["good"], "axes.toml")


def cell(record: RunRecord, name: str) -> CellRecord:
    (cell_record,) = [cell_record for cell_record in record.cells if cell_record.id == name]
    return cell_record


def test_cells_of_one_configuration_are_built_and_reported_once(
    built: tuple[RunRecord, subprocess.CompletedProcess[str]],
) -> None:
    record, done = built
    twin = cell(record, "twin")
    assert (twin.status, twin.same_as, twin.states) == ("duplicate", "x86_64-memcg", ())
    assert "No problem found: 4 patches, 3 of 3 cells built." in words(done.stdout)
    assert "Built once: twin has the same configuration as x86_64-memcg." in words(done.stdout)
    assert not list((Path(done.args[-1]) / "runs").glob("*/logs/*twin*"))


def test_what_a_matrix_asks_for_has_columns_of_its_own(
    built: tuple[RunRecord, subprocess.CompletedProcess[str]],
) -> None:
    record, done = built
    assert "cell result vmemmap struct page struct list_head size" in words(done.stdout)
    answers = [(reading.column, reading.before) for reading in cell(record, "x86_64-memcg").readings]
    assert answers == [("vmemmap", "on"), ("struct page", "64"), ("struct list_head", "16")]


def test_the_report_says_what_is_not_as_the_matrix_says(
    built: tuple[RunRecord, subprocess.CompletedProcess[str]],
) -> None:
    record, done = built
    assert cell(record, "i386-memcg").unexpected
    assert "Not what the matrix says: i386-memcg: struct page of 32 bytes expected, 40 found." in words(done.stdout)
    assert "Unreachable, as the matrix says: flat." in words(done.stdout)
    assert "warning: cell flat" not in done.stderr


@pytest.mark.usefixtures("built")
def test_after_a_run_the_plan_estimates(run: Runner, fake_tree: Path) -> None:
    shown = plan(run, fake_tree, "axes.toml", "--jobs=1")
    assert row(shown, "x86_64-memcg").endswith(" s")
    assert "of CPU time for 3 cells." in words(shown)


def test_globs_choose_cells_and_their_excluded_neighbours(run: Runner, fake_tree: Path) -> None:
    shown = plan(run, fake_tree, "axes.toml", "--cell=x86_64-*")
    assert "i386" not in shown
    assert "Excluded" not in shown


def test_fragments_that_contradict_each_other_are_refused(run: Runner, fake_tree: Path) -> None:
    text = (
        'title = "x"\n[[cells]]\nid = "both"\narch = "i386"\nbase = "tinyconfig"\nfragments = ["memcg", "no-memcg"]\n'
    )
    (run.folder / "both.toml").write_text(text)
    done = run("plan", f"--tree=path:{fake_tree}#master", "--matrix=both.toml")
    assert done.returncode == 2
    assert "CONFIG_MEMCG: memcg.config asks y, no-memcg.config asks n" in words(done.stderr)


@pytest.mark.skipif(NO_LLVM, reason="clang, lld or llvm is missing")
def test_gcc_clang_and_llvm_build_and_measure_the_same_struct_page(
    run: Runner, fake_tree: Path, posted: Mapping[str, PatchSeries]
) -> None:
    record, _ = job(run, fake_tree, posted["good"], "llvm.toml")
    assert {cell_record.status for cell_record in record.cells} == {"built"}
    assert [cell_record.unexpected for cell_record in record.cells] == [""] * 6
    assert all(cell_record.text and cell_record.text.before > 1000 for cell_record in record.cells)
    # One compiler, two linkers and two nm: the symbols are the same.
    assert [cell_record.text and cell_record.text.before for cell_record in record.cells[1::3]] == [
        cell_record.text and cell_record.text.before for cell_record in record.cells[2::3]
    ]
    assert all(any(section.name == ".text" for section in cell_record.sections) for cell_record in record.cells)
    assert len({cell_record.toolchain_digest for cell_record in record.cells}) == 3
    assert "clang version" in cell(record, "i386-llvm").toolchain


@pytest.mark.skipif(NO_LLVM, reason="clang, lld or llvm is missing")
@pytest.mark.parametrize(("series", "said"), [("warns", "unused_by_patch_2"), ("breaks", "no_such_helper")])
def test_what_clang_says_of_a_patch_is_reported(
    run: Runner, fake_tree: Path, posted: Mapping[str, PatchSeries], series: str, said: str
) -> None:
    tree = f"--tree=path:{fake_tree}#{'noisy' if series == 'warns' else 'master'}"
    done = run("apply-and-build", str(posted[series].folder), tree, "--matrix=llvm.toml", "--cell=x86_64-llvm")
    assert done.returncode == 1, done.stdout + done.stderr
    states = run.record().cells[0].states
    diagnostics = [diagnostic for state in states for diagnostic in (*state.new_warnings, *state.errors)]
    assert any(said in diagnostic.message and diagnostic.path == "mm/util.c" for diagnostic in diagnostics)


RENAMED = """\
title = "a kernel that dropped an option"
probes = ["struct-page"]

[[cells]]
id = "wishes"
arch = "x86_64"
base = "tinyconfig"
fragments = ["memcg", "wish"]

[[cells]]
id = "requires"
arch = "x86_64"
base = "tinyconfig"
fragments = ["memcg", "print"]
expect = [{ when = "!$(defined,PRINTK)", unreachable = true }, { struct_page = 64 }]
"""


def test_an_option_that_a_kernel_drops_is_one_line_for_a_wish_and_an_end_for_a_requirement(
    run: Runner, own_tree: Path, tmp_path: Path
) -> None:
    for path in own_tree.rglob("Kconfig*"):
        path.write_text(path.read_text().replace("PRINTK", "KERNEL_LOG"))
    subprocess.run(["git", "commit", "-qam", "init: another name for PRINTK"], cwd=own_tree, check=True)
    for name, text in {**FRAGMENTS, "wish": "#? CONFIG_PRINTK=y\n"}.items():
        (tmp_path / f"{name}.config").write_text(text)
    (tmp_path / "renamed.toml").write_text(RENAMED)
    shown = plan(run, own_tree, str(tmp_path / "renamed.toml"))
    assert row(shown, "wishes") == "wishes gcc on 64 1 of 1 ?"
    assert shown.count("CONFIG_PRINTK=y (wish.config): no such option in this tree (wishes)") == 1
    assert row(shown, "requires") == "requires gcc - - 1 of 2 unreachable"
    assert "requires: as the matrix says: CONFIG_PRINTK=y asked (print.config), n got: no such option" in words(shown)
    assert "Not what the matrix says" not in shown


def test_a_compiler_that_is_older_than_the_tree_asks_for_is_told_before_anything_is_configured(
    run: Runner, own_tree: Path, tmp_path: Path
) -> None:
    (own_tree / "scripts/min-tool-version.sh").write_text('case "$1:$SRCARCH" in gcc:x86) echo 99.1.0 ;; esac\n')
    subprocess.run(["git", "add", "-A"], cwd=own_tree, check=True)
    subprocess.run(["git", "commit", "-qm", "scripts: only the newest"], cwd=own_tree, check=True)
    (tmp_path / "memcg.config").write_text("CONFIG_MEMCG=y\n")
    matrix = tmp_path / "old.toml"
    matrix.write_text(
        'title = "old"\n[[cells]]\nid = "old"\narch = "x86_64"\nbase = "tinyconfig"\nfragments = ["memcg"]\n'
    )
    shown = plan(run, own_tree, str(matrix))
    assert row(shown, "old") == "old gcc 0 of 1 unreachable"
    assert "old: this tree needs gcc ≥ 99.1.0; found " in words(shown)
    done = run("doctor", f"--tree=path:{own_tree}#master", f"--matrix={matrix}")
    assert done.returncode == 4
    assert row(f"  {done.stdout}".replace("\n", "\n  "), "gcc").startswith("gcc NEEDS ≥ 99.1.0")
    # Of the default matrix compilers of other architectures are asked for by no cell yet.
    done = run("doctor", f"--tree=path:{own_tree}#master")
    assert done.returncode == 4, done.stderr
    assert row(f"  {done.stdout}".replace("\n", "\n  "), "gcc").startswith("gcc NEEDS ≥ 99.1.0")


def test_where_no_tree_is_named_the_checkout_around_is_meant_or_what_git_is_configured_for(
    run: Runner, fake_tree: Path, own_tree: Path, tmp_path: Path
) -> None:
    matrix = tmp_path / "one.toml"
    matrix.write_text('title = "one"\n[[cells]]\nid = "one"\narch = "x86_64"\nbase = "tinyconfig"\n')
    (own_tree / "mm/uncommitted").write_text("only read")
    inside = Runner(run.workspace, run.environment, own_tree / "mm")
    done = inside("plan", f"--matrix={matrix}")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(f"path:{own_tree}#HEAD (")
    named = {
        f"GIT_CONFIG_{word}_0": value for word, value in (("KEY", "pipeline.tree"), ("VALUE", f"path:{fake_tree}"))
    }
    outside = Runner(run.workspace, {**run.environment, "GIT_CONFIG_COUNT": "1", **named}, tmp_path)
    done = outside("plan", f"--matrix={matrix}")
    assert done.stdout.startswith(f"path:{fake_tree} ("), done.stderr
    done = Runner(run.workspace, run.environment, tmp_path)("plan", f"--matrix={matrix}")
    assert done.returncode == 2
    assert "no tree is named" in done.stderr
