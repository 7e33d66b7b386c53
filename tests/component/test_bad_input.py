"""Bad input and a machine that fails: one clear line, the right exit status, nothing left behind; then it resumes."""

from __future__ import annotations

import mailbox
import re
import shlex
import socket
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from tests.support.developer import Developer, PatchSeries, mbox
from tests.support.inbox import LIST, PublicInbox
from tests.support.matrices import CELLS, matrix_text, write_matrix
from tests.support.runner import Runner, processes_in
from tests.support.sweeps import some

ONE_CELL = {"i386-odd": CELLS["i386-odd"]}


@dataclass(frozen=True)
class Job:
    """The main job, in which one thing is made wrong.

    Args:
        run: in the test's own workspace.
        series: SERIES.
        options: everything else.
    """

    run: Runner
    series: str
    options: tuple[str, ...]

    def __call__(self, *more: str, prefix: tuple[str, ...] = ()) -> subprocess.CompletedProcess[str]:
        command = [*prefix, *self.run.argv("apply-and-build", self.series, *self.options, *more)]
        return subprocess.run(
            command, env=self.run.environment, cwd=self.run.folder, capture_output=True, text=True, check=False
        )


def main_job(run: Runner, tree: Path, series: PatchSeries) -> Job:
    """The main job with nothing wrong yet."""
    matrix = write_matrix(run.folder, matrix_text(ONE_CELL))
    return Job(run, str(series.folder), (f"--tree=path:{tree}#master", f"--matrix={matrix}"))


@pytest.fixture
def job(run_pipeline: Runner, fake_tree: Path, posted: Mapping[str, PatchSeries]) -> Job:
    return main_job(run_pipeline, fake_tree, posted["good"])


def assert_refused(job: Job, done: subprocess.CompletedProcess[str], status: int, *words: str) -> None:
    """Says one clear line with `words`, ends with `status`, and leaves nothing behind."""
    assert done.returncode == status, done.stdout + done.stderr
    assert done.stdout == ""
    assert "Traceback" not in done.stderr
    (error,) = [line for line in done.stderr.splitlines() if line.startswith("error: ")]
    # Python's own way of showing objects and chained causes is not for users.
    assert not re.search(r"0x[0-9a-f]{6}|\(Caused by|Error\(", error), error
    for word in words:
        assert word in done.stderr
    assert_nothing_half_written(job.run.workspace)
    assert processes_in(job.run.folder) == []


def assert_nothing_half_written(workspace: Path) -> None:
    left = [*workspace.glob("runs/*/run.json*"), *workspace.glob("store/tmp/*"), *workspace.glob("mail/*")]
    assert [*left, *workspace.glob("apply-*"), *workspace.glob("downloads/*.part")] == []


Mails = Callable[[Mapping[str, PatchSeries]], bytes]


def cut(after: bytes, then: bytes = b"", more: int = 0) -> Mails:
    """The good series as an mbox that ends `more` bytes behind the first `then` that follows `after`."""

    def made(posted: Mapping[str, PatchSeries]) -> bytes:
        whole = mbox(posted["good"].mails)
        return whole[: whole.index(then, whole.index(after)) + more]

    return made


def chosen(v1: slice, v2: slice = slice(0)) -> Mails:
    """An mbox with some mails of two revisions; 0 is the cover letter."""
    return lambda posted: mbox([*posted["good"].mails[v1], *posted["good-v2"].mails[v2]])


LAST = b"Subject: [PATCH 4/4]"
MAILBOXES: dict[str, tuple[Mails, tuple[str, ...]]] = {
    "empty": (lambda _: b"", ("the mailbox is empty",)),
    "blank": (lambda _: b"\n\n\n", ("the mailbox is empty",)),
    "binary": (lambda _: bytes(range(256)) * 40, ("holds a NUL",)),
    "cover letter alone": (chosen(slice(0, 1)), ("there is no patch",)),
    "patch 2 missing": (
        lambda posted: mbox([mail for number, mail in enumerate(posted["good"].mails) if number != 2]),
        ("v1 of the series is incomplete: missing 2/4",),
    ),
    "two revisions mixed": (
        chosen(slice(0, 3), slice(3, 5)),
        ("v2 of the series is incomplete: missing 1/4, 2/4", "and v1: choose with --revision N"),
    ),
    "cut in a header": (cut(b"Subject: [PATCH 3/4]", more=9), ("missing 3/4, 4/4", "Is the mailbox whole?")),
    "cut in patch 3": (cut(b"Subject: [PATCH 3/4]", b"@@ ", 80), ("missing 4/4", "Is the mailbox whole?")),
    "cut before a hunk": (cut(LAST, b"@@ "), ("4/4",)),
    "cut in a hunk": (cut(LAST, b"The price was"), ("4/4",)),
}


@pytest.mark.parametrize("name", MAILBOXES)
def test_mailbox_without_a_whole_series(job: Job, posted: Mapping[str, PatchSeries], tmp_path: Path, name: str) -> None:
    mails, words = MAILBOXES[name]
    (tmp_path / "series.mbx").write_bytes(mails(posted))
    job = replace(job, series="series.mbx")
    assert_refused(job, job(), 3, *words)


def test_patch_without_its_last_file(job: Job, fake_developer: Developer, tmp_path: Path) -> None:
    """What is left is a valid diff, and another patch than the one that was posted: only its diffstat tells."""
    series_posted = fake_developer.post(tmp_path / "one", "master..good~3", "mm: rename")
    mail = series_posted.mails[1]
    assert b" 4 files changed" in mail
    (tmp_path / "series.mbx").write_bytes(mbox([series_posted.mails[0], mail[: mail.rindex(b"diff --git ")]]))
    job = replace(job, series="series.mbx")
    assert_refused(job, job(), 3, "1/1")


@pytest.mark.parametrize(
    ("message_id", "words"),
    [("nobody@example.org", "has no message nobody@example.org"), ("lunch@example.org", "there is no patch")],
)
def test_message_that_is_no_series(job: Job, public_inbox: PublicInbox, message_id: str, words: str) -> None:
    job = replace(job, series=message_id)
    assert_refused(job, job(f"--midmask={public_inbox.midmask}"), 3, words)


def test_unreachable_server(job: Job) -> None:
    job = replace(job, series="somebody@example.org")
    with socket.socket() as nobody_listens:
        nobody_listens.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{nobody_listens.getsockname()[1]}"
        done = job(f"--midmask=http://{address}/all/%s")
    assert_refused(job, done, 3, f"from {address}", "Connection refused", "--midmask URL")


MATRICES = {
    "unknown name": ("--matrix=quikc", "", ("there is no matrix 'quikc'", "Did you mean 'quick'?")),
    "misspelt key": ("", 'titel = "fake"\ncells = []\n', ("unknown key 'titel'", "Did you mean 'title'?")),
    "misspelt key of a cell": (
        "",
        matrix_text(ONE_CELL).replace("toolchain", "toolchian"),
        ("unknown key 'cells.0.toolchian'", "Did you mean 'toolchain'?"),
    ),
    "no TOML": ("", "title = fake\n", ("fake.toml is not valid TOML", "line 1")),
    "unknown fragment": ("", matrix_text({"i386-odd": "even"}), ("even",)),
    "unknown cell": ("--cell=arm64-*", "", ("no cell of the matrix matches arm64-*", "i386-odd")),
    "no series": ("", "", ("'no-series' is no series", "Name a message-id")),
}


@pytest.mark.parametrize("name", MATRICES)
def test_a_misspelt_request_is_a_usage_error(job: Job, tmp_path: Path, name: str) -> None:
    option, text, words = MATRICES[name]
    write_matrix(tmp_path, text or matrix_text(ONE_CELL))
    job = replace(job, series="no-series" if name == "no series" else job.series)
    assert_refused(job, job(*([option] if option else [])), 2, *words)


@pytest.mark.parametrize("option", ["--sandbox=docker", "--base=none", "--ccache=large"])
def test_a_value_that_an_option_does_not_have(job: Job, option: str) -> None:
    """Said by the parser, before anything is begun."""
    done = job(option)
    assert (done.returncode, done.stdout) == (2, "")
    assert f"Invalid value for '{option.partition('=')[0]}'" in " ".join(done.stderr.split())
    assert "Traceback" not in done.stderr
    assert_nothing_half_written(job.run.workspace)


def test_missing_compiler(job: Job, tmp_path: Path) -> None:
    write_matrix(tmp_path, matrix_text(ONE_CELL, toolchain="gcc-99"))
    assert_refused(job, job(), 4, "missing: gcc-99", "apt-get install gcc-99")


def in_own_mounts(setup: str) -> tuple[str, ...]:
    """Starts a command where the mounts that `setup` makes are seen by nobody else; root is not needed."""
    return ("unshare", "--map-root-user", "--mount", "sh", "-ec", f'{setup}\nexec "$@"', "sh")


@pytest.mark.parametrize(
    ("setup", "words"),
    [
        ('mount --bind /dev/null "$(command -v bwrap)"', ("apt-get install bubblewrap",)),
        ('mount --bind /bin/false "$(command -v bwrap)"', ("bubblewrap cannot make a sandbox here", "--sandbox=none")),
    ],
    ids=["not installed", "not allowed"],
)
def test_no_silent_fall_back_without_bubblewrap(job: Job, setup: str, words: tuple[str, ...]) -> None:
    assert_refused(job, job(prefix=in_own_mounts(setup)), 4, *words)
    assert not (job.run.workspace / "builds").exists()
    assert not (job.run.workspace / "worktrees").exists()


def test_bubblewrap_not_in_the_search_path(job: Job, tmp_path: Path) -> None:
    programs = tmp_path / "programs"
    programs.mkdir()
    for name in ("git", "python3"):
        (programs / name).symlink_to(f"/usr/bin/{name}")
    job = replace(job, run=job.run.within(job.run.workspace, PATH=str(programs)))
    assert_refused(job, job(), 4, "bubblewrap (bwrap) is not installed", "apt-get install bubblewrap")
    assert not (job.run.workspace / "builds").exists()


UNWRITABLE = {
    "a file is in the way": ": > {workspace}",
    "read-only": "mkdir {workspace} && mount -t tmpfs -o ro tmpfs {workspace}",
}


@pytest.mark.parametrize("name", UNWRITABLE)
def test_unwritable_workspace(job: Job, name: str) -> None:
    setup = UNWRITABLE[name].format(workspace=job.run.workspace)
    done = job(prefix=in_own_mounts(setup))
    assert_refused(job, done, 4, f"the workspace {job.run.workspace} cannot be used", "--workspace DIR")


WHEN_FULL = """
mount -t tmpfs -o {options} tmpfs {workspace}
set +e
"$@"
status=$?
find {workspace} > {tmp}/left
mount -o remount,size=8g,nr_inodes=100000 {workspace}
"$@" > {tmp}/again.out 2> {tmp}/again.err
echo $? > {tmp}/again.status
exit $status
"""
NEED = 'mount -t tmpfs -o size=8g tmpfs {0}; set +e; "$@" >&2; df --output=iused {0}; exit'


@pytest.fixture(scope="module")
def inodes_needed(
    sealed_environment: dict[str, str],
    fake_tree: Path,
    posted: Mapping[str, PatchSeries],
    tmp_path_factory: pytest.TempPathFactory,
) -> int:
    """Of the main job. A file system that is out of inodes is full at the same place each time."""
    folder = tmp_path_factory.mktemp("full")
    job = main_job(Runner(folder / "workspace", sealed_environment, folder), fake_tree, posted["good"])
    job.run.workspace.mkdir()
    done = job(prefix=in_own_mounts(NEED.format(job.run.workspace)))
    return int(done.stdout.split()[-1])


@pytest.mark.parametrize("share", some([0, 0.08, 0.3, 0.6, 0.9], 2))
def test_full_disk_then_space(job: Job, inodes_needed: int, tmp_path: Path, share: float) -> None:
    """Nothing half-written counts: with space again, the same command ends as if nothing had been."""
    job.run.workspace.mkdir()
    options = f"size=8g,nr_inodes={int(share * inodes_needed)}" if share else "size=64m"
    setup = WHEN_FULL.format(options=options, workspace=job.run.workspace, tmp=tmp_path)
    assert_refused(job, job(prefix=in_own_mounts(setup)), 4)
    left = (tmp_path / "left").read_text()
    assert not re.search(r"/run\.json$|/store/tmp/.|/apply-[^/]*$|/mail/.", left, re.MULTILINE), left
    assert (tmp_path / "again.status").read_text() == "0\n", (tmp_path / "again.err").read_text()
    assert (tmp_path / "again.out").read_text().startswith("OK: ")
    assert "damaged" not in (tmp_path / "again.err").read_text()


APPLIED_WHEN_FULL = """
mount -t tmpfs -o size=8g tmpfs {workspace}
set +e
{first} > /dev/null 2>&1
used=$(df --output=iused {workspace} | tail -n 1)
for more in 24 32 40 48 56; do
    mount -o remount,nr_inodes=$((used + more)) {workspace}
    "$@" > /dev/null
    echo $?
done
mount -o remount,nr_inodes=100000 {workspace}
exec "$@"
"""


def test_full_disk_is_no_verdict_on_a_patch(
    run_pipeline: Runner, fake_tree: Path, posted: Mapping[str, PatchSeries]
) -> None:
    """git-am(1) fails alike whether the patch does not fit the tree or the objects do not fit the disk."""
    run_pipeline.workspace.mkdir()
    tree = f"--tree=path:{fake_tree}#master"
    first = shlex.join(run_pipeline.argv("apply", str(posted["waits"].folder), tree))
    setup = APPLIED_WHEN_FULL.format(workspace=run_pipeline.workspace, first=first)
    command = [*in_own_mounts(setup), *run_pipeline.argv("apply", str(posted["good"].folder), tree)]
    done = subprocess.run(
        command, env=run_pipeline.environment, cwd=run_pipeline.folder, capture_output=True, text=True, check=False
    )
    *full, last = [line for line in done.stdout.splitlines() if not line.startswith(" ")]
    assert set(full) <= {"4", "0"}, done.stderr
    assert "4" in full, done.stderr
    assert (last, done.returncode) == (f"path:{fake_tree}#master: clean", 0), done.stderr


def test_every_form_of_a_series_is_the_same_series(
    run_pipeline: Runner, posted: Mapping[str, PatchSeries], public_inbox: PublicInbox, tmp_path: Path
) -> None:
    """mbox, maildir, standard input, a folder of patches, a message-id, and URLs as lore has them."""
    mails, message_id = posted["good"].mails, posted["good"].message_ids[0]
    (tmp_path / "series.mbx").write_bytes(mbox(mails))
    maildir = mailbox.Maildir(tmp_path / "maildir")
    for mail in reversed(mails):
        maildir.add(mail)
    forms: dict[str, bytes | None] = {
        "series.mbx": None,
        "maildir": None,
        "-": mbox(mails),
        str(posted["good"].folder): None,
        message_id: None,
        f"http://{public_inbox.address}/{LIST}/{message_id}/T/#u": None,
    }
    patches = set()
    for number, (form, stdin) in enumerate(forms.items()):
        target = tmp_path / f"{number}.mbx"
        done = run_pipeline("fetch", form, f"--midmask={public_inbox.midmask}", "-o", str(target), stdin=stdin)
        assert done.returncode == 0, f"{form}: {done.stderr}"
        assert "  v1, 4 patches, from Devi Loper <devi@example.org>" in done.stdout
        assert f"Message-ID: {message_id}" in done.stdout
        # The same change under the same name, however it was wrapped on its way.
        stable = subprocess.run(
            ["git", "patch-id", "--stable"], input=target.read_bytes(), capture_output=True, check=True
        ).stdout
        ids = [line.split()[0] for line in stable.decode().splitlines()]
        titles = tuple(line.strip() for line in done.stdout.splitlines() if re.match(r" +\d  ", line))
        assert (len(ids), len(titles)) == (4, 4)
        patches.add((*ids, *titles))
    assert len(patches) == 1
