"""Rust in the stage `objects`: compiled by its makefile or its crate's, or the true reason why it is not."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pytest

from pipeline.record import CellRecord, RunRecord
from pipeline.system.policy import SEARCH_PATH
from tests.support.developer import UTIL, Developer, Edit
from tests.support.main_job import words
from tests.support.people import AUTHOR, git_identity
from tests.support.runner import Runner
from tests.support.rust_kernel import ANSWER, DRIVER, LED, MACRO, add_rust

pytestmark = pytest.mark.xdist_group("rust")

CELL = "x86_64-objects-rust"
TOO_NEW = "case $1 in rustc) echo 99.1.0 ;; bindgen) echo 99.2.0 ;; *) exit 1 ;; esac\n"
MORE: Edit = (LED, "/// A step.", "/// Another one.\npub const OTHER: u32 = 3;\n\n/// A step.")
TWICE: Edit = (DRIVER, "x + kernel", "2 * x + kernel")
WRONG: Edit = (DRIVER, "    x + kernel::led::STEP", '    x + "led"')
OFF: Edit = (
    LED,
    "/// A step.",
    "/// Another one.\n#[cfg(not(CONFIG_FAKE_EXTRA))]\npub const OTHER: u32 = 3;\n\n/// A step.",
)
STRANGE: Edit = (LED, "/// A step.", "/// Another one.\npub const OTHER: u32 = missing();\n\n/// A step.")
NOT_IN_A_CRATE = {"rust/kernel/left_out.rs": "pub const LEFT: u32 = 1;\n"}
COMMENT: Edit = (UTIL, "#include", "/* More. */\n#include")

needs_rustc = pytest.mark.skipif(
    shutil.which("rustc", path=SEARCH_PATH) is None, reason="rustc is not installed where a sandbox sees it"
)

Tried = Callable[..., tuple[dict[str, CellRecord], RunRecord, str]]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory, sealed_environment: dict[str, str]) -> Runner:
    """The workspace is shared, so that the base is configured once."""
    folder = tmp_path_factory.mktemp("rust")
    return Runner(folder / "workspace", sealed_environment, folder)


@pytest.fixture
def tried(run: Runner, tmp_path: Path, sealed_environment: dict[str, str]) -> Tried:
    """Applies a patch for each of some edits, and stops after the stage; cells, the record, what was printed."""

    def tried(
        status: int, *edits: Edit, script: str = "", files: Mapping[str, str] | None = None, more: Sequence[str] = ()
    ) -> tuple[dict[str, CellRecord], RunRecord, str]:
        developer = Developer(tmp_path / "linux", {**sealed_environment, **git_identity(AUTHOR)})
        add_rust(developer, script)
        developer.branch("tried", "master", *((f"rust: change {edit[0]}", [edit]) for edit in edits))
        if files:
            developer.git("checkout", "--quiet", "tried")
            for path, text in files.items():
                (developer.folder / path).write_text(text)
            developer.git("add", "--all")
            developer.git("commit", "--quiet", "--signoff", "-m", "rust: add files")
            developer.git("checkout", "--quiet", "master")
        posted = developer.post(tmp_path / "posted", "master..tried", "rust: a trial")
        done = run(
            *("apply-and-build", str(posted.folder), f"--tree=path:{developer.folder}#master"),
            *("--until=objects", "--json=run.json", *more),
        )
        assert done.returncode == status, done.stdout + done.stderr
        record = RunRecord.model_validate_json((run.folder / "run.json").read_bytes())
        return {cell.id: cell for cell in record.cells}, record, words(done.stderr + done.stdout)

    return tried


def statuses(cell: CellRecord) -> list[str]:
    return [state.status for state in cell.states]


def test_without_programs_that_fit_the_tree_nothing_is_said_to_be_fine(tried: Tried) -> None:
    cells, _, printed = tried(1, MORE, script=TOO_NEW)
    assert cells[CELL].status == "unreachable"
    assert cells[CELL].reason.startswith("needs rustc ≥ 99.1.0 and bindgen ≥ 99.2.0; rustc is ")
    assert cells["x86_64-objects"].files[0].reason == cells[CELL].reason
    assert f"not compiled: {LED}: needs rustc ≥ 99.1.0 and bindgen ≥ 99.2.0; rustc is " in printed
    assert f"Not covered, no cell compiles it: {LED} (needs rustc ≥ 99.1.0" in printed
    assert "NOT COVERED" in printed


@needs_rustc
def test_a_driver_and_a_module_of_a_crate_are_compiled_patch_by_patch(tried: Tried) -> None:
    """In a cell of their own, where what excludes Rust is off."""
    cells, _, printed = tried(0, MORE, TWICE)
    (cell,) = cells.values()
    assert (cell.id, statuses(cell)) == (CELL, ["built"] * 3)
    assert "CONFIG_MEMCG=n" in cell.about
    assert {file.path: file.objects for file in cell.files} == {LED: ("rust/kernel.o",), DRIVER: ("lib/fake_rust.o",)}
    assert {file.path: (file.lines, file.kept) for file in cell.coverage or ()} == {LED: ("4", "4"), DRIVER: ("6", "6")}
    assert "all 2 patches compile, no new warnings; 2 of 2 touched files compiled, 2 of 2 changed lines" in printed


@needs_rustc
def test_who_touches_no_rust_does_not_pay_for_it(tried: Tried) -> None:
    cells, _, _ = tried(0, COMMENT)
    assert CELL not in cells


@needs_rustc
@pytest.mark.parametrize(
    ("wrong", "place", "message"),
    [
        (WRONG, f"{DRIVER}:6", "cannot add `&str` to `u32` [E0277]"),
        (STRANGE, f"{LED}:4", "cannot find function `missing` in this scope [E0425]"),
    ],
    ids=["driver", "crate"],
)
def test_a_patch_that_does_not_compile_is_blamed_with_file_and_line(
    tried: Tried, wrong: Edit, place: str, message: str
) -> None:
    cells, _, printed = tried(1, (DRIVER, "//! A driver.", "//! Another driver."), wrong)
    assert statuses(cells[CELL]) == ["built", "built", "failed"]
    errors = [(f"{error.path}:{error.line}", error.message, error.tool) for error in cells[CELL].states[2].errors]
    assert errors == [(place, message, "rustc")]
    assert f'does not compile with patch 2, "rust: change {wrong[0]}"' in printed


@needs_rustc
def test_a_line_below_an_option_that_is_off_is_compiled_in_a_further_configuration(tried: Tried) -> None:
    cells, _, _ = tried(0, OFF)
    assert [(file.lines, file.kept) for file in cells[CELL].coverage or ()] == [("5", "")]
    further = cells[f"{CELL}-2"]
    assert "CONFIG_FAKE_EXTRA=n" in further.about
    assert [(file.lines, file.kept) for file in further.coverage or ()] == [("5", "5")]


@needs_rustc
def test_a_file_that_no_crate_takes_in_is_not_covered(tried: Tried) -> None:
    cells, _, printed = tried(1, files=NOT_IN_A_CRATE)
    assert [file.reason for file in cells[CELL].files] == ["no crate that is compiled takes it in"]
    assert "NOT COVERED" in printed


@needs_rustc
@pytest.mark.parametrize(
    "edit",
    [
        (MACRO, "    include_str!", '    std::fs::write("/build/rust/loot", "").unwrap();\n    include_str!'),
        # What the macro takes in as its program; C reads it, too.
        (ANSWER, "42\n", "42\n/* loot */\n"),
    ],
    ids=["macro", "included"],
)
def test_what_runs_in_the_compiler_leaves_nothing_in_a_folder_of_others(tried: Tried, run: Runner, edit: Edit) -> None:
    """Each state whose macros are not the base's is built in a folder of its own."""
    tried(0, edit, TWICE)
    place = next(run.workspace.glob(f"builds/*/{CELL}"))
    folders = {path.name.partition("-")[0] for path in place.iterdir() if path.is_dir()}
    assert folders == {"base", "own"}
    assert not [path for path in run.workspace.glob("builds/*/*/*/rust/loot") if "/own-" not in str(path)]
