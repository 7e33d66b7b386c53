"""Names of trees, and tarballs that become commits."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import tarfile
import threading
from contextlib import closing
from pathlib import Path

import pytest

from pipeline.kernel.history import pinned
from pipeline.kernel.tarball import Progress, Unpacked
from pipeline.kernel.trees import TreeImporter, TreeKind, TreeName
from pipeline.system.errors import InfrastructureError, PipelineError, UsageError
from pipeline.system.process import Processes
from pipeline.system.workspace import Workspace
from tests.support.tarballs import archive, packed


@pytest.mark.parametrize(
    ("text", "kind", "place", "ref"),
    [
        ("git:https://x.org/linux.git#v6.12", TreeKind.GIT, "https://x.org/linux.git", "v6.12"),
        ("git:https://x.org/linux.git", TreeKind.GIT, "https://x.org/linux.git", ""),
        ("git:git@x.org:linux.git#a/b", TreeKind.GIT, "git@x.org:linux.git", "a/b"),
        ("path:/srv/linux#HEAD~1", TreeKind.PATH, "/srv/linux", "HEAD~1"),
        ("path:/srv/../srv/linux", TreeKind.PATH, "/srv/linux", ""),
        ("debian:linux-source-6.12", TreeKind.DEBIAN, "linux-source-6.12", ""),
        ("tar:/srv/linux.tar.xz", TreeKind.TAR, "/srv/linux.tar.xz", ""),
        ("tar:https://x.org/linux.tar.xz", TreeKind.TAR, "https://x.org/linux.tar.xz", ""),
    ],
)
def test_a_name_is_taken_apart(text: str, kind: TreeKind, place: str, ref: str) -> None:
    tree_name = TreeName.parse(text)
    assert (tree_name.kind, tree_name.place, tree_name.ref) == (kind, place, ref)
    assert TreeName.parse(str(tree_name)) == tree_name


def test_a_path_is_that_of_the_working_directory_or_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    assert TreeName.parse("path:linux").place == str(tmp_path / "linux")
    assert TreeName.parse("path:~/linux#x").place == str(tmp_path / "home/linux")


@pytest.mark.parametrize(
    "text",
    [
        *("", "git", "git:", "linux-6.12", "svn:https://x.org", ":x", "GIT:https://x.org"),
        *("git:https://x.org#--upload-pack=x", "path:/srv/linux#-x"),
        *("git:--upload-pack=x", "git:#main", "path:#main"),
    ],
)
def test_what_names_no_tree_is_refused_with_the_forms_that_would(text: str) -> None:
    with pytest.raises(UsageError) as caught:
        TreeName.parse(text)
    assert "debian:linux-source-6.12" in caught.value.hint


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("git:https://example.org/linux.git#master", f"git:https://example.org/linux.git#{'c' * 40}"),
        ("path:/src/linux", f"path:/src/linux#{'c' * 40}"),
        ("debian:linux-source-6.12", "debian:linux-source-6.12"),
        ("tar:https://example.org/linux.tar.xz", "tar:https://example.org/linux.tar.xz"),
    ],
)
def test_what_has_commits_is_named_by_its_commit(name: str, expected: str) -> None:
    assert str(pinned(TreeName.parse(name), "c" * 40)) == expected


def obtain(folder: Path, name: str) -> object:
    workspace = Workspace(folder / "workspace")
    workspace.prepare()
    return TreeImporter(workspace, Processes(), lambda _: None).obtain(TreeName.parse(name))


def test_a_file_is_imported_once(tmp_path: Path) -> None:
    file = tmp_path / "linux-6.12.tar.gz"
    file.write_bytes(archive(l__Makefile=b"x").getvalue())
    first = obtain(tmp_path, f"tar:{file}")
    file.unlink()
    assert obtain(tmp_path, f"tar:{file}") == first


@pytest.mark.parametrize(
    ("content", "error"), [(b"no tarball", InfrastructureError), (b"", InfrastructureError), (None, UsageError)]
)
def test_what_is_no_tarball_is_a_typed_error(tmp_path: Path, content: bytes | None, error: type[Exception]) -> None:
    file = tmp_path / "x.tar"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(error, match=r"x\.tar"):
        obtain(tmp_path, f"tar:{file}")


def test_a_name_that_is_not_utf8_is_imported_or_a_typed_error(tmp_path: Path) -> None:
    file = tmp_path / "x.tar.gz"
    file.write_bytes(packed({"l/a": b"1", "l/\udcff": b"2"}).getvalue())
    try:
        obtain(tmp_path, f"tar:{file}")
    except PipelineError as error:
        words = error.message
    else:
        words = "imported"
    assert words


@pytest.mark.parametrize(("place", "words"), [("none", "no folder"), (".", "not a git checkout")])
def test_a_folder_that_is_no_checkout_is_refused(tmp_path: Path, place: str, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        obtain(tmp_path, f"path:{tmp_path / place}")


PLAIN = b"plain" * 500_000


@pytest.mark.parametrize(
    "content",
    [
        PLAIN,
        lzma.compress(PLAIN),
        gzip.compress(PLAIN),
        gzip.compress(PLAIN[:7]) + gzip.compress(PLAIN[7:]),
        bz2.compress(PLAIN),
    ],
    ids=["plain", "xz", "gzip", "two of gzip", "bzip2"],
)
def test_a_file_is_unpacked_whatever_it_is_compressed_by(content: bytes) -> None:
    with closing(Unpacked(io.BytesIO(content))) as unpacked:
        assert b"".join(iter(unpacked.read, b"")) == PLAIN
        assert unpacked.read() == b""


@pytest.mark.parametrize("cut", [10, 200])
def test_a_compressed_file_that_ends_early_is_damaged(cut: int) -> None:
    content = lzma.compress(PLAIN)[:cut]
    with closing(Unpacked(io.BytesIO(content))) as unpacked, pytest.raises(tarfile.ReadError):
        b"".join(iter(unpacked.read, b""))


def test_unpacking_ends_where_nobody_reads_on() -> None:
    before = threading.active_count()
    with closing(Unpacked(io.BytesIO(bytes(64 << 20)))) as unpacked:
        assert unpacked.read()
    assert threading.active_count() == before


def test_how_far_an_import_is_and_how_long_it_takes_is_said_now_and_then() -> None:
    said: list[str] = []
    ticks = iter([0.0, 5.0, 20.0, 21.0, 40.0, 80.0])
    progress = Progress(io.BytesIO(bytes(100)), said.append, lambda: next(ticks))
    for _ in range(5):
        progress.read(20)
    assert said == ["  40 % imported, about 30 s left", "  80 % imported, about 10 s left"]
