"""Fixtures of the component tests: real git, b4, public-inbox, make, gcc and bubblewrap; a fake kernel of 40 files.

What is slow to make is made once per session and only read; each test that writes has a folder of its own.
"""

from __future__ import annotations

import os
import shutil
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from tests.support import developer, inbox
from tests.support.developer import Developer, PatchSeries
from tests.support.matrices import CELLS, HVO, ODD, matrix_text, write_matrix
from tests.support.people import AUTHOR, IDENTITY, git_identity
from tests.support.runner import Runner
from tests.support.timeless import without_times
from tests.support.undisturbed import Undisturbed


@pytest.fixture(scope="session")
def sealed_environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """An environment that knows nothing of the user: own HOME with a git identity, no XDG, GIT or PIPELINE variable."""
    home = tmp_path_factory.mktemp("home")
    (home / ".gitconfig").write_text(f"[user]\n\tname = {IDENTITY[0]}\n\temail = {IDENTITY[1]}\n")
    (home / "tmp").mkdir()
    return {
        "PATH": f"{Path(sys.executable).parent}:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        "HOME": str(home),
        "TMPDIR": str(home / "tmp"),
        "LANG": "C.UTF-8",
        "TZ": "UTC",
        "PYTHONDONTWRITEBYTECODE": "1",
        **{f"XDG_{kind}_HOME": str(home / kind.lower()) for kind in ("CACHE", "CONFIG", "DATA", "STATE")},
    }


@pytest.fixture(scope="module")
def folder(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where a module's commands run; the workspace in it is shared, so that each base is built once."""
    return tmp_path_factory.mktemp(request.path.stem.removeprefix("test_"))


@pytest.fixture(scope="module")
def two_cells(folder: Path) -> Path:
    """A matrix of two cells, both reachable."""
    return write_matrix(folder, matrix_text({name: CELLS[name] for name in (HVO, ODD)}))


@pytest.fixture
def run(folder: Path, sealed_environment: dict[str, str]) -> Runner:
    """The pipeline in the module's folder; a test that needs a workspace of its own takes `run_pipeline`."""
    return Runner(folder / "workspace", sealed_environment, folder)


@pytest.fixture(autouse=True)
def sealed(sealed_environment: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    """No test sees the user's settings, even where it calls the project's code in this process."""
    for name in os.environ:
        if name.startswith(("GIT_", "XDG_", "PIPELINE_", "PI_", "B4_")):
            monkeypatch.delenv(name)
    for name in ("HOME", "LANG", "TZ"):
        monkeypatch.setenv(name, sealed_environment[name])


@pytest.fixture(scope="session")
def fake_developer(tmp_path_factory: pytest.TempPathFactory, sealed_environment: dict[str, str]) -> Developer:
    """The fake kernel as a git checkout with every branch that the series need; only read."""
    made = Developer(tmp_path_factory.mktemp("fake") / "linux", {**sealed_environment, **git_identity(AUTHOR)})
    made.branch("good", "master", *developer.GOOD)
    made.branch("noisy", "master", developer.NOISY)
    made.branch("warns", "noisy", *developer.WARNS)
    made.branch("breaks", "master", *developer.BREAKS)
    made.branch("breaks-one", "master", *developer.BREAKS_ONE)
    made.branch("next", "master", developer.ONLY_IN_NEXT)
    made.branch("conflicts", "next", *developer.CONFLICTS)
    made.branch("waits", "master", *developer.WAITS)
    made.branch("stalls", "master", *developer.STALLS)
    made.branch("waits-on-i386", "master", *developer.WAITS_ON_I386)
    made.branch("documents", "good", *developer.DOCUMENTS)
    made.branch("partly", "master", *developer.PARTLY)
    made.branch("one-file", "master", *developer.ONE_FILE)
    made.branch("uncompiled", "master", *developer.UNCOMPILED)
    made.branch("dropped", "master", *developer.DROPPED)
    made.branch("grows", "master", *developer.GROWS)
    made.branch("reorders", "master", *developer.REORDERS)
    for name, commits in developer.FATES.items():
        made.branch(name, "master", *commits)
    return made


@pytest.fixture(scope="session")
def fake_tree(fake_developer: Developer) -> Path:
    """The checkout of the fake kernel, on master; only read."""
    return fake_developer.folder


@pytest.fixture
def own_tree(fake_tree: Path, tmp_path: Path) -> Path:
    """A checkout of the fake kernel that a test may change."""
    return Path(shutil.copytree(fake_tree, tmp_path / "linux", symlinks=True))


@pytest.fixture(scope="session")
def posted(fake_developer: Developer, tmp_path_factory: pytest.TempPathFactory) -> dict[str, PatchSeries]:
    """Every series by name, as folders of patches."""
    folder = tmp_path_factory.mktemp("posted")
    return {
        name: fake_developer.post(folder / name, revisions, title, *options)
        for name, revisions, title, *options in (
            ("good", "master..good", "mm: no more fake heads"),
            ("good-v2", "master..good", "mm: no more fake heads", "-v2"),
            ("warns", "noisy..warns", "mm: comments for util.c"),
            ("breaks", "master..breaks", "mm: use a helper"),
            ("breaks-one", "master..breaks-one", "mm: lean on the memmap"),
            ("conflicts", "next..conflicts", "mm: three huge pages"),
            ("waits", "master..waits", "lib: wait"),
            ("stalls", "master..stalls", "lib: wait for a header"),
            ("waits-on-i386", "master..waits-on-i386", "lib: wait on i386"),
            ("documents", "good..documents", "Documentation: one word less"),
            ("partly", "master..partly", "mm: code for some"),
            ("one-file", "master..one-file", "mm: three huge pages"),
            ("uncompiled", "master..uncompiled", "lib: another factor"),
            ("dropped", "master..dropped", "kernel: write twice"),
            ("grows", "master..grows", "mm: owners of a page"),
            ("reorders", "master..reorders", "mm: another order"),
            *((name, f"master..{name}", f"x86: a kernel that {name}") for name in developer.FATES),
        )
    }


@pytest.fixture(scope="session")
def thread(posted: dict[str, PatchSeries]) -> list[bytes]:
    """The good series with what others said: a Reviewed-by: for patch 2 and a comment without any trailer."""
    mails = posted["good"].mails
    reviewed = developer.answer(
        mails[2], "Tally Page <tally@example.org>", "Fine.\n\nReviewed-by: Tally Page <tally@example.org>\n", 1
    )
    comment = developer.answer(mails[0], "Mem Map <mem@example.org>", "I wonder whether this is faster.\n", 2)
    return [*mails, reviewed, comment]


@pytest.fixture(scope="session")
def public_inbox(
    thread: list[bytes], tmp_path_factory: pytest.TempPathFactory, sealed_environment: dict[str, str]
) -> Iterator[inbox.PublicInbox]:
    """A server with the thread and a mail about lunch."""
    mails = [*thread, developer.plain_mail("lunch@example.org")]
    with inbox.served(tmp_path_factory.mktemp("public-inbox") / "pi", mails, sealed_environment) as server:
        yield server


@pytest.fixture(scope="session")
def matrix(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A matrix of three cells, one of which cannot be had."""
    return write_matrix(tmp_path_factory.mktemp("matrix"))


@pytest.fixture
def run_pipeline(tmp_path: Path, sealed_environment: dict[str, str]) -> Runner:
    """The pipeline with a workspace of the test's own."""
    return Runner(tmp_path / "workspace", sealed_environment, tmp_path)


@pytest.fixture(scope="session")
def undisturbed(
    sealed_environment: dict[str, str],
    fake_tree: Path,
    posted: Mapping[str, PatchSeries],
    tmp_path_factory: pytest.TempPathFactory,
) -> Undisturbed:
    """The main job with one cell, while nothing happened to it."""
    folder = tmp_path_factory.mktemp("undisturbed")
    matrix = write_matrix(folder, matrix_text({ODD: CELLS[ODD]}))
    arguments = ("apply-and-build", str(posted["good"].folder), f"--tree=path:{fake_tree}#master", f"--matrix={matrix}")
    run = Runner(folder / "workspace", sealed_environment, folder)
    started = time.monotonic()
    done = run(*arguments)
    assert done.returncode == 0, done.stderr
    return Undisturbed(arguments, without_times(run.record()), time.monotonic() - started)
