"""`pipeline clean`: free space in a workspace."""

from __future__ import annotations

from typing import Annotated

import typer

from pipeline.cli.command import command
from pipeline.cli.options import (
    size,
)
from pipeline.cli.session import Session
from pipeline.machine import clean as cleaning
from pipeline.system.errors import UsageError


@command("clean", example="clean --all")
def clean(
    current: Session,
    everything: Annotated[
        bool, typer.Option("--all", help="Remove trees, results and downloads as well; runs are kept.")
    ] = False,
    keep: Annotated[
        int,
        typer.Option(
            "--keep",
            parser=size,
            metavar="SIZE",
            help="Remove only as much as brings the workspace below SIZE, such as 20G.",
        ),
    ] = 0,
) -> None:
    """Free space: build folders, worktrees and broken runs; finished results and runs are kept."""
    if everything and keep:
        raise UsageError("--all and --keep exclude each other", hint="Use --keep SIZE, or --all.")
    current.workspace.prepare()
    if keep:
        freed, broken = cleaning.keep(current.workspace, keep)
    else:
        freed, broken = cleaning.clean(current.workspace, everything=everything)
    print(f"Freed {_mebibytes(freed)} in {current.workspace.folder}; {broken} broken run(s) removed.")
    for name, share in cleaning.shares(current.workspace).items():
        print(f"  {name:12}{_mebibytes(share):>12}")


def _mebibytes(size: int) -> str:
    return f"{size / (1 << 20):.0f} MiB"
