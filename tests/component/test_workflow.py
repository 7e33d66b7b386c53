"""The workflow for a series, its own shell steps executed: plan, a job for each kernel, and one report."""

from __future__ import annotations

import io
import json
import re
import shutil
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any

import pytest
import yaml

from pipeline.record import CellRecord, RunRecord
from tests.support import developer
from tests.support import workflow as workflows
from tests.support.developer import Developer, PatchSeries
from tests.support.faulty_server import Answer, serving
from tests.support.inbox import PublicInbox
from tests.support.matrices import CELLS, matrix_text, write_matrix
from tests.support.paths import PROJECT
from tests.support.runner import Runner as PipelineRunner
from tests.support.workflow import Execution, commands_in
from tests.support.workflow_expressions import evaluate

pytestmark = pytest.mark.xdist_group("workflow")

HOSTILE = "$(touch pwned) `touch pwned` '; touch pwned; ' " + "::add-mask::heads " * 9 + "##[add-mask]heads"
TWIN = {"x86_64-twin": "hvo"}


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory, posted: dict[str, PatchSeries]) -> Path:
    """A checkout of the project with two matrices, a page of documentation, and series as folders of patches.

    `fake.toml` has two kernels, one of them twice, and one that is out of reach; `one.toml` has one kernel.
    """
    folder = tmp_path_factory.mktemp("repository")
    shutil.copytree(PROJECT / ".github", folder / ".github")
    (folder / "docs").mkdir()
    (folder / "docs/conf.py").write_text("project = 'pipeline'\n")
    (folder / "docs/index.rst").write_text("A page\n======\n\nWhat the project says of itself.\n")
    write_matrix(folder, matrix_text({**CELLS, **TWIN}))
    (folder / "one.toml").write_text(matrix_text({"x86_64-hvo": "hvo"}))
    for name in ("breaks", "conflicts"):
        shutil.copytree(posted[name].folder, folder / name)
    for path in Path(shutil.copytree(posted["good"].folder, folder / "hostile")).glob("*.patch"):
        path.write_text(path.read_text().replace("mm: no more fake heads", f"mm: {HOSTILE}"))
    return folder


@pytest.fixture(scope="module")
def runner(repository: Path, sealed_environment: dict[str, str], public_inbox: PublicInbox) -> workflows.Runner:
    """A runner whose archive is on this machine."""
    kept = {name: value for name, value in sealed_environment.items() if not name.startswith(("HOME", "XDG_"))}
    return workflows.Runner(repository, kept, variables={"PIPELINE_MIDMASK": public_inbox.midmask})


def inputs(series: str, tree: Path | str, **more: object) -> dict[str, Any]:
    return {"message-id": series, "trees": f"path:{tree}#master", "matrix": "fake.toml", **more}


def merged(execution: Execution) -> RunRecord:
    return RunRecord.model_validate_json((execution.artifacts / "report/run.json").read_bytes())


@pytest.fixture(scope="module")
def done(
    runner: workflows.Runner,
    fake_tree: Path,
    posted: dict[str, PatchSeries],
    tmp_path_factory: pytest.TempPathFactory,
) -> Execution:
    wanted = replace(runner, inputs=inputs(posted["good"].message_ids[0], fake_tree))
    return wanted.run("series", tmp_path_factory.mktemp("done"))


def test_each_kernel_has_a_job(done: Execution) -> None:
    assert done.results == {
        "plan": "success",
        "build x86_64-hvo": "success",
        "build i386-odd": "success",
        "report": "success",
    }, failures(done)
    assert sorted(path.name for path in done.artifacts.iterdir()) == [
        *("plan", "report", "result-i386-odd", "result-x86_64-hvo")
    ]


def test_the_plan_is_printed(done: Execution) -> None:
    assert "x86_64-twin: same configuration as x86_64-hvo" in done.step("Plan").output


def without_time(cell: CellRecord) -> CellRecord:
    states = tuple(
        state.model_copy(update={"seconds": 0, "cpu_seconds": 0, "cached": False, "compiler_calls": None})
        for state in cell.states
    )
    return cell.model_copy(update={"states": states})


def test_the_merged_run_is_that_of_one_machine(
    done: Execution,
    run_pipeline: PipelineRunner,
    repository: Path,
    posted: dict[str, PatchSeries],
    public_inbox: PublicInbox,
) -> None:
    record = merged(done)
    (tree,) = record.trees
    arguments = (posted["good"].message_ids[0], f"--tree={tree.name}", f"--matrix={repository / 'fake.toml'}")
    alone = run_pipeline("apply-and-build", *arguments, f"--midmask={public_inbox.midmask}", "--json=run.json")
    assert alone.returncode == 0, alone.stderr
    whole = run_pipeline.record()
    assert list(map(without_time, record.cells)) == list(map(without_time, whole.cells))
    for name in ("series", "trees", "claims", "review", "matrix", "sandbox", "tools"):
        assert getattr(record, name) == getattr(whole, name), name
    assert record.command == whole.command.replace(str(repository / "fake.toml"), "fake.toml")
    assert record.notes == ("Put together from 3 runs.",)


def test_the_report_holds_everything(done: Execution, posted: dict[str, PatchSeries]) -> None:
    record = merged(done)
    report = done.artifacts / "report"
    for cell in record.cells:
        for state in cell.states:
            assert "  LD      vmlinux" in (report / state.log).read_text()
    assert (report / "report.txt").read_text().startswith("OK: No problem found: 4 patches, 2 of 3 cells built.")
    draft = message_from_bytes((report / "reply.eml").read_bytes(), policy=policy.default)
    assert draft["In-Reply-To"] == f"<{posted['good'].message_ids[0]}>"
    assert draft["From"] == "hugh <hugh@users.noreply.github.com>"
    assert (report / "report.html").read_text().startswith("<!DOCTYPE html>")
    assert done.summary.startswith("## ")
    assert "no more fake heads" in done.summary


def test_builds_find_the_tree_in_the_cache(done: Execution) -> None:
    """The jobs get it from the plan's, so that all of them have the same one."""
    (stored,) = (done.folder / "caches").glob("trees-*")
    assert (stored / "objects/pack").is_dir()
    assert "Fetching path:" in done.step("Plan").output
    assert all("Fetching path:" not in step.output for step in done.steps if step.name == "Build")


def test_what_compilers_made_of_the_tree_is_kept_for_each_kernel(done: Execution) -> None:
    kept = sorted((done.folder / "caches").glob("ccache-*"))
    assert [path.name.split("-trees-")[0] for path in kept] == ["ccache-1-i386-odd", "ccache-1-x86_64-hvo"]
    assert all(any((path / "objects").iterdir()) for path in kept)


def test_no_output_is_a_command(done: Execution) -> None:
    assert [step.commands for step in done.steps if step.commands] == []


def test_a_payload_is_as_good_as_inputs(runner: workflows.Runner, fake_tree: Path, tmp_path: Path) -> None:
    """And every patch is built where that is asked for."""
    payload = inputs("breaks", fake_tree, matrix="one.toml", **{"per-patch": True})
    execution = replace(runner, payload=payload).run("series", tmp_path)
    # A series with a problem is a result: its report is there, and the run is red.
    assert execution.results == {"plan": "success", "build x86_64-hvo": "success", "report": "failure"}, failures(
        execution
    )
    assert execution.step("Verdict").status == 1
    record = merged(execution)
    assert "--per-patch" in record.command
    assert [state.status for state in record.cells[0].states] == ["built", "built", "failed", "failed"]
    assert (execution.artifacts / "report/reply.eml").is_file()


def test_a_series_that_applies_nowhere_is_reported_without_a_build(
    runner: workflows.Runner, fake_tree: Path, tmp_path: Path
) -> None:
    execution = replace(runner, inputs=inputs("conflicts", fake_tree)).run("series", tmp_path)
    assert execution.results == {"plan": "success", "build": "skipped", "report": "failure"}, failures(execution)
    assert execution.step("Verdict").status == 3
    assert (execution.artifacts / "report/report.txt").read_text().startswith("PROBLEM: No tree took the series.")


def test_two_trees_of_which_one_moves(
    runner: workflows.Runner, own_tree: Path, fake_developer: Developer, posted: dict[str, PatchSeries], tmp_path: Path
) -> None:
    """A branch that goes on after the plan: every job builds what the plan saw. And a job that is lost is named."""
    place = Developer.__new__(Developer)
    place.__dict__.update({**fake_developer.__dict__, "folder": own_tree})

    def before(job: str) -> None:
        if job == "build tree1-x86_64-hvo":
            place.branch("master", "master", ("mm: move on", ((developer.UTIL, "#include", "/* on */\n#include"),)))
        if job == "report":
            shutil.rmtree(tmp_path / "run/artifacts/result-tree2-x86_64-hvo")

    trees = f"git:file://{own_tree}#master path:{own_tree}#next"
    wanted = inputs(posted["good"].message_ids[0], own_tree) | {"trees": trees, "matrix": "one.toml"}
    execution = replace(runner, inputs=wanted, before=before).run("series", tmp_path / "run")
    assert execution.results == {
        "plan": "success",
        "build tree1-x86_64-hvo": "success",
        "build tree2-x86_64-hvo": "success",
        "report": "failure",
    }, failures(execution)
    record = merged(execution)
    planned = RunRecord.model_validate_json((execution.artifacts / "plan/run.json").read_bytes())
    assert record.trees == planned.trees
    assert place.git("rev-parse", "master^").strip() in record.trees[0].name
    assert [(cell.tree, cell.status) for cell in record.cells] == [
        (record.trees[0].name, "built"),
        (record.trees[1].name, "missing"),
    ]
    assert "no result of the cell x86_64-hvo on path:" in execution.step("Merge").output
    assert execution.step("Verdict").status == 1


PAYLOADS = {
    "substitution": "a@b$(touch pwned)",
    "backticks": "a@b`touch pwned`",
    "quotes": "a@b'; touch pwned; '",
    "double quotes": 'a@b"; touch pwned; "',
    "a line": "a@b\ntouch pwned\n",
    "only a line end": "a@b\n",
    "a command of the runner": "::set-output name=jobs::[]",
    "one behind a line end": "a@b\n::add-mask::a",
    "an older one": "a@b##[add-mask]a",
    "an option": "--workspace=pwned",
    "a short option": "-v",
    "an expression": "${{ github.token }}",
    "a redirection": "a@b > pwned",
    "a glob": "a@b*",
    "a place": "/etc/passwd",
    "a place upwards": "../pwned",
    "terminal control": "a@b\x1b]0;pwned\x07",
    "not ASCII": "a@b\u202e",
    "length": "a" * 3000,
    "nothing": "",
}
GOOD = {"message-id": "a@b", "trees": "path:/nowhere", "matrix": "quick", "per-patch": "true"}


def assert_nothing_executed(execution: Execution) -> None:
    assert not list(execution.folder.rglob("pwned*"))
    assert [step.commands for step in execution.steps if step.commands] == []


@pytest.mark.parametrize("field", GOOD)
@pytest.mark.parametrize("payload", PAYLOADS.values(), ids=PAYLOADS.keys())
def test_hostile_inputs_are_refused_before_anything_is_done(
    runner: workflows.Runner, tmp_path: Path, field: str, payload: str
) -> None:
    """By `repository_dispatch`, where nothing has a default of the form."""
    if not payload and field != "message-id":
        pytest.skip("there is a default for it")
    execution = replace(runner, payload={**GOOD, field: payload}).run("series", tmp_path)
    assert execution.results == {"plan": "failure", "build": "skipped", "report": "skipped"}
    (step,) = execution.steps
    assert (step.name, step.status) == ("Check the inputs", 2)
    assert step.output.count("\n") == 1
    assert "is refused" in step.output
    assert_nothing_executed(execution)


@pytest.mark.parametrize("payload", [{"message-id": ["a@b"]}, {"matrix": {"a": "b"}}, {"trees": 7}])
def test_payloads_of_another_kind_are_refused(
    runner: workflows.Runner, tmp_path: Path, payload: dict[str, object]
) -> None:
    execution = replace(runner, payload={**GOOD, **payload}).run("series", tmp_path)
    assert execution.results["plan"] == "failure"
    assert_nothing_executed(execution)


SHARP = {
    "message-id": ("substitution", "quotes", "a line", "one behind a line end", "an older one", "an option"),
    "trees": ("substitution", "an option", "a glob"),
    "matrix": ("a command of the runner", "an option"),
}


@pytest.mark.parametrize(("field", "name"), [(field, name) for field, names in SHARP.items() for name in names])
def test_hostile_inputs_would_do_nothing_without_the_check_either(
    runner: workflows.Runner, tmp_path: Path, field: str, name: str
) -> None:
    payload = {**GOOD, "matrix": "fake.toml", field: PAYLOADS[name]}
    unchecked = replace(runner, payload=payload, skipped=frozenset({"Check the inputs"}))
    execution = unchecked.run("series", tmp_path)
    assert execution.results["plan"] == "failure"
    # 4: a name that is too long for the file system.
    assert execution.steps[-1].status in (2, 3, 4)
    assert_nothing_executed(execution)


@pytest.fixture(scope="module")
def hostile(runner: workflows.Runner, fake_tree: Path, tmp_path_factory: pytest.TempPathFactory) -> Execution:
    wanted = replace(runner, inputs=inputs("hostile", fake_tree, matrix="one.toml"))
    return wanted.run("series", tmp_path_factory.mktemp("hostile"))


def test_words_of_a_series_are_no_commands(hostile: Execution) -> None:
    assert hostile.results["report"] == "success", failures(hostile)
    assert merged(hostile).series.title.startswith("mm: $(touch pwned)")
    assert_nothing_executed(hostile)


@contextmanager
def github(runs: Mapping[int, tuple[str, Path | None]]) -> Iterator[Mapping[str, str]]:
    """What the real `gh` needs to find runs of `series` on a server here, as GitHub's REST API would show them.

    Args:
        runs: status and report by id; without a report the run has another artifact.

    Yields:
        Variables of the environment.
    """
    base = f"http://api.github.localhost/repos/{workflows.REPOSITORY}/actions"
    listed = [{"id": run, "status": status, "name": "series", "workflow_id": 7} for run, (status, _) in runs.items()]
    answers = {
        f"{base}/workflows/series.yml": {"id": 7, "name": "series", "path": ".github/workflows/series.yml"},
        f"{base}/workflows/7/runs": {"total_count": len(listed), "workflow_runs": listed},
    }
    archives = {}
    for run, (_, report) in runs.items():
        url = f"{base}/artifacts/{run}/zip"
        artifact = {"id": run, "name": "report" if report else "plan", "expired": False, "archive_download_url": url}
        answers[f"{base}/runs/{run}/artifacts"] = {"total_count": 1, "artifacts": [artifact]}
        content = io.BytesIO()
        with zipfile.ZipFile(content, "w") as archive:
            for path in report.rglob("*") if report else ():
                archive.write(path, path.relative_to(report or path))
        archives[url] = [Answer(body=content.getvalue(), headers={"Content-Type": "application/zip"})]
    described = {url: [Answer(body=json.dumps(answer).encode())] for url, answer in answers.items()}
    with serving({**described, **archives}) as server:
        # gh asks this host without TLS, and like every other through the proxy.
        yield {"GH_HOST": "github.localhost", "http_proxy": f"http://{server.address}"}


@pytest.fixture(scope="module")
def published(
    runner: workflows.Runner, done: Execution, hostile: Execution, tmp_path_factory: pytest.TempPathFactory
) -> Execution:
    """The pages of two reports; of the other runs one is under way, and one ended early."""
    report, strange = done.artifacts / "report", hostile.artifacts / "report"
    runs = {4: ("in_progress", report), 3: ("completed", None), 2: ("completed", strange), 1: ("completed", report)}
    with github(runs) as reachable:
        wanted = replace(runner, environment={**runner.environment, **reachable})
        return wanted.run("pages", tmp_path_factory.mktemp("pages"))


def test_pages_hold_the_reports_and_an_index_of_them(published: Execution, done: Execution) -> None:
    assert published.results == {"index": "success", "publish": "success"}, failures(published)
    pages = published.folder / "pages"
    assert sorted(path.name for path in (pages / "runs").iterdir()) == ["1", "2"]
    index = (pages / "index.html").read_text()
    links = re.findall(r'<a href="([^"#]+)"', index)
    assert set(links) == {"runs/1/report.html", "runs/2/report.html"}
    assert merged(done).series.title in index
    assert "What the project says of itself." in (pages / "docs/index.html").read_text()
    for link in links:
        assert (pages / link).read_text().startswith("<!DOCTYPE html>")


def test_words_of_a_published_series_are_no_commands(published: Execution) -> None:
    assert "touch pwned" in (published.folder / "pages/index.html").read_text()
    assert_nothing_executed(published)


def test_the_documentation_is_published_where_there_are_no_reports(runner: workflows.Runner, tmp_path: Path) -> None:
    """And the site begins with it. Seen red without the page that leads there."""
    with github({3: ("completed", None)}) as reachable:
        execution = replace(runner, environment={**runner.environment, **reachable}).run("pages", tmp_path)
    assert execution.results == {"index": "success", "publish": "success"}, failures(execution)
    assert [step.name for step in execution.steps] == ["Collect the reports", "Build the documentation"]
    pages = execution.folder / "pages"
    assert "url=docs/" in (pages / "index.html").read_text()
    assert "What the project says of itself." in (pages / "docs/index.html").read_text()


PRINTING = re.compile(r"^\s*(if )?(packages=\$\()?(pipeline|gh) ", re.MULTILINE)
SILENT = re.compile(r'^pipeline report .* >> "\$GITHUB_STEP_SUMMARY"$')


@pytest.mark.parametrize("name", ["series", "pages"])
def test_what_prints_a_strangers_words_takes_no_commands_from_its_output(name: str) -> None:
    workflow = yaml.safe_load((PROJECT / f".github/workflows/{name}.yml").read_text())
    scripts = [step.get("run", "") for job in workflow["jobs"].values() for step in job["steps"]]
    printing = [script for script in scripts if PRINTING.search(script) and not SILENT.match(script)]
    assert printing
    for script in printing:
        assert script.startswith('echo "::stop-commands::$(cat /proc/sys/kernel/random/uuid)"\n')


@pytest.mark.parametrize(
    "text",
    ["secrets.TOKEN", "github.token == env.X", "hashFiles('x')", "a[0]", "1 + 1", "format('{0}', 'x')", "inputs.a b"],
)
def test_the_runner_refuses_what_it_does_not_know(text: str) -> None:
    with pytest.raises(AssertionError):
        evaluate(text, {"inputs": {}, "github": {}})


@pytest.mark.parametrize(
    ("output", "commands"),
    [
        ("  ::set-output name=x::y\nplain: ::no::\n", 1),
        ("words ##[add-mask]y", 1),
        ("::stop-commands::stop\n::error::x\n::stop::\n::error::y", 1),
        ("::stop-commands::stop\n::error::x\n ##[error]x", 0),
    ],
)
def test_the_runner_sees_commands(output: str, commands: int) -> None:
    assert len(commands_in(output)) == commands


def failures(execution: Execution) -> list[tuple[str, str]]:
    return [(f"{step.job}: {step.name}", step.output) for step in execution.steps if step.status]
