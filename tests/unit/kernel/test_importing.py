"""Tarballs that become commits, also where that is interrupted."""

from __future__ import annotations

import io
import multiprocessing
import os
import re
import signal
import tarfile
from pathlib import Path

import pytest

from pipeline.kernel import importing
from pipeline.kernel.importing import import_archive
from pipeline.kernel.tarball import Source, UnsafeArchiveError
from pipeline.system.git import GitError, Repository, initialised
from tests.support.tarballs import archive, member, packed

REF = "refs/trees/one"
MEBIBYTE = 1 << 20


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return initialised(tmp_path / "trees.git")


def imported(repository: Repository, stream: Source, message: str, ref: str) -> str:
    aside = repository.folder.parent / "aside"
    try:
        return import_archive(repository, stream, message, ref, aside, lambda _: None)
    finally:
        assert not aside.exists()


def test_a_tarball_becomes_one_commit_without_its_first_folder(repository: Repository) -> None:
    stream = packed(
        {
            "linux-6.12": member(tarfile.DIRTYPE),
            "linux-6.12/Makefile": b"VERSION = 6\n",
            "linux-6.12/scripts/x.sh": b"#!/bin/sh\n",
            'linux-6.12/mm/a "b"\tc.c': b"\0\xff",
            "linux-6.12/link": member(tarfile.SYMTYPE, "Makefile"),
            "linux-6.12/fifo": member(tarfile.FIFOTYPE),
        }
    )
    commit = imported(repository, stream, "6.12.1-1", REF)
    assert repository.commit_of(REF) == commit
    listing = repository.out("ls-tree", "-r", "-z", commit)
    modes_and_paths = [re.sub(r" blob \w+\t", " ", line) for line in listing.strip("\0").split("\0")]
    assert sorted(modes_and_paths) == [
        "100644 Makefile",
        '100644 mm/a "b"\tc.c',
        "100755 scripts/x.sh",
        "120000 link",
    ]
    assert repository.out("show", f"{commit}:Makefile") == "VERSION = 6"
    assert repository.out("log", "-1", "--format=%s", commit) == "6.12.1-1"


def test_the_same_tarball_gives_the_same_commit(repository: Repository) -> None:
    commits = {imported(repository, archive(l__a=b"1"), "v", ref) for ref in (REF, "refs/trees/two")}
    assert len(commits) == 1


@pytest.mark.parametrize("name", ["linux/../../etc/passwd", "../x", "linux/mm/../x", "/etc/passwd", "//x"])
def test_a_name_that_leads_outside_is_refused_and_nothing_is_left(repository: Repository, name: str) -> None:
    stream = packed({"linux/good": b"1", name: b"bad"})
    with pytest.raises(UnsafeArchiveError):
        imported(repository, stream, "v", REF)
    assert repository.commit_of(REF) is None


def test_a_truncated_tarball_is_refused_and_nothing_is_left(repository: Repository) -> None:
    whole = archive(l__a=bytes(range(256)) * 200).getvalue()
    with pytest.raises((tarfile.TarError, EOFError)):
        imported(repository, io.BytesIO(whole[: len(whole) // 2]), "v", REF)
    assert repository.commit_of(REF) is None


def test_what_git_refuses_is_an_error_and_nothing_is_left(repository: Repository) -> None:
    with pytest.raises(GitError):
        imported(repository, archive(l__a=b"1"), "v", "bad ref")
    assert repository.commit_of(REF) is None


class Deadly(io.BytesIO):
    """A file that kills its reader where it has read most of it."""

    def read(self, size: int | None = -1, /) -> bytes:
        if self.tell() > 40 * MEBIBYTE:
            os.kill(os.getpid(), signal.SIGKILL)
        return super().read(size)


def test_an_import_that_was_killed_goes_on_at_its_last_step(
    repository: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importing, "_STEP", 4)
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as tar:
        for number in range(50):
            info = tarfile.TarInfo(f"linux/{number % 7}/{number}")
            info.size = MEBIBYTE
            tar.addfile(info, io.BytesIO(bytes([number]) * MEBIBYTE))
    content, aside, said = stream.getvalue(), tmp_path / "aside", list[str]()

    def begin() -> None:
        import_archive(repository, Deadly(content), "v", REF, aside, print)

    process = multiprocessing.get_context("fork").Process(target=begin)
    process.start()
    process.join()
    assert process.exitcode == -signal.SIGKILL
    assert repository.commit_of(REF) is None
    assert list(repository.folder.glob("objects/pack/*")) == []
    commit = import_archive(repository, io.BytesIO(content), "v", REF, aside, said.append)
    (words,) = said
    done = int(re.findall(r"after (\d+) files", words)[0])
    assert 12 <= done <= 40
    assert not aside.exists()
    assert len(repository.out("ls-tree", "-r", commit).splitlines()) == 50
    assert repository.out("fsck", "--strict", "--no-dangling") == ""
    whole = initialised(tmp_path / "whole.git")
    assert imported(whole, io.BytesIO(content), "v", REF) == commit


def test_an_import_gives_the_same_commit_in_any_number_of_steps(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = {f"linux/{number % 3}/{number}": b"%d" % number for number in range(9)}
    commits = set()
    for step in (1, 3, 4, 100):
        monkeypatch.setattr(importing, "_STEP", step)
        commits.add(imported(initialised(tmp_path / f"{step}.git"), packed(files), "v", REF))
    assert len(commits) == 1
