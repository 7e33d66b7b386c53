"""What "no functional change" is judged by: code, for sizes do not tell one constant from another."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.support.developer import Developer, PatchSeries
from tests.support.main_job import build, cell, words
from tests.support.matrices import HVO
from tests.support.runner import Runner

pytestmark = pytest.mark.xdist_group("no-functional-change")

HUGETLB = "mm/hugetlb.c"
POOL = 'printk_number("hugetlb: pages in the pool: ", set_max_huge_pages(1));'
FREE_TEXT = "A pool of huge pages. */\n"


@pytest.fixture(scope="module")
def developer(folder: Path, sealed_environment: dict[str, str]) -> Developer:
    """A kernel that says at which line it is."""
    made = Developer(folder / "linux", sealed_environment)
    made.branch("lines", "master", ("mm: say where", [(HUGETLB, POOL, f'{POOL}\n\tprintk_number("at ", __LINE__);')]))
    comment = ("mm: a longer comment", [(HUGETLB, FREE_TEXT, "A pool of huge pages,\n * for a while.\n */\n")])
    constant = ("mm: set one aside", [(HUGETLB, "set_max_huge_pages(1)", "set_max_huge_pages(3)")])
    made.branch("comments", "lines", comment)
    made.branch("constant", "lines", comment, constant)
    made.branch("uncompiled", "lines", ("lib: a factor", [("lib/fake_extra.c", "sum * 31", "sum * 37")]))
    return made


def posted(developer: Developer, target: Path, branch: str, letter: str) -> PatchSeries:
    series = developer.post(target, f"lines..{branch}", "mm: small things")
    for path in series.folder.glob("0000-*"):
        path.write_text(path.read_text().replace("Fake heads cost a look at the next page.", letter))
    return series


def test_a_comment_that_moves_line_numbers_is_confirmed_to_change_nothing(
    run: Runner, developer: Developer, two_cells: Path, tmp_path: Path
) -> None:
    series = posted(developer, tmp_path / "s", "comments", "No functional change.")
    record, done = build(run, series, f"path:{developer.folder}#lines", two_cells)
    assert [claim.verdict for claim in record.claims if claim.kind == "no-functional-change"] == ["confirmed"]
    code = cell(record, HVO).code
    assert code is not None
    assert code.same
    assert code.functions > 20
    assert "confirmed: the code is the same, instruction by instruction" in words(done.stdout)


def test_another_constant_is_named_though_no_size_differs(
    run: Runner, developer: Developer, two_cells: Path, tmp_path: Path
) -> None:
    series = posted(developer, tmp_path / "s", "constant", "No functional change.")
    record, done = build(run, series, f"path:{developer.folder}#lines", two_cells, "--per-patch")
    (claim,) = [claim for claim in record.claims if claim.kind == "no-functional-change"]
    assert (claim.verdict, claim.details) == ("not confirmed", (f"{HVO}: hugetlb_init() ({HUGETLB})",))
    cell_record = cell(record, HVO)
    assert cell_record.text is not None
    assert cell_record.text.symbols == ()
    patches = {state.patch: state.code.same for state in cell_record.states if state.code}
    assert patches == {1: True, 2: False}
    report = words(done.stdout)
    assert "code changed in 1 function of 1 file; sizes alone show none of the functions" in report
    assert "patch 2: hugetlb_init() no code changed by patch 1" in report
    assert re.search(r"hugetlb_init\(\) +\d+ +\d+ +1 +mm/hugetlb\.c", done.stdout)
    page = next(run.workspace.glob(f"runs/{record.id}/report.html")).read_text()
    assert "hugetlb_init()" in page[page.index('id="h-code"') :]


def test_claims_about_single_patches_are_judged_by_single_patches(
    run: Runner, developer: Developer, two_cells: Path, tmp_path: Path
) -> None:
    letter = "Patch 1: no functional change.\nPatch 2: no functional change, except that three pages are set aside."
    series = posted(developer, tmp_path / "s", "constant", letter)
    record, _ = build(run, series, f"path:{developer.folder}#lines", two_cells, "--per-patch")
    verdicts = {claim.patches: claim.verdict for claim in record.claims if claim.kind == "no-functional-change"}
    assert verdicts == {(1,): "confirmed", (2,): "not checked"}


def test_code_that_no_cell_compiles_is_not_confirmed_to_be_the_same(
    run: Runner, developer: Developer, two_cells: Path, tmp_path: Path
) -> None:
    series = posted(developer, tmp_path / "s", "uncompiled", "No functional change.")
    record, _ = build(run, series, f"path:{developer.folder}#lines", two_cells, status=1)
    (claim,) = [claim for claim in record.claims if claim.kind == "no-functional-change"]
    assert claim.verdict == "not confirmed"
    assert "lib/fake_extra.c: no cell compiles line" in claim.details[0]
