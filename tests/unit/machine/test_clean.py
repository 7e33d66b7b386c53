"""What is removed from a workspace, and in which order."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from typer.testing import CliRunner

from pipeline.cli import app
from pipeline.machine.clean import clean, keep, shares, used
from pipeline.system.store import Key, Store
from pipeline.system.workspace import Workspace

PIECE = 1 << 20


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    """A workspace with a MiB in each of its parts; builds and results are an hour apart, `old` before `new`."""
    made = Workspace(tmp_path / "workspace")
    made.prepare()
    store = Store(made.store, print)
    for age, name in ((2, "old"), (1, "new")):
        entry = store.put(Key("build", {"name": name}), name, {"log": b"x" * PIECE}).folder
        for folder in (made.build("e" * 40, "cell") / name, entry):
            folder.mkdir(parents=True, exist_ok=True)
            (folder / "file").write_bytes(b"x" * PIECE)
            os.utime(folder, (1e9 - age * 3600,) * 2)
    for folder in (made.repository, made.runs / "a", made.downloads):
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "file").write_bytes(b"x" * PIECE)
    (made.runs / "a/run.json").write_text("{}")
    return made


def left(workspace: Workspace) -> set[str]:
    names = {f"build {name}": (workspace.build("e" * 40, "cell") / name).exists() for name in ("old", "new")}
    for entry in Store(workspace.store, print).entries():
        names[f"result {json.loads((entry / 'entry.json').read_text())['value']}"] = True
    names |= {"trees": (workspace.repository / "file").exists(), "runs": (workspace.runs / "a/file").exists()}
    names |= {"downloads": (workspace.downloads / "file").exists()}
    return {name for name, there in names.items() if there}


def test_what_was_not_used_for_longest_goes_first_and_trees_and_runs_stay(workspace: Workspace) -> None:
    steps = ["build old", "build new", "downloads", "result old", "result new"]
    for count in range(1, len(steps) + 1):
        keep(workspace, used(workspace.folder) - 1)
        assert left(workspace) == {*steps[count:], "trees", "runs"}
    keep(workspace, 0)
    assert left(workspace) == {"trees", "runs"}


def test_nothing_is_removed_where_there_is_room(workspace: Workspace) -> None:
    before = left(workspace)
    assert keep(workspace, 1 << 40)[0] == 0
    assert left(workspace) == before


def test_reading_a_result_counts_as_using_it(workspace: Workspace) -> None:
    store = Store(workspace.store, print)
    assert store.get(Key("build", {"name": "old"}))
    keep(workspace, used(workspace.folder) - 4 * PIECE)
    assert "result old" in left(workspace)
    assert "result new" not in left(workspace)


def test_without_a_size_what_can_be_built_again_goes(workspace: Workspace) -> None:
    assert clean(workspace, everything=False)[0] >= 2 * PIECE
    assert left(workspace) == {"result old", "result new", "trees", "runs", "downloads"}
    clean(workspace, everything=True)
    assert left(workspace) == {"runs"}


def test_what_takes_the_space_is_told(workspace: Workspace) -> None:
    assert list(shares(workspace))[:2] == ["store", "builds"]
    done = CliRunner().invoke(app, ["clean", "--keep", "1G", "--workspace", str(workspace.folder)])
    assert done.exit_code == 0
    assert "  store" in done.stdout


@pytest.mark.parametrize("options", [["--keep", "much"], ["--keep", "-3"], ["--keep", "1G", "--all"]])
def test_a_size_that_is_no_number_or_is_combined_with_all_is_refused(workspace: Workspace, options: list[str]) -> None:
    before = left(workspace)
    assert CliRunner().invoke(app, ["clean", *options, "--workspace", str(workspace.folder)]).exit_code == 2
    assert left(workspace) == before


def test_what_a_killed_run_left_goes_in_any_case(workspace: Workspace) -> None:
    folders = [workspace.folder / name for name in ("apply-a1", "boot-b2", "check-c3")]
    for folder in folders:
        (folder / "deep").mkdir(parents=True)
    keep(workspace, 1 << 40)
    assert [folder for folder in folders if folder.exists()] == []
