"""What a series is applied to: its own base, the tree as named, a commit by its blobs; after what it needs."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.support import developer, inbox
from tests.support.developer import Developer, PatchSeries
from tests.support.matrices import CELLS, matrix_text, write_matrix
from tests.support.people import AUTHOR, git_identity
from tests.support.runner import Runner

CHANGE_ID = "20240320-two-pages-29d9d4a4b2d8"
LATER = ("mm/hugetlb: begin with five pages", (("mm/hugetlb.c", "set_max_huge_pages(2)", "set_max_huge_pages(5)"),))


@pytest.fixture(scope="module")
def kernel(tmp_path_factory: pytest.TempPathFactory, sealed_environment: dict[str, str]) -> Developer:
    """A checkout with a branch `next`, a series for that, and one on which the series does not apply any more."""
    made = Developer(tmp_path_factory.mktemp("bases") / "linux", {**sealed_environment, **git_identity(AUTHOR)})
    made.branch("next", "master", developer.ONLY_IN_NEXT)
    made.branch("conflicts", "next", *developer.CONFLICTS)
    made.branch("later", "next", LATER)
    made.branch("good", "master", *developer.GOOD)
    return made


@pytest.fixture
def run(run_pipeline: Runner) -> Runner:
    return run_pipeline


def applied(run: Runner, series: PatchSeries, tree: str, *options: str) -> tuple[int, list[str]]:
    """Exit status, and the lines of standard output."""
    done = run("apply", str(series.folder), f"--tree={tree}", *options)
    assert "Traceback" not in done.stderr
    return done.returncode, done.stdout.splitlines()


def commit(kernel: Developer, name: str) -> str:
    return kernel.git("rev-parse", name).strip()[:12]


@pytest.mark.parametrize("form", ["path:{}#next", "git:{}#next", "git:file://{}"])
def test_the_base_that_a_series_names_is_taken_where_the_tree_has_it(
    run: Runner, kernel: Developer, tmp_path: Path, form: str
) -> None:
    series = kernel.post(tmp_path / "v1", "master..good", "mm: heads", "--base=master")
    base, tree = commit(kernel, "master"), form.format(kernel.folder)
    status, lines = applied(run, series, tree)
    assert status == 0
    assert lines[0] == f"{tree}: clean"
    if form.endswith("#next"):
        how = "the tree's history has it" if form.startswith("path") else "the repository has it"
        same = "5 of 5 blobs are those that the patches were made from"
        assert lines[1:] == [
            f"  taken: base-commit {base}: {how}; the series applies",
            f"  passed over: the tree as named: {same}; the series applies",
        ]
    else:
        assert lines[1] == f"  taken: base-commit {base}: it is the tree as named; the series applies"


def test_the_tree_as_named_is_taken_when_it_is_asked_for(run: Runner, kernel: Developer, tmp_path: Path) -> None:
    series = kernel.post(tmp_path / "v1", "master..good", "mm: heads", "--base=master")
    status, lines = applied(run, series, f"path:{kernel.folder}#next", "--base=tree")
    assert status == 0
    assert [line.split(":")[0] for line in lines[1:]] == ["  passed over", "  taken"]
    assert run("apply", str(series.folder), f"--tree=path:{kernel.folder}#next", "--base=mine").returncode == 2


def test_a_base_of_another_branch_is_passed_over(run: Runner, kernel: Developer, tmp_path: Path) -> None:
    series = kernel.post(tmp_path / "v1", "next..conflicts", "mm: three", "--base=next")
    status, lines = applied(run, series, f"path:{kernel.folder}#master")
    assert status == 3
    assert lines[1] == (
        f"  passed over: base-commit {commit(kernel, 'next')}: it does not lead to the commit that was named"
    )
    assert lines[2].startswith("  passed over: the tree as named: 1 of 2 blobs")
    assert lines[3] == "  passed over: a commit by its blobs: none has all of them"


@pytest.mark.parametrize("base", ["0" * 12 + "f" * 28, "f" * 12])
def test_a_base_that_nobody_has_is_passed_over(run: Runner, kernel: Developer, tmp_path: Path, base: str) -> None:
    series = kernel.post(tmp_path / "v1", "master..good", "mm: heads")
    cover = series.folder / "0000-cover-letter.patch"
    cover.write_text(cover.read_text() + f"\nbase-commit: {base}\n")
    for form in ("path", "git"):
        status, lines = applied(run, series, f"{form}:{kernel.folder}#master")
        assert status == 0
        assert lines[1].startswith(f"  passed over: base-commit {base[:12]}: ")
        assert lines[2].startswith("  taken: the tree as named: 5 of 5 blobs")


def test_a_commit_is_found_by_the_blobs_that_the_patches_were_made_from(
    run: Runner, kernel: Developer, tmp_path: Path
) -> None:
    """The series names no base, and does not apply to the tip any more."""
    series = kernel.post(tmp_path / "v1", "next..conflicts", "mm: three")
    status, lines = applied(run, series, f"path:{kernel.folder}#later")
    assert status == 0
    assert lines == [
        f"path:{kernel.folder}#later: clean",
        "  passed over: base-commit: the series names none",
        "  passed over: the tree as named: 1 of 2 blobs are those that the patches were made from; "
        "patch 2 does not apply",
        f"  taken: commit {commit(kernel, 'next')}, by its blobs: all 2 blobs are there; the series applies",
    ]
    status, lines = applied(run, series, f"path:{kernel.folder}#later", "--base=tree")
    assert status == 3


@pytest.fixture(scope="module")
def needed(kernel: Developer, tmp_path_factory: pytest.TempPathFactory) -> list[bytes]:
    """The commit of `next`, posted: a cover letter with a change-id, and one patch."""
    posted = kernel.post(tmp_path_factory.mktemp("needed") / "v1", "master..next", "mm: two pages")
    cover, patch = posted.mails
    return [cover + b"\nchange-id: " + CHANGE_ID.encode() + b"\n", patch]


@pytest.fixture(scope="module")
def archive(
    needed: list[bytes], tmp_path_factory: pytest.TempPathFactory, sealed_environment: dict[str, str]
) -> Iterator[inbox.PublicInbox]:
    folder = tmp_path_factory.mktemp("archive") / "pi"
    with inbox.served(folder, needed, sealed_environment, "full") as server:
        yield server


def message_id(mail: bytes) -> str:
    match = re.search(rb"^Message-ID: <(.+)>$", mail, re.MULTILINE | re.IGNORECASE)
    assert match
    return match[1].decode()


LINES: dict[str, Callable[[list[bytes]], str]] = {
    "message-id": lambda mails: f"prerequisite-message-id: <{message_id(mails[0])}>",
    "depends-on": lambda mails: f"Depends-on: https://lore.kernel.org/all/{message_id(mails[1])}/",
    "change-id": lambda _: f"prerequisite-change-id: {CHANGE_ID}:v1",
}


@pytest.mark.parametrize("form", [*LINES, "patch-id"])
def test_what_a_series_needs_is_found_and_applied_first(
    run: Runner, kernel: Developer, needed: list[bytes], archive: inbox.PublicInbox, tmp_path: Path, form: str
) -> None:
    options = ("--base=master",) if form == "patch-id" else ()
    series = kernel.post(tmp_path / "v1", "next..conflicts", "mm: three", *options)
    if form in LINES:
        cover = series.folder / "0000-cover-letter.patch"
        cover.write_text(cover.read_text() + f"\n{LINES[form](needed)}\n")
    midmask = f"--midmask={archive.midmask}"
    status, lines = applied(run, series, f"path:{kernel.folder}#master", midmask)
    title = developer.ONLY_IN_NEXT[0] if form == "patch-id" else "mm: two pages"
    assert status == 0, lines
    assert lines[-1] == f"  prerequisite {title!r}: 1 patch(es) applied"
    shown = run("fetch", str(series.folder), midmask).stdout
    assert f"({title!r}, 1 patch(es)): " in shown
    assert archive.address in shown
    # Where the tree has it, it is not applied again.
    status, lines = applied(run, series, f"path:{kernel.folder}#next", midmask, "--base=tree")
    assert (status, lines[-1]) == (0, f"  prerequisite {title!r}: already in the tree")


def test_patch_ids_of_a_series_named_by_its_change_id_are_applied_once(
    run: Runner, kernel: Developer, archive: inbox.PublicInbox, tmp_path: Path
) -> None:
    """As b4 prep writes them."""
    series = kernel.post(tmp_path / "v1", "next..conflicts", "mm: three", "--base=master")
    last = sorted(series.folder.glob("*.patch"))[0]
    assert "prerequisite-patch-id: " in last.read_text()
    last.write_text(
        last.read_text().replace(
            "prerequisite-patch-id", f"prerequisite-change-id: {CHANGE_ID}:v1\nprerequisite-patch-id", 1
        )
    )
    midmask = f"--midmask={archive.midmask}"
    assert "it is a patch of 'mm: two pages'" in run("fetch", str(series.folder), midmask).stdout
    status, lines = applied(run, series, f"path:{kernel.folder}#master", midmask)
    assert (status, len([line for line in lines if line.startswith("  prerequisite '")])) == (0, 1), lines


def test_what_is_not_found_is_said(run: Runner, kernel: Developer, archive: inbox.PublicInbox, tmp_path: Path) -> None:
    series = kernel.post(tmp_path / "v1", "next..conflicts", "mm: three")
    cover = series.folder / "0000-cover-letter.patch"
    cover.write_text(cover.read_text() + "\nprerequisite-message-id: <nobody@example.org>\n")
    status, lines = applied(run, series, f"path:{kernel.folder}#master", f"--midmask={archive.midmask}")
    assert status == 3
    words = f"not found: {archive.address} has no message nobody@example.org"
    assert f"  prerequisite-message-id: nobody@example.org: {words}" in lines


HARM: dict[str, tuple[tuple[bytes, bytes], str]] = {
    "deceives": (
        (b"\n+", b"\n+/* \xe2\x80\xae */"),
        r"^  prerequisite 'mm: two pages', patch 1, \S+:\d+: not shown: U\+202E RIGHT-TO-LEFT OVERRIDE$",
    ),
    "leads out of the tree": (
        (b"+++ b/", b"+++ b/../"),
        r"\('mm: two pages', 0 patch\(es\)\): not taken: patch 1/1 is refused: .* leads out of the tree$",
    ),
}


@pytest.mark.parametrize("name", HARM)
def test_what_a_series_needs_is_looked_at_as_well(
    run: Runner, kernel: Developer, sealed_environment: dict[str, str], tmp_path: Path, name: str
) -> None:
    (old, new), words = HARM[name]
    posted = kernel.post(tmp_path / "needed", "master..next", "mm: two pages").mails
    diff = posted[1].index(b"\n@@" if old.startswith(b"\n") else b"\n--- a/")
    harmful = posted[1][:diff] + posted[1][diff:].replace(old, new, 1)
    series = kernel.post(tmp_path / "v1", "next..conflicts", "mm: three")
    cover = series.folder / "0000-cover-letter.patch"
    cover.write_text(cover.read_text() + f"\nprerequisite-message-id: <{message_id(posted[0])}>\n")
    with inbox.served(tmp_path / "pi", [posted[0], harmful], sealed_environment, "full") as server:
        done = run("fetch", str(series.folder), f"--midmask={server.midmask}")
    assert done.returncode == 0, done.stderr
    assert re.search(words, done.stdout, re.MULTILINE), done.stdout


def test_what_does_not_apply_is_left_out_and_said(
    run: Runner, kernel: Developer, needed: list[bytes], archive: inbox.PublicInbox, tmp_path: Path
) -> None:
    series = kernel.post(tmp_path / "v1", "master..good", "mm: heads")
    cover = series.folder / "0000-cover-letter.patch"
    cover.write_text(cover.read_text() + f"\nprerequisite-message-id: <{message_id(needed[0])}>\n")
    status, lines = applied(run, series, f"path:{kernel.folder}#later", f"--midmask={archive.midmask}")
    assert (status, lines[-1]) == (0, "  prerequisite 'mm: two pages': left out, its patch 1 does not apply")


def test_a_change_id_is_a_series(run: Runner, archive: inbox.PublicInbox) -> None:
    done = run("fetch", CHANGE_ID, f"--midmask={archive.midmask}")
    assert done.returncode == 0, done.stderr
    assert f"  change-id: {CHANGE_ID}" in done.stdout
    missing = run("fetch", CHANGE_ID.replace("two", "six"), f"--midmask={archive.midmask}")
    assert missing.returncode == 3
    assert "has no message of change-id" in missing.stderr


def test_cells_are_built_on_what_the_series_needs(
    run: Runner, kernel: Developer, archive: inbox.PublicInbox, tmp_path: Path
) -> None:
    """Base builds include the prerequisites, so that the series alone is measured; the record says what was done."""
    series = kernel.post(tmp_path / "v1", "next..conflicts", "mm: three", "--base=master")
    matrix = write_matrix(tmp_path, matrix_text({"i386-odd": CELLS["i386-odd"]}))
    options = (f"--tree=path:{kernel.folder}#master", f"--midmask={archive.midmask}", f"--matrix={matrix}")
    done = run("apply-and-build", str(series.folder), *options)
    assert done.returncode == 0, done.stdout + done.stderr
    record = run.record()
    (tree,) = record.trees
    assert tree.tree_id == kernel.git("rev-parse", "next^{tree}").strip()
    assert tree.prerequisites == (f"{developer.ONLY_IN_NEXT[0]!r}: 1 patch(es) applied",)
    assert [(base.name.split()[0], base.taken) for base in tree.bases] == [("base-commit", True), ("the", False)]
    assert record.series.prerequisites[0].patches == 1
    assert "Bases, in the order in which they were considered" in done.stdout
    assert "Needs" in done.stdout
    # What was stored is found again.
    shutil.rmtree(run.workspace / "runs")
    assert run("apply-and-build", str(series.folder), *options).returncode == 0
    assert run.record().trees == record.trees


def test_a_worker_takes_the_same_base_and_what_the_series_needs(
    run: Runner, kernel: Developer, archive: inbox.PublicInbox, tmp_path: Path
) -> None:
    """A job names the commit that was chosen, which is another than the tree's, and carries the prerequisites."""
    series = kernel.post(tmp_path / "v1", "next..conflicts", "mm: three", "--base=master")
    matrix = write_matrix(tmp_path, matrix_text({"i386-odd": "odd"}))
    words = ["apply-and-build", str(series.folder), f"--tree=path:{kernel.folder}#later", f"--matrix={matrix}"]
    words += [f"--midmask={archive.midmask}", f"--executor=folder:{tmp_path / 'jobs'}"]
    assert run(*words).returncode == 4
    (job,) = (tmp_path / "jobs").glob("*.job.json")
    asked = json.loads(job.read_text())
    assert asked["tree"] == f"path:{kernel.folder}#{kernel.git('rev-parse', 'master').strip()}"
    assert len(asked["prerequisites"]) == 1
    done = run.within(tmp_path / "worker")("run-job", str(job))
    assert done.returncode == 0, done.stderr
    done = run(*words)
    assert done.returncode == 0, done.stderr
    assert "Building" not in done.stderr
