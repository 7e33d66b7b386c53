"""What a run leaves in its folder: evidence, reports, and its record at last."""

from __future__ import annotations

from collections.abc import Sequence

from pipeline import collect
from pipeline.build import read_log
from pipeline.collect import TreeResult
from pipeline.record import RunRecord
from pipeline.render.formats import FORMATS, WRITTEN, Source
from pipeline.runs import RunFolder


def keep_evidence(run: RunFolder, results: Sequence[TreeResult]) -> None:
    """Configurations, logs and consoles, under the names that the record has for them."""
    for number, result in enumerate(results, 1):
        _keep(run, f"tree{number}", result)


def _keep(run: RunFolder, tree: str, result: TreeResult) -> None:
    built = {cell_id for cell_id, _ in result.builds or {}}
    for one in result.planned:
        if one.cell.id in built:
            run.write(collect.config_name(one.cell.id, tree), one.config)
    for (cell_id, patch), build in (result.builds or {}).items():
        run.write(collect.log_name(cell_id, tree, patch), read_log(build))
    for (cell_id, patch, scenario), boot in (result.boots or {}).items():
        if boot.console:
            run.write(collect.console_name(cell_id, tree, patch, scenario), boot.console)


def render_reports(run: RunFolder, record: RunRecord) -> None:
    """Renders what every run leaves, and finishes the run."""
    for name in WRITTEN:
        run.write(FORMATS[name].file, FORMATS[name].render(Source(record)))
    run.finish(record)
