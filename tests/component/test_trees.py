"""Trees: every form of a name, what fits where, and that nothing of the user's is touched or run."""

from __future__ import annotations

import subprocess
import tarfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support.checkouts import git, state_of
from tests.support.developer import PatchSeries
from tests.support.matrices import CELLS, matrix_text, write_matrix
from tests.support.runner import Runner

HOOKS = (
    "applypatch-msg",
    "post-applypatch",
    "post-checkout",
    "post-commit",
    "post-index-change",
    "pre-applypatch",
    "pre-commit",
    "reference-transaction",
)


@pytest.fixture
def one_cell(tmp_path: Path) -> Path:
    return write_matrix(tmp_path, matrix_text({"i386-odd": CELLS["i386-odd"]}))


@pytest.fixture
def tarball(tmp_path: Path, fake_tree: Path, sealed_environment: dict[str, str]) -> Callable[..., Path]:
    """Packs master, with a line more at the top of `moved` so that git knows no such blob."""

    def pack(*moved: str) -> Path:
        unpacked = tmp_path / "linux-6.12"
        git(fake_tree, sealed_environment, "checkout-index", "--all", f"--prefix={unpacked}/")
        for name in moved:
            file = unpacked / name
            file.write_text("/* Not in any repository. */\n" + file.read_text())
        path = tmp_path / "linux.tar.xz"
        with tarfile.open(path, "w:xz") as archive:
            archive.add(unpacked, unpacked.name)
        return path

    return pack


def results(output: str) -> list[str]:
    """One line for each tree; what is indented below them says why."""
    return [line for line in output.splitlines() if not line.startswith(" ")]


def test_other_trees_go_on(
    run_pipeline: Runner, fake_tree: Path, one_cell: Path, posted: Mapping[str, PatchSeries]
) -> None:
    """A series that is for another tree than the first one named."""
    trees = [f"path:{fake_tree}#{branch}" for branch in ("master", "next")]
    series = str(posted["conflicts"].folder)
    done = run_pipeline("apply-and-build", series, *(f"--tree={tree}" for tree in trees), f"--matrix={one_cell}")
    assert done.returncode == 1, done.stderr
    record = run_pipeline.record()
    refused, took = record.trees
    assert (refused.name, refused.applied, refused.failed_patch) == (trees[0], "failed", 2)
    (hunk,) = refused.failed_hunks
    assert hunk.path == "mm/hugetlb.c"
    assert hunk.header.startswith(f"@@ -{hunk.line},")
    assert "CONFLICT" in refused.log
    assert "[2/2]" in refused.log
    assert (took.name, took.applied, took.failed_patch) == (trees[1], "clean", None)
    assert [(cell.tree, cell.status) for cell in record.cells] == [(trees[1], "built")]
    report = " ".join(done.stdout.split())
    assert report.startswith("PROBLEM: The series does not apply everywhere.")
    assert "Patch 2 does not apply to Linux 6.12.0-fake (" in report
    assert f", first at mm/hugetlb.c:{hunk.line}" in report
    assert hunk.header in report


@pytest.mark.parametrize("command", ["apply", "apply-and-build"])
def test_applied_nowhere(
    run_pipeline: Runner, fake_tree: Path, one_cell: Path, posted: Mapping[str, PatchSeries], command: str
) -> None:
    options = [f"--matrix={one_cell}"] if command == "apply-and-build" else []
    done = run_pipeline(command, str(posted["conflicts"].folder), f"--tree=path:{fake_tree}#master", *options)
    assert done.returncode == 3, done.stderr
    assert "mm/hugetlb.c:" in done.stdout
    assert "Traceback" not in done.stderr


def test_already_merged(
    run_pipeline: Runner, fake_tree: Path, one_cell: Path, posted: Mapping[str, PatchSeries]
) -> None:
    series, trees = str(posted["good"].folder), [f"--tree=path:{fake_tree}#{name}" for name in ("documents", "master")]
    # On a tree that went on after the merge, and has nothing else of it.
    alone = run_pipeline("apply-and-build", series, trees[0], f"--matrix={one_cell}")
    record = run_pipeline.record()
    assert [tree.applied for tree in record.trees] == ["already-merged"]
    assert record.trees[0].failed_patch is None
    assert record.cells == ()
    assert "Already merged in every tree; nothing was built." in alone.stdout
    assert alone.returncode == 3
    both = run_pipeline("apply", series, *trees)
    assert both.returncode == 0, both.stderr
    assert results(both.stdout) == [f"path:{fake_tree}#documents: already-merged", f"path:{fake_tree}#master: clean"]


def test_every_form_of_a_name_is_the_same_tree(
    run_pipeline: Runner, fake_tree: Path, tarball: Callable[..., Path], posted: Mapping[str, PatchSeries]
) -> None:
    trees = [f"git:file://{fake_tree}#master", f"git:{fake_tree}", f"path:{fake_tree}", f"tar:{tarball()}"]
    done = run_pipeline("apply", str(posted["good"].folder), *(f"--tree={tree}" for tree in trees))
    assert (done.returncode, results(done.stdout)) == (0, [f"{tree}: clean" for tree in trees])


def test_relative_places_are_seen_from_where_the_user_stands(
    run_pipeline: Runner, own_tree: Path, tarball: Callable[..., Path], posted: Mapping[str, PatchSeries]
) -> None:
    trees = [f"path:{own_tree.name}#master", f"tar:{tarball().name}", f"git:./{own_tree.name}#master"]
    done = run_pipeline("apply", str(posted["good"].folder), *(f"--tree={tree}" for tree in trees))
    assert done.returncode == 0, done.stderr
    assert done.stdout.count(": clean") == 3


def test_tarball_without_the_blobs_of_the_patches(
    run_pipeline: Runner, tarball: Callable[..., Path], posted: Mapping[str, PatchSeries]
) -> None:
    """A patch fits where its lines moved; where it does not, git has nothing to merge with, and says so."""
    tree = f"--tree=tar:{tarball('include/linux/page-flags.h', 'include/linux/mm_types.h', 'mm/hugetlb.c')}"
    good = run_pipeline("apply", str(posted["good"].folder), tree)
    assert (good.returncode, good.stdout.count(": clean")) == (0, 1), good.stderr
    bad = run_pipeline("apply", str(posted["conflicts"].folder), tree)
    assert bad.returncode == 3
    assert "patch 2/2 does not apply" in bad.stdout
    assert "  mm/hugetlb.c:" in bad.stdout
    assert "sha1 information is lacking or useless (mm/hugetlb.c)" in bad.stdout


def test_dirty_checkout_is_refused(run_pipeline: Runner, own_tree: Path, posted: Mapping[str, PatchSeries]) -> None:
    """What is not committed would silently be missing from the build."""
    series = str(posted["good"].folder)
    (own_tree / "mm/util.c").write_text("int changed;\n")
    (own_tree / "notes").write_text("not tracked, so no part of a build anyway\n")
    before = state_of(own_tree)
    done = run_pipeline("apply", "--quiet", series, f"--tree=path:{own_tree}")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        f"error: {own_tree} has uncommitted changes in 1 file(s), which would not be part of the build\n"
        f"  Commit them, or say --tree 'path:{own_tree}#HEAD' to build what is committed.\n"
    )
    asked = run_pipeline("apply", series, f"--tree=path:{own_tree}#HEAD")
    assert (asked.returncode, results(asked.stdout)) == (0, [f"path:{own_tree}#HEAD: clean"])
    assert state_of(own_tree) == before


MISSING = {
    "path:{tmp}/nowhere": "there is no folder {tmp}/nowhere",
    "path:{tmp}": "{tmp} is not a git checkout",
    "path:{tree}#no-such-branch": "{tree} has no commit 'no-such-branch'",
    "git:file://{tmp}/nowhere#master": "'{tmp}/nowhere' does not appear to be a git repository",
    "git:file://{tree}#no-such-branch": "couldn't find remote ref no-such-branch",
    "git:ext::sh -c 'touch {tmp}/canary'#master": "transport 'ext' not allowed",
    "tar:{tmp}/nowhere.tar.xz": "there is no file {tmp}/nowhere.tar.xz",
    "debian:linux-source-0.99": "apt-get cannot download linux-source-0.99",
    "svn:{tree}": "'svn:{tree}' does not name a tree",
    "path:{tree}#--upload-pack=touch": "is not a git reference",
}


def test_a_whole_commit_id_is_fetched_once(
    run_pipeline: Runner, own_tree: Path, sealed_environment: dict[str, str], posted: Mapping[str, PatchSeries]
) -> None:
    """A branch is looked up each time, and is not there any more; a commit is what it is."""
    commit = git(own_tree, sealed_environment, "rev-parse", "master").strip()
    series, names = str(posted["good"].folder), [f"git:file://{own_tree}#{ref}" for ref in (commit, "master")]
    assert [run_pipeline("apply", series, f"--tree={name}").returncode for name in names] == [0, 0]
    own_tree.rename(own_tree.with_name("gone"))
    assert [run_pipeline("apply", series, f"--tree={name}").returncode for name in names] == [0, 2]


@pytest.mark.parametrize("name", MISSING)
def test_missing_tree(
    run_pipeline: Runner, fake_tree: Path, tmp_path: Path, posted: Mapping[str, PatchSeries], name: str
) -> None:
    places = {"tmp": tmp_path, "tree": fake_tree}
    done = run_pipeline("apply", str(posted["good"].folder), f"--tree={name.format(**places)}")
    assert (done.returncode, done.stdout) == (2, ""), done.stderr
    (error,) = [line for line in done.stderr.splitlines() if line.startswith("error: ")]
    assert MISSING[name].format(**places) in error
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "canary").exists()


def test_damaged_tarball(run_pipeline: Runner, tmp_path: Path, posted: Mapping[str, PatchSeries]) -> None:
    (tmp_path / "linux.tar").write_bytes(b"no tarball at all\n" * 1000)
    arguments = ("apply", str(posted["good"].folder), f"--tree=tar:{tmp_path}/linux.tar")
    # Twice: the half-made tree must not be taken for a whole one the second time.
    for _ in range(2):
        done = run_pipeline(*arguments)
        assert (done.returncode, done.stdout) == (4, ""), done.stderr
        assert f"error: tar:{tmp_path}/linux.tar could not be unpacked" in done.stderr
        assert "Traceback" not in done.stderr


def test_a_damaged_workspace_is_no_wrong_address(
    run_pipeline: Runner, fake_tree: Path, posted: Mapping[str, PatchSeries]
) -> None:
    """git cannot fetch, because it cannot read what it has. Seen red without a look at that before the blame."""
    arguments = ("apply", str(posted["good"].folder), f"--tree=path:{fake_tree}#master")
    assert run_pipeline(*arguments).returncode == 0
    for index in run_pipeline.workspace.glob("trees.git/objects/pack/*.idx"):
        index.chmod(0o600)
        index.write_bytes(index.read_bytes()[:-100])
    done = run_pipeline(*arguments)
    assert (done.returncode, done.stdout) == (4, "")
    assert "trees.git and worktrees of the workspace can be removed: trees are imported again" in done.stderr


@dataclass(frozen=True)
class Trap:
    """A checkout whose hooks, filters and monitors, and those of its user, all sing.

    Args:
        checkout: with them in its own configuration.
        environment: with them in the user's.
        canary: a file that is there once any of them ran.
    """

    checkout: Path
    environment: Mapping[str, str]
    canary: Path


@pytest.fixture
def trap(run_pipeline: Runner, own_tree: Path, tmp_path: Path) -> Trap:
    canary, programs = tmp_path / "canary", tmp_path / "template/hooks"
    # Committed before the settings are there, so that nothing runs yet.
    (own_tree / ".gitattributes").write_text("* filter=loud merge=loud diff=loud\n")
    (own_tree / ".b4-config").write_text(f"[b4]\n\tam-perpatch-check-cmd = {programs}/any\n")
    git(own_tree, run_pipeline.environment, "add", ".gitattributes", ".b4-config")
    git(own_tree, run_pipeline.environment, "commit", "--quiet", "-m", "attributes")
    for place in (own_tree / ".git/hooks", programs):
        place.mkdir(parents=True, exist_ok=True)
        for name in (*HOOKS, "any"):
            (place / name).write_text(f'#!/bin/sh\necho "$0 $*" >> {canary}\ncat\n')
            (place / name).chmod(0o755)
    settings = f"""\
[filter "loud"]
	clean = {programs}/any clean
	smudge = {programs}/any smudge
[merge "loud"]
	driver = {programs}/any %A
[diff "loud"]
	textconv = {programs}/any
[core]
	fsmonitor = {programs}/any
[init]
	templateDir = {programs.parent}
[uploadpack]
	packObjectsHook = {programs}/any
[b4]
	am-perpatch-check-cmd = {programs}/any
"""
    with (own_tree / ".git/config").open("a") as file:
        file.write(settings)
    home = tmp_path / "home"
    home.mkdir()
    (home / ".gitconfig").write_text(f"{settings}[core]\n\thooksPath = {programs}\n")
    # git has to read a file whose time is not the index's, and would filter it.
    (own_tree / "mm/util.c").touch()
    environment = {"HOME": str(home), "XDG_CONFIG_HOME": str(home), "GIT_TEMPLATE_DIR": str(programs.parent)}
    environment |= {"GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": "core.hooksPath", "GIT_CONFIG_VALUE_0": str(programs)}
    return Trap(own_tree, environment, canary)


def test_nothing_of_the_users_runs_or_changes(
    run_pipeline: Runner, trap: Trap, one_cell: Path, posted: Mapping[str, PatchSeries]
) -> None:
    before = state_of(trap.checkout)
    done = run_pipeline.within(run_pipeline.workspace, **trap.environment)(
        "apply-and-build",
        str(posted["good"].folder),
        f"--tree=path:{trap.checkout}#HEAD",
        f"--tree=git:file://{trap.checkout}#master",
        f"--matrix={one_cell}",
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert not trap.canary.exists(), trap.canary.read_text()
    assert state_of(trap.checkout) == before
    assert [tree.applied for tree in run_pipeline.record().trees] == ["clean", "clean"]


def test_filters_do_not_run_when_a_checkout_is_asked_for_changes(
    run_pipeline: Runner, trap: Trap, posted: Mapping[str, PatchSeries]
) -> None:
    """Without a reference the checkout is looked at, be it the user's own or somebody else's."""
    before = state_of(trap.checkout)
    run_pipeline.within(run_pipeline.workspace, **trap.environment)(
        "apply", str(posted["good"].folder), f"--tree=path:{trap.checkout}"
    )
    assert not trap.canary.exists(), trap.canary.read_text()
    assert state_of(trap.checkout) == before


@pytest.mark.parametrize("command", [("status",), ("checkout", "--quiet", "-b", "own")])
def test_gits_own_commands_spring_the_trap(trap: Trap, run_pipeline: Runner, command: tuple[str, ...]) -> None:
    """The user's own git does run what the pipeline must not."""
    environment = {**run_pipeline.environment, **trap.environment}
    subprocess.run(["git", *command], cwd=trap.checkout, env=environment, capture_output=True, check=False)
    assert trap.canary.exists()
