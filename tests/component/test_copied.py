"""Patches of a few lines that come to gigabytes: copies of a file, and packed files."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from pipeline.apply import Applier
from pipeline.fetch.assembly import require_whole
from pipeline.kernel.trees import TreeName
from pipeline.mail import message
from pipeline.model import Applied, ApplyStatus, Patch
from pipeline.run import Pipeline
from pipeline.system.console import Console
from pipeline.system.errors import NotObtainedError
from pipeline.system.process import Processes
from pipeline.system.workspace import Workspace
from tests.support import threads
from tests.support.developer import Developer


@pytest.fixture
def developer(tmp_path: Path, sealed_environment: Mapping[str, str]) -> Developer:
    return Developer(tmp_path / "linux", sealed_environment)


@pytest.fixture
def pipeline(tmp_path: Path) -> Pipeline:
    workspace = Workspace(tmp_path / "workspace")
    workspace.prepare()
    return Pipeline(workspace, Processes(), Console(quiet=True))


def patches(developer: Developer) -> tuple[Patch, ...]:
    """The commits on master as mails; copies are named as such."""
    target = developer.folder.parent / "posted"
    options = ("--binary", "--find-copies-harder", "-l0", "--output-directory", str(target))
    developer.git("format-patch", "--quiet", *options, "master..work")
    mails = [message.parse(path.read_bytes().split(b"\n", 1)[1]) for path in sorted(target.glob("*.patch"))]
    return tuple(threads.patch(at, mail=mail.raw, files=mail.files) for at, mail in enumerate(mails, 1))


def commit(developer: Developer, files: Mapping[str, bytes]) -> None:
    for path, content in files.items():
        (developer.folder / path).write_bytes(content)
    developer.git("add", "--all")
    developer.git("commit", "--quiet", "-m", f"lib: add {len(files)} files")


def applied(developer: Developer, pipeline: Pipeline, posted: tuple[Patch, ...] = ()) -> Applied:
    tree = pipeline.tree(TreeName.parse(f"path:{developer.folder}#master"))
    applier = Applier(pipeline.repository, pipeline.store, pipeline.workspace)
    return applier.apply(threads.series(patches=posted or patches(developer)), tree)


@pytest.mark.parametrize(("copies", "status"), [(8, ApplyStatus.CLEAN), (20, ApplyStatus.FAILED)])
def test_a_file_is_copied_a_few_times(
    developer: Developer, pipeline: Pipeline, copies: int, status: ApplyStatus
) -> None:
    """A mail of four megabytes took 400 MB of disk, and could have taken all. Seen red with git asked at once."""
    developer.git("checkout", "--quiet", "-B", "work", "master")
    large = b"".join(b"line %d of many\n" % number for number in range(50_000))
    commit(developer, {"lib/large.txt": large})
    commit(developer, {f"lib/copy{number}.txt": large for number in range(copies)})
    outcome = applied(developer, pipeline)
    assert outcome.status is status
    assert len(outcome.states) == (3 if status is ApplyStatus.CLEAN else 2)
    assert ("not applied: more than 16777216 bytes" in outcome.log) is (status is ApplyStatus.FAILED)


@pytest.mark.parametrize(("source", "status"), [(None, ApplyStatus.CLEAN), (0, ApplyStatus.FAILED)])
def test_files_that_are_renamed_do_not_become_more(
    developer: Developer, pipeline: Pipeline, source: int | None, status: ApplyStatus
) -> None:
    """20 MB of them. Seen red: honest ones were refused. One that is renamed again and again is copied."""
    developer.git("checkout", "--quiet", "-B", "master")
    commit(developer, {f"lib/old{number}.txt": b"line of %d\n" % number * 100_000 for number in range(20)})
    developer.git("checkout", "--quiet", "-B", "work")
    for number in range(20):
        developer.git("mv", f"lib/old{number}.txt", f"lib/new{number}.txt")
    commit(developer, {})
    (patch,) = patches(developer)
    mail = patch.mail if source is None else re.sub(rb"(?m)^(rename from lib/old)\d+", rb"\g<1>0", patch.mail)
    outcome = applied(developer, pipeline, (replace(patch, mail=mail),))
    assert outcome.status is status, outcome.log
    assert ("not applied: more than 16777216 bytes" in outcome.log) is (status is ApplyStatus.FAILED)


@pytest.mark.parametrize(
    "written",
    [
        b"copy from lib//large.txt\n",
        b'copy from "lib/large.txt" \n',
        b'copy from "lib/\\154arge.txt"\n',
        # Not in the tree: git-am(1) goes by the blob.
        b"copy from lib/gone.txt\n",
    ],
)
def test_a_copy_is_counted_however_its_source_is_written(
    developer: Developer, pipeline: Pipeline, written: bytes
) -> None:
    """Seen red: git-apply(1) found the file, and it was counted as none."""
    developer.git("checkout", "--quiet", "-B", "work", "master")
    large = b"".join(b"line %d of many\n" % number for number in range(50_000))
    commit(developer, {"lib/large.txt": large})
    commit(developer, {f"lib/copy{number}.txt": large + b"more\n" for number in range(20)})
    first, second = patches(developer)
    assert second.mail.count(b"copy from lib/large.txt\n") == 20
    mail = second.mail.replace(b"copy from lib/large.txt\n", written)
    outcome = applied(developer, pipeline, (first, replace(second, mail=mail)))
    assert outcome.status is ApplyStatus.FAILED
    assert "not applied: more than 16777216 bytes" in outcome.log


def test_a_name_that_is_no_text_is_looked_for(developer: Developer, pipeline: Pipeline) -> None:
    """Seen red: a traceback."""
    mail = patch_of(b"diff --git a/x b/x\nsimilarity index 100%\nrename from \xff\nrename to x\n")
    assert applied(developer, pipeline, (mail,)).status is ApplyStatus.FAILED


@pytest.mark.parametrize(
    ("mode", "content", "words"),
    [("120000", "/etc/passwd", "a symbolic link that leads out"), ("160000", f"Subproject commit {'1' * 40}", "a sub")],
)
def test_what_git_made_is_looked_at_again(
    developer: Developer, pipeline: Pipeline, mode: str, content: str, words: str
) -> None:
    """Whatever was read of the patch before. Seen red: both were applied."""
    diff = f"diff --git a/x b/x\nnew file mode {mode}\n--- /dev/null\n+++ b/x\n@@ -0,0 +1 @@\n+{content}\n"
    with pytest.raises(NotObtainedError, match=words):
        applied(developer, pipeline, (patch_of(f"{diff}\\ No newline at end of file\n".encode()),))
    assert not list(pipeline.workspace.folder.glob("apply-*"))


def patch_of(diff: bytes) -> Patch:
    """A patch with a diff that no git wrote, and that nobody looked at."""
    head = b"From: A <a@example.org>\nDate: Mon, 1 Jan 2024 00:00:00 +0000\nSubject: [PATCH] x: y\n\nWords.\n---\n"
    return threads.patch(1, mail=head + diff, files=("x",))


def test_a_packed_file_is_not_unpacked_to_be_refused(developer: Developer, pipeline: Pipeline) -> None:
    """300 MB of zeros took 600 MB of memory. Seen red with git asked at once."""
    developer.git("checkout", "--quiet", "-B", "work", "master")
    commit(developer, {"lib/picture.bin": bytes(1000)})
    require_whole(patches(developer), pipeline.repository)
    commit(developer, {"lib/zeros.bin": bytes(40 << 20)})
    with pytest.raises(NotObtainedError, match="more than 16777216 bytes of files that its patches bring packed"):
        require_whole(patches(developer), pipeline.repository)
