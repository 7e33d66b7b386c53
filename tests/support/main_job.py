"""`pipeline apply-and-build` on a folder of patches, and its record."""

from __future__ import annotations

import subprocess
from pathlib import Path

from pipeline.record import CellRecord, RunRecord
from tests.support.developer import PatchSeries
from tests.support.runner import Runner


def build(
    run: Runner, series: PatchSeries | Path, tree: str, matrix: Path, *options: str, status: int = 0
) -> tuple[RunRecord, subprocess.CompletedProcess[str]]:
    """Runs the main job on a folder of patches, which must end with `status`; its record and how it ended."""
    place = series.folder if isinstance(series, PatchSeries) else series
    done = run("apply-and-build", str(place), f"--tree={tree}", f"--matrix={matrix}", "--json=run.json", *options)
    assert done.returncode == status, done.stdout + done.stderr
    return RunRecord.model_validate_json((run.folder / "run.json").read_bytes()), done


def cell(record: RunRecord, name: str) -> CellRecord:
    (cell_record,) = [cell_record for cell_record in record.cells if cell_record.id == name]
    return cell_record


def words(report: str) -> str:
    """A report without its line breaks: sentences are wrapped where the page ends."""
    return " ".join(report.split())
