"""Patches of a few lines that come to gigabytes: copies of a file, and packed files."""

from __future__ import annotations

from collections.abc import Mapping
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


def applied(developer: Developer, pipeline: Pipeline) -> Applied:
    tree = pipeline.tree(TreeName.parse(f"path:{developer.folder}#master"))
    applier = Applier(pipeline.repository, pipeline.store, pipeline.workspace)
    return applier.apply(threads.series(patches=patches(developer)), tree)


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


def test_a_packed_file_is_not_unpacked_to_be_refused(developer: Developer, pipeline: Pipeline) -> None:
    """300 MB of zeros took 600 MB of memory. Seen red with git asked at once."""
    developer.git("checkout", "--quiet", "-B", "work", "master")
    commit(developer, {"lib/picture.bin": bytes(1000)})
    require_whole(patches(developer), pipeline.repository)
    commit(developer, {"lib/zeros.bin": bytes(40 << 20)})
    with pytest.raises(NotObtainedError, match="more than 16777216 bytes of files that its patches bring packed"):
        require_whole(patches(developer), pipeline.repository)
