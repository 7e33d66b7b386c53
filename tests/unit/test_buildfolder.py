"""Build folders: what may be built upon, and what is wiped."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from pipeline.kernel.buildfolder import BuildFolder


def use(place: Path, states: Sequence[str], *, harmless: bool = False) -> bool:
    """Builds in a folder; whether it found there what was built before."""
    folder = BuildFolder(place / "build")
    folder.claim(states, harmless=harmless)
    kept = (folder.path / "mm/util.o").exists()
    folder.begin("CONFIG_A=y\n")
    (folder.path / "mm").mkdir(exist_ok=True)
    (folder.path / "mm/util.o").write_bytes(b"\x7fELF")
    folder.finish()
    folder.seal()
    return kept


@pytest.mark.parametrize(
    ("built", "asked", "kept"),
    [
        (("base",), ("base",), True),
        (("base",), ("base", "p1"), True),
        (("base", "p1"), ("base", "p1"), True),
        (("base", "p1"), ("base", "p1", "p2"), True),
        (("base", "p1"), ("base",), False),
        (("base", "p1"), ("base", "other"), False),
        ((), ("base",), False),
    ],
)
def test_only_states_of_one_series_share_a_folder(
    tmp_path: Path, built: tuple[str, ...], asked: tuple[str, ...], kept: bool
) -> None:
    """Whatever a makefile left in the folder reaches later states of its own series, and nothing else."""
    for at in range(len(built)):
        use(tmp_path, built[: at + 1])
    if not built:
        (tmp_path / "build/of unknown origin").mkdir(parents=True)
    folder = BuildFolder(tmp_path / "build")
    folder.claim(asked)
    assert folder.path.exists() is kept
    folder.begin()
    folder.finish()
    folder.claim(asked)
    assert folder.path.exists()


def test_what_ran_nothing_of_its_own_is_no_reason_to_begin_anew(tmp_path: Path) -> None:
    use(tmp_path, ["base"])
    assert use(tmp_path, ["base", "p1"], harmless=True)
    assert use(tmp_path, ["base", "other"])
    assert not use(tmp_path, ["base", "third"], harmless=True)


def test_what_ran_after_all_is_noted(tmp_path: Path) -> None:
    use(tmp_path, ["base"])
    folder = BuildFolder(tmp_path / "build")
    folder.claim(["base", "p1"], harmless=True)
    folder.note("p1")
    folder.seal()
    assert use(tmp_path, ["base", "p1", "p2"])
    assert not use(tmp_path, ["base"])


def flip(path: Path) -> None:
    """One bit, with the time of modification put back."""
    before = path.stat()
    path.write_bytes(b"\x7fELG")
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def truncate(path: Path) -> None:
    os.truncate(path, 2)


def link(path: Path) -> None:
    path.rename(path.with_name("other.o"))
    path.symlink_to("other.o")


def fifo(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


@pytest.mark.parametrize(
    "damage", [flip, truncate, Path.unlink, link, fifo, lambda path: path.with_name("more.h").touch()]
)
def test_a_folder_that_somebody_changed_is_not_built_upon(tmp_path: Path, damage: Callable[[Path], None]) -> None:
    """Seen red without the seal."""
    use(tmp_path, ["base"])
    assert use(tmp_path, ["base"])
    damage(tmp_path / "build/mm/util.o")
    assert not use(tmp_path, ["base"])


def test_what_the_clock_left_in_the_future_is_not_built_upon(tmp_path: Path) -> None:
    """Seen red without a look at the newest time."""
    use(tmp_path, ["base"])
    tomorrow = time.time_ns() + 86_400 * 10**9
    os.utime(tmp_path / "build/mm/util.o", ns=(tomorrow, tomorrow))
    BuildFolder(tmp_path / "build").seal()
    assert not use(tmp_path, ["base"])


def test_a_use_that_nobody_ended_is_not_built_upon(tmp_path: Path) -> None:
    use(tmp_path, ["base"])
    folder = BuildFolder(tmp_path / "build")
    folder.claim(["base"])
    (folder.path / "mm/util.o").write_bytes(b"")
    assert not use(tmp_path, ["base"])
