"""What the matrix promises of a cell, and a series takes away: found at the last state, and put down to its patch."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.record import CellRecord, RunRecord
from tests.support.developer import INDEX_COMMENT, UTIL, Developer, Edit
from tests.support.main_job import words
from tests.support.matrices import CELLS, HVO, ODD, matrix_text, write_matrix
from tests.support.runner import Runner

pytestmark = pytest.mark.xdist_group("promises")

MM_TYPES = "include/linux/mm_types.h"
OWNERS = "mm: remember the owners of a page"
BUFFER = "static char page_index_log[1 << 16];\n\nunsigned long page_index("
SERIES: dict[str, tuple[tuple[str, tuple[Edit, ...]], ...]] = {
    "page": (
        INDEX_COMMENT,
        (OWNERS, ((MM_TYPES, "\tunsigned long flags;\n", "\tunsigned long flags;\n\tvoid *owners[2];\n"),)),
    ),
    "dependency": (
        ("Kconfig: say what SMP is for", (("Kconfig", "Take locks where", "Take all locks where"),)),
        (
            "mm: account only what is counted",
            (("Kconfig", 'bool "Memory controller"\n', 'bool "Memory controller"\n\tdepends on FAKE_EXTRA\n'),),
        ),
        ("Kconfig: say what PRINTK is for", (("Kconfig", 'bool "Print messages"', 'bool "Print all messages"'),)),
    ),
    "removal": (
        (
            "mm: account always",
            (("Kconfig", "config MEMCG\n", "config PAGE_ACCOUNTING\n"),),
        ),
    ),
    "mended": (
        (
            "mm: account only what is counted",
            (("Kconfig", 'bool "Memory controller"\n', 'bool "Memory controller"\n\tdepends on FAKE_EXTRA\n'),),
        ),
        (
            "mm: account again",
            (("Kconfig", 'bool "Memory controller"\n\tdepends on FAKE_EXTRA\n', 'bool "Memory controller"\n'),),
        ),
    ),
    "buffer": (
        (
            "mm: remember the pages that were asked for",
            (
                (UTIL, "unsigned long page_index(", BUFFER),
                (
                    UTIL,
                    "\treturn head->index",
                    "\tpage_index_log[(unsigned long)page & 0xffff]++;\n\treturn head->index",
                ),
            ),
        ),
    ),
}


@pytest.fixture(scope="module")
def branches(fake_developer: Developer, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Each series as a folder of patches."""
    folder = tmp_path_factory.mktemp("promises")
    for name, commits in SERIES.items():
        fake_developer.branch(f"promises-{name}", "master", *commits)
        fake_developer.post(folder / name, f"master..promises-{name}", f"mm: {name}")
    return {name: folder / name for name in SERIES}


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory, sealed_environment: dict[str, str]) -> Runner:
    """The pipeline in a workspace that the tests share, so that the base is built once."""
    folder = tmp_path_factory.mktemp("promises-run")
    write_matrix(folder, matrix_text({name: CELLS[name] for name in (HVO, ODD)}))
    return Runner(folder / "workspace", sealed_environment, folder)


def job(run: Runner, series: Path, tree: Path, *options: str, status: int = 1) -> tuple[RunRecord, str]:
    """A run of a series, and the top of its report in words."""
    done = run(
        "apply-and-build", str(series), f"--tree=path:{tree}#master", f"--matrix={run.folder}/fake.toml", *options
    )
    assert done.returncode == status, done.stdout + done.stderr
    return run.record(), words(done.stdout.partition("\nSeries ")[0])


def reply(run: Runner, record: RunRecord) -> str:
    """The draft's words."""
    done = run("reply", record.id)
    assert done.returncode == 0, done.stderr
    return words((run.workspace / "runs" / record.id / "reply.eml").read_text())


def cell(record: RunRecord, name: str) -> CellRecord:
    (cell_record,) = [cell_record for cell_record in record.cells if cell_record.id == name]
    return cell_record


@pytest.mark.parametrize("per_patch", [False, True], ids=["ends", "every patch"])
def test_a_struct_page_that_grows_breaks_its_promise(
    run: Runner, branches: dict[str, Path], fake_tree: Path, *, per_patch: bool
) -> None:
    record, top = job(run, branches["page"], fake_tree, *(["--per-patch"] if per_patch else []))
    blame = f'patch 2, "{OWNERS}"' if per_patch else "all 2 patches applied (run with --per-patch to find the first)"
    assert top.startswith("PROBLEM: The series breaks a promise of the matrix; struct page grows.")
    broken = f"* Promise broken with {blame}, in 1 of 2 cells: {HVO}: sizeof(struct page) is 80; hvo.config promises a"
    assert broken in top
    assert f"- struct page grows from 64 to 80 bytes with {blame}, in {HVO}." in top
    assert f"- struct page grows from 40 to 48 bytes with {blame}, in {ODD}." in top
    # What shares struct pages gives up at once where they are no power of two.
    assert "Hardly anything is left of hugetlb_vmemmap_optimize" in top
    (lost,) = cell(record, HVO).lost or ()
    assert (lost.patch, lost.kept) == (2, 1 if per_patch else 0)
    assert cell(record, ODD).lost == ()
    sizes = [state.struct_page.size for state in cell(record, HVO).states if state.struct_page]
    assert sizes == ([64, 64, 80] if per_patch else [64, 80])
    draft = reply(run, record)
    assert "struct page grows from 64 to 80 bytes on x86_64" in draft
    assert "2^n" not in draft


def test_an_option_that_kconfig_drops_is_put_down_to_its_patch(
    run: Runner, branches: dict[str, Path], fake_tree: Path
) -> None:
    """Three patches touch Kconfig files, and only base and last state are built."""
    record, top = job(run, branches["dependency"], fake_tree)
    assert (
        '* Promise broken with patch 2, "mm: account only what is counted", in 1 of 2 cells: i386-odd: kconfig drops '
        "CONFIG_MEMCG=y (odd.config): now depends on FAKE_EXTRA, which is n"
    ) in top
    (option, *others) = cell(record, ODD).lost or ()
    assert (option.patch, option.kept) == (2, 1)
    # Without MEMCG the struct page of i386 is a power of two.
    assert [promise.what for promise in others] == [
        "sizeof(struct page) is 32; odd.config promises that it is no power of two"
    ]
    assert [state.patch for state in cell(record, ODD).states] == [0, 3]


def test_an_option_that_is_gone_is_said_to_be(run: Runner, branches: dict[str, Path], fake_tree: Path) -> None:
    _, top = job(run, branches["removal"], fake_tree)
    assert "kconfig drops CONFIG_MEMCG=y (odd.config): there is no such option any more" in top


def test_a_promise_that_is_kept_at_last_is_no_problem(run: Runner, branches: dict[str, Path], fake_tree: Path) -> None:
    record, _ = job(run, branches["mended"], fake_tree, status=0)
    assert [cell_record.lost for cell_record in record.cells] == [(), ()]


def test_what_the_matrix_expects_is_expected_of_the_last_state(
    run: Runner, branches: dict[str, Path], fake_tree: Path
) -> None:
    """Its own words for a cell, beside what fragments promise; what the base is not, no series can take away."""
    text = matrix_text({ODD: CELLS[ODD], "i386-other": CELLS[ODD]}).replace(
        'fragments = ["odd"]\n', 'fragments = ["odd"]\nexpect = { struct_page = 40 }\n', 1
    )
    matrix = run.folder / "expecting.toml"
    matrix.write_text(f"{text}expect = {{ struct_page = 64 }}\n")
    record, top = job(run, branches["page"], fake_tree, f"--matrix={matrix}")
    assert f"in 1 of 1 cell: {ODD}: struct page of 40 bytes expected, 48 found" in top
    assert "Not what the matrix says: i386-other: struct page of 64 bytes expected, 40 found." in top
    assert [len(cell_record.lost or ()) for cell_record in record.cells] == [1, 0]


def test_a_buffer_is_no_text(run: Runner, branches: dict[str, Path], fake_tree: Path) -> None:
    record, _ = job(run, branches["buffer"], fake_tree, status=0)
    text = cell(record, HVO).text
    assert text is not None
    assert text.delta > 65536
    report = run("report", record.id).stdout
    assert "Text size" not in report
    row = next(line for line in report.split("\nSize, base")[1].split("\n") if line.startswith(f"  {HVO}  "))
    assert row.split()[1:] == [f"{text.delta:+d}", f"{text.delta - 65536:+d}", "+65536"]
    assert f"I see {text.delta:+d}" not in reply(run, record), "the letter claims nothing of that"
