"""Results that are reused from state to state, because nothing that was read has changed; on two fake kernels."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.support.developer import PatchSeries
from tests.support.main_job import build, words
from tests.support.matrices import HVO, ODD
from tests.support.runner import Runner

pytestmark = pytest.mark.xdist_group("reused-results")


def test_documents_cost_no_build_and_change_no_byte(
    run: Runner, fake_tree: Path, two_cells: Path, posted: Mapping[str, PatchSeries]
) -> None:
    record, done = build(run, posted["documents"], f"path:{fake_tree}#good", two_cells)
    for cell in record.cells:
        base, last = cell.states
        assert (base.reused, last.reused) == (False, True)
        assert (base.cpu_seconds > 0, last.cpu_seconds) == (True, 0.0)
        assert cell.text is not None
        assert (cell.text.delta, cell.text.symbols) == (0, ())
        assert all(section.before == section.after for section in cell.sections)
    assert "2 reused (=): nothing that they read has changed" in words(done.stdout)


def test_a_file_that_no_cell_compiles_costs_no_build(
    run: Runner, fake_tree: Path, two_cells: Path, posted: Mapping[str, PatchSeries]
) -> None:
    record, _ = build(run, posted["uncompiled"], f"path:{fake_tree}#master", two_cells, status=1)
    assert [state.reused for cell in record.cells for state in cell.states] == [False, True, False, True]


def test_what_a_cell_does_not_read_is_reused_in_that_cell_alone(
    run: Runner, fake_tree: Path, two_cells: Path, posted: Mapping[str, PatchSeries]
) -> None:
    record, _ = build(run, posted["one-file"], f"path:{fake_tree}#master", two_cells)
    reused = {cell.id: [state.reused for state in cell.states] for cell in record.cells}
    assert reused == {HVO: [False, False], ODD: [False, True]}
