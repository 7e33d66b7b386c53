"""Files below a folder that a stranger wrote: what may lie there in place of one."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from pipeline.kernel.buildfolder import BuildFolder
from pipeline.system import beneath
from pipeline.system.errors import InfrastructureError
from tests.unit.clock import at_most


@pytest.fixture
def build(tmp_path: Path) -> Path:
    """A build folder; a file of the user's lies beside it."""
    (tmp_path / "build/sub").mkdir(parents=True)
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside/secret").write_text("secret")
    return tmp_path / "build"


def put(build: Path, kind: str) -> str:
    """Makes what is not a plain file, and returns its name."""
    secret = build.parent / "outside/secret"
    if kind == "link":
        (build / "file").symlink_to(secret)
    elif kind == "link of a folder":
        (build / "away").symlink_to(secret.parent)
        return "away/secret"
    elif kind == "dangling":
        (build / "file").symlink_to(build.parent / "outside/new")
    elif kind == "FIFO":
        os.mkfifo(build / "file")
    elif kind == "folder":
        (build / "file/inner").mkdir(parents=True)
    elif kind == "up":
        return "../outside/secret"
    elif kind == "absolute":
        return str(secret)
    return "file"


KINDS = ["link", "link of a folder", "dangling", "FIFO", "folder", "up", "absolute", "nothing"]


@pytest.mark.parametrize("kind", KINDS)
def test_only_a_plain_file_is_read(build: Path, kind: str) -> None:
    name = put(build, kind)
    with at_most(5, wall=True), pytest.raises(OSError, match=r".+"):
        beneath.read(build, name)
    assert not beneath.is_file(build, name)


def test_a_plain_file_is_read_up_to_its_limit(build: Path) -> None:
    (build / "sub/file").write_bytes(b"12345")
    assert beneath.read(build, "sub/file", 5) == b"12345"
    assert beneath.is_file(build, "sub/file")
    with pytest.raises(OSError, match="too large"):
        beneath.read(build, "sub/file", 4)


def test_our_own_folder_may_be_reached_through_a_link(build: Path, tmp_path: Path) -> None:
    (tmp_path / "here").symlink_to(build)
    beneath.write(tmp_path / "here", "file", b"x")
    assert beneath.read(tmp_path / "here", "file") == b"x"


@pytest.mark.parametrize("kind", ["link", "dangling", "FIFO", "folder", "nothing"])
def test_what_is_written_is_a_plain_file(build: Path, kind: str) -> None:
    name = put(build, kind)
    beneath.write(build, name, b"ours")
    assert beneath.read(build, name) == b"ours"
    assert sorted(path.name for path in (build.parent / "outside").iterdir()) == ["secret"]
    assert (build.parent / "outside/secret").read_text() == "secret"


@pytest.mark.parametrize("kind", ["link of a folder", "up", "absolute"])
def test_nothing_is_written_elsewhere(build: Path, kind: str) -> None:
    name = put(build, kind)
    for act in (lambda: beneath.write(build, name, b"x"), lambda: beneath.discard(build, name)):
        with pytest.raises(OSError, match=r".+"):
            act()
    assert (build.parent / "outside/secret").read_text() == "secret"


@pytest.mark.parametrize("kind", ["link", "dangling", "FIFO", "folder", "nothing"])
def test_whatever_has_a_name_goes(build: Path, kind: str) -> None:
    name = put(build, kind)
    beneath.discard(build, name)
    assert not os.path.lexists(build / name)
    assert (build.parent / "outside/secret").read_text() == "secret"


def test_permissions_that_were_taken_away_do_not_keep_a_folder(build: Path) -> None:
    """Root needs none; what `_permit` does is seen by the modes."""
    (build / "sub/deep").mkdir()
    (build / "sub/deep/file").touch()
    (build / "link").symlink_to(build.parent / "outside")
    (build.parent / "outside").chmod(0o500)
    for folder in ("sub/deep", "sub"):
        (build / folder).chmod(0)
    beneath._permit(build)
    assert (build / "sub/deep").stat().st_mode & 0o700 == 0o700
    beneath.remove(build)
    assert not build.exists()
    assert (build.parent / "outside").stat().st_mode & 0o777 == 0o500
    beneath.remove(build)


def test_a_folder_too_deep_for_us_is_a_clear_error(build: Path) -> None:
    here = os.open(build, os.O_RDONLY)
    for _ in range(1500):
        os.mkdir("d", dir_fd=here)
        here, last = os.open("d", os.O_RDONLY, dir_fd=here), here
        os.close(last)
    os.close(here)
    with pytest.raises(InfrastructureError, match="cannot be emptied") as caught:
        BuildFolder(build).wipe()
    assert caught.value.hint == f"rm -rf {build}"
    # Nor can Python's own functions, with which pytest cleans up.
    subprocess.run(["rm", "-rf", str(build)], check=True)


@pytest.mark.parametrize("kind", ["link", "dangling", "FIFO", "folder"])
@pytest.mark.parametrize("name", [".config", ".pipeline-unfinished"])
def test_a_build_folder_is_taken_into_use_whatever_lies_there(build: Path, name: str, kind: str) -> None:
    (build / put(build, kind)).rename(build / name)
    folder = BuildFolder(build)
    with at_most(5, wall=True):
        folder.begin("CONFIG_A=y\n")
        assert folder.config() == "CONFIG_A=y\n"
        folder.finish()
    assert sorted(path.name for path in (build.parent / "outside").iterdir()) == ["secret"]
    assert (build.parent / "outside/secret").read_text() == "secret"
