"""`pipeline report`: a run rendered again, from its record alone."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from pipeline import runs as running
from pipeline.cli.command import command
from pipeline.cli.options import (
    STANDARD_OUTPUT,
    RunArgument,
    require_writable,
    write,
)
from pipeline.cli.session import Session
from pipeline.render.formats import FORMATS, Source
from pipeline.render.text_report import render_text


def _format(name: str) -> str:
    if name not in FORMATS:
        raise typer.BadParameter(f"{name!r} is not one of {', '.join(FORMATS)}.")
    return name


@command("report", example="report last --format html")
def report(
    current: Session,
    run: RunArgument = "last",
    format_name: Annotated[
        str, typer.Option("--format", parser=_format, metavar="|".join(FORMATS), help="Format of the report.")
    ] = "text",
    output: Annotated[
        Path | None,
        typer.Option(
            "-o",
            "--output",
            metavar="FILE",
            help="File to write; - is standard output.",
            show_default="the run's folder",
        ),
    ] = None,
) -> None:
    """Write the report of a run again, from its run.json."""
    current.workspace.prepare()
    chosen = FORMATS[format_name]
    folder = running.find(current.workspace, run)
    record = running.read(folder)
    if output == STANDARD_OUTPUT or (output is None and chosen.printed):
        colour = format_name == "text" and sys.stdout.isatty()
        print(render_text(record, colour=True) if colour else chosen.render(Source(record, linked=False)), end="")
        return
    path = output or folder / chosen.file
    require_writable(path)
    linked = path.parent.resolve() == folder.resolve()
    write(path, chosen.render(Source(record, linked)).encode(), named=output is not None)
    print(path)
