"""Sizes by the fake kernel's bloat-o-meter, in a real sandbox."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from pipeline.measure import Measurer
from pipeline.model import Build, BuildStatus
from pipeline.system import sandbox
from pipeline.system.git import Repository
from pipeline.system.process import Processes, StoppedError
from pipeline.system.store import Store

BEFORE = Build(BuildStatus.BUILT, 0, 0, 0, (), (), Path(), b"0000000000000010 T page_index\n")
AFTER = replace(BEFORE, symbols=b"0000000000000018 T page_index\n")


@pytest.fixture
def store(tmp_path: Path) -> Store:
    folder = tmp_path / "store"
    folder.mkdir()
    return Store(folder, print)


def measurer(fake_tree: Path, store: Store, processes: Processes) -> Measurer:
    return Measurer(Repository(fake_tree), store, sandbox.choose(sandbox.SandboxName.BWRAP, Processes()), processes)


def test_the_same_tables_are_compared_once(fake_tree: Path, store: Store) -> None:
    delta = measurer(fake_tree, store, Processes()).text_delta("HEAD", BEFORE, AFTER)
    assert (delta.delta, delta.kinds["text"]) == (8, 8)
    no_more = Processes()
    no_more.stop()
    with pytest.raises(StoppedError):
        measurer(fake_tree, store, no_more).text_delta("HEAD", AFTER, BEFORE)
    assert measurer(fake_tree, store, no_more).text_delta("HEAD", BEFORE, AFTER) == delta


def test_other_tables_are_compared_anew(fake_tree: Path, store: Store) -> None:
    measurer(fake_tree, store, Processes()).text_delta("HEAD", BEFORE, AFTER)
    assert measurer(fake_tree, store, Processes()).text_delta("HEAD", AFTER, BEFORE).delta == -8


def test_what_is_stored_and_cannot_be_read_is_asked_for_again(fake_tree: Path, store: Store) -> None:
    first = measurer(fake_tree, store, Processes()).text_delta("HEAD", BEFORE, AFTER)
    for entry in store.entries():
        (entry / "printed.z").write_bytes(b"no zlib")
    assert measurer(fake_tree, store, Processes()).text_delta("HEAD", BEFORE, AFTER) == first
