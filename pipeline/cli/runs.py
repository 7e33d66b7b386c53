"""`pipeline runs`: runs of a workspace."""

from __future__ import annotations

import sys

from rich.console import Console as RichConsole
from rich.table import Table

from pipeline import runs as running
from pipeline.assess.verdict import exit_status
from pipeline.cli.command import command
from pipeline.cli.session import Session
from pipeline.system.errors import ExitStatus


@command("runs", example="runs")
def list_runs(
    current: Session,
) -> None:
    """List finished, running and broken runs."""
    current.workspace.prepare()
    known = running.known_runs(current.workspace)
    table = Table("run", "state", "cells", "result", box=None, pad_edge=False)
    words = {
        ExitStatus.CLEAN: "clean",
        ExitStatus.SERIES_HAS_A_PROBLEM: "problem",
        ExitStatus.NOT_OBTAINED: "not applied",
    }
    for run in known:
        cells = str(len(run.record.cells)) if run.record else ""
        table.add_row(run.id, run.state, cells, words.get(exit_status(run.record), "") if run.record else "")
    if known:
        RichConsole(highlight=False, width=None if sys.stdout.isatty() else 120).print(table)
    else:
        print(f"No run in {current.workspace.folder} yet. Type: pipeline apply-and-build SERIES --tree TREE")
