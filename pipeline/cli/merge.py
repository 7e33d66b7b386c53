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
        list[str], typer.Argument(metavar="DIR...", help="Folders of the plan and of the runs that built its cells.")
    ],
) -> None:
    """Merge runs that built different cells of one matrix into one run, and report on it.

    Refuses runs of another series, tree or matrix, and a cell that has two different results. Exit status: as
    apply-and-build; a run that lacks a cell of the plan is not clean.
    """
    current.workspace.prepare()
    record, folder = merging.merge(current.workspace, folders, current.console.warn)
    print(render_text(record, colour=sys.stdout.isatty()), end="")
    print(f"\nRun:    {folder}")
    raise typer.Exit(exit_status(record))
