"""`pipeline inline`: findings come to lie where b4's review looks for them, and nobody else's comments are lost."""

from __future__ import annotations

import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from pipeline.b4.inline import IDENTITY
from pipeline.record import CheckFindingRecord, PatchCheckRecord
from tests.support import records
from tests.support.runner import Runner


@pytest.fixture
def checkout(run_pipeline: Runner, tmp_path: Path) -> Runner:
    """In a checkout with one commit; the workspace has a run with one finding."""
    folder = tmp_path / "linux"
    for words in (["init", "-q", str(folder)], ["-C", str(folder), "commit", "-q", "--allow-empty", "-m", "review"]):
        subprocess.run(["git", *words], env=run_pipeline.environment, check=True)
    said = CheckFindingRecord(
        severity="warning", message="say it better", path="", line=0, tool="checkpatch", kind="SAID"
    )
    series = records.series()
    check = PatchCheckRecord(
        tree="v6.12",
        patch=series.patches[0].number,
        check="checkpatch",
        status="checked",
        findings=(said,),
        seconds=1.0,
    )
    record = records.run(series=series, checks=(check,))
    stored = run_pipeline.workspace / "runs" / record.id
    stored.mkdir(parents=True)
    (stored / "run.json").write_text(record.to_json())
    return replace(run_pipeline, folder=folder)


def test_findings_lie_where_b4_looks_and_are_replaced(checkout: Runner) -> None:
    for _ in range(2):
        done = checkout("inline")
        assert done.returncode == 0, done.stderr
    (folder,) = (checkout.folder / ".git/b4-review").iterdir()
    assert done.stdout.strip() == str(folder)
    assert (folder / "identity.txt").read_text() == IDENTITY
    assert "say it better" in (folder / "0001.txt").read_text()


def test_comments_of_somebody_else_are_kept(checkout: Runner) -> None:
    """Seen red with a folder that was removed, whoever wrote it."""
    folder = Path(checkout("inline").stdout.strip())
    (folder / "identity.txt").write_text("Tally Page <tally@example.org>\n")
    done = checkout("inline")
    assert done.returncode == 2
    assert "holds comments that are not this program's" in done.stderr
    assert (folder / "identity.txt").read_text() == "Tally Page <tally@example.org>\n"


def test_a_branch_that_is_not_there_is_said(checkout: Runner) -> None:
    done = checkout("inline", "--branch", "b4/review/none")
    assert done.returncode == 2
    assert "no commit 'b4/review/none'" in done.stderr
