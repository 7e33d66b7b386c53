"""The store: complete or not there, and never trusted unread."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from pipeline.system.store import Key, Store

KEY = Key("build", {"tree": "a" * 40, "variables": {"ARCH": "x86", "CC": "gcc"}})
FILES = {"log.z": b"log\0\xff", "config": b"CONFIG_A=y\n"}


@pytest.fixture
def reports() -> list[str]:
    return []


@pytest.fixture
def store(tmp_path: Path, reports: list[str]) -> Store:
    return Store(tmp_path / "store", reports.append)


def test_what_is_put_is_got(store: Store, reports: list[str]) -> None:
    assert store.get(KEY) is None
    store.put(KEY, {"status": "built", "warnings": [1, None]}, FILES)
    entry = store.get(KEY)
    assert entry is not None
    assert entry.value == {"status": "built", "warnings": [1, None]}
    assert {name: entry.read(name) for name in FILES} == FILES
    assert reports == []


def test_an_entry_outlives_its_writer(store: Store, tmp_path: Path) -> None:
    store.put(KEY, 1, FILES)
    again = Store(tmp_path / "store", print).get(KEY)
    assert again is not None
    assert again.value == 1


def test_the_order_of_inputs_does_not_count() -> None:
    other = Key("build", {"variables": {"CC": "gcc", "ARCH": "x86"}, "tree": "a" * 40})
    assert other.digest == KEY.digest


@pytest.mark.parametrize(
    "other",
    [
        Key("config", KEY.inputs),
        Key("build", {**KEY.inputs, "tree": "b" * 40}),
        Key("build", {**KEY.inputs, "more": None}),
        Key("build", {"tree": "a" * 40, "variables": {"ARCH": "x86", "CC": "gcc-12"}}),
        Key("build", {"tree": "a" * 40}),
    ],
)
def test_a_key_with_another_input_has_no_entry(store: Store, other: Key) -> None:
    store.put(KEY, 1, {})
    assert other.digest != KEY.digest
    assert store.get(other) is None


def test_the_first_of_two_entries_stands(store: Store, reports: list[str]) -> None:
    store.put(KEY, 1, {"log.z": b"first"})
    store.put(KEY, 2, {"log.z": b"second"})
    entry = store.get(KEY)
    assert entry is not None
    assert (entry.value, entry.read("log.z")) == (1, b"first")
    assert reports == []


def link_elsewhere(entry: Path) -> None:
    """The same bytes, but behind a link."""
    (entry / "log.z").rename(entry / "moved")
    (entry / "log.z").symlink_to("moved")


def change_value(entry: Path) -> None:
    described = json.loads((entry / "entry.json").read_text())
    (entry / "entry.json").write_text(json.dumps({**described, "value": 2}))


def change_key(entry: Path) -> None:
    described = json.loads((entry / "entry.json").read_text())
    (entry / "entry.json").write_text(json.dumps({**described, "inputs": {}}))


def truncate(entry: Path) -> None:
    text = (entry / "entry.json").read_text()
    (entry / "entry.json").write_text(text[: len(text) // 2])


DAMAGES: dict[str, tuple[Callable[[Path], object], str]] = {
    "changed file": (lambda entry: (entry / "log.z").write_bytes(b"logs"), "digest of log.z"),
    "truncated file": (lambda entry: (entry / "log.z").write_bytes(b""), "digest of log.z"),
    "missing file": (lambda entry: (entry / "log.z").unlink(), "log.z is missing"),
    "link instead of a file": (link_elsewhere, "log.z cannot be read (Too many levels of symbolic links)"),
    "truncated entry.json": (truncate, "cannot be read"),
    "empty entry.json": (lambda entry: (entry / "entry.json").write_text(""), "cannot be read"),
    "entry.json of another type": (lambda entry: (entry / "entry.json").write_text("[]"), "cannot be read"),
    "entry.json without a part": (lambda entry: (entry / "entry.json").write_text("{}"), "cannot be read"),
    "missing entry.json": (lambda entry: (entry / "entry.json").unlink(), "entry.json is missing"),
    "changed value": (change_value, "digest does not match"),
    "changed key": (change_key, "another key"),
}


@pytest.mark.parametrize(("damage", "words"), DAMAGES.values(), ids=DAMAGES.keys())
def test_a_damaged_entry_is_reported_and_dropped_and_can_be_made_again(
    store: Store, reports: list[str], damage: Callable[[Path], object], words: str
) -> None:
    entry = store.put(KEY, 1, FILES)
    damage(entry.folder)
    assert store.get(KEY) is None
    assert len(reports) == 1
    assert words in reports[0]
    assert KEY.digest[:12] in reports[0]
    assert not entry.folder.exists()
    store.put(KEY, 3, FILES)
    again = store.get(KEY)
    assert again is not None
    assert again.value == 3


@pytest.mark.parametrize(
    ("value", "files"), [(1, {"log.z": b"x", "no/such/folder": b"y"}), (object(), {"log.z": b"x"})]
)
def test_a_put_that_fails_leaves_nothing(store: Store, tmp_path: Path, value: object, files: dict[str, bytes]) -> None:
    with pytest.raises((OSError, TypeError)):
        store.put(KEY, value, files)
    assert store.get(KEY) is None
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []
    assert list((tmp_path / "store/tmp").iterdir()) == []


def test_a_put_leaves_nothing_aside_even_where_another_was_quicker(store: Store, tmp_path: Path) -> None:
    store.put(KEY, 1, FILES)
    store.put(KEY, 1, FILES)
    assert list((tmp_path / "store/tmp").iterdir()) == []


def test_what_interrupted_writers_left_is_swept_and_entries_stay(store: Store, tmp_path: Path) -> None:
    store.put(KEY, 1, FILES)
    (tmp_path / "store/tmp/left").mkdir()
    store.sweep()
    assert not (tmp_path / "store/tmp").exists()
    assert store.get(KEY) is not None
    store.put(Key("other", {}), 1, {})


def test_a_lock_is_free_again_after_use(store: Store) -> None:
    for _ in range(2):
        with store.lock(KEY):
            pass
