"""A matrix that leaves the choice of kernels to the series: what is built, why, and what is said of the rest."""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from pipeline.record import RunRecord
from tests.support.developer import UTIL, Developer, Edit
from tests.support.main_job import words
from tests.support.people import AUTHOR, git_identity
from tests.support.runner import Runner

pytestmark = pytest.mark.xdist_group("chosen")

MATRIX = """\
title = "chosen"
choice = "needed"

[defaults]
base = "tinyconfig"
fragments = ["printk"]

[[cells]]
id = "small"
about = "a small kernel"
arch = "x86_64"
toolchain = "gcc"

[[cells]]
id = "far"
arch = "arm64"
toolchain = "no-such-linux-gnu-gcc"

[[also]]
matrix = "beside"
reason = "the series touches huge pages"
files = ["mm/hugetlb*"]
names = ["huge_\\\\w+"]
"""
BESIDE = """\
title = "beside"

[[cells]]
id = "i386-beside"
arch = "i386"
toolchain = "gcc"
base = "tinyconfig"
fragments = ["printk"]
"""
EXTRA = ("lib: another factor", [("lib/fake_extra.c", "sum * 31", "sum * 33")])
ALWAYS = ("mm: a comment", [(UTIL, "#include", "/* A comment. */\n#include")])
NAMED = ("mm: say huge_words", [(UTIL, "#include", "#define FAKE(x) huge_words(x)\n#include")])
HELP = ("Kconfig: more help", [("Kconfig", 'bool "Compile one file more"', 'bool "Compile a file more"')])

NARROW = {"x86_64-objects-narrow": "built"}
OBJECTS = {"x86_64-objects": "built", "i386-objects": "built", **NARROW}

Built = dict[str, str]
Run = Callable[..., tuple[RunRecord, str]]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("chosen")
    (place / "chosen.toml").write_text(MATRIX)
    (place / "beside.toml").write_text(BESIDE)
    (place / "printk.config").write_text("CONFIG_PRINTK=y\n")
    return place


@pytest.fixture(scope="module")
def runner(folder: Path, sealed_environment: dict[str, str]) -> Runner:
    """The workspace is shared, so that bases are built once."""
    return Runner(folder / "workspace", sealed_environment, folder)


Commit = tuple[str, Sequence[Edit]]


@pytest.fixture
def posted(tmp_path: Path, sealed_environment: dict[str, str]) -> Callable[..., tuple[str, str]]:
    """Posts commits on the fake kernel; the series and `--tree` of it."""

    def posted(*commits: Commit) -> tuple[str, str]:
        developer = Developer(tmp_path / "linux", {**sealed_environment, **git_identity(AUTHOR)})
        developer.branch("tried", "master", *commits)
        series = developer.post(tmp_path / "posted", "master..tried", "lib: a trial")
        return str(series.folder), f"--tree=path:{developer.folder}#master"

    return posted


@pytest.fixture
def ran(runner: Runner, posted: Callable[..., tuple[str, str]]) -> Run:
    def ran(*commits: Commit, options: Sequence[str] = (), status: int = 0) -> tuple[RunRecord, str]:
        series, tree = posted(*commits)
        done = runner("apply-and-build", series, tree, "--matrix=chosen.toml", "--json=run.json", *options)
        assert done.returncode == status, done.stdout + done.stderr
        record = RunRecord.model_validate_json((runner.folder / "run.json").read_bytes())
        return record, words(done.stderr + done.stdout)

    return ran


def built(record: RunRecord) -> Built:
    return {cell.id: cell.status for cell in record.cells}


def test_a_kernel_is_built_with_what_the_series_needs(ran: Run) -> None:
    record, _ = ran(EXTRA)
    assert built(record) == {**OBJECTS, "small": "built"}
    small = record.cells[-1]
    assert small.requests == ("PRINTK=y", "FAKE_EXTRA=y")
    assert small.about == "a small kernel, with CONFIG_FAKE_EXTRA; compiles 1 of 1 source file of the series"
    assert [file.compiled for file in small.coverage or ()] == [True]


def test_a_kernel_that_has_it_already_is_asked_for_nothing(ran: Run) -> None:
    record, _ = ran(ALWAYS)
    assert record.cells[-1].requests == ("PRINTK=y",)


def test_a_series_about_what_another_matrix_asks_gets_its_cells(ran: Run) -> None:
    record, _ = ran(NAMED)
    assert built(record) == {**OBJECTS, "small": "built", "i386-beside": "built"}
    assert record.cells[-1].about == "since the series touches huge pages"


BROKEN = ("lib: a factor of nobody", [("lib/fake_extra.c", "sum * 31", "sum * fake_nothing")])


def test_no_kernel_is_built_of_what_does_not_compile(ran: Run) -> None:
    """Seen red: a base was built for minutes, to see the same error again."""
    record, printed = ran(BROKEN, status=1)
    assert built(record) == dict.fromkeys(OBJECTS, "failed")
    note = "No kernel is built for x86_64: the series does not compile there."
    assert note in record.notes
    assert note in printed


def test_a_kernel_that_is_asked_for_is_built_all_the_same(ran: Run) -> None:
    record, _ = ran(BROKEN, status=1, options=("--cell=small",))
    assert built(record) == {"small": "failed"}


def test_a_kernel_is_built_where_a_later_patch_mends_it(ran: Run) -> None:
    mended = ("lib: the factor again", [("lib/fake_extra.c", "sum * fake_nothing", "sum * 32")])
    record, _ = ran(BROKEN, mended, status=1)
    assert built(record)["small"] == "built"


def test_options_alone_get_a_kernel(ran: Run) -> None:
    record, _ = ran(HELP)
    assert built(record) == {"x86_64-objects": "built", "small": "built"}
    assert record.cells[0].files == ()


def test_the_budget_leaves_out_what_does_not_fit(ran: Run) -> None:
    record, printed = ran(NAMED, options=("--budget=0s", "--until=kernels"))
    assert built(record) == {"x86_64-objects": "built"}
    architectures, kernels = record.notes[:2]
    assert architectures == "Further architectures were left out, since the budget does not allow it."
    assert kernels.startswith("Left out, since the budget does not allow it: small (about ")
    assert "i386-beside" in kernels
    assert (architectures in printed, kernels in printed) == (True, True)


SMALL = (
    "lib: without memcg",
    [("lib/fake_extra.c", "#include", "#ifndef CONFIG_MEMCG\nextern int fake_small;\n#endif\n#include")],
)


@pytest.mark.parametrize(("commits", "objects"), [([EXTRA], 1), ([EXTRA, SMALL], 2)])
def test_jobs_do_what_the_whole_does(
    commits: list[Commit], objects: int, runner: Runner, posted: Callable[..., tuple[str, str]]
) -> None:
    series, tree = posted(*commits)
    plan = runner("plan", series, tree, "--matrix=chosen.toml", "--format=github", f"--output=plan{objects}")
    assert plan.returncode == 0, plan.stderr
    jobs = json.loads(plan.stdout)["include"]
    assert [job["cells"] for job in jobs] == ["x86_64-objects", "i386-objects", "small"]
    parts = []
    for job in jobs:
        done = runner(
            "apply-and-build", series, f"--tree={job['tree']}", "--matrix=chosen.toml", f"--cell={job['cells']}"
        )
        assert done.returncode == 0, done.stdout + done.stderr
        parts.append(max((runner.workspace / "runs").glob("*"), key=lambda run: run.stat().st_mtime_ns))
        assert next(iter(built(runner.record()))) == job["cells"]
    merged = runner("merge", f"plan{objects}", *map(str, parts))
    assert merged.returncode == 0, merged.stdout + merged.stderr
    further = ["x86_64-objects-2"][: objects - 1]
    assert built(runner.record()) == {**OBJECTS, **dict.fromkeys([*further, "small"], "built")}
    again = runner(*shlex.split(runner.record().command)[1:])
    assert again.returncode == 0, again.stdout + again.stderr


def test_the_plan_says_why_each_cell_is_there(runner: Runner, posted: Callable[..., tuple[str, str]]) -> None:
    series, tree = posted(NAMED, EXTRA)
    done = runner("plan", series, tree, "--matrix=chosen.toml")
    assert done.returncode == 0, done.stderr
    why = words(done.stdout.partition("Why")[2])
    assert "x86_64-objects: allyesconfig, and of it the objects of what the series touches, with W=1" in why
    assert "small: a small kernel, with CONFIG_FAKE_EXTRA; compiles 2 of 2 source files of the series" in why
    assert "i386-beside: since the series touches huge pages" in why


def test_a_compiler_that_is_missing_is_a_note(
    runner: Runner, tmp_path: Path, sealed_environment: dict[str, str]
) -> None:
    developer = Developer(tmp_path / "linux", {**sealed_environment, **git_identity(AUTHOR)})
    developer.git("checkout", "--quiet", "-B", "tried")
    (developer.folder / "arch/arm64/mm").mkdir(parents=True)
    (developer.folder / "arch/arm64/mm/far.c").write_text("int far_away;\n")
    developer.git("add", "--all")
    developer.git("commit", "--quiet", "--signoff", "-m", "arm64: a file")
    series = developer.post(tmp_path / "posted", "master..tried", "arm64: a trial")
    where = (str(series.folder), f"--tree=path:{developer.folder}#master", "--matrix=chosen.toml")
    done = runner("apply-and-build", *where, "--until=kernels")
    assert done.returncode == 1, done.stdout
    (note,) = runner.record().notes
    assert note.startswith("far is not built: ")
    assert "no-such-linux-gnu-gcc" in note
    assert note in words(done.stdout)


def test_a_warm_base_is_found_by_the_next_series(
    tmp_path: Path, runner: Runner, posted: Callable[..., tuple[str, str]]
) -> None:
    own = runner.within(tmp_path / "workspace")
    series, tree = posted(ALWAYS)
    done = own("warm", tree, "--matrix=chosen.toml")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "OK: No problem found: baseline without a series, 1 of 1 cell built." in words(done.stdout)
    assert built(own.record()) == {"small": "built"}
    after = own("apply-and-build", series, tree, "--matrix=chosen.toml")
    assert after.returncode == 0, after.stdout + after.stderr
    configured = {line for line in after.stderr.splitlines() if line.startswith("Configuring")}
    # What a series needs and no more is its own.
    assert configured == {"Configuring: x86_64-objects-narrow"}
    assert [state.cached for state in own.record().cells[-1].states] == [True, False]


def test_a_cell_that_no_series_can_get_is_a_mistake(runner: Runner, posted: Callable[..., tuple[str, str]]) -> None:
    series, tree = posted(EXTRA)
    done = runner("apply-and-build", series, tree, "--matrix=chosen.toml", "--cell=x86-small")
    assert done.returncode == 2
    assert "no cell of the matrix matches x86-small" in done.stderr


def test_a_suggestion_is_for_the_first_cell(runner: Runner, posted: Callable[..., tuple[str, str]]) -> None:
    # Of the other one there is no compiler.
    series, tree = posted(EXTRA)
    done = runner("plan", series, tree, "--matrix=chosen.toml", "--suggest")
    assert done.returncode == 0, done.stderr
    assert "CONFIG_FAKE_EXTRA=y" in done.stdout
