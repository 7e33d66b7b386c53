"""Jobs and results as JSON, and what of a result may enter a store."""

from __future__ import annotations

import json
import os
import zlib
from pathlib import Path
from typing import Any

import pytest

from pipeline.build.results import BuildResults
from pipeline.cluster.entries import RecordingStore, adopt, exported
from pipeline.cluster.folder import FolderExecutor
from pipeline.cluster.job import BuildJob, JobCell, JobPatch, JobResult, StoredResult, read
from pipeline.kernel import image
from pipeline.model import Cell, Fragment, Patch, PlannedCell, Toolchain, Tree
from pipeline.system.console import Console
from pipeline.system.errors import UsageError
from pipeline.system.store import Key, Store
from tests.support.clock import at_most
from tests.support.memory import peak

KEY = Key("build", {"tree": "a" * 40, "variables": {"ARCH": "x86"}, "paths": ("one", "two")})
IMAGE = Key("image", KEY.inputs)
VALUE: dict[str, Any] = {
    "status": "built",
    "seconds": 1.5,
    "cpu_seconds": 2.5,
    "steps": 3,
    "warnings": [{"path": "mm/util.c", "line": 7, "message": "odd"}],
    "errors": [],
    "sections": {".text": 100},
    "struct_page": {"size": 64},
    "reused": False,
}
FILES = {
    "log.z": zlib.compress(b"\0\xff log"),
    "config": b"CONFIG_A=y\n",
    "symbols.z": zlib.compress(b"8 T main\n"),
}
TREE = Tree("git:https://example.org/linux#master", "1", "c" * 40, "e" * 40)
FRAGMENT = Fragment("odd", "CONFIG_MEMCG=y\n", {"MEMCG": "y"}, False)
CELL = Cell("one", "x86_64", Toolchain("gcc", "gcc 12", "d" * 64), "tinyconfig", (FRAGMENT,), boot=("hvo",))
MAIL = b"From: Devi <devi@example.org>\nSubject: caf\xe9\n\n\xff\0\n"


def job(**changes: Any) -> BuildJob:
    values: dict[str, Any] = {
        "pipeline": "1",
        "tree": TREE.name,
        "tree_id": TREE.tree_id,
        "prerequisites": (),
        "patches": (JobPatch.of(Patch(1, "a change", "", "", MAIL, ("mm/util.c",))),),
        "states": (TREE.tree_id, "f" * 40),
        "cell": JobCell.of(PlannedCell(CELL, TREE, config="CONFIG_A=y\n")),
        "per_patch": False,
        "sandbox": "bwrap",
        "scenarios": {},
    }
    return BuildJob.model_validate(values | changes)


def test_a_job_survives_its_journey() -> None:
    arrived = read(BuildJob, job().model_dump_json(), "a file")
    assert arrived == job()
    assert arrived.patches[0].patch().mail == MAIL
    planned = arrived.cell.planned(TREE)
    assert (planned.cell, planned.config) == (CELL, "CONFIG_A=y\n")
    assert planned.cell.fragments[0].options == {"MEMCG": "y"}


def test_the_id_of_a_job_is_what_it_asks() -> None:
    assert job().id == job().id
    assert job().id.startswith("one-")
    assert job(per_patch=True).id != job().id
    # What is known of it changes from try to try.
    assert job(known=(StoredResult.of(KEY, VALUE, FILES, made=False),)).id == job().id


@pytest.mark.parametrize(
    ("place", "value"),
    [
        (("cell", "id"), "../../etc"),
        (("cell", "base"), "--eval=$(shell id)"),
        (("cell", "arch"), "x86 64"),
        (("tree_id",), "HEAD"),
        (("sandbox",), "nothing"),
        (("version",), 2),
        (("surprise",), 1),
        (("tree",), "git:x\nfoo"),
    ],
)
def test_a_job_is_checked(place: tuple[str, ...], value: object) -> None:
    data = json.loads(job().model_dump_json())
    within = data
    for word in place[:-1]:
        within = within[word]
    within[place[-1]] = value
    with pytest.raises(UsageError, match=rf"a file is no BuildJob of this version of pipeline: {'.'.join(place)}"):
        read(BuildJob, json.dumps(data), "a file")


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "store", print)


def carried(results: tuple[StoredResult, ...]) -> tuple[StoredResult, ...]:
    """What arrives of results that are sent."""
    return read(JobResult, JobResult(job="one", worker="two", results=results).model_dump_json(), "x").results


def test_entries_go_from_store_to_store(store: Store, tmp_path: Path) -> None:
    there = RecordingStore(tmp_path / "there", print)
    there.put(KEY, VALUE, FILES)
    sent = exported(there, [KEY, IMAGE], there.made)
    assert adopt(store, carried(sent), [KEY]) == []
    entry = store.get(KEY)
    assert entry is not None
    assert (entry.value, entry.files(), entry.made_for_run) == (VALUE, FILES, True)
    # A later command finds it as it finds any other.
    again = Store(tmp_path / "store", print).get(KEY)
    assert again is not None
    assert not again.made_for_run


def test_what_a_worker_found_counts_as_found(store: Store) -> None:
    adopt(store, [StoredResult.of(KEY, VALUE, FILES, made=False)], [KEY])
    entry = store.get(KEY)
    assert entry is not None
    assert not entry.made_for_run


def test_what_is_there_stays(store: Store) -> None:
    store.put(KEY, VALUE, FILES)
    other = StoredResult.of(KEY, VALUE | {"seconds": 9.0}, FILES, made=True)
    assert adopt(store, [other], [KEY]) == []
    entry = store.get(KEY)
    assert entry is not None
    assert (entry.value["seconds"], entry.made_for_run) == (1.5, False)


@pytest.mark.parametrize(
    ("key", "value", "files", "complaint"),
    [
        (Key("build", {"tree": "b" * 40}), VALUE, FILES, "build (not asked for)"),
        (KEY, VALUE | {"status": "splendid"}, FILES, "build (status: "),
        (KEY, VALUE | {"warnings": [{"path": "x"}]}, FILES, "build (warnings.0.line: "),
        (KEY, "built", FILES, "build ("),
        (KEY, VALUE, {"config": b""}, "build (it lacks log.z, symbols.z)"),
        (IMAGE, {"digest": "x", "selftest": False}, {}, "image (it lacks kernel.z)"),
    ],
)
def test_what_does_not_belong_is_refused(
    store: Store, key: Key, value: Any, files: dict[str, bytes], complaint: str
) -> None:
    (said,) = adopt(store, [StoredResult.of(key, value, files, made=True)], [KEY, IMAGE])
    assert complaint in said
    assert store.get(key) is None


def nested(levels: int) -> Any:
    value: Any = 1
    for _ in range(levels):
        value = {"a": value}
    return value


def bomb(mebibytes: int) -> bytes:
    """Zeros that zlib makes a thousand times smaller."""
    packer = zlib.compressobj()
    return b"".join([*(packer.compress(bytes(1 << 20)) for _ in range(mebibytes)), packer.flush()])


DEPENDENCIES, BOOT = Key("dependencies", KEY.inputs), Key("boot", {"kernel": "x"})
BOOTED = {"scenario": "hvo", "status": "pass", "seconds": 1.0}
PATHS = {"paths.z": zlib.compress(b"a.c")}
KERNEL = {"kernel.z": zlib.compress(b"kernel")}
POISONED: dict[str, tuple[Key, Any, dict[str, bytes]]] = {
    "damaged symbols": (KEY, VALUE, FILES | {"symbols.z": b"symbols"}),
    "symbols cut short": (KEY, VALUE, FILES | {"symbols.z": FILES["symbols.z"][:-1]}),
    "symbols without end": (KEY, VALUE, FILES | {"symbols.z": bomb(200)}),
    "a log without end": (KEY, VALUE, FILES | {"log.z": bomb(200)}),
    "symbols and more": (KEY, VALUE, FILES | {"symbols.z": FILES["symbols.z"] + b"x"}),
    "a configuration that is no text": (KEY, VALUE, FILES | {"config": b"\xff"}),
    "a configuration without end": (KEY, VALUE, FILES | {"config": bytes(5 << 20)}),
    "a file that nobody asked for": (KEY, VALUE, FILES | {"more.z": FILES["log.z"]}),
    "no number": (KEY, VALUE | {"seconds": float("nan")}, FILES),
    "an endless number": (KEY, VALUE | {"seconds": float("inf")}, FILES),
    "thousands of digits": (KEY, VALUE | {"steps": 10**4000}, FILES),
    "digits in a section": (KEY, VALUE | {"sections": {".text": 1 << 70}}, FILES),
    "nested": (KEY, VALUE | {"sections": nested(40)}, FILES),
    "paths that are no text": (DEPENDENCIES, {}, PATHS | {"paths.z": zlib.compress(b"\xff")}),
    "paths without end": (DEPENDENCIES, {}, {"paths.z": bomb(200)}),
    "an image without end": (IMAGE, image.value({"kernel.z": bomb(200)}), {"kernel.z": bomb(200)}),
    "another image": (IMAGE, {"digest": "0" * 64, "selftest": False}, KERNEL),
    "an image without its self-test": (IMAGE, {**image.value(KERNEL), "selftest": True}, KERNEL),
    "a console without end": (BOOT, BOOTED, {"console.z": bomb(200)}),
    "a console that is no text": (BOOT, BOOTED, {"console.z": zlib.compress(b"\xff")}),
}


@pytest.mark.parametrize(("key", "value", "files"), POISONED.values(), ids=POISONED.keys())
def test_what_would_break_later_runs_is_not_stored(store: Store, key: Key, value: Any, files: dict[str, bytes]) -> None:
    """Seen red without what looks into files and numbers: each was stored, and every later run read it."""
    sent = StoredResult.of(key, value, files, made=True)
    with at_most(10):
        (said,) = adopt(store, [sent], [key])
    assert said.startswith(f"{key.stage} (")
    assert len(said) < 200
    assert store.get(key) is None


@pytest.mark.parametrize(
    ("key", "value", "files"),
    [(KEY, VALUE, FILES), (DEPENDENCIES, {}, PATHS), (IMAGE, image.value(KERNEL), KERNEL)],
)
def test_what_is_sound_is_stored(store: Store, key: Key, value: Any, files: dict[str, bytes]) -> None:
    assert adopt(store, [StoredResult.of(key, value, files, made=True)], [key]) == []


def test_a_poisoned_entry_of_an_older_version_is_dropped(store: Store) -> None:
    """Seen red with the error of zlib left to the run."""
    store.put(KEY, VALUE, FILES | {"symbols.z": b"symbols"})
    assert BuildResults(store).get(KEY, CELL, cached=True) is None
    assert store.get(KEY) is None


@pytest.mark.parametrize("kind", ["fifo", "device", "link", "sparse", "folder"])
def test_a_result_that_is_no_file_is_refused(tmp_path: Path, kind: str) -> None:
    """Seen red with read_bytes: a FIFO was read for ever, /dev/zero until the memory was full."""
    asked = job()
    place = tmp_path / f"{asked.id}.result.json"
    if kind == "fifo":
        os.mkfifo(place)
    elif kind == "folder":
        place.mkdir()
    elif kind == "sparse":
        with place.open("wb") as file:
            file.truncate(8 << 30)
    else:
        place.symlink_to("/dev/zero" if kind == "device" else "/etc/hostname")
    with at_most(5, wall=True), pytest.raises(UsageError, match="cannot be read"):
        list(FolderExecutor(tmp_path, Console(quiet=True)).run([asked]))


@pytest.mark.parametrize("text", ["[" * 100_000, '{"job": ' * 100_000, '{"results": [{"value": ' + "[" * 100_000])
def test_a_nested_message_is_refused(text: str) -> None:
    with at_most(5), pytest.raises(UsageError):
        read(JobResult, text, "x")


READ_FLOOD = """
import json, sys
from pathlib import Path
from pipeline.cluster.entries import adopt
from pipeline.cluster.job import JobResult, StoredResult, read
from pipeline.system.store import Key, Store
where, part, number = sys.argv[1], json.loads(sys.argv[2]), int(sys.argv[3])
flood = f"[{','.join([json.dumps(part)] * number)}]"
try:
    if where == "results":
        print(read(JobResult, '{"job": "a", "worker": "b", "results": %s}' % flood, "x"))
    else:
        key, value = Key("build", {"tree": "a"}), {"status": "built", "warnings": json.loads(flood)}
        print(adopt(Store(Path("/nowhere"), print), [StoredResult.of(key, value, {}, made=True)], [key])[0])
except Exception as error:
    print(type(error).__name__, error.message)
"""


@pytest.mark.parametrize(("where", "part"), [("results", {}), ("results", [[]]), ("results", 1), ("value", {})])
def test_what_is_wrong_in_a_million_places_takes_no_more_memory_for_that(where: str, part: Any) -> None:
    """Seen red with a gigabyte and more."""
    taken = []
    for number in (250_000, 500_000):
        said, mebibytes = peak(READ_FLOOD, where, json.dumps(part), str(number))
        assert said.startswith(("UsageError", "build (")), said
        assert len(said) < 400
        taken.append(mebibytes)
    # What is refused where it is stored was read before, as any value.
    assert max(taken) < (128 if where == "results" else 256)


@pytest.mark.parametrize(
    ("place", "value"),
    [
        ("value", None),
        ("inputs", {"tree": "c"}),
        ("files", {"log.z": "AAAA"}),
        ("files", {"../x": "AAAA"}),
        ("stage", "config"),
    ],
)
def test_a_result_that_was_changed_on_its_way_is_refused(place: str, value: object) -> None:
    result = JobResult(job="one", worker="two", results=(StoredResult.of(KEY, VALUE, FILES, made=True),))
    data = json.loads(result.model_dump_json())
    data["results"][0][place] = value
    with pytest.raises(UsageError, match="what a worker sent is no JobResult"):
        read(JobResult, json.dumps(data), "what a worker sent")
