"""`pipeline index`: one page over many runs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from pipeline import runs as running
from pipeline.cli.command import command
from pipeline.cli.options import (
    require_writable,
    write,
)
from pipeline.cli.session import Session
from pipeline.render.index import indexed, render_index
from pipeline.system.errors import UsageError
from pipeline.system.git import user_setting


@command("index", example="index ~/public_html/runs", workspace=False)
def index(
    current: Session,
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Folder that holds the folders of runs.")],
    output: Annotated[
        Path | None, typer.Option("-o", "--output", metavar="FILE", show_default="index.html in DIR")
    ] = None,
) -> None:
    """Write one static page about many runs: what each series needs next, and the trend of its size."""
    path = output or folder / "index.html"
    require_writable(path)
    records, unlinked = [], 0
    for run, record in running.below(folder):
        if record is None:
            current.console.warn(f"{run} was not recorded by this version of pipeline, and is skipped")
            continue
        try:
            place = running.seen_from(run, path.parent)
            records.append(indexed(record, place, running.files_in(run)))
            unlinked += place is None
        except (ValueError, ArithmeticError, OSError) as error:
            # A forged record must not hide the others.
            current.console.warn(f"{run} cannot be shown, and is skipped: {error}")
    if not records:
        raise UsageError(
            f"there is no run below {folder}", hint="Type: pipeline index DIR, with the folder that holds the runs."
        )
    if unlinked:
        current.console.warn(f"the page links only to runs below its folder; runs without a link: {unlinked}")
    reader = user_setting("user.name") or user_setting("user.email")
    write(path, render_index(records, reader).encode(), named=output is not None)
    print(path)
