"""Runs on disk: finished, running, broken, and those of another version."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline import runs
from pipeline.record import SectionRecord
from pipeline.system.errors import UsageError
from pipeline.system.workspace import Workspace
from tests.support import records
from tests.support.records import STARTED
from tests.support.sample_runs import booted


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    prepared = Workspace(tmp_path / "workspace")
    prepared.prepare()
    return prepared


def run(workspace: Workspace, title: str, *, finished: bool = True) -> Path:
    with runs.begin(workspace, title, STARTED) as current:
        current.write("logs/a.log", "words\n")
        if finished:
            current.finish(records.run(id=current.id))
    return current.folder


@pytest.mark.parametrize(
    ("title", "slug"),
    [
        ("mm/hugetlb: Eliminate fake head pages", "mm-hugetlb-eliminate-fake-head-pages"),
        ("../../etc/passwd", "etc-passwd"),
        ("   ", "series"),
        ("Größe \x1b[2J", "gr-e-2j"),
        ("x" * 99, "x" * 40),
    ],
)
def test_a_run_is_named_by_its_time_and_title(workspace: Workspace, title: str, slug: str) -> None:
    folder = run(workspace, title)
    assert folder == workspace.runs / f"20251208-091244-{slug}"


def test_runs_of_the_same_second_have_names_of_their_own(workspace: Workspace) -> None:
    assert [run(workspace, "x").name[16:] for _ in range(3)] == ["x", "x-2", "x-3"]


def test_a_run_comes_after_those_that_a_wrong_clock_dates_later(workspace: Workspace) -> None:
    for name in ("20991231-235959-from-the-future", "20991340-000000-nonsense", "2099"):
        (workspace.runs / name).mkdir()
    assert run(workspace, "x").name == "21000101-000000-x"


def test_a_finished_run_is_read_as_it_was_written(workspace: Workspace) -> None:
    folder = run(workspace, "x")
    assert runs.read(folder) == records.run(id=folder.name)
    assert (folder / "logs/a.log").read_text() == "words\n"
    assert not list(folder.glob("*.part"))


def test_states_of_runs_are_told_apart(workspace: Workspace) -> None:
    run(workspace, "a")
    run(workspace, "b", finished=False)
    with runs.begin(workspace, "c", STARTED):
        known = runs.known_runs(workspace)
    assert [(known_run.id[16:], known_run.state) for known_run in known] == [
        ("a", "finished"),
        ("b", "broken"),
        ("c", "running"),
    ]
    assert [known_run.record is not None for known_run in known] == [True, False, False]


def test_a_run_that_raises_is_broken(workspace: Workspace) -> None:
    with pytest.raises(RuntimeError), runs.begin(workspace, "a", STARTED):
        raise RuntimeError
    assert [known_run.state for known_run in runs.known_runs(workspace)] == ["broken"]


def test_only_broken_runs_are_removed(workspace: Workspace) -> None:
    kept = run(workspace, "a")
    run(workspace, "b", finished=False)
    with runs.begin(workspace, "c", STARTED) as current:
        assert runs.remove_broken(workspace) == 1
        assert current.folder.is_dir()
    assert kept.is_dir()
    assert len(runs.known_runs(workspace)) == 2


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("last", "gamma"),
        ("alpha", "alpha"),
        ("20251208-091244-alpha", "alpha"),
        ("091244-alph", "alpha"),
        ("20251208-091244-beta", "beta"),
        ("beta-2", "beta-2"),
    ],
)
def test_a_run_is_found_by_last_or_by_part_of_its_name(workspace: Workspace, name: str, expected: str) -> None:
    for title in ("alpha", "beta", "beta", "gamma"):
        run(workspace, title)
    run(workspace, "zeta", finished=False)
    assert runs.find(workspace, name).name == f"20251208-091244-{expected}"


@pytest.mark.parametrize(
    ("name", "words"),
    [("beta", "several runs match 'beta'"), ("zeta", "no finished run 'zeta'"), ("nothing", "no finished run")],
)
def test_a_run_that_is_not_the_only_one_is_refused(workspace: Workspace, name: str, words: str) -> None:
    for title in ("alpha", "beta", "beta"):
        run(workspace, title)
    run(workspace, "zeta", finished=False)
    with pytest.raises(UsageError, match=words) as caught:
        runs.find(workspace, name)
    assert "pipeline runs" in caught.value.hint


def test_there_is_no_last_run_before_the_first(workspace: Workspace) -> None:
    with pytest.raises(UsageError, match="no finished run"):
        runs.find(workspace, "last")


def test_several_runs_that_match_are_listed(workspace: Workspace) -> None:
    names = [run(workspace, title).name for title in ("beta", "beta", "alpha")]
    with pytest.raises(UsageError) as caught:
        runs.find(workspace, "beta")
    assert [name in caught.value.message for name in names] == [True, True, False]


def test_a_run_is_found_by_its_folder_or_record_wherever_it_is(workspace: Workspace, tmp_path: Path) -> None:
    moved = run(workspace, "a").rename(tmp_path / "moved")
    assert runs.find(workspace, str(moved)) == moved
    assert runs.find(workspace, str(moved / "run.json")) == moved


def test_a_folder_without_a_record_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="did not finish"):
        runs.read(tmp_path)


def alien(folder: Path) -> Path:
    """Makes a finished run one of another version."""
    text = (folder / "run.json").read_text()
    (folder / "run.json").write_text(text.replace("pipeline-run/1", "pipeline-run/2"))
    return folder


@pytest.mark.parametrize("content", ["", "{", "[]", '{"schema": "pipeline-run/1"}', "\0"])
def test_a_record_that_cannot_be_read_is_a_usage_error(tmp_path: Path, content: str) -> None:
    (tmp_path / "run.json").write_text(content)
    with pytest.raises(UsageError, match="is not a run of this version"):
        runs.read(tmp_path)


def test_a_record_of_another_schema_is_a_usage_error_that_names_the_field(workspace: Workspace) -> None:
    with pytest.raises(UsageError, match="is not a run of this version of pipeline: schema"):
        runs.read(alien(run(workspace, "a")))


def test_a_finished_run_of_another_version_is_never_removed(workspace: Workspace) -> None:
    folder = alien(run(workspace, "a"))
    assert runs.remove_broken(workspace) == 0
    assert folder.is_dir()


@pytest.mark.parametrize(
    ("place", "url"),
    [("run 1%", ""), (".", "run%201%25/"), ("out", None), ("run 1%/in", None)],
)
def test_a_runs_folder_is_seen_from_where_a_report_lies(tmp_path: Path, place: str, url: str | None) -> None:
    (tmp_path / "run 1%").mkdir()
    assert runs.seen_from(tmp_path / "run 1%", tmp_path / place) == url


def test_what_a_kernel_prints_or_is_called_leaves_a_record_that_is_read(tmp_path: Path) -> None:
    """Seen red with the record as it was: nobody read it again, `pipeline report` refused it."""
    record = records.run(cells=(records.measured(),))
    (cell,) = record.cells
    boot = booted(1, "pass", "pass").model_copy(
        update={"splats": ("BUG: " + "x" * 200_000,), "new_lines": ("a",) * 200_000}
    )
    section = SectionRecord(name="x" * 200_000, before=1, after=2)
    record = record.model_copy(update={"cells": (cell.model_copy(update={"boots": (boot,), "sections": (section,)}),)})
    runs.RunFolder("long", tmp_path).finish(record)
    (read,) = runs.read(tmp_path).cells
    assert (len(read.boots[0].splats[0]), len(read.boots[0].new_lines)) == (100_000, 100_000)
    assert "nobody would read" in runs.read(tmp_path).notes[-1]
