"""Attributes that a tree or a series gives its files (gitattributes(5)): git obeys none where the pipeline applies."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path

import pytest

from pipeline.apply import Applier
from pipeline.kernel.trees import TreeName
from pipeline.kernel.worktree import Worktree
from pipeline.mail import message
from pipeline.model import Applied, ApplyStatus
from pipeline.run import Pipeline
from pipeline.system.console import Console
from pipeline.system.git import Repository
from pipeline.system.process import Processes
from pipeline.system.workspace import Workspace
from tests.support import threads
from tests.support.developer import UTIL, Developer

LINE = "unsigned long page_index("

HIDE_CONFLICTS = {
    "union": "* merge=union\n",
    "ours": "* merge=ours\n",
    "binary": "* -merge\n",
    "a macro": "[attr]quiet merge=union\n* quiet\n",
    "one file": f"/{UTIL} merge=union\n",
}


@pytest.fixture
def developer(tmp_path: Path, sealed_environment: Mapping[str, str]) -> Developer:
    return Developer(tmp_path / "linux", sealed_environment)


@pytest.fixture
def pipeline(tmp_path: Path) -> Pipeline:
    workspace = Workspace(tmp_path / "workspace")
    workspace.prepare()
    return Pipeline(workspace, Processes(), Console(quiet=True))


def say(developer: Developer, words: str) -> None:
    """Writes a comment before a function, in the place where others do so, too."""
    file = developer.folder / UTIL
    file.write_text(file.read_text().replace(LINE, f"/* {words} */\n{LINE}"))


def commit(developer: Developer, subject: str, *options: str) -> None:
    developer.git("add", "--all")
    developer.git("commit", "--quiet", *options, "-m", subject)


def applied(developer: Developer, pipeline: Pipeline, revisions: str) -> Applied:
    """Commits of the developer's, as mails, on master."""
    target = pipeline.workspace.folder / "posted"
    developer.git("format-patch", "--quiet", "--binary", "-o", str(target), revisions)
    mails = [message.parse(path.read_bytes().split(b"\n", 1)[1]) for path in sorted(target.glob("*.patch"))]
    patches = tuple(threads.patch(at, mail=mail.raw, files=mail.files) for at, mail in enumerate(mails, 1))
    # Of what the patches were made from there is a blob, or nothing is merged.
    pipeline.tree(TreeName.parse(f"path:{developer.folder}#master~1"))
    tree = pipeline.tree(TreeName.parse(f"path:{developer.folder}#master"))
    return Applier(pipeline.repository, pipeline.store, pipeline.workspace).apply(threads.series(patches=patches), tree)


@pytest.mark.parametrize("way", HIDE_CONFLICTS)
@pytest.mark.parametrize("whose", ["the tree's", "the series'"])
def test_a_conflict_is_a_conflict_whatever_driver_is_named(
    developer: Developer, pipeline: Pipeline, way: str, whose: str
) -> None:
    """Seen red without `info/attributes`: with `union` it applied by a 3-way merge, with both lines in the file."""
    if whose == "the tree's":
        (developer.folder / ".gitattributes").write_text(HIDE_CONFLICTS[way])
        commit(developer, "attributes")
    developer.git("checkout", "--quiet", "-b", "theirs")
    if whose == "the series'":
        (developer.folder / ".gitattributes").write_text(HIDE_CONFLICTS[way])
        commit(developer, "attributes")
    say(developer, "Theirs.")
    commit(developer, "theirs")
    developer.git("checkout", "--quiet", "master")
    say(developer, "Ours.")
    commit(developer, "ours")
    done = applied(developer, pipeline, "master..theirs")
    assert done.status is ApplyStatus.FAILED
    assert [hunk.path for hunk in done.failed_hunks] == [UTIL]


CHANGE_BYTES = ("text eol=crlf", "ident", "text working-tree-encoding=UTF-16", "filter=loud", "crlf eol=crlf")


@pytest.mark.parametrize("attributes", CHANGE_BYTES)
def test_what_is_built_are_the_bytes_that_were_posted(
    developer: Developer, pipeline: Pipeline, attributes: str, tmp_path: Path
) -> None:
    """Seen red, but for the filter, which nobody defines, without `info/attributes`."""
    text = b"/* $Id$ */\nint posted;\n"
    commit(developer, "nothing", "--allow-empty")
    developer.git("checkout", "--quiet", "-b", "theirs")
    (developer.folder / "lib/new.c").write_bytes(text)
    commit(developer, "new")
    (developer.folder / ".gitattributes").write_text(f"*.c {attributes}\n")
    developer.git("add", ".gitattributes")
    developer.git("commit", "--quiet", "-m", "attributes")
    developer.git("checkout", "--quiet", "--force", "master")
    done = applied(developer, pipeline, "master..theirs")
    assert done.status is ApplyStatus.CLEAN
    worktree = Worktree(pipeline.repository, tmp_path / "checkout")
    worktree.move_to(done.states[-1].commit)
    assert (worktree.folder / "lib/new.c").read_bytes() == text


def test_a_checkout_of_a_copied_workspace_is_the_copys(
    developer: Developer, pipeline: Pipeline, tmp_path: Path
) -> None:
    """Its `.git` names the repository that it was copied with, where what is applied to the copy is not."""
    commit(developer, "first", "--allow-empty")
    say(developer, "first")
    commit(developer, "second")
    first = applied(developer, pipeline, "master~1..master")
    folder = pipeline.workspace.folder
    Worktree(pipeline.repository, pipeline.workspace.worktree("0" * 64)).move_to(first.tree.commit)
    copy = Workspace(tmp_path / "copy")
    shutil.copytree(folder, copy.folder, symlinks=True)
    say(developer, "third")
    commit(developer, "third")
    second = applied(developer, Pipeline(copy, Processes(), Console(quiet=True)), "master~1..master")
    worktree = Worktree(Repository(copy.repository), copy.worktree("0" * 64))
    worktree.move_to(second.tree.commit)
    assert "third" in (worktree.folder / UTIL).read_text()


def test_a_repository_that_obeyed_them_is_mended(pipeline: Pipeline) -> None:
    """One of an earlier version, or one that somebody edited."""
    file = pipeline.workspace.repository / "info/attributes"
    ours = file.read_text()
    for damage in (file.unlink, lambda: file.write_text("* merge=union\n")):
        damage()
        Pipeline(pipeline.workspace, Processes(), Console(quiet=True))
        assert file.read_text() == ours
