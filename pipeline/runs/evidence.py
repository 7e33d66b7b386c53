"""Files that a run keeps beside its record: configurations, logs and consoles."""

from __future__ import annotations

from collections.abc import Sequence

from pipeline.build import read_log
from pipeline.runs import RunFolder
from pipeline.runs.names import config_name, console_name, log_name
from pipeline.runs.results import TreeResult


def keep_evidence(run: RunFolder, results: Sequence[TreeResult]) -> None:
    """Write configurations, logs and consoles, under the names that the record has for them."""
    for number, result in enumerate(results, 1):
        _keep(run, f"tree{number}", result)


def _keep(run: RunFolder, tree: str, result: TreeResult) -> None:
    built = {cell_id for cell_id, _ in result.builds or {}}
    for planned in result.planned:
        if planned.cell.id in built:
            run.write(config_name(planned.cell.id, tree), planned.config)
    for (cell_id, patch), build in (result.builds or {}).items():
        run.write(log_name(cell_id, tree, patch), read_log(build))
    for (cell_id, patch, scenario), boot in (result.boots or {}).items():
        if boot.console:
            run.write(console_name(cell_id, tree, patch, scenario), boot.console)
