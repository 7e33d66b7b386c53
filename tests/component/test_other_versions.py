"""Workspaces, results and runs that another version wrote: refused with a clear line, or not seen; never misread."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from pipeline.system import store
from pipeline.system.store import Key, Store
from tests.support.developer import PatchSeries
from tests.support.runner import Runner

COMMANDS = (
    ("apply-and-build", "{series}", "--tree=path:{tree}#master"),
    ("fetch", "{series}"),
    ("runs",),
    ("report", "last"),
    ("reply", "last"),
    ("clean", "--all"),
)


def content(folder: Path) -> dict[str, str]:
    files = (path for path in sorted(folder.rglob("*")) if path.is_file())
    return {str(path): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


@pytest.mark.parametrize("layout", [b"0\n", b"2\n", b"", b"\xff\x00\xfe", b"1 or so\n"])
def test_a_workspace_of_another_layout_is_refused_and_left_alone(
    run_pipeline: Runner, fake_tree: Path, posted: dict[str, PatchSeries], layout: bytes
) -> None:
    """By every command that uses it. Seen red with any layout taken."""
    run_pipeline.workspace.mkdir()
    (run_pipeline.workspace / "layout").write_bytes(layout)
    (run_pipeline.workspace / "store").mkdir()
    (run_pipeline.workspace / "store/of-theirs").write_text("theirs")
    before = content(run_pipeline.workspace)
    for command in COMMANDS:
        done = run_pipeline(*(word.format(series=posted["good"].folder, tree=fake_tree) for word in command))
        assert (done.returncode, done.stdout) == (4, ""), command
        error, hint = done.stderr.splitlines()
        assert error.startswith(f"error: the workspace {run_pipeline.workspace} has layout ")
        assert error.endswith("this pipeline needs 1")
        assert "--workspace DIR" in hint
    assert content(run_pipeline.workspace) == before


def test_results_of_another_schema_are_not_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nor taken for damaged ones, which would be dropped."""
    said: list[str] = []
    key = Key("build", {"tree": "a"})
    Store(tmp_path, said.append).put(key, {"text": 1}, {"log": b"x"})
    monkeypatch.setattr(store, "SCHEMA", 2)
    kept = Store(tmp_path, said.append)
    assert kept.get(Key("build", {"tree": "a"})) is None
    kept.put(Key("build", {"tree": "a"}), {"size": 2}, {})
    monkeypatch.undo()
    entry = Store(tmp_path, said.append).get(Key("build", {"tree": "a"}))
    assert entry is not None
    assert (entry.value, said) == ({"text": 1}, [])
