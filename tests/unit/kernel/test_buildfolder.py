"""Build folders: what they are named by, what may be built upon, what is wiped and what is kept."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from pipeline.kernel.buildfolder import MOST_FOLDERS, BuildFolder, CellFolders, remove_old


def use(place: Path) -> bool:
    """Builds in a folder; whether it found there what was built before."""
    folder = BuildFolder(place / "build")
    folder.claim()
    kept = (folder.path / "mm/util.o").exists()
    folder.begin("CONFIG_A=y\n")
    (folder.path / "mm").mkdir(exist_ok=True)
    (folder.path / "mm/util.o").write_bytes(b"\x7fELF")
    folder.finish()
    folder.seal()
    return kept


def test_a_folder_is_named_by_all_that_can_run_in_it(tmp_path: Path) -> None:
    """Seen red with the tree left out, and with the root."""
    folders, others = (CellFolders(tmp_path, root) for root in ("1" * 64, "2" * 64))
    made = [
        *(folders.base(), folders.shared("a", {}), folders.shared("b", {}), folders.shared("a", {"mm.h": "1"})),
        *(folders.shared("a", {"mm.h": "2"}), folders.own("x", "a"), folders.own("y", "a"), folders.own("x", "b")),
        *(folders.configuring("x"), others.base(), others.shared("a", {}), others.own("x", "a")),
    ]
    assert len({folder.path for folder in made}) == len(made)
    assert {folder.path.parent for folder in made} == {tmp_path}
    assert CellFolders(tmp_path, "1" * 64).own("x", "a").path == folders.own("x", "a").path


def test_a_folder_of_unknown_origin_is_not_built_upon(tmp_path: Path) -> None:
    (tmp_path / "build/mm").mkdir(parents=True)
    (tmp_path / "build/mm/util.o").touch()
    assert not use(tmp_path)
    assert use(tmp_path)


def test_where_kconfig_failed_no_other_configuration_is_left(tmp_path: Path) -> None:
    """Seen red with the one kept that a copy of the base's folder brings along."""
    use(tmp_path)
    folder = BuildFolder(tmp_path / "build")
    folder.begin()
    assert not (folder.path / ".config").exists()


def test_a_configuration_of_a_hundred_megabytes_is_none(tmp_path: Path) -> None:
    """A makefile wrote it. Seen red with all of it read."""
    folder = BuildFolder(tmp_path / "build")
    folder.begin("CONFIG_A=y\n")
    with (folder.path / ".config").open("wb") as file:
        file.truncate(100 << 20)
    assert folder.config() == ""


def test_a_folder_where_make_was_killed_is_no_seed(tmp_path: Path) -> None:
    """Seen red with the mark not looked at."""
    use(tmp_path)
    folder = BuildFolder(tmp_path / "build")
    assert folder.is_sealed()
    folder.claim()
    folder.begin()
    folder.seal()
    assert not folder.is_sealed()


def test_the_base_s_folder_the_shared_one_and_the_last_used_are_kept(tmp_path: Path) -> None:
    """Seen red with the newest kept, whatever they are."""
    folders = CellFolders(tmp_path / "cell", "1" * 64)
    made = [folders.base(), folders.shared("a", {}), *(folders.own(tree, "a") for tree in "xyz")]
    for age, folder in enumerate(made):
        folder.path.mkdir(parents=True)
        folder.seal()
        os.utime(folder.path, (1e9 + age,) * 2)
    remove_old(tmp_path / "cell", [made[3].path])
    assert [folder.path.exists() for folder in made] == [True, True, False, True, False]
    assert len(list((tmp_path / "cell").iterdir())) == 2 * MOST_FOLDERS
    remove_old(tmp_path / "cell", [])
    assert [folder.path.exists() for folder in made] == [True, True, False, True, False]


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
    use(tmp_path)
    assert use(tmp_path)
    damage(tmp_path / "build/mm/util.o")
    assert not use(tmp_path)


def test_what_the_clock_left_in_the_future_is_not_built_upon(tmp_path: Path) -> None:
    """Seen red without a look at the newest time."""
    use(tmp_path)
    tomorrow = time.time_ns() + 86_400 * 10**9
    os.utime(tmp_path / "build/mm/util.o", ns=(tomorrow, tomorrow))
    BuildFolder(tmp_path / "build").seal()
    assert not use(tmp_path)


def test_a_use_that_nobody_ended_is_not_built_upon(tmp_path: Path) -> None:
    use(tmp_path)
    folder = BuildFolder(tmp_path / "build")
    folder.claim()
    (folder.path / "mm/util.o").write_bytes(b"")
    assert not use(tmp_path)
