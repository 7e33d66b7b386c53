"""Every stored file damaged in every way, one after the other: detected, dropped, made again to the same bytes."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from pipeline.system.store import Key, Store
from tests.support.clock import at_most

KEY = Key("build", {"tree": "a" * 40})
FILES = {"log.z": b"log\0\xff", "config": b"CONFIG_A=y\n"}
NAMES = ("entry.json", *FILES)
PATIENCE = 60
"""Seconds until a reader counts as hanging."""


def flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def truncate(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-1])


def link(path: Path) -> None:
    """The same bytes, but behind a link."""
    elsewhere = path.parent.parent / f"elsewhere-{path.name}"
    path.rename(elsewhere)
    path.symlink_to(elsewhere)


def fifo(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def file_for_folder(path: Path) -> None:
    shutil.rmtree(path)
    path.write_bytes(b"")


def fifo_for_folder(path: Path) -> None:
    shutil.rmtree(path)
    os.mkfifo(path)


def dangling(path: Path) -> None:
    shutil.rmtree(path)
    path.symlink_to(path.parent / "nowhere")


OF_A_FILE = (flip, truncate, Path.unlink, link, fifo, folder)
OF_THE_ENTRY = (link, dangling, file_for_folder, fifo_for_folder)


@pytest.mark.parametrize(
    ("name", "damage"),
    [*((name, damage) for name in NAMES for damage in OF_A_FILE), *((".", damage) for damage in OF_THE_ENTRY)],
)
def test_damage_is_detected_and_made_good(tmp_path: Path, name: str, damage: Callable[[Path], None]) -> None:
    """22 of 22: each of three files in six ways, the folder itself in four.

    Seen red: flips and truncations without digests; links, FIFOs and what stands in the folder's place where entries
    were read and removed as if they were what they should be.
    """
    reports: list[str] = []
    store = Store(tmp_path / "store", reports.append)
    damage(store.put(KEY, 1, FILES).folder / name)
    with at_most(PATIENCE, wall=True):
        assert store.get(KEY) is None
    assert len(reports) == 1
    assert "is damaged, dropped: " in reports[0]
    store.put(KEY, 1, FILES)
    again = store.get(KEY)
    assert again is not None
    assert (again.value, again.files()) == (1, FILES)
    assert len(reports) == 1
