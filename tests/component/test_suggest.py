"""Which files of a series no cell compiles, and a fragment that really brings them in."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from pipeline.kernel.sources import Sources
from pipeline.system.git import Repository
from tests.support.developer import PatchSeries
from tests.support.matrices import matrix_text
from tests.support.runner import Runner

pytestmark = pytest.mark.xdist_group("suggest")


@pytest.fixture
def bare_matrix(tmp_path: Path) -> Path:
    """Two cells without huge pages."""
    (tmp_path / "bare.config").write_text("CONFIG_PRINTK=y\n")
    path = tmp_path / "bare.toml"
    path.write_text(matrix_text({"i386-bare": "bare", "x86_64-bare": "bare"}))
    return path


def block(output: str, first: str, last: str) -> str:
    return output.partition(first)[2].partition(last)[0].strip() + "\n"


def test_a_suggestion_can_be_used_as_it_is(
    bare_matrix: Path, sealed_environment: dict[str, str], fake_tree: Path, posted: dict[str, PatchSeries]
) -> None:
    folder = bare_matrix.parent
    run = Runner(folder / "workspace", sealed_environment, folder)
    where = (f"--tree=path:{fake_tree}#next", f"--matrix={bare_matrix}")
    done = run("plan", "--suggest", str(posted["conflicts"].folder), *where)
    assert done.returncode == 0, done.stdout + done.stderr
    fragment = block(done.stdout, "Save as kconfigs/mm-three-huge-pages.config:", "Add to the matrix")
    assert fragment == "# mm/hugetlb.c\nCONFIG_HUGETLBFS=y\n"
    assert "i386-bare-mm-three-huge-pages" in done.stdout
    assert max(len(line) for line in done.stdout.partition("path:")[2].splitlines()[3:]) <= 78

    # As the text says: save the one, add the other, and the cell promises no more than kconfig keeps.
    (folder / "mm-three-huge-pages.config").write_text(fragment)
    cells = block(done.stdout, "[[cells]]", "Tried with")
    bare_matrix.write_text(f"{bare_matrix.read_text()}\n[[cells]]\n{cells}")
    again = run("plan", str(posted["conflicts"].folder), "--suggest", *where)
    assert again.returncode == 0, again.stdout + again.stderr
    assert "of 2 code files that the series touches, 2 compiled by a cell" in " ".join(again.stdout.split())
    assert "Save as" not in again.stdout
    assert "unreachable" not in again.stdout


def test_what_applies_nowhere_gets_no_suggestion(
    bare_matrix: Path, sealed_environment: dict[str, str], fake_tree: Path, posted: dict[str, PatchSeries]
) -> None:
    run = Runner(bare_matrix.parent / "workspace", sealed_environment, bare_matrix.parent)
    done = run(
        "plan",
        "--suggest",
        str(posted["conflicts"].folder),
        f"--tree=path:{fake_tree}#master",
        f"--matrix={bare_matrix}",
    )
    assert done.returncode == 3, done.stdout + done.stderr
    assert "the series does not apply, so nothing is suggested" in done.stdout


def test_a_file_may_be_compiled_within_another(own_tree: Path, sealed_environment: dict[str, str]) -> None:
    (own_tree / "mm/part.c").write_text("int part;\n")
    with (own_tree / "mm/hugetlb.c").open("a") as file:
        file.write('#include "part.c"\n')
    for command in (["add", "--all"], ["commit", "--quiet", "-m", "part"]):
        subprocess.run(["git", *command], cwd=own_tree, env=sealed_environment, check=True)
    sources = Sources(Repository(own_tree), "HEAD")
    assert sources.includers("mm/part.c") == ("mm/hugetlb.c",)
    assert sources.includers("mm/util.c") == ()
    kbuild = sources.kbuild("x86_64")
    assert kbuild.condition("mm/part.c") is None
    assert str(kbuild.condition("mm/hugetlb.c")) == "HUGETLB_PAGE"
