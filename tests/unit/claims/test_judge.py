"""Claims beside what was measured."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pipeline.claims import Evidence, judged, judged_again
from pipeline.model import Claim, ClaimKind, Diffstat, FileStat, Measurand
from pipeline.record import BootRecord, CellRecord, CheckRecord, ClaimRecord, CodeRecord, FileCoverageRecord
from tests.support import records


def test_a_claim_about_a_duplicate_is_judged_by_the_cell_that_was_built() -> None:
    duplicate = records.cell("twin", status="duplicate", same_as="x86-a", text=None, states=(), sections=())
    (claim,) = judged([Claim("saves text", "twin", -1000)], Evidence([*MEASURED, duplicate]))
    assert (claim.verdict, claim.measured, claim.cell) == ("confirmed", -1410, "x86-a")


MEASURED = [
    records.unreachable("flat"),
    records.cell("x86-a", text=records.text(delta=-1410)),
    records.cell("x86-b", text=records.text(delta=-10)),
]


@pytest.mark.parametrize(
    ("glob", "claimed", "relation", "verdict", "measured", "cell"),
    [
        ("x86-*", -1000, "at-most", "confirmed", -1410, "x86-a"),
        ("x86-*", -1410, "at-most", "confirmed", -1410, "x86-a"),
        ("x86-*", -1411, "at-most", "refuted", -1410, "x86-a"),
        ("x86-b", -1000, "at-most", "refuted", -10, "x86-b"),
        ("x86-*", -1410, "equal", "confirmed", -1410, "x86-a"),
        ("x86-*", -1000, "equal", "refuted", -1410, "x86-a"),
        ("flat", -1000, "at-most", "not measured", None, "flat"),
        ("riscv*", -1000, "at-most", "not measured", None, "riscv*"),
        ("X86-A", -1000, "at-most", "not measured", None, "X86-A"),
    ],
)
def test_a_claim_is_judged_by_the_first_cell_that_it_is_about(
    glob: str, claimed: int, relation: str, verdict: str, measured: int | None, cell: str
) -> None:
    (claim,) = judged([Claim("saves text", glob, claimed, relation)], Evidence(MEASURED))
    assert (claim.verdict, claim.measured, claim.cell, claim.claimed) == (verdict, measured, cell, claimed)


def verdict(claim: Claim, *cells: CellRecord, **evidence: object) -> ClaimRecord:
    (judged_claim,) = judged([claim], Evidence(cells, **evidence))  # type: ignore[arg-type]
    return judged_claim


@pytest.mark.parametrize(
    ("claimed", "measured", "word"),
    [
        (-100, -100, "confirmed"),
        (-100, -150, "confirmed"),
        (-100, -50, "not confirmed"),
        (-100, 0, "refuted"),
        (-100, 7, "refuted"),
        (50, 40, "confirmed"),
        (50, 60, "not confirmed"),
    ],
)
def test_a_figure_of_another_compiler_is_refuted_only_by_the_opposite(claimed: int, measured: int, word: str) -> None:
    claim = Claim("text", "one", claimed, relation="near", found=True)
    judged_claim = verdict(claim, records.cell("one", text=records.text(delta=measured)))
    assert (judged_claim.verdict, judged_claim.measured, judged_claim.origin) == (word, measured, "letter")


def test_a_figure_that_no_cell_measures_says_why() -> None:
    claim = verdict(Claim("text", "", -1, obstacle="no cell is allmodconfig", found=True), records.cell())
    assert (claim.verdict, claim.finding) == ("not measured", "no cell is allmodconfig")


def test_a_cell_that_is_not_there_is_named() -> None:
    assert verdict(Claim("text", "riscv*", -1), records.cell()).finding == "no cell is riscv*"
    assert verdict(Claim("text", "flat", -1), records.unreachable("flat")).finding == ""


def steps(*changes: int | None, name: str = "one", failing: int = 0) -> CellRecord:
    """A cell that was built after every patch; by so many bytes each changes the text."""
    made = [records.state(0)] + [
        records.state(at, "failed" if at == failing else "built", text_change=change)
        for at, change in enumerate(changes, 1)
    ]
    return records.cell(name, states=tuple(made), status="failed" if failing else "built")


PREPARES = Claim("Patches 1-2 prepare", "*", None, kind=ClaimKind.PREPARATORY, patches=(1, 2), found=True)


def test_preparatory_patches_are_confirmed_when_each_builds() -> None:
    claim = verdict(PREPARES, steps(0, -8, -900), steps(0, 4, -900, name="two"))
    assert (claim.verdict, claim.finding) == ("confirmed", "each builds, in 2 cells")
    assert claim.details == ("patch 1: size unchanged", "patch 2: one -8, two +4")
    assert (claim.kind, claim.patches, claim.claimed) == ("preparatory", (1, 2), None)


def test_preparatory_patches_are_refuted_when_one_does_not_build() -> None:
    claim = verdict(PREPARES, steps(0, None, None, failing=2), steps(0, 4, -9, name="two"))
    assert (claim.verdict, claim.finding) == ("refuted", "does not build: patch 2 in one")


@pytest.mark.parametrize("cells", [(), (records.cell(states=(records.state(0), records.state(3))),)])
def test_preparatory_patches_that_were_not_built_alone_say_what_to_type(cells: tuple[CellRecord, ...]) -> None:
    claim = verdict(PREPARES, *cells)
    assert claim.verdict == "not measured"
    assert "--per-patch" in claim.finding


def test_a_base_that_fails_says_nothing_of_preparatory_patches() -> None:
    cells = (records.broken("old", "failed", "failed", "failed"), steps(0, 4, -9))
    assert verdict(PREPARES, *cells).verdict == "confirmed"


NOTHING = Claim("No functional change", "*", None, kind=ClaimKind.NO_FUNCTIONAL_CHANGE, found=True)
SAME = records.code()
OTHER = records.code("frob", "probe")


def test_no_functional_change_is_confirmed_by_the_same_code_in_every_cell() -> None:
    cells = (records.cell("one", code=SAME), records.cell("two", code=SAME), records.unreachable())
    claim = verdict(NOTHING, *cells)
    assert (claim.verdict, claim.details) == ("confirmed", ())
    assert "900 functions, in 2 cells" in claim.finding


def test_other_code_does_not_confirm_it_though_no_size_differs() -> None:
    text = records.text(delta=0, up=0, down=0)
    claim = verdict(NOTHING, records.cell("one", code=SAME, text=text), records.cell("two", code=OTHER, text=text))
    assert (claim.verdict, claim.details) == ("not confirmed", ("two: frob(), probe() (mm/util.c)",))


def test_code_that_was_not_compared_confirms_nothing() -> None:
    claim = verdict(NOTHING, records.cell("one", code=SAME), records.cell("two", code=None))
    assert (claim.verdict, "not compared" in claim.finding) == ("not measured", True)


def test_code_that_could_not_be_read_confirms_nothing() -> None:
    unread = SAME.model_copy(update={"unread": ("mm/odd.o",)})
    claim = verdict(NOTHING, records.cell("one", code=unread))
    assert (claim.verdict, claim.details) == ("not confirmed", ("one: 1 object file could not be read",))


def test_code_of_which_too_much_differs_to_be_told_is_not_called_unread() -> None:
    """Seen red with the words in the list of object files that could not be read."""
    many = records.code(more_than=100_000)
    claim = verdict(NOTHING, records.cell("one", code=SAME), records.cell("two", code=many))
    words = "more than 100000 functions and data objects differ"
    assert (claim.verdict, claim.details) == ("not confirmed", (f"two: {words}",))
    assert claim.finding == "the code of more than 100000 functions and data objects differs"


@pytest.mark.parametrize(
    ("compiled", "kept", "word"),
    [(True, "3-4", "confirmed"), (True, "3", "not confirmed"), (False, "", "not confirmed")],
)
def test_lines_that_no_cell_compiles_are_not_vouched_for(compiled: bool, kept: str, word: str) -> None:
    coverage = (FileCoverageRecord(path="mm/odd.c", compiled=compiled, lines="3-4", kept=kept),)
    claim = verdict(NOTHING, records.cell("one", code=SAME, coverage=coverage))
    assert claim.verdict == word
    assert ("mm/odd.c" in " ".join(claim.details)) == (word != "confirmed")


def apart(code: CodeRecord | None, lines: str = "3-4") -> CellRecord:
    """A cell that compiles files apart; without code where it compares none."""
    coverage = (FileCoverageRecord(path="mm/odd.c", compiled=True, lines="3-4", kept=lines),)
    states = (records.state(0), records.state(1, code=code))
    return records.cell("apart" if code else "wide", code=code, states=states, coverage=coverage, stage="objects")


def test_cells_of_objects_that_compare_no_code_are_passed_over() -> None:
    """Seen red: the letter's word was not measured, with a wrong reason."""
    assert verdict(NOTHING, apart(None), apart(SAME)).finding.endswith("in 1 cell")
    assert verdict(NOTHING, apart(None), apart(OTHER)).verdict == "not confirmed"
    assert verdict(NOTHING, apart(None)).finding == "no cell compared the code"
    missed = verdict(NOTHING, apart(None), apart(SAME, "3"))
    assert (missed.verdict, missed.details) == (
        "not confirmed",
        ("mm/odd.c: no cell that compares code compiles line 4",),
    )


def test_of_a_patch_cells_of_objects_tell_where_kernels_do_not() -> None:
    claim = replace(NOTHING, patches=(1,))
    kernel = records.cell("kernel", code=SAME, states=(records.state(0),))
    assert verdict(claim, kernel, apart(SAME)).verdict == "confirmed"
    assert "--per-patch" in verdict(claim, kernel, apart(None)).finding


def test_lines_of_other_patches_say_nothing_of_a_patch() -> None:
    claim = replace(NOTHING, patches=(1,))
    coverage = (FileCoverageRecord(path="mm/odd.c", compiled=False, lines="3-4", kept=""),)
    cell = records.cell("one", states=(records.state(0), records.state(1, code=SAME)), coverage=coverage)
    assert verdict(claim, cell, patch_files={1: ["mm/util.c"], 2: ["mm/odd.c"]}).verdict == "confirmed"
    assert verdict(claim, cell, patch_files={1: ["mm/odd.c"]}).verdict == "not confirmed"


def test_an_exception_of_the_letter_is_heard() -> None:
    claim = verdict(replace(NOTHING, limit="except for patch 3"), records.cell("one", code=SAME))
    assert (claim.verdict, "except for patch 3" in claim.finding) == ("not checked", True)


def test_functions_that_the_record_does_not_name_are_counted() -> None:
    many = records.code("grow", "shrink", changed_functions=700)
    assert (
        verdict(NOTHING, records.cell("one", code=many)).finding
        == "the code of at least 700 functions and data objects differs"
    )


def test_functions_of_one_name_in_two_files_are_two() -> None:
    twice = records.code("init", "init")
    twice = twice.model_copy(
        update={"changes": (twice.changes[0], twice.changes[1].model_copy(update={"path": "mm/hugetlb.c"}))}
    )
    assert (
        verdict(NOTHING, records.cell("one", code=twice)).finding == "the code of 2 functions and data objects differs"
    )


def test_no_functional_change_of_some_patches_is_one_of_each() -> None:
    claim = Claim("Patches 1-2: none", "*", None, kind=ClaimKind.NO_FUNCTIONAL_CHANGE, patches=(1, 2))

    def built(*codes: CodeRecord) -> CellRecord:
        states = [records.state(at, code=code) for at, code in enumerate(codes, 1)]
        return records.cell("one", states=(records.state(0), *states), code=OTHER)

    assert verdict(claim, built(SAME, SAME, OTHER)).verdict == "confirmed"
    assert verdict(claim, built(SAME, OTHER, SAME)).details == ("patch 2 in one: frob(), probe() (mm/util.c)",)
    assert "--per-patch" in verdict(claim, records.cell()).finding
    assert verdict(NOTHING).verdict == "not measured"


DOCUMENT, UTIL = FileStat("Documentation/mm/vmemmap_dedup.rst", "5"), FileStat("mm/util.c", "2")
STAT = Claim(
    "2 files changed",
    *("", None),
    kind=ClaimKind.DIFFSTAT,
    diffstat=Diffstat(2, 3, 4, (FileStat(".../vmemmap_dedup.rst", "5"), UTIL)),
)
FILES = frozenset({DOCUMENT.name, UTIL.name})


@pytest.mark.parametrize(
    ("files", "counted", "word", "details"),
    [
        (FILES, Diffstat(2, 3, 4, (DOCUMENT, UTIL)), "confirmed", ()),
        (FILES, Diffstat(2, 3, 5, (DOCUMENT, UTIL)), "not confirmed", ()),
        (FILES, None, "not measured", ()),
        (
            FILES | {"mm/slab.h"},
            Diffstat(3, 3, 4, (DOCUMENT, FileStat("mm/slab.h", "1"), UTIL)),
            "not confirmed",
            ("not in the diffstat: mm/slab.h",),
        ),
        (
            FILES,
            Diffstat(2, 3, 4, (FileStat("mm/slab.h", "0"), FileStat(DOCUMENT.name, "7"))),
            "not confirmed",
            (
                "not in the diffstat: mm/slab.h",
                "not changed by the patches: mm/util.c",
                "with another count: .../vmemmap_dedup.rst (5, and 7 in the patches)",
            ),
        ),
        ({"mm/util.c"}, None, "not confirmed", ("not touched by any patch: .../vmemmap_dedup.rst",)),
        (FILES | {"mm/slab.h"}, None, "not confirmed", ("not in the diffstat: mm/slab.h",)),
    ],
)
def test_a_diffstat_is_checked_against_the_patches(
    files: frozenset[str], counted: Diffstat | None, word: str, details: tuple[str, ...]
) -> None:
    claim = verdict(STAT, files=frozenset(files), diffstats=(counted,) if counted else ())
    assert (claim.verdict, claim.details) == (word, details)
    if counted:
        assert f"{counted.files} files, +3 -{counted.deletions} lines" in claim.finding


def test_any_of_the_ways_to_count_confirms_a_diffstat() -> None:
    """Settings of git decide how lines are matched and renames found."""
    whole = Diffstat(2, 3, 4, (DOCUMENT, UTIL))
    assert verdict(STAT, diffstats=(Diffstat(2, 4, 5, (DOCUMENT, UTIL)), whole)).verdict == "confirmed"


def stat_claim(*lines: FileStat, insertions: int) -> Claim:
    shown = Diffstat(len(lines), insertions, 0, lines)
    return Claim(f"{len(lines)} files, {insertions}", "", None, kind=ClaimKind.DIFFSTAT, diffstat=shown, found=True)


@pytest.mark.parametrize("at", range(3))
def test_of_several_diffstats_the_one_that_agrees_best_is_the_series(at: int) -> None:
    own = stat_claim(UTIL, insertions=2)
    claims = [stat_claim(DOCUMENT, insertions=5), stat_claim(DOCUMENT, UTIL, insertions=7)]
    claims.insert(at, own)
    (claim,) = judged(claims, Evidence((), FILES, (Diffstat(1, 2, 0, (UTIL,)),)))
    assert (claim.text, claim.verdict) == (own.text, "confirmed")
    (claim,) = judged(claims, Evidence((), FILES, (Diffstat(1, 3, 0, (FileStat("mm/util.c", "3"),)),)))
    assert (claim.text, claim.verdict) == (own.text, "not confirmed")


def test_two_short_names_do_not_stand_for_one_file() -> None:
    short = [FileStat(".../Makefile", "1"), FileStat(".../b/Makefile", "1")]
    whole = [FileStat("a/b/Makefile", "1"), FileStat("b/c/Makefile", "1")]
    stat = Diffstat(2, 2, 0, tuple(short))
    claim = Claim("2 files", "", None, kind=ClaimKind.DIFFSTAT, diffstat=stat)
    assert verdict(claim, diffstats=(Diffstat(2, 2, 0, tuple(whole)),)).verdict == "confirmed"
    once = Diffstat(2, 2, 0, (whole[0], FileStat("mm/x.c", "1")))
    assert verdict(claim, diffstats=(once,)).details == (
        "not in the diffstat: mm/x.c",
        "not changed by the patches: .../Makefile",
    )


def test_benchmarks_are_not_checked() -> None:
    claim = Claim("It is 5% faster.", "", None, kind=ClaimKind.BENCHMARK, found=True)
    assert verdict(claim, records.cell()).verdict == "not checked"


def test_a_figure_of_one_patch_is_measured_by_its_own_build() -> None:
    claim = Claim("(-8)", "one", -8, relation="near", patches=(2,), found=True)
    assert verdict(claim, steps(0, -8, -900)).measured == -8
    assert "--per-patch" in verdict(claim, records.cell("one")).finding


WALK = CheckRecord(name="saved", status="pass", values={"pages": 7})
WHOLE = (
    records.unreachable("flat"),
    steps(0, 4, -900, name="two").model_copy(
        update={"boots": (BootRecord(patch=3, scenario="hvo", status="pass", checks=(WALK,)),)}
    ),
    records.cell("twin", status="duplicate", same_as="two", text=None, states=(), sections=()),
    steps(0, 0, -5, name="three"),
)
AGAIN = {
    "at most": Claim("saves", "t*", -1000),
    "exact": Claim("saves", "t*", -1000, "equal"),
    "a twin": Claim("saves", "twin", -1410),
    "of a letter": Claim("saves", "two", -1500, "near", found=True),
    "of a patch": Claim("saves", "two", 4, "near", patches=(2,), found=True),
    "of no cell": Claim("saves", "", -1, "near", obstacle="no cell is allmodconfig", found=True),
    "of another cell": Claim("saves", "riscv*", -1),
    "a boot": Claim("7 of 8", "*", 7, "equal", Measurand("hvo", "saved", "pages"), ClaimKind.BOOT),
    "a boot that differs": Claim("6 of 8", "*", 8, "equal", Measurand("hvo", "saved", "pages"), ClaimKind.BOOT),
    "no functional change": NOTHING,
    "preparatory": PREPARES,
}


@pytest.mark.parametrize("claim", AGAIN.values(), ids=AGAIN.keys())
def test_a_record_is_enough_to_judge_a_claim_by_other_cells(claim: Claim) -> None:
    """A part of a run judges by the cells that it has; with all of them, the verdict is that of one run."""
    for cells in ((), WHOLE[:1], WHOLE[:2], WHOLE[-1:], (records.cell("two", text=records.text(delta=99)),)):
        assert judged_again(judged([claim], Evidence(cells)), WHOLE) == judged([claim], Evidence(WHOLE))


def test_other_cells_can_change_a_verdict() -> None:
    kinds = [verdict(claim, *WHOLE).verdict for claim in AGAIN.values()]
    assert {"confirmed", "not confirmed", "refuted", "not measured"} == set(kinds)
    assert kinds != [verdict(claim).verdict for claim in AGAIN.values()]


@pytest.mark.parametrize(
    "claim",
    [
        verdict(STAT, files=frozenset({"a.c"}), diffstats=(Diffstat(1, 2, 3),)),
        verdict(Claim("5% faster", "", None, kind=ClaimKind.BENCHMARK, found=True)),
        records.claim(unit="pages", measured=7, claimed=7),
    ],
    ids=["diffstat", "benchmark", "a boot of an old record"],
)
def test_what_cells_do_not_decide_stays(claim: ClaimRecord) -> None:
    assert judged_again([claim], WHOLE) == (claim,)


def test_a_claim_of_an_old_record_is_about_the_cell_that_was_measured() -> None:
    (claim,) = judged_again([records.claim(cell="two")], WHOLE)
    assert (claim.verdict, claim.measured, claim.about) == ("confirmed", -1410, "two")
