"""Fixtures of the component tests: real git, b4, public-inbox, make, gcc and bubblewrap; a fake kernel of 40 files.

What is slow to make is made once per session and only read; each test that writes has a folder of its own.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from pipeline.record import RunRecord
from tests.support import developer, inbox
from tests.support.developer import Developer, PatchSeries

IDENTITY = ("Hugh Page", "hugh@example.org")
AUTHOR = ("Devi Loper", "devi@example.org")

FRAGMENTS = {
    "hvo": """\
#: sizeof(struct page) is a power of two
CONFIG_HUGETLBFS=y
CONFIG_HUGETLB_PAGE_OPTIMIZE_VMEMMAP=y
CONFIG_PRINTK=y
""",
    "odd": "#: sizeof(struct page) is not a power of two\nCONFIG_MEMCG=y\nCONFIG_PRINTK=y\n",
    "no-vmemmap": "CONFIG_SPARSEMEM_VMEMMAP=n\n",
}
CELLS = {"x86_64-hvo": "hvo", "i386-odd": "odd", "x86_64-no-vmemmap": "no-vmemmap"}


def matrix_text(cells: Mapping[str, str] = CELLS, toolchain: str = "gcc") -> str:
    """A matrix of the fake kernel; `cells` is fragment by id."""
    parts = ['title = "fake"\n']
    for name, fragment in cells.items():
        arch = name.partition("-")[0]
        parts.append(
            f'[[cells]]\nid = "{name}"\narch = "{arch}"\ntoolchain = "{toolchain}"\nbase = "tinyconfig"\n'
            f'fragments = ["{fragment}"]\n'
        )
    return "\n".join(parts)


@dataclass(frozen=True)
class Runner:
    """Runs the console script in a sealed environment.

    Args:
        workspace: for every command that is not given another.
        environment: the whole environment.
        folder: working directory.
    """

    workspace: Path
    environment: Mapping[str, str]
    folder: Path

    def argv(self, *arguments: str) -> list[str]:
        return [sys.executable, "-m", "pipeline", *arguments, "--workspace", str(self.workspace)]

    def __call__(self, *arguments: str, stdin: bytes | None = None) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            self.argv(*arguments),
            env=self.environment,
            cwd=self.folder,
            stdin=subprocess.DEVNULL if stdin is None else None,
            input=None if stdin is None else stdin.decode(),
            capture_output=True,
            text=True,
            timeout=1800,
            check=False,
        )

    def within(self, workspace: Path, **environment: str) -> Runner:
        """The same in another workspace, with more in the environment."""
        return replace(self, workspace=workspace, environment={**self.environment, **environment})

    def record(self, run: str = "") -> RunRecord:
        """The record of a finished run of the workspace, the newest by default."""
        newest = max((self.workspace / "runs").glob("*/run.json"), key=lambda path: path.stat().st_mtime_ns)
        return RunRecord.model_validate_json(
            (self.workspace / "runs" / run / "run.json" if run else newest).read_bytes()
        )


def processes_in(folder: Path, words: str = "") -> list[int]:
    """Processes whose command line, working directory or mounts name `folder`; with `words` in the command line.

    A sandboxed process sees other paths, but its mounts are listed with those of the host, from the file system's root.
    """
    found = []
    place = "/".join(folder.parts[-3:])
    for process in Path("/proc").glob("[0-9]*"):
        # It may have ended meanwhile, or be another user's.
        with suppress(OSError):
            command = (process / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            if words not in command:
                continue
            if place in f"{command} {(process / 'cwd').readlink()} {(process / 'mountinfo').read_text()}":
                found.append(int(process.name))
    return found


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
    identity = {}
    for role in ("AUTHOR", "COMMITTER"):
        identity |= {f"GIT_{role}_NAME": AUTHOR[0], f"GIT_{role}_EMAIL": AUTHOR[1]}
    made = Developer(tmp_path_factory.mktemp("fake") / "linux", sealed_environment | identity)
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


def write_matrix(folder: Path, text: str = "") -> Path:
    """A matrix file with its fragments in `folder`."""
    for name, content in FRAGMENTS.items():
        (folder / f"{name}.config").write_text(content)
    path = folder / "fake.toml"
    path.write_text(text or matrix_text())
    return path


@pytest.fixture
def run_pipeline(tmp_path: Path, sealed_environment: dict[str, str]) -> Runner:
    """The pipeline with a workspace of the test's own."""
    return Runner(tmp_path / "workspace", sealed_environment, tmp_path)
