"""`pipeline merge`: one run of several."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from pipeline import merge as merging
from pipeline.assess.verdict import exit_status
from pipeline.cli.command import command
from pipeline.cli.session import Session
from pipeline.render.text_report import render_text


@command("merge", example="merge plan results/*")
def merge(
    current: Session,
    folders: Annotated[
        list[str], typer.Argument(metavar="DIR...", help="Folders of runs, and of the plan that they are jobs of.")
    ],
) -> None:
    """Make one run of several that built different cells of a matrix, and report on it.

    Refuses runs of another series, tree or matrix, and a cell that has two different results. Exit status: as
    apply-and-build; a cell of the plan without a result is no clean run.
    """
    current.workspace.prepare()
    record, folder = merging.merge(current.workspace, folders, current.console.warn)
    print(render_text(record, colour=sys.stdout.isatty()), end="")
    print(f"\nRun:    {folder}")
    raise typer.Exit(exit_status(record))
