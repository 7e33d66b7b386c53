"""Patches that keep git busy: it runs outside of any sandbox, and is ended after some seconds."""

from __future__ import annotations

import random
import resource
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

from pipeline.kernel.moved import Moved, moved
from pipeline.measure.changes import changed_files, diffstats
from pipeline.system.git import Repository
from pipeline.system.watched import Allowance, TakesTooLongError
from tests.support.developer import Developer
from tests.support.runner import Runner

HEAD = """From 0 Mon Sep 17 00:00:00 2001
From: Hugh Page <hugh@example.org>
Date: Mon, 1 Jan 2024 00:00:00 +0000
Message-ID: <{number}@example.org>
Subject: [PATCH {number}/2] lib: change a list

Words.

Signed-off-by: Hugh Page <hugh@example.org>
---
diff --git a/lib/list.txt b/lib/list.txt
"""
FOOT = "-- \n2.39.5\n"


def spent() -> float:
    """Seconds of a processor that processes took that have ended."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def post(folder: Path, lines: int, hunks: int) -> Path:
    """A file of equal lines, and hunks that are looked for in all of it."""
    folder.mkdir()
    head = f"new file mode 100644\n--- /dev/null\n+++ b/lib/list.txt\n@@ -0,0 +1,{lines} @@\n"
    (folder / "1.patch").write_text(HEAD.format(number=1) + head + "+a\n" * lines + FOOT)
    changes = [f"@@ -{at},5 +{2 * at - 1},6 @@\n a\n a\n a\n+b\n a\n a\n" for at in range(1, hunks + 1)]
    head = "--- a/lib/list.txt\n+++ b/lib/list.txt\n"
    (folder / "2.patch").write_text(HEAD.format(number=2) + head + "".join(changes) + FOOT)
    return folder


def test_a_patch_of_thirty_thousand_hunks(run_pipeline: Runner, fake_tree: Path, tmp_path: Path) -> None:
    """Seen red: git am went on for minutes."""
    posted = post(tmp_path / "posted", 200_000, 30_000)
    began = spent()
    # A child of this process, whose time counts.
    done = subprocess.run(
        run_pipeline.argv("apply", str(posted), f"--tree=path:{fake_tree}#master"),
        env=run_pipeline.environment,
        cwd=run_pipeline.folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 3, done.stderr
    assert "error: git am: that takes more than 5 s of a processor" in done.stderr
    assert "Traceback" not in done.stderr
    assert 5 < spent() - began < 25
    assert not list(run_pipeline.workspace.glob("apply-*"))


@pytest.fixture
def rewritten(tmp_path: Path, sealed_environment: Mapping[str, str]) -> Repository:
    """A checkout whose last commit rewrites a file in the way that takes longest to compare."""
    developer = Developer(tmp_path / "linux", sealed_environment)
    lines = random.Random(1)
    for _ in range(2):
        content = "\n".join(lines.choices(("a;", "b;", "c;"), k=1_000_000))
        (developer.folder / "lib/table.c").write_text(content)
        developer.git("add", "--all")
        developer.git("commit", "--quiet", "--message=lib: write a table")
    return Repository(developer.folder)


def test_a_rewritten_file_is_compared_for_some_seconds(rewritten: Repository) -> None:
    """Seen red: each took more than a minute."""
    began = spent()
    assert moved(rewritten, "HEAD~1", "HEAD") == Moved()
    assert diffstats(rewritten, "HEAD~1", "HEAD") == ()
    with pytest.raises(TakesTooLongError, match="git diff: that takes more than 5 s"):
        changed_files(rewritten, "HEAD~1", "HEAD")
    assert spent() - began < 25


def test_what_git_starts_counts_as_well(rewritten: Repository) -> None:
    """git-range-diff(1) has git-log(1) make the patches."""
    ranges = ("HEAD~2..HEAD~1", "HEAD~1..HEAD")
    with pytest.raises(TakesTooLongError, match="git range-diff"):
        rewritten.out("range-diff", *ranges)
    asked = ["pgrep", "--full", f"git.*{ranges[0]}"]
    assert subprocess.run(asked, capture_output=True, check=False).stdout == b""


def test_several_commands_share_an_allowance(fake_tree: Path) -> None:
    allowance = Allowance(0.2)
    repository = Repository(fake_tree, allowance=allowance)

    def compare() -> None:
        for _ in range(1000):
            repository.out("log", "--patch", "--all")

    with pytest.raises(TakesTooLongError, match="git log: that takes more than"):
        compare()
