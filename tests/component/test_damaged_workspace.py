"""Files of a workspace that were damaged behind the pipeline's back: noticed, and made again or named in a clear error.

Every file that a run leaves is one of a kind (`store/build/*/*/symbols.z`); of each kind one is flipped, cut off,
removed, replaced by a link or by a FIFO in turn. Whole commands meet some of these, entries of the store all when they
are looked up.
"""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from pipeline.record import RunRecord
from pipeline.system.store import Key, Store
from tests.support.developer import PatchSeries
from tests.support.matrices import CELLS, ODD, matrix_text, write_matrix
from tests.support.runner import Runner
from tests.support.sweeps import some
from tests.support.timeless import without_times

SHARES = 4
"""Of the cases, for several workers."""
UNREAD = ("worktrees/", "builds/", "ccache/", "downloads/")
"""What make and git read is checked by them, and by tests of their own (test_shared_build_folders.py)."""


def flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2 : len(content) // 2 + 1] = bytes([content[len(content) // 2] ^ 4]) if content else b"x"
    path.write_bytes(content)


def cut_off(path: Path) -> None:
    os.truncate(path, path.stat().st_size // 2)


def empty(path: Path) -> None:
    os.truncate(path, 0)


def link(path: Path) -> None:
    path.unlink()
    path.symlink_to("/etc/passwd")


def fifo(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


DAMAGES: tuple[Callable[[Path], None], ...] = (flip, cut_off, empty, Path.unlink, link, fifo)


@dataclass(frozen=True)
class Finished:
    """A run that finished, in a workspace that is only copied; and what it left, a file of each kind."""

    run: Runner
    arguments: tuple[str, ...]
    other: tuple[str, ...]
    report: tuple[str, ...]

    def copy(self, folder: Path) -> Runner:
        shutil.copytree(self.run.workspace, folder, symlinks=True)
        # Worktrees name their repository, and it them, by absolute paths: they are made anew.
        shutil.rmtree(folder / "worktrees")
        return self.run.within(folder)


@pytest.fixture(scope="module")
def finished(
    sealed_environment: dict[str, str],
    fake_tree: Path,
    posted: Mapping[str, PatchSeries],
    tmp_path_factory: pytest.TempPathFactory,
) -> Finished:
    folder = tmp_path_factory.mktemp("finished")
    matrix = write_matrix(folder, matrix_text({ODD: CELLS[ODD]}))
    options = (f"--tree=path:{fake_tree}#master", f"--matrix={matrix}")
    run = Runner(folder / "workspace", sealed_environment, folder)
    words = ("apply-and-build", str(posted["good"].folder), *options)
    done = run(*words)
    assert done.returncode == 0, done.stderr
    return Finished(
        run, words, ("apply-and-build", str(posted["good-v2"].folder), *options), without_times(run.record())
    )


def kinds(workspace: Path) -> list[str]:
    """Files of a workspace, the first of each kind: names of digests and dates aside."""
    names: dict[str, str] = {}
    for path in sorted(path for path in workspace.rglob("*") if path.is_file() and not path.is_symlink()):
        name = str(path.relative_to(workspace))
        if not name.startswith(UNREAD):
            kind = re.sub(r"[0-9a-f]{16,}|(?<=/)[0-9a-f]{2}(?=/)|\d{8}-\d{6}[^/]*|(?<=\.)\w+\.sample", "*", name)
            names.setdefault(kind, name)
    return list(names.values())


def test_every_damage_in_the_store_is_noticed(finished: Finished, tmp_path: Path) -> None:
    """All files, each with all damages; the entry is dropped with a word, nothing of it is returned.

    Seen red without a look at the digests of files.
    """
    folder = finished.copy(tmp_path / "workspace").workspace / "store"
    said: list[str] = []
    store, tried = Store(folder, said.append), 0
    for entry in sorted(folder.glob("*/*/*")):
        described = json.loads((entry / "entry.json").read_bytes())
        key = Key(described["stage"], described["inputs"])
        assert store.get(key) is not None
        for name in ("entry.json", *described["files"]):
            for damage in DAMAGES:
                shutil.copytree(entry, tmp_path / "kept")
                if (entry / name).stat().st_size or damage not in (cut_off, empty):
                    tried += 1
                    damage(entry / name)
                    assert store.get(key) is None, f"{entry / name}: {damage}"
                    assert not os.path.lexists(entry)
                shutil.rmtree(entry, ignore_errors=True)
                (tmp_path / "kept").rename(entry)
    assert len(said) == tried >= 100


@pytest.mark.parametrize("share", range(SHARES))
def test_commands_meet_damage(finished: Finished, tmp_path: Path, share: int) -> None:
    """The same again, and a reroll that has to be applied: as undamaged, or a clear error with what to do.

    Seen red with a FIFO in the place of `history/*.json`, when that was read before it was looked at.
    """
    names = kinds(finished.run.workspace)
    assert {name.split("/")[0] for name in names} >= {"store", "runs", "trees.git", "layout", "history", "locks"}
    cases = [(name, damage) for name in names for damage in DAMAGES]
    assert len(cases) >= 200
    for number, (name, damage) in enumerate(some(cases, 34)[share::SHARES]):
        run = finished.copy(tmp_path / str(number))
        damage(run.workspace / name)
        for words in (finished.arguments, finished.other):
            done = run(*words)
            about = f"{name} after {damage}: {done.returncode} {done.stderr}"
            assert "Traceback" not in done.stderr, about
            if done.returncode == 0:
                record: RunRecord = run.record()
                assert without_times(record)[1].count("builds") == finished.report[1].count("builds"), about
                assert [cell.text for cell in record.cells] == [
                    cell.text for cell in RunRecord.model_validate_json(finished.report[0]).cells
                ], about
            else:
                assert done.returncode == 4, about
                assert re.search(r"error: .*\n +\S", done.stderr), about
        shutil.rmtree(tmp_path / str(number))
