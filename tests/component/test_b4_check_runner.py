"""`pipeline check` under b4's own check runner, configured as a maintainer does."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from pipeline.record import RunRecord
from tests.support import records
from tests.support.runner import Runner

COVER = "20251205194351.1646318-1-kas@kernel.org"

RUN_CHECKS = """
import argparse, json, os, sys
from email import message_from_bytes, policy
import b4
from b4.review import checks

b4.setup_config(argparse.Namespace(config={}))
perpatch, series = checks.load_check_cmds()
mails = [message_from_bytes(raw.encode(), policy=policy.default) for raw in json.load(sys.stdin)]
named = [(mail["Message-ID"].strip("<> "), mail) for mail in mails]
extra = {"B4_TRACKING_FILE": sys.argv[1]} if len(sys.argv) > 1 else None
found = checks.run_perpatch_checks(named[1:], perpatch, os.getcwd(), extra_env=extra)
found[named[0][0]] = checks.run_series_checks(named[0], series, os.getcwd(), extra_env=extra)
json.dump(found, sys.stdout)
"""
"""Does what b4's review interface does, without the interface."""


@dataclass(frozen=True)
class Maintainer:
    """A git repository in which b4 is told to ask the pipeline."""

    run: Runner
    folder: Path

    def store(self, record: RunRecord) -> None:
        folder = self.run.workspace / "runs" / record.id
        folder.mkdir(parents=True)
        (folder / "run.json").write_text(record.to_json())

    def checks(self, *message_ids: str, tracking: Path | None = None) -> dict[str, list[dict[str, str]]]:
        """What b4 gets to know of a cover letter and patches."""
        mails = [
            f"From: A <a@example.org>\nSubject: [PATCH {at}/{len(message_ids) - 1}] mm: some\nMessage-ID: <{own_id}>\n"
            f"References: <{message_ids[0]}>\n\nHello.\n"
            for at, own_id in enumerate(message_ids)
        ]
        done = subprocess.run(
            [sys.executable, "-c", RUN_CHECKS, *([str(tracking)] if tracking else [])],
            env={**self.run.environment, "PIPELINE_WORKSPACE": str(self.run.workspace)},
            cwd=self.folder,
            input=json.dumps(mails),
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        of_mails: dict[str, list[dict[str, str]]] = json.loads(done.stdout)
        return of_mails


@pytest.fixture
def maintainer(run_pipeline: Runner, tmp_path: Path) -> Maintainer:
    folder = tmp_path / "linux"
    command = f"{sys.executable} -m pipeline check"
    settings: dict[str, str] = {
        "b4.review-perpatch-check-cmd": command,
        "b4.review-series-check-cmd": f"{command} --series",
        "pipeline.reportUrl": "https://ci.example.org/%s.html",
    }
    subprocess.run(["git", "init", "-q", str(folder)], env=run_pipeline.environment, check=True)
    for name, value in settings.items():
        subprocess.run(["git", "-C", str(folder), "config", name, value], env=run_pipeline.environment, check=True)
    return Maintainer(run_pipeline, folder)


def statuses(checks: list[dict[str, str]]) -> dict[str, str]:
    return {check["tool"]: check["status"] for check in checks}


def test_stored_runs_answer(maintainer: Maintainer) -> None:
    cells = (records.broken("odd", "built", "built", "failed", "failed"), records.cell())
    maintainer.store(records.run(cells=cells))
    checks = maintainer.checks(COVER, "1@x", "2@x", "3@x")
    assert statuses(checks[COVER]) == {"pipeline-apply": "pass", "pipeline-build": "fail", "pipeline-claims": "pass"}
    assert [statuses(checks[f"{at}@x"])["pipeline-build"] for at in (1, 2, 3)] == ["pass", "fail", "warn"]
    (build,) = [check for check in checks["2@x"] if check["tool"] == "pipeline-build"]
    assert "mm/hugetlb.c:1234: too few arguments" in build["details"]
    assert build["url"] == "https://ci.example.org/2025-12-08T09-12-44-hvo.html"


def test_b4_keeps_its_own_checkpatch_where_both_are_configured(maintainer: Maintainer) -> None:
    script = maintainer.folder / "scripts/checkpatch.pl"
    script.parent.mkdir()
    script.write_text("#!/bin/sh\necho '-:1: WARNING: it has a word'\nexit 1\n")
    script.chmod(0o755)
    maintainer.store(records.run())
    assert "checkpatch" not in statuses(maintainer.checks(COVER, "1@x")["1@x"])
    named = ("config", "--add", "b4.review-perpatch-check-cmd", "_builtin_checkpatch")
    subprocess.run(["git", "-C", str(maintainer.folder), *named], env=maintainer.run.environment, check=True)
    by_tool = statuses(maintainer.checks(COVER, "1@x")["1@x"])
    assert (by_tool["checkpatch"], by_tool["pipeline-apply"]) == ("warn", "pass")


def test_the_newest_run_answers(maintainer: Maintainer) -> None:
    maintainer.store(records.run(id="20250101-000000-old", cells=(records.broken("odd", "built", "failed"),)))
    maintainer.store(records.run(id="20250102-000000-new"))
    assert set(statuses(maintainer.checks(COVER, "1@x")[COVER]).values()) == {"pass"}


def test_without_a_run_there_is_a_warning(maintainer: Maintainer) -> None:
    checks = maintainer.checks("cover@y", "1@y")
    assert checks["1@y"] == checks["cover@y"]
    (entry,) = checks["1@y"]
    assert (entry["status"], entry["summary"]) == ("warn", "no run yet")
    assert "pipeline apply-and-build cover@y --tree TREE" in entry["details"]


def test_b4_s_tracking_file_tells_of_revisions_that_were_run(maintainer: Maintainer, tmp_path: Path) -> None:
    maintainer.store(records.run())
    tracking: dict[str, Any] = {
        "series": {"revision": 2, "header-info": {"msgid": "cover-v2@x"}, "status": "reviewing"},
        "known-revisions": [{"revision": 1, "message-id": COVER}, {"revision": 2, "message-id": "cover-v2@x"}],
    }
    path = tmp_path / "tracking.json"
    path.write_text(json.dumps(tracking))
    (entry,) = maintainer.checks("elsewhere@x", "1-v2@x", tracking=path)["1-v2@x"]
    assert entry["summary"] == "no run yet"
    assert entry["details"].startswith("v1 was run: No problem found: 3 patches, 1 of 1 cell built.\n")
    assert "apply-and-build cover-v2@x" in entry["details"]
    path.write_text('{"series": [], "known-revisions": 7}')
    assert maintainer.checks("elsewhere@x", "1-v2@x", tracking=path)["1-v2@x"][0]["summary"] == "no run yet"


def test_without_a_cover_letter_series_and_patch_have_results_of_their_own(maintainer: Maintainer) -> None:
    record = records.run()
    maintainer.store(record.model_copy(update={"series": records.series(message_id="1@x")}))
    checks = maintainer.checks("1@x", "2@x")
    assert set(statuses(checks["1@x"])) == {"pipeline-series-apply", "pipeline-series-build", "pipeline-series-claims"}


@pytest.mark.parametrize(
    ("mail", "words"),
    [
        (b"", "no Message-ID"),
        (b"Subject: x\n\nno id\n", "no Message-ID"),
        (b"Message-ID: <a@b>\nX: " + b"y" * 20000 + b"\n\n", "cannot be read"),
        (b"Message-ID: <1@x>\n\nhello\n", "is not a run of this version"),
    ],
)
def test_what_cannot_be_answered_is_a_warning_too(run_pipeline: Runner, mail: bytes, words: str) -> None:
    folder = run_pipeline.workspace / "runs" / "damaged"
    folder.mkdir(parents=True)
    (folder / "run.json").write_text('{"schema": "other", "id": "1@x"}')
    done = run_pipeline("check", stdin=mail)
    assert done.returncode == 0, done.stderr
    (entry,) = json.loads(done.stdout)
    assert entry["status"] == "warn"
    assert words in entry["summary"]
