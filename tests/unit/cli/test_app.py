"""The command line: help, usage errors and exit statuses; no command that does much."""

from __future__ import annotations

import re
import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.main import get_command
from typer.testing import Result

from pipeline import cli, runs
from pipeline.cli import app
from pipeline.cli.mishap import LOGS, MOST_LOGS, unforeseen
from pipeline.machine import doctor
from pipeline.render.formats import FORMATS
from pipeline.system.workspace import Workspace
from tests.support import records
from tests.support.command_line import call
from tests.support.records import STARTED

COMMANDS = [
    "apply-and-build",
    "fetch",
    "apply",
    "plan",
    "merge",
    "report",
    "reply",
    "review",
    "runs",
    "compare",
    "index",
    "doc",
    "doctor",
    "checks",
    "warm",
    "clean",
    "check",
    "inline",
    "run-job",
]


@pytest.fixture(autouse=True)
def signals() -> Iterator[None]:
    """A command takes signals over; they are given back."""
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGHUP)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


def plain(result: Result) -> str:
    """Without colours, boxes and line ends."""
    return re.sub(r"[\s│╭╮╰╯─]+", " ", re.sub(r"\x1b\[[\d;]*m", "", result.output))


def test_these_are_the_commands() -> None:
    assert sorted(get_command(app).commands) == sorted(COMMANDS)  # type: ignore[attr-defined]


@pytest.mark.parametrize("arguments", [["--help"], ["-h"]])
def test_help_lists_every_command(arguments: list[str]) -> None:
    result = call(*arguments)
    assert result.exit_code == 0
    assert all(f" {command} " in plain(result) for command in COMMANDS)


def test_without_arguments_the_help_is_shown() -> None:
    assert "apply-and-build" in call().output


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_has_an_example_and_says_what_it_does(command: str) -> None:
    result = call(command, "--help")
    assert result.exit_code == 0
    assert f"Example: pipeline {command}" in plain(result)
    summary = get_command(app).commands[command].get_short_help_str()  # type: ignore[attr-defined]
    assert len(summary) > 20


def test_the_exit_statuses_are_told_with_the_main_command() -> None:
    help_text = plain(call("apply-and-build", "--help"))
    assert "0 clean, 1 the series has a problem or is not covered, 2 usage, 3 not obtained" in help_text


@pytest.mark.parametrize("arguments", [["--version"], *([command, "--version"] for command in COMMANDS)])
def test_every_command_tells_the_version(arguments: list[str]) -> None:
    result = call(*arguments)
    assert result.exit_code == 0
    assert re.fullmatch(r"pipeline \d+\.\d+\S*\n", result.stdout)


USAGE = {
    "no such command": (["no-such"], "No such command"),
    "no such option": (["runs", "--bogus"], "No such option"),
    "no series": (["fetch"], "Missing argument"),
    "a number that is none": (["fetch", "x@y", "--revision", "two"], "Invalid value"),
    "a revision below one": (["fetch", "x@y", "--revision", "0"], "Invalid value"),
    "no such sandbox": (["plan", "--sandbox=chroot", "--tree", "debian:x"], "'chroot' is not one of 'bwrap', 'none'"),
    "nothing to suggest for": (["plan", "--suggest", "--tree", "debian:x"], "--suggest needs a series"),
    "no such format of plans": (["plan", "x@y", "--format", "gitlab"], "'gitlab' is not one of"),
    "jobs of no series": (["plan", "--format", "github", "--tree", "debian:x"], "--format github needs a series"),
    "suggested jobs": (["plan", "x@y", "--suggest", "--format", "github"], "--format github needs a series"),
    "a folder for text": (["plan", "x@y", "--output", "plan"], "--output needs --format github"),
    "nothing to merge": (["merge"], "Missing argument"),
    "no folder to merge": (["merge", "/nonexistent"], "there is no folder /nonexistent"),
    "no tree": (["plan"], "no tree is named"),
    "no such kind of tree": (["plan", "--tree", "svn:x"], "does not name a tree"),
    "no such matrix": (["plan", "--tree", "debian:x", "--matrix", "quik"], "Did you mean 'quick'"),
    "no such run": (["report", "nothing"], "no finished run 'nothing'"),
    "no such format": (["report", "--format", "docx"], "'docx' is not one of"),
    "no run to reply from": (["reply"], "no finished run 'last'"),
    "no folder for a reply": (["reply", "-o", "/nonexistent/x.eml"], "/nonexistent/x.eml cannot be written"),
    "no series by that name": (["fetch", "no-such-series"], "is no series"),
}


@pytest.mark.parametrize(("arguments", "words"), USAGE.values(), ids=USAGE.keys())
def test_a_usage_error_is_said_and_ends_with_two(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], words: str
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    result = call(*arguments)
    assert result.exit_code == 2
    assert words in plain(result)
    assert "Traceback" not in result.output


def test_a_series_that_cannot_be_had_ends_with_three(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    result = call("fetch", str(tmp_path / "empty"), "--workspace", str(tmp_path / "workspace"))
    assert result.exit_code == 3
    assert "git format-patch" in plain(result)


def test_a_workspace_that_cannot_be_used_ends_with_four(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    result = call("runs", "--workspace", str(tmp_path / "file"))
    assert result.exit_code == 4
    assert "--workspace" in plain(result)


def test_an_error_that_nobody_foresaw_is_no_word_on_the_series(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Seen red without the last handler of a session: status 1, which says that the series has a problem."""

    def broken(*_: object) -> None:
        raise ZeroDivisionError("two\nlines \x1b[31m" + "x" * 1000)

    monkeypatch.setattr(runs, "find", broken)
    result = call("report", "mine", "--workspace", str(tmp_path / "workspace"))
    assert result.exit_code == 4
    lines = result.stderr.splitlines()
    assert lines[0].startswith("error: pipeline has a defect")
    assert "ZeroDivisionError: two lines ?[31mxxx" in lines[0]
    assert len(lines[0]) < 400
    assert "Traceback" not in result.output
    (log,) = (tmp_path / "workspace/logs").iterdir()
    assert lines[-1] == f"  Log: {log}"
    assert "ZeroDivisionError" in log.read_text()
    assert log.stat().st_mode & 0o777 == 0o600


def test_an_error_outside_of_a_session_ends_with_four_as_well(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Seen red without the handler in `main`."""

    def broken(**_named: str) -> None:
        raise RecursionError("too deep")

    monkeypatch.setattr(cli, "app", broken)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert ended.value.code == 4
    assert "RecursionError: too deep" in capsys.readouterr().err
    (log,) = tmp_path.glob("pipeline-*.log")
    assert "RecursionError" in log.read_text()


def test_the_oldest_logs_go_where_there_are_too_many(tmp_path: Path) -> None:
    """Seen red without the removal."""
    (tmp_path / LOGS).mkdir()
    for number in range(MOST_LOGS + 5):
        (tmp_path / LOGS / f"pipeline-20200101-{number:06}-1.log").write_text("")
    log = unforeseen(ValueError("x"), tmp_path).log
    assert log is not None
    assert log.exists()
    assert len(list((tmp_path / LOGS).iterdir())) == MOST_LOGS


def test_a_workspace_without_runs_says_what_to_type(tmp_path: Path) -> None:
    result = call("runs", "--workspace", str(tmp_path))
    assert result.exit_code == 0
    assert "Type: pipeline apply-and-build SERIES" in result.output


def test_runs_are_listed_and_reported_again(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path / "workspace")
    workspace.prepare()
    with runs.begin(workspace, "mine", STARTED) as run:
        run.finish(records.run(id=run.id))
    where = ("--workspace", str(workspace.folder))
    listed = call("runs", *where)
    assert listed.exit_code == 0
    assert re.search(r"20251208-091244-mine finished 1 clean", plain(listed))
    report = call("report", "mine", *where)
    assert report.exit_code == 0
    assert "mm/hugetlb: Eliminate fake head pages" in report.stdout


@pytest.fixture
def finished(tmp_path: Path) -> Path:
    """The folder of a finished run called `mine`, in the workspace `workspace`."""
    workspace = Workspace(tmp_path / "workspace")
    workspace.prepare()
    with runs.begin(workspace, "mine", STARTED) as run:
        run.finish(records.run(id=run.id))
    return run.folder


def test_a_report_goes_to_the_file_that_is_named(tmp_path: Path, finished: Path) -> None:
    target = tmp_path / "mine.txt"
    written = call("report", str(finished), "-o", str(target), "--workspace", str(tmp_path / "workspace"))
    assert (written.exit_code, written.stdout) == (0, f"{target}\n")
    printed = call("report", str(finished), "-o", "-", "--workspace", str(tmp_path / "workspace"))
    assert printed.stdout == target.read_text()


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_can_be_printed_and_written(name: str, tmp_path: Path, finished: Path) -> None:
    where = ("--workspace", str(tmp_path / "workspace"), "--format", name)
    target = tmp_path / "file"
    assert call("report", str(finished), *where, "-o", str(target)).exit_code == 0
    printed = call("report", str(finished), *where, "-o", "-")
    assert printed.exit_code == 0
    assert printed.stdout.strip()
    assert target.read_text().strip()
    assert "prep_compound_page" in printed.stdout or name not in ("text", "html", "markdown", "csv")


def test_runs_are_compared(tmp_path: Path, finished: Path) -> None:
    result = call("compare", "mine", str(finished), "--workspace", str(tmp_path / "workspace"))
    assert result.exit_code == 0
    assert "Claims kept:" in " ".join(result.stdout.split())


def test_a_report_that_cannot_be_written_is_a_usage_error(tmp_path: Path, finished: Path) -> None:
    where = ("--workspace", str(tmp_path / "workspace"))
    result = call("report", str(finished), "-o", str(tmp_path / "nowhere" / "x"), *where)
    assert result.exit_code == 2
    assert "cannot be written" in plain(result)


CELL = '[[cells]]\nid = "{name}"\narch = "i386"\ntoolchain = "{name}"\nbase = "tinyconfig"\n'


@pytest.mark.parametrize(
    ("versions", "status", "sentences"),
    [
        (("", ""), 4, ["Builds need more tools.", "Boots and some checks need more."]),
        (("", "1.0"), 4, ["Builds need more tools."]),
        (("1.0", ""), 0, ["Builds can begin. Boots and some checks need more."]),
        (("1.0", "1.0"), 0, []),
    ],
)
def test_tools_that_builds_need_are_installed_by_a_line_of_their_own(
    versions: tuple[str, str], status: int, sentences: list[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    needs = (doctor.Need("flex", "flex"), doctor.Need("spatch", "coccinelle", optional=True))
    findings = tuple(doctor.Finding(need, version) for need, version in zip(needs, versions, strict=True))
    monkeypatch.setattr(doctor, "examine", lambda *_: findings)
    result = call("doctor", "--workspace", str(tmp_path / "w"))
    assert result.exit_code == status
    assert [line.removesuffix(" To install them, type:") for line in result.stdout.splitlines() if "To " in line] == (
        sentences
    )
    packages = [need.package for need, version in zip(needs, versions, strict=True) if not version]
    lines = [line.split("apt-get install ")[1] for line in result.stdout.splitlines() if "apt-get install" in line]
    assert lines == packages


def test_packages_that_are_missing_are_listed_for_a_program(tmp_path: Path) -> None:
    matrix = tmp_path / "two.toml"
    matrix.write_text('title = "two"\n' + "".join(CELL.format(name=f"gcc-{number}") for number in (98, 99)))
    common = ("doctor", "--matrix", str(matrix), "--workspace", str(tmp_path / "w"), "--packages")
    result = call(*common)
    assert (result.exit_code, result.stdout.split("\n")[-3:]) == (0, ["gcc-98", "gcc-99", ""])
    chosen = call(*common, "--cell", "gcc-98")
    assert "gcc-98" in chosen.stdout
    assert "gcc-99" not in chosen.stdout
