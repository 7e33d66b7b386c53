"""The stage `objects`: what a series touches is compiled patch by patch, in everything that kconfig grants."""

from __future__ import annotations

import shlex
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from pipeline.assess.checks import check_rows
from pipeline.assess.coverage import covered_files
from pipeline.kernel.toolchain import newest
from pipeline.record import CellRecord, RunRecord
from tests.support.developer import BREAKS, UTIL, Developer, Edit
from tests.support.main_job import words
from tests.support.people import AUTHOR, git_identity
from tests.support.runner import Runner

pytestmark = pytest.mark.xdist_group("objects")

CELL = "x86_64-objects"
EXTRA = "lib/fake_extra.c"
UNUSED = "void *page_mapping(const struct page *page)\n{\n"
NEW_WARNING = (UTIL, UNUSED, f"{UNUSED}\tint unused_by_patch;\n\n")
MENDED = (UTIL, f"{UNUSED}\tint unused_by_patch;\n\n", UNUSED)
COMMENT = (EXTRA, "#include", "/* More. */\n#include")
FACTOR = (EXTRA, "sum * 31", "sum * 33")
OPTION = (
    "Kconfig",
    "config FAKE_BROKEN_CC\n",
    'config FAKE_NEW\n\tbool "Compile a new file"\n\nconfig FAKE_BROKEN_CC\n',
)
RULE = ("lib/Makefile", "obj-y += string.o\n", "obj-y += string.o\nobj-$(CONFIG_FAKE_NEW) += fake_new.o\n")

Series = Sequence[tuple[str, Sequence[Edit]]]
Tried = Callable[..., tuple[list[CellRecord], RunRecord, str]]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory, sealed_environment: dict[str, str]) -> Runner:
    """The workspace is shared, so that the base is configured once."""
    folder = tmp_path_factory.mktemp("objects")
    return Runner(folder / "workspace", sealed_environment, folder)


@pytest.fixture
def tried(run: Runner, tmp_path: Path, sealed_environment: dict[str, str]) -> Tried:
    """Applies a series to the fake kernel and stops after the stage; its cell, its record, what was printed."""

    def tried(
        series: Series, status: int, files: dict[str, str] | None = None
    ) -> tuple[list[CellRecord], RunRecord, str]:
        folder = tmp_path / str(len(list(tmp_path.iterdir())))
        folder.mkdir()
        developer = Developer(folder / "linux", {**sealed_environment, **git_identity(AUTHOR)})
        developer.branch("tried", "master", *series[:1] if files else series)
        if files:
            developer.git("checkout", "--quiet", "tried")
            for name, content in files.items():
                (developer.folder / name).parent.mkdir(parents=True, exist_ok=True)
                (developer.folder / name).write_text(content)
            developer.git("add", "--all")
            developer.git("commit", "--quiet", "--signoff", "--amend", "--no-edit")
            developer.git("checkout", "--quiet", "master")
            developer.branch("tried", "tried", *series[1:])
        posted = developer.post(folder / "posted", "master..tried", "lib: a trial")
        done = run(
            *("apply-and-build", str(posted.folder), f"--tree=path:{developer.folder}#master"),
            *("--until=objects", "--json=run.json"),
        )
        assert done.returncode == status, done.stdout + done.stderr
        record = RunRecord.model_validate_json((run.folder / "run.json").read_bytes())
        return [cell for cell in record.cells if cell.id == CELL], record, words(done.stderr + done.stdout)

    return tried


def statuses(cell: CellRecord) -> list[str]:
    return [state.status for state in cell.states]


def new_warnings(cell: CellRecord) -> list[int]:
    return [len(state.new_warnings) for state in cell.states]


def compiled(cell: CellRecord) -> dict[str, str]:
    """Why touched files are not compiled; nothing where they are."""
    return {file.path: "" if file.compiled else file.reason or "broken" for file in cell.files}


def test_a_file_that_no_matrix_compiles_is_proven_patch_by_patch(tried: Tried, run: Runner) -> None:
    series = [("lib: say more", [COMMENT]), ("lib: another factor", [FACTOR])]
    (cell,), record, printed = tried(series, 0)
    assert (cell.stage, cell.base, cell.status, statuses(cell)) == ("objects", "allyesconfig", "built", ["built"] * 3)
    assert [file.objects for file in cell.files] == [("lib/fake_extra.o",)]
    assert [file.kept for file in cell.coverage or ()] == [file.lines for file in cell.coverage or ()]
    assert "2 patches compile, no new warnings; 1 of 1 touched file compiled" in printed
    assert "OK: No problem found: 2 patches, 1 of 1 touched file compiled, 1 of 1 changed line." in printed
    assert [state.text_change for state in cell.states] == [None, 0, cell.text.delta if cell.text else None]
    again = run(*shlex.split(record.command)[1:])
    assert again.returncode == 0, again.stderr
    assert "Compiling" not in again.stderr
    assert all(state.cached for cell in run.record().cells for state in cell.states)


def test_code_is_compared_where_little_else_is_on(tried: Tried) -> None:
    series = [("lib: say more", [COMMENT]), ("lib: another factor", [FACTOR])]
    _, record, printed = tried(series, 0)
    codes = {cell.id: [state.code.same if state.code else None for state in cell.states] for cell in record.cells}
    assert codes.pop(f"{CELL}-narrow") == [None, True, False]
    assert set(map(tuple, codes.values())) == {(None, None, None)}
    (code,) = [cell.code for cell in record.cells if cell.code]
    assert [change.path for change in code.changes] == ["lib/fake_extra.c"]
    assert "no code changed by patch 1" in printed


def test_code_that_is_moved_is_the_same(tried: Tried) -> None:
    """Seen red: the base had no code to compare with, since its file was not asked for."""
    move = [(EXTRA, "", "lib/fake_more.c"), ("lib/Makefile", "fake_extra.o", "fake_more.o")]
    _, record, _ = tried([("lib: move it", move)], 0)
    assert [cell.code.same for cell in record.cells if cell.code] == [True]


def test_the_first_patch_that_breaks_is_named_and_confirmed_in_an_empty_folder(tried: Tried) -> None:
    (cell,), record, printed = tried(BREAKS, 1)
    assert statuses(cell) == ["built", "built", "failed", "failed"]
    # Seen red where records of the base were taken for those of what fails.
    assert [file.compiled for cell in record.cells for file in cell.coverage or ()] == [False] * 3
    assert "0 of 1 touched file compiled, 0 of 1 changed line" in printed
    assert "no_such_helper" in cell.states[2].errors[0].message
    assert new_warnings(cell) == [0, 0, 0, 0]
    assert 'does not compile with patch 2, "mm: use a helper that is not there"' in printed
    assert "PROBLEM: The series breaks the build" in printed
    fails = 'Build fails with patch 2, "mm: use a helper that is not there", in 3 of 3 cells'
    assert f"{fails}: {CELL}, {CELL}-narrow, i386-objects" in printed
    assert compiled(cell) == {UTIL: "broken"}


def test_a_warning_counts_where_it_came_and_not_where_it_is_mended(tried: Tried) -> None:
    series = [("mm: prepare", [NEW_WARNING]), ("lib: another factor", [FACTOR]), ("mm: do without", [MENDED])]
    (cell,), _, printed = tried(series, 1)
    # Patch 2 leaves the file alone: it still warns.
    assert new_warnings(cell) == [0, 1, 1, 0]
    assert 'new warning with patch 1, "mm: prepare"' in printed
    assert "1 new warning with patch 1" in printed
    assert "with patch 3" not in printed.partition("Patch by patch")[0]


def test_a_header_is_shown_by_files_that_include_it(tried: Tried) -> None:
    series = [
        ("mm: more owners", [("include/linux/mm_types.h", "\tunsigned long flags;\n", "\tunsigned long flags, x;\n")])
    ]
    (cell,), _, _ = tried(series, 0)
    (file,) = cell.files
    assert file.compiled
    assert {"mm/util.o", "mm/page_alloc.o"} <= set(file.objects)
    assert [file.compiled for file in cell.coverage or ()] == [True]


def test_a_new_option_is_on_from_the_patch_that_brings_it(tried: Tried) -> None:
    new = "int fake_new(int x);\nint fake_new(int x)\n{\n\treturn x + FAKE_STEP;\n}\n"
    series = [
        ("lib: a new file", [COMMENT]),
        ("lib: compile the new file", [RULE, OPTION]),
        ("lib: a step that is known", [("lib/fake_new.c", "FAKE_STEP", "1")]),
    ]
    (cell,), _, printed = tried(series, 1, {"lib/fake_new.c": new})
    # No makefile names it at patch 1: nobody compiles it there.
    assert statuses(cell) == ["built", "built", "failed", "built"]
    assert "FAKE_STEP" in cell.states[2].errors[0].message
    assert 'does not compile with patch 2, "lib: compile the new file"' in printed


WITHOUT = (
    EXTRA,
    "#include",
    "#ifndef CONFIG_MEMCG\nint fake_small(int x);\nint fake_small(int x)\n{\n\treturn x * 3;\n}\n#endif\n#include",
)


def test_what_needs_an_option_to_be_off_has_a_configuration_of_its_own(tried: Tried, run: Runner) -> None:
    _, record, printed = tried([("lib: more", [FACTOR]), ("lib: without memcg", [WITHOUT])], 0)
    wide, other = record.cells[:2]
    assert [cell.id for cell in record.cells] == [CELL, f"{CELL}-2", f"{CELL}-narrow", "i386-objects"]
    assert other.about == "allyesconfig with CONFIG_MEMCG=n, for lines and files that x86_64-objects leaves out"
    assert (statuses(wide), statuses(other)) == (["built"] * 3, ["built"] * 3)
    (covered,) = covered_files(record)
    assert (len(covered.changed), covered.dropped) == (6, frozenset())
    assert "1 of 1 touched file compiled, 6 of 6 changed lines" in printed
    assert [file.path for file in other.files] == [EXTRA]
    again = run(*shlex.split(record.command)[1:])
    assert (again.returncode, "Compiling" in again.stderr) == (0, False), again.stderr


def test_what_breaks_only_without_an_option_is_found(tried: Tried) -> None:
    broken = (*WITHOUT[:2], WITHOUT[2].replace("x * 3", "y * 3"))
    _, record, printed = tried([("lib: without memcg", [broken])], 1)
    broken_in = [cell.id for cell in record.cells if statuses(cell) == ["built", "failed"]]
    assert broken_in == [f"{CELL}-2", f"{CELL}-narrow"]
    assert 'does not compile with patch 1, "lib: without memcg"' in printed


TAKEN_FOR_GRANTED = (
    EXTRA,
    "#include",
    "#ifdef CONFIG_MEMCG\nint fake_charge(int pages);\n#endif\nint fake_pay(int pages);\n\n"
    "int fake_pay(int pages)\n{\n\treturn fake_charge(pages);\n}\n#include",
)


def test_what_the_series_takes_for_granted_is_missed_in_a_narrow_configuration(tried: Tried) -> None:
    """Seen red without the cell: everything is on where everything is on."""
    options = OPTION[0], OPTION[1], OPTION[2]
    _, record, printed = tried([("lib: more", [options]), ("lib: pay", [TAKEN_FOR_GRANTED])], 1)
    assert [statuses(cell)[-1] for cell in record.cells] == ["built", "failed", "built"]
    narrow = record.cells[1]
    about = "allnoconfig with CONFIG_FAKE_EXTRA=y and no more: what the series takes for granted is not there"
    assert (narrow.id, narrow.about.partition(" and sparse ")[0]) == (f"{CELL}-narrow", about)
    assert "fake_charge" in narrow.states[-1].errors[0].message
    assert 'does not compile with patch 2, "lib: pay"' in printed


GUARDED = (
    EXTRA,
    "#include",
    "#ifdef CONFIG_MEMCG\nint fake_charge(void);\n\nint fake_charge(void)\n{\n\treturn 1;\n}\n#endif\n#include",
)


def test_lines_that_do_not_compile_are_not_those_that_no_configuration_has(tried: Tried) -> None:
    """Seen red: where an option is off that they need, the file compiles without them, and they "needed" the option."""
    _, record, printed = tried([("lib: charge", [GUARDED]), ("lib: more", [(EXTRA, "return 1;", "return pages;")])], 1)
    narrow = next(cell for cell in record.cells if cell.id == f"{CELL}-narrow")
    assert (statuses(record.cells[0]), statuses(narrow)) == (["built", "built", "failed"], ["built"] * 3)
    assert not [note for note in record.notes if "in no configuration" in note]
    assert "the preprocessor drops every changed line: lib" not in printed
    assert f"Not covered, it compiles only where every changed line is dropped: {EXTRA}." in printed
    rows = {(row.check, row.patch): row.word for row in check_rows(record)}
    # Compiled with warnings after the first patch; clang was never given a line of either.
    assert (rows["W=1", 1], rows["W=1", 2]) == ("ok", "not checked")
    assert (rows["clang", 1], rows["clang", 2]) == ("not checked", "not checked")


DIVIDES = (
    EXTRA,
    "#include",
    "unsigned long long fake_mean(unsigned long long sum, unsigned long long number);\n\n"
    "unsigned long long fake_mean(unsigned long long sum, unsigned long long number)\n"
    "{\n\treturn sum / number;\n}\n#include",
)
NARROW = (
    EXTRA,
    "#include",
    "unsigned long long fake_cast(void *address);\n\n"
    "unsigned long long fake_cast(void *address)\n{\n\treturn (unsigned long long)address;\n}\n#include",
)


ZOO = (
    "Kconfig",
    "config FAKE_BROKEN_CC\n",
    'config FAKE_ZOO\n\tbool "A zoo"\n\tdepends on FAKE_ANT\n\n'
    'config FAKE_ANT\n\tbool "An ant"\n\tdepends on FAKE_MOSS\n\n'
    'config FAKE_MOSS\n\tbool "Moss"\n\nconfig FAKE_BROKEN_CC\n',
)
ZOO_RULE = ("lib/Makefile", "obj-y += string.o\n", "obj-y += string.o\nobj-$(CONFIG_FAKE_ZOO) += fake_zoo.o\n")


def test_what_needs_several_options_is_configured_once(tried: Tried, run: Runner) -> None:
    """Seen red where what was stored came back in another order, which is another cell."""
    files = {"lib/fake_zoo.c": "int fake_zoo(void);\nint fake_zoo(void)\n{\n\treturn 1;\n}\n"}
    _, record, _ = tried([("lib: a zoo", [ZOO, ZOO_RULE]), ("lib: more", [COMMENT])], 0, files)
    (narrow,) = [cell for cell in record.cells if cell.id == f"{CELL}-narrow"]
    assert {"FAKE_ANT=y", "FAKE_MOSS=y", "FAKE_ZOO=y"} <= set(narrow.requests or ())
    again = run(*shlex.split(record.command)[1:])
    assert again.returncode == 0, again.stderr
    assert "Configuring" not in again.stderr
    assert "Compiling" not in again.stderr


def test_a_division_that_32_bits_cannot_do_is_a_failure_there(tried: Tried) -> None:
    """Seen red without the look at undefined symbols: the object compiles."""
    _, record, printed = tried([("lib: more", [FACTOR]), ("lib: a mean", [DIVIDES])], 1)
    wide, narrow, of_32_bits = record.cells
    assert (statuses(wide), statuses(narrow)) == (["built", "built", "built"], ["built", "built", "built"])
    assert (of_32_bits.id, statuses(of_32_bits)) == ("i386-objects", ["built", "built", "failed"])
    (error,) = of_32_bits.states[2].errors
    assert (error.path, error.function) == (EXTRA, "fake_mean")
    assert error.message.startswith('undefined reference to "__udivdi3" in fake_mean(); ')
    assert 'does not compile with patch 2, "lib: a mean"' in printed
    assert printed.index("Objects of x86_64 (") < printed.index("Objects of x86_64, i386 (")


@pytest.mark.skipif(newest("llvm") == "llvm", reason="no whole LLVM is installed")
def test_what_only_clang_warns_of_is_found(tried: Tried) -> None:
    """Seen red with the narrow cell compiled by gcc."""
    odd = (
        EXTRA,
        "#include",
        'const char *fake_name(int at);\n\nconst char *fake_name(int at)\n{\n\treturn "a name" + at;\n}\n#include',
    )
    _, record, printed = tried([("lib: another factor", [FACTOR]), ("lib: a name", [odd])], 1)
    assert {cell.id: new_warnings(cell) for cell in record.cells} == {
        CELL: [0, 0, 0],
        f"{CELL}-narrow": [0, 0, 1],
        "i386-objects": [0, 0, 0],
    }
    assert "clang" in record.cells[1].toolchain
    assert 'new warning with patch 2, "lib: a name"' in printed


def test_the_first_verdict_does_not_wait_for_a_third_architecture(tried: Tried) -> None:
    """Seen red with all that the series concerns in one turn."""
    files = {f"arch/{arch}/mm/far.c": "int far_away;\n" for arch in ("arm64", "riscv")}
    _, record, printed = tried([("lib: another factor", [FACTOR])], 0, files)
    assert [cell.id for cell in record.cells][:3] == [CELL, "arm64-objects", "riscv-objects"]
    first, _, later = printed.partition("Objects of ")[2].partition("Objects of ")
    assert "arm64-objects: " in first
    assert "riscv-objects: " not in first
    assert "riscv-objects: " in later


def test_a_warning_of_32_bits_is_found(tried: Tried) -> None:
    _, record, printed = tried([("lib: a cast", [NARROW])], 1)
    assert [new_warnings(cell) for cell in record.cells] == [[0, 0], [0, 0], [0, 1]]
    assert "cast from pointer to integer of different size" in printed


@pytest.mark.skipif(not shutil.which("sparse"), reason="sparse is not installed")
def test_what_sparse_says_is_a_new_warning_of_the_patch_that_brought_it(tried: Tried) -> None:
    """Beside the compiler, after the first verdict; what sparse cannot read breaks nothing, and is no warning.

    Seen red without CHECK=: sparse's status is make's then.
    """
    shown = (EXTRA, "#include", "int fake_shown;\n#include")
    unknown = (EXTRA, "int fake_shown;", "int fake_shown;\n#ifdef __CHECKER__\n#error sparse\n#endif")
    series = [("lib: another factor", [FACTOR]), ("lib: a variable", [shown]), ("lib: confuse", [unknown])]
    _, record, printed = tried(series, 1)
    assert [statuses(cell) for cell in record.cells] == [["built"] * 4] * 3
    assert [new_warnings(cell) for cell in record.cells] == [[0] * 4, [0, 0, 1, 0], [0, 0, 1, 0]]
    of_32_bits = record.cells[2]
    (warning,) = of_32_bits.states[2].new_warnings
    assert (warning.path, warning.tool) == (EXTRA, "sparse")
    assert warning.message == "symbol 'fake_shown' was not declared. Should it be static?"
    assert " and sparse " in of_32_bits.about
    assert 'new warning with patch 2, "lib: a variable"' in printed
    # What sparse cannot read is no proof of anything.
    rows = {(row.check, row.patch): row for row in check_rows(record)}
    assert [rows["sparse", patch].word for patch in (1, 2, 3)] == ["ok", "PROBLEM", "not checked"]
    assert rows["sparse", 3].reason.endswith(" cannot read what the compiler can")
    assert [rows["bisectability", patch].word for patch in (1, 2, 3)] == ["ok"] * 3


def test_more_warnings_are_had_on_request(
    tried: Tried, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, run: Runner
) -> None:
    """Those of W=2 alone, each of the patch that brought it."""
    shadow = (EXTRA, "sum * 31", "({ int sum = 31; sum; })")
    series = [("lib: say more", [COMMENT]), ("lib: a factor", [shadow])]
    (tmp_path / "checks.toml").write_text('[check."W=2"]\non = true\n')
    (tmp_path / "gitconfig").write_text(f"[pipeline]\n\tchecks = {tmp_path}/checks.toml\n")
    assert isinstance(run.environment, dict)
    monkeypatch.setitem(run.environment, "GIT_CONFIG_GLOBAL", str(tmp_path / "gitconfig"))
    _, record, printed = tried(series, 1)
    assert [row.word for row in check_rows(record) if row.check == "W=1"] == ["ok", "ok"]
    assert [row.word for row in check_rows(record) if row.check == "W=2"] == ["ok", "PROBLEM"]
    assert 'new warning with patch 2, "lib: a factor"' in printed


def test_what_a_changed_option_brings_is_compiled_where_it_was_not_before(tried: Tried) -> None:
    """Seen red where a series of Kconfig files alone was configured and no more."""
    allowed = ("mm/Kconfig", "depends on HUGETLBFS && SPARSEMEM_VMEMMAP", "depends on HUGETLBFS")
    _, record, printed = tried([("mm: allow it on 32 bits", [allowed])], 0)
    files = {cell.id: [(file.path, file.objects, file.compiled) for file in cell.files] for cell in record.cells}
    shown = [("mm/Kconfig", ("mm/hugetlb_vmemmap.o",), True)]
    assert files == {CELL: shown, "i386-objects": shown}
    assert "1 of 1 file read, none of code" in printed


def test_what_includes_a_header_that_goes_is_compiled(tried: Tried) -> None:
    """Seen red where includers were compiled of headers that are there alone: all was well."""
    header = "include/linux/page-flags.h"
    renamed = [(header, "", header.replace("page-", "")), (UTIL, "linux/page-flags.h", "linux/flags.h")]
    (cell,), _, printed = tried([("lib: another factor", [FACTOR]), ("mm: a better name", renamed)], 1)
    assert statuses(cell) == ["built", "built", "failed"]
    assert "linux/page-flags.h: No such file or directory" in printed


def test_a_base_that_kconfig_refuses_is_said(run: Runner, tmp_path: Path, sealed_environment: dict[str, str]) -> None:
    """Nothing can be configured there, neither with everything nor with nothing."""
    developer = Developer(tmp_path / "linux", {**sealed_environment, **git_identity(AUTHOR)})
    developer.branch("broken", "master", ("kconfig: go", [("Kconfig", "config FAKE_BROKEN_CC\n", "config (\n")]))
    developer.branch("tried", "broken", ("lib: another factor", [FACTOR]))
    posted = developer.post(tmp_path / "posted", "broken..tried", "lib: a trial")
    tree = f"--tree=path:{developer.folder}#broken"
    done = run("apply-and-build", str(posted.folder), tree, "--until=objects")
    assert done.returncode == 1, done.stdout + done.stderr
    assert f"{CELL}: make allyesconfig failed on the base" in words(done.stderr)


BOARD, CHIP = "arch/x86/boot/dts/maker/board.dts", "arch/x86/boot/dts/maker/chip.dtsi"


def test_device_trees_are_compiled_with_what_includes_them(tried: Tried) -> None:
    files = {BOARD: '/dts-v1/;\n#include "chip.dtsi"\n/ { };\n', CHIP: "/ { cells = <1>; };\n"}
    series = [
        ("x86: dts: a board", [COMMENT]),
        ("x86: dts: two cells", [(CHIP, "<1>", "<2>")]),
        ("x86: dts: another chip", [(BOARD, "chip.dtsi", "chop.dtsi")]),
    ]
    (cell,), _, printed = tried(series, 1, files)
    assert statuses(cell) == ["built", "built", "built", "failed"]
    assert [(file.path, file.objects) for file in cell.files][:2] == [
        (BOARD, (BOARD.replace(".dts", ".dtb"),)),
        (CHIP, ()),
    ]
    assert 'does not compile with patch 3, "x86: dts: another chip"' in printed
    assert f"{BOARD}:2: chop.dtsi: No such file or directory" in printed


def test_a_device_tree_that_goes_is_asked_for_no_more(tried: Tried) -> None:
    files = {BOARD: '/dts-v1/;\n#include "chip.dtsi"\n/ { };\n', CHIP: "/ { cells = <1>; };\n"}
    moved = ("x86: dts: another name", [(BOARD, "", BOARD.replace("board", "plank")), (CHIP, "<1>", "<2>")])
    (cell,), _, _ = tried([("x86: dts: a board", [COMMENT]), moved], 0, files)
    assert statuses(cell) == ["built", "built", "built"]


def test_a_new_board_is_not_told_of_the_warnings_of_its_chip(
    run: Runner, tmp_path: Path, sealed_environment: dict[str, str]
) -> None:
    """Seen red where no device tree of the base that includes the chip was compiled beside the new one."""
    developer = Developer(tmp_path / "linux", {**sealed_environment, **git_identity(AUTHOR)})
    texts = {BOARD: '/dts-v1/;\n#include "chip.dtsi"\n/ { };\n', CHIP: "#warning an old one\n/ { };\n"}
    plank, beam = BOARD.replace("board", "plank"), BOARD.replace("board", "beam")
    makefile = str(Path(BOARD).with_name("Makefile"))
    later = {plank: texts[BOARD], beam: f"{texts[BOARD]}#warning its own\n", makefile: "# Boards.\n"}
    for branch, files in (("boards", texts), ("tried", later)):
        developer.git("checkout", "--quiet", "-B", branch)
        for name, content in files.items():
            (developer.folder / name).parent.mkdir(parents=True, exist_ok=True)
            (developer.folder / name).write_text(content)
        developer.git("add", "--all")
        developer.git("commit", "--quiet", "--signoff", "-m", f"x86: dts: {branch}")
    series = developer.post(tmp_path / "posted", "boards..tried", "x86: dts: boards").folder
    tree = f"--tree=path:{developer.folder}#boards"
    done = run("apply-and-build", str(series), tree, "--until=objects", "--json=run.json")
    assert done.returncode == 1, done.stdout + done.stderr
    record = RunRecord.model_validate_json((run.folder / "run.json").read_bytes())
    (cell,) = (cell for cell in record.cells if cell.id == CELL)
    warnings = [(warning.path, warning.message) for state in cell.states for warning in state.new_warnings]
    assert [path for path, _ in warnings] == [beam], warnings
    assert compiled(cell)[makefile] == ""


def test_code_that_is_taken_away_alone_is_no_verdict(
    tmp_path: Path, run: Runner, sealed_environment: dict[str, str]
) -> None:
    developer = Developer(tmp_path / "linux", {**sealed_environment, **git_identity(AUTHOR)})
    developer.git("checkout", "--quiet", "-B", "tried")
    developer.git("rm", "--quiet", "lib/fake_broken.c")
    developer.git("commit", "--quiet", "--signoff", "-m", "lib: without a file")
    series = developer.post(tmp_path / "posted", "master..tried", "lib: a trial")
    tree = f"--tree=path:{developer.folder}#master"
    done = run("apply-and-build", str(series.folder), tree, "--until=objects")
    assert done.returncode == 1
    assert "NO VERDICT: Nothing proven" in words(done.stdout)


REMOVES = (UTIL, "\t\tpage_set_flag(page, PG_referenced);\n", "")


def test_removed_lines_count_where_the_base_compiled_them(tried: Tried, run: Runner) -> None:
    """Seen red before they were looked for: a series that removes lines alone had nothing to cover."""
    (cell,), record, printed = tried([("mm: no reference", [REMOVES])], 0)
    assert [(file.compiled, file.kept == file.lines) for file in cell.removed or ()] == [(True, True)]
    assert [other.removed for other in record.cells if other.id != CELL] == [None] * (len(record.cells) - 1)
    assert "1 of 1 touched file compiled, 1 of 1 removed line" in printed
    again = run(*shlex.split(record.command)[1:])
    assert again.returncode == 0, again.stderr
    assert "Compiling" not in again.stderr
    assert run.record().cells[0].removed == cell.removed


def test_what_another_revision_removes_is_looked_for_without_another_base(tried: Tried) -> None:
    tried([("mm: no reference", [REMOVES])], 0)
    more = (UTIL, "\tif (!page_flag(page, PG_dirty)) {\n", "\t{\n")
    (cell,), _, printed = tried([("mm: no reference", [REMOVES]), ("mm: no condition", [more])], 0)
    base = cell.states[0]
    assert [file.kept == file.lines for file in cell.removed or ()] == [True]
    assert base.cached
    assert "2 of 2 removed lines" not in printed


def test_options_are_read_by_kconfig_after_each_patch(tried: Tried) -> None:
    (cell,), _, printed = tried([("lib: an option", [OPTION])], 0)
    assert (statuses(cell), cell.files) == (["built", "built"], ())
    assert "kconfig takes 1 patch, and there is nothing to compile" in printed
    assert "OK: No problem found: 1 patch, 1 of 1 file read, none of code." in printed
    assert "no new warnings" not in printed


def test_texts_get_no_cell(tried: Tried) -> None:
    cells, _, printed = tried([("readme: a word", [("README", "A fake kernel", "The fake kernel")])], 1)
    assert cells == []
    assert "the series touches nothing that could be compiled" in printed


def test_a_makefile_is_read_by_objects_beside_it(tried: Tried) -> None:
    good = ("lib/Makefile", "obj-y += string.o\n", "obj-y += string.o # and more\n")
    (cell,), _, printed = tried([("lib: a comment", [good])], 0)
    (file,) = cell.files
    assert (file.path, file.compiled, "lib/string.o" in file.objects) == ("lib/Makefile", True, True)
    assert "OK: No problem found: 1 patch, 1 of 1 file read, none of code." in printed


def test_a_makefile_that_fails_is_a_patch_that_does_not_compile(tried: Tried) -> None:
    bad = ("lib/Makefile", "obj-y += string.o\n", "obj-y += string.o\n$(error no more)\n")
    (cell,), _, printed = tried([("lib: an error", [bad])], 1)
    assert statuses(cell) == ["built", "failed"]
    assert 'does not compile with patch 1, "lib: an error"' in printed


def test_what_is_not_compiled_says_why(tried: Tried) -> None:
    odd = "lib/odd name$(shell touch pwned).c"
    files = {
        "arch/alpha/kernel/x.c": "int alpha;\n",
        "arch/um/x.c": "int um;\n",
        "lib/orphan.c": "int orphan;\n",
        odd: "int odd;\n",
        "lib/--eval=x.c": "int option;\n",
    }
    series = [
        (
            "lib: here and there",
            [FACTOR, ("lib/fake_broken.c", "\n", "\n\n"), ("lib/Makefile", "obj-y += string.o\n", RULE[2])],
        ),
    ]
    (cell,), _, printed = tried(series, 0, files | {"lib/fake_new.c": "int fake_new;\n"})
    reasons = compiled(cell)
    assert reasons[EXTRA] == ""
    assert reasons["arch/alpha/kernel/x.c"] == "needs arch/alpha"
    assert reasons["lib/orphan.c"] == "no makefile that counts for x86_64 names orphan.o"
    assert reasons["lib/fake_new.c"] == "needs CONFIG_FAKE_NEW: no such option in this tree"
    assert reasons[odd] == reasons["lib/--eval=x.c"] == "make cannot be asked for a file of this name"
    assert reasons["lib/fake_broken.c"] == "does not compile on the base either"
    assert "1 of 8 touched files compiled" in printed
