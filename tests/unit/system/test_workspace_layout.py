"""A workspace that several commands make at the same moment."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from pipeline.system.workspace import Workspace


def test_two_runs_that_start_at_once_find_a_whole_layout(tmp_path: Path) -> None:
    """Seen red with a marker that is there before its content is."""

    def prepare(number: int) -> None:
        Workspace(tmp_path / str(number // 8)).prepare()

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(prepare, range(1600))) == [None] * 1600
