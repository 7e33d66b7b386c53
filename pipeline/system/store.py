"""Results by content address: a key says everything that determines a result, its presence means completeness.

An entry is a folder `<stage>/<first two digits>/<digest>/` with `entry.json` (the key, the value, the digests of the
files) and the files. It is written aside, flushed, and renamed into place; every digest is checked when it is read.
"""

from __future__ import annotations

import hashlib
import json
import os
import secrets
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from filelock import FileLock

from pipeline.system import untrusted_dir

SCHEMA = 1
"""Raised when the meaning of entries changes; it is part of every key."""


@dataclass(frozen=True)
class Key:
    """A stage and every input of its result, as JSON values: together they determine it."""

    stage: str
    inputs: Mapping[str, Any]

    @cached_property
    def digest(self) -> str:
        """SHA-256 over the canonical JSON of stage, schema and inputs."""
        canonical = json.dumps(
            {"stage": self.stage, "schema": SCHEMA, "inputs": self.inputs},
            sort_keys=True,
            separators=(",", ":"),
            ensure_ascii=True,
        )
        return hashlib.sha256(canonical.encode()).hexdigest()


@dataclass(frozen=True)
class Entry:
    """A stored result: a JSON value and the folder that holds its files.

    Args:
        names: of the files.
        made_for_run: made for this very run on another machine, so that it does not count as found.
    """

    folder: Path
    value: Any
    names: tuple[str, ...] = ()
    made_for_run: bool = False

    def read(self, name: str) -> bytes:
        """The bytes of one stored file (verified when the entry was looked up)."""
        return (self.folder / name).read_bytes()

    def files(self) -> dict[str, bytes]:
        """The bytes of every file, by name."""
        return {name: self.read(name) for name in self.names}


class Store:
    """A folder of entries.

    Args:
        folder: where entries live; made when missing.
        report: called with one line for each damaged entry that is dropped.
    """

    def __init__(self, folder: Path, report: Callable[[str], None]) -> None:
        self._folder = folder
        self._report = report
        self._made_for_run: set[str] = set()

    def get(self, key: Key) -> Entry | None:
        """The entry of `key`, all digests checked; a damaged one is reported, dropped and None."""
        folder = self._place(key)
        try:
            described = json.loads(untrusted_dir.read(folder, "entry.json"))
            damage = _first_damage(folder, key, described)
        except FileNotFoundError:
            if not os.path.lexists(folder):
                return None
            damage = "entry.json is missing"
        except (ValueError, KeyError, TypeError, AttributeError, OSError) as error:
            damage = f"entry.json cannot be read ({error})"
        if damage:
            self.drop(key, damage)
            return None
        # When it was last used: what was not for long goes first where space is short.
        os.utime(folder)
        return Entry(folder, described["value"], tuple(described["files"]), key.digest in self._made_for_run)

    def drop(self, key: Key, damage: str) -> None:
        """Reports and removes an entry that is damaged, or that its readers cannot read."""
        folder = self._place(key)
        self._report(f"stored {key.stage} result {key.digest[:12]} is damaged, dropped: {damage}")
        untrusted_dir.discard(folder.parent, folder.name)

    def put(self, key: Key, value: Any, files: Mapping[str, bytes], *, made_for_run: bool = False) -> Entry:
        """Stores a result; where another run was quicker, its entry stands.

        Args:
            made_for_run: what the entry shall say of itself as long as this object lives.

        Raises:
            OSError: the disk is full or failing; nothing is recorded then.
        """
        place = self._place(key)
        aside = self._folder / "tmp" / secrets.token_hex(8)
        aside.mkdir(parents=True)
        try:
            for name, content in files.items():
                _write_flushed(aside / name, content)
            described = {
                "stage": key.stage,
                "schema": SCHEMA,
                "inputs": key.inputs,
                "value": value,
                "files": {name: hashlib.sha256(content).hexdigest() for name, content in files.items()},
            }
            described["digest"] = _self_digest(described)
            _write_flushed(aside / "entry.json", json.dumps(described, sort_keys=True).encode())
            place.parent.mkdir(parents=True, exist_ok=True)
            try:
                aside.rename(place)
            except OSError:
                if not place.exists():
                    raise
                shutil.rmtree(aside)
            _flush_folder(place.parent)
        except BaseException:
            shutil.rmtree(aside, ignore_errors=True)
            raise
        if made_for_run:
            self._made_for_run.add(key.digest)
        return Entry(place, value, tuple(files), made_for_run)

    def entries(self) -> Iterator[Path]:
        """Folders of all entries; their time of modification is that of their last use."""
        yield from self._folder.glob("*/??/*")

    @contextmanager
    def lock(self, key: Key) -> Iterator[None]:
        """Held while a result is made, so that two runs make it once; a dead holder's lock is free."""
        locks = self._folder / "locks"
        locks.mkdir(parents=True, exist_ok=True)
        with FileLock(locks / f"{key.digest}.lock"):
            yield

    def sweep(self) -> None:
        """Removes what interrupted writers left aside."""
        shutil.rmtree(self._folder / "tmp", ignore_errors=True)

    def _place(self, key: Key) -> Path:
        return self._folder.joinpath(key.stage, key.digest[:2], key.digest)


def _self_digest(described: Mapping[str, Any]) -> str:
    text = json.dumps({name: part for name, part in described.items() if name != "digest"}, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def _first_damage(folder: Path, key: Key, described: Mapping[str, Any]) -> str:
    if folder.is_symlink():
        return "its folder is a symbolic link"
    if Key(described["stage"], described["inputs"]).digest != key.digest:
        return "it holds another key"
    if described["digest"] != _self_digest(described):
        return "its digest does not match"
    for name, digest in described["files"].items():
        try:
            content = untrusted_dir.read(folder, name)
        except FileNotFoundError:
            return f"{name} is missing"
        except OSError as error:
            return f"{name} cannot be read ({error.strerror})"
        if hashlib.sha256(content).hexdigest() != digest:
            return f"the digest of {name} does not match"
    return ""


def _write_flushed(path: Path, content: bytes) -> None:
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _flush_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
