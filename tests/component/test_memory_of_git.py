"""Patches that make git take much memory: it runs outside of any sandbox, and no more is given to it than it needs."""

from __future__ import annotations

import base64
import hashlib
import string
import subprocess
import zlib
from pathlib import Path

import pytest

from pipeline.kernel.moved import Moved, moved
from pipeline.measure.changes import diffstats
from pipeline.system import untrusted
from pipeline.system.git import Repository
from pipeline.system.git_memory import TakesTooMuchError, limited
from tests.support.runner import Runner

HEAD = """From 0 Mon Sep 17 00:00:00 2001
From: Hugh Page <hugh@example.org>
Date: Mon, 1 Jan 2024 00:00:00 +0000
Message-ID: <{number}@example.org>
Subject: [PATCH {number}/2] lib: write a list

Words.

Signed-off-by: Hugh Page <hugh@example.org>
---
diff --git a/lib/list.txt b/lib/list.txt
"""
FOOT = "-- \n2.39.5\n"
LINES = 15_000_000


def literal(content: bytes) -> str:
    """A binary patch's new file, as gitformat-patch has it: packed, in lines of 52 bytes."""
    name, packed = hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest(), zlib.compress(content, 9)
    pieces = [packed[at : at + 52] for at in range(0, len(packed), 52)]
    lengths = string.ascii_uppercase + string.ascii_lowercase
    lines = [f"{lengths[len(piece) - 1]}{base64.b85encode(piece, pad=True).decode()}\n" for piece in pieces]
    head = f"new file mode 100644\nindex {'0' * 40}..{name}\nGIT binary patch\nliteral {len(content)}\n"
    return f"{head}{''.join(lines)}\nliteral 0\nHcmV?d00001\n\n"


def post(folder: Path, lines: int) -> Path:
    """A file of nothing but ends of lines, of each of which git notes a length and a hash, and a change to it."""
    folder.mkdir()
    (folder / "1.patch").write_text(HEAD.format(number=1) + literal(b"\n" * lines) + FOOT)
    change = "--- a/lib/list.txt\n+++ b/lib/list.txt\n@@ -1,3 +1,4 @@\n \n \n+b\n \n"
    (folder / "2.patch").write_text(HEAD.format(number=2) + change + FOOT)
    return folder


def test_a_patch_of_millions_of_lines(run_pipeline: Runner, fake_tree: Path, tmp_path: Path) -> None:
    """Seen red: of a mail of twenty kilobytes git made 261 MiB."""
    posted = post(tmp_path / "posted", LINES)
    argv = run_pipeline.argv("apply", str(posted), f"--tree=path:{fake_tree}#master")
    measure = "import resource, subprocess, sys; s = subprocess.run(sys.argv[1:]).returncode; "
    measure += "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss); sys.exit(s)"
    done = subprocess.run(
        ("python3", "-c", measure, *argv),
        env=run_pipeline.environment,
        cwd=run_pipeline.folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 4, done.stdout + done.stderr
    assert "needs more than 256 MiB of memory" in done.stderr
    assert "look at the series" in done.stderr
    assert int(done.stdout.split()[-1]) >> 10 < 400
    assert not list(run_pipeline.workspace.glob("apply-*"))


@pytest.fixture
def large(fake_tree: Path, monkeypatch: pytest.MonkeyPatch) -> Repository:
    """A repository, and a limit that its diffs reach."""
    monkeypatch.setattr(untrusted, "GIT_MEMORY", 1 << 20)
    return Repository(fake_tree)


def test_what_takes_too_much_memory_is_unknown(large: Repository) -> None:
    """As what takes too much time."""
    names = large.out("hash-object", "-w", "--stdin", stdin=b"a\n" * 400_000), "README"
    trees = [large.out("mktree", stdin=f"100644 blob {names[0]}\tREADME\n".encode()), "HEAD^{tree}"]
    assert moved(large, trees[1], trees[0]) == Moved()
    assert diffstats(large, trees[1], trees[0]) == ()
    with pytest.raises(TakesTooMuchError, match="git diff"):
        large.out("diff", *trees)


def test_trees_of_the_user_have_no_such_limit() -> None:
    """Seen red with the word before the command taken for it: an import of a tree had a limit."""
    settings = ("-c", "a.b=c", "-c", "d.e=f")
    assert limited((*settings, "fast-import", "--quiet")) == limited(("fetch", "origin")) == []
    words = [limited((*settings, "diff", "a", "b"))[0], limited(("am",))[0]]
    assert {Path(word).name for word in words} == {"prlimit"}
    assert limited(("ls-tree", "HEAD", "--", "init"))
