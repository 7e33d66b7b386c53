"""Files below a folder that a stranger wrote: what may lie there in place of one."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipeline.kernel.buildfolder import BuildFolder
from pipeline.system import untrusted_dir
from pipeline.system.errors import InfrastructureError
from tests.support.clock import at_most


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
        untrusted_dir.read(build, name)
    assert not untrusted_dir.is_file(build, name)


def test_a_plain_file_is_read_up_to_its_limit(build: Path) -> None:
    (build / "sub/file").write_bytes(b"12345")
    assert untrusted_dir.read(build, "sub/file", 5) == b"12345"
    assert untrusted_dir.is_file(build, "sub/file")
    with pytest.raises(OSError, match="too large"):
        untrusted_dir.read(build, "sub/file", 4)


def test_our_own_folder_may_be_reached_through_a_link(build: Path, tmp_path: Path) -> None:
    (tmp_path / "here").symlink_to(build)
    untrusted_dir.write(tmp_path / "here", "file", b"x")
    assert untrusted_dir.read(tmp_path / "here", "file") == b"x"


@pytest.mark.parametrize("kind", ["link", "dangling", "FIFO", "folder", "nothing"])
def test_what_is_written_is_a_plain_file(build: Path, kind: str) -> None:
    name = put(build, kind)
    untrusted_dir.write(build, name, b"ours")
    assert untrusted_dir.read(build, name) == b"ours"
    assert sorted(path.name for path in (build.parent / "outside").iterdir()) == ["secret"]
    assert (build.parent / "outside/secret").read_text() == "secret"


@pytest.mark.parametrize("kind", ["link of a folder", "up", "absolute"])
def test_nothing_is_written_elsewhere(build: Path, kind: str) -> None:
    name = put(build, kind)
    with pytest.raises(OSError, match=r".+"):
        untrusted_dir.write(build, name, b"x")
    with pytest.raises(OSError, match=r".+"):
        untrusted_dir.discard(build, name)
    assert (build.parent / "outside/secret").read_text() == "secret"


@pytest.mark.parametrize("kind", ["link", "dangling", "FIFO", "folder", "nothing"])
def test_every_kind_of_file_is_removed(build: Path, kind: str) -> None:
    name = put(build, kind)
    untrusted_dir.discard(build, name)
    assert not os.path.lexists(build / name)
    assert (build.parent / "outside/secret").read_text() == "secret"


DEEPER = """
import os, sys
here = os.open(sys.argv[1], os.O_RDONLY)
for _ in range(int(sys.argv[3])):
    os.mkdir(sys.argv[2], dir_fd=here)
    open(os.open("file", os.O_CREAT | os.O_WRONLY, dir_fd=here), "wb").close()
    inner = os.open(sys.argv[2], os.O_RDONLY, dir_fd=here)
    os.fchmod(here, int(sys.argv[4], 8))
    os.close(here)
    here = inner
"""


def as_user(folder: Path, script: str, *words: str) -> None:
    """Runs Python as somebody who is not root and whose `folder` is."""
    argv = [sys.executable, "-c", script, *words]
    if os.geteuid() == 0:
        os.chown(folder, 65534, 65534)
        argv[:0] = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--"]
    subprocess.run(argv, check=True, cwd="/", env={"PYTHONPATH": str(Path(untrusted_dir.__file__).parents[2])})


@pytest.fixture
def places() -> Iterator[Path]:
    """A folder that everybody reaches; pytest's own are closed to others, and it cannot remove a deep one."""
    with tempfile.TemporaryDirectory(prefix="untrusted-") as name:
        Path(name).chmod(0o755)
        yield Path(name)
        subprocess.run(["rm", "-rf", "--", name], check=True)
        Path(name).mkdir()


@pytest.mark.parametrize("mode", ["0755", "0"])
@pytest.mark.parametrize(("name", "depth"), [("d", 1100), ("d" * 200, 60)], ids=["many folders", "a long path"])
def test_a_folder_of_any_depth_and_mode_is_removed(places: Path, name: str, depth: int, mode: str) -> None:
    """Not by root, who needs no rights. Seen red with shutil.rmtree: too many calls, or too long a name."""
    (places / "parent").mkdir()
    as_user(
        places / "parent",
        f"import os, sys; os.mkdir(sys.argv[1]);{DEEPER}",
        f"{places}/parent/it",
        name,
        f"{depth}",
        mode,
    )
    removal = "import sys, pathlib; from pipeline.system import untrusted_dir as u; u.remove(pathlib.Path(sys.argv[1]))"
    with at_most(30, wall=True):
        as_user(places / "parent", removal, f"{places}/parent/it")
    assert list((places / "parent").iterdir()) == []


def test_links_in_a_folder_that_is_removed_lead_nowhere(build: Path) -> None:
    (build / "sub/link").symlink_to(build.parent / "outside")
    (build / "sub/deep").mkdir()
    (build / "sub/deep/link").symlink_to(build.parent / "outside/secret")
    (build / "dangling").symlink_to("nowhere")
    untrusted_dir.remove(build)
    assert not build.exists()
    assert (build.parent / "outside/secret").read_text() == "secret"
    untrusted_dir.remove(build)
    build.symlink_to(build.parent / "outside")
    with pytest.raises(NotADirectoryError):
        untrusted_dir.remove(build)
    assert (build.parent / "outside/secret").read_text() == "secret"


def test_a_folder_of_many_files_and_folders_is_removed(build: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """More than are listed at once, on both levels. Seen red with one listing of each folder."""
    monkeypatch.setattr(untrusted_dir, "_AT_ONCE", 7)
    for number in range(20):
        (build / f"sub/{number}/inner").mkdir(parents=True)
        (build / f"sub/{number}/file").touch()
        (build / f"{number}").touch()
    untrusted_dir.remove(build)
    assert not build.exists()


@pytest.mark.parametrize(("name", "depth"), [("d", 1100), ("d" * 200, 60)], ids=["many folders", "a long path"])
def test_a_deep_build_folder_is_wiped_and_used_again(places: Path, name: str, depth: int) -> None:
    """Seen red with os.walk, which calls itself for each level, and with what it does not see taken for sealed."""
    folder = BuildFolder(places / "cell")
    folder.claim()
    folder.begin("CONFIG_A=y\n")
    subprocess.run([sys.executable, "-c", DEEPER, places / "cell", name, str(depth), "0755"], check=True)
    folder.finish()
    folder.seal()
    again = BuildFolder(places / "cell")
    again.claim()
    # A path that no call takes hides what lies there.
    assert again.path.exists() == (len(name) * depth < 4096)
    again.wipe()
    again.begin("CONFIG_A=y\n")
    assert sorted(path.name for path in again.path.iterdir()) == [".config", ".pipeline-unfinished"]


def test_what_stays_is_a_clear_error() -> None:
    with pytest.raises(InfrastructureError, match="cannot be emptied") as caught:
        BuildFolder(Path("/proc/self/fdinfo")).wipe()
    assert caught.value.hint == "rm -rf /proc/self/fdinfo"


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


@pytest.mark.parametrize(("name", "most"), [("_MOST_FOLDERS", 20), ("_MOST_WAITING", 5000)])
def test_a_walk_remembers_only_so_many_folders(
    build: Path, monkeypatch: pytest.MonkeyPatch, name: str, most: int
) -> None:
    """Their paths are long: 100,000 took 400 MB. Seen red with all of them remembered."""
    monkeypatch.setattr(untrusted_dir, name, most)
    for number in range(100):
        (build / f"sub/{number}").mkdir()
    with pytest.raises(OSError, match="too many folders"):
        list(untrusted_dir.entries(build))
    folder = BuildFolder(build)
    folder.seal()
    assert not folder.is_sealed()
