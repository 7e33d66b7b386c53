"""The command that makes one run of several."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from pipeline import merge as merging
from pipeline.cli.app import app
from pipeline.cli.options import QuietOption, VerboseOption, VersionOption, WorkspaceOption
from pipeline.cli.session import session
from pipeline.render import exit_status, render_text


@app.command(epilog="Example: pipeline merge plan results/*")
def merge(
    folders: Annotated[
        list[str], typer.Argument(metavar="DIR...", help="Folders of runs, and of the plan that they are jobs of.")
    ],
    workspace: WorkspaceOption = None,
    verbose: VerboseOption = False,
    quiet: QuietOption = False,
    _version: VersionOption = False,
) -> None:
    """Make one run of several that built different cells of a matrix, and report on it.

    Refuses runs of another series, tree or matrix, and a cell that has two different results. Exit status: as
    apply-and-build; a cell of the plan without a result is no clean run.
    """
    with session(workspace, verbose, quiet) as current:
        current.workspace.prepare()
        record, folder = merging.merge(current.workspace, folders, current.console.warn)
        print(render_text(record, colour=sys.stdout.isatty()), end="")
        print(f"\nRun:    {folder}")
        raise typer.Exit(exit_status(record))
