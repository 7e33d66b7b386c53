"""Folders that a record keeps so that no report names them."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.runs.places import places
from pipeline.system.workspace import Workspace


def test_places_are_named_as_they_were_and_as_they_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real, home = tmp_path / "real", tmp_path / "home"
    real.mkdir()
    home.mkdir()
    (tmp_path / "link").symlink_to(real)
    monkeypatch.chdir(real)
    monkeypatch.setenv("HOME", str(home))
    assert places(Workspace(real)) == (str(real), str(real), str(home))
    assert places(Workspace(tmp_path / "link")) == (str(tmp_path / "link"), *map(str, (real, home, real, real, home)))


def test_a_current_folder_that_is_gone_is_no_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "gone").mkdir()
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path / "gone")
    (tmp_path / "gone").rmdir()
    try:
        assert places(Workspace(tmp_path)) == (str(tmp_path), "", str(tmp_path))
    finally:
        monkeypatch.chdir(tmp_path)
