"""Commands about what runs left."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console as RichConsole
from rich.table import Table

from pipeline import reply as replying
from pipeline import runs as running
from pipeline import vmemmap as documenting
from pipeline.cli.app import app
from pipeline.cli.options import (
    STANDARD_OUTPUT,
    FormatOption,
    QuietOption,
    RunArgument,
    VerboseOption,
    VersionOption,
    WorkspaceOption,
    known_format,
    require_writable,
)
from pipeline.cli.session import session
from pipeline.render import exit_status, render_text
from pipeline.render.comparison import render_comparison
from pipeline.render.formats import FORMATS, Source
from pipeline.render.index import indexed, render_index
from pipeline.system.errors import ExitStatus, UsageError
from pipeline.system.git import user_setting


@app.command(epilog="Example: pipeline report last --format html")
def report(
    run: RunArgument = "last",
    format_name: FormatOption = "text",
    output: Annotated[
        Path | None,
        typer.Option(
            "-o", "--output", metavar="FILE", help="Where to, - is standard output. [default: the run's folder]"
        ),
    ] = None,
    workspace: WorkspaceOption = None,
    verbose: VerboseOption = False,
    quiet: QuietOption = False,
    _version: VersionOption = False,
) -> None:
    """Render a run's report again, from its run.json alone."""
    with session(workspace, verbose, quiet) as current:
        current.workspace.prepare()
        chosen = FORMATS[known_format(format_name)]
        folder = running.find(current.workspace, run)
        record = running.read(folder)
        if output == STANDARD_OUTPUT or (output is None and chosen.printed):
            colour = format_name == "text" and sys.stdout.isatty()
            print(render_text(record, colour=True) if colour else chosen.render(Source(record)), end="")
            return
        path = output or folder / chosen.file
        require_writable(path)
        path.write_text(chosen.render(Source(record, running.seen_from(folder, path.parent))), encoding="utf-8")
        print(path)


@app.command(epilog="Example: pipeline compare 20260101-v1 last")
def compare(
    before: RunArgument,
    after: RunArgument = "last",
    workspace: WorkspaceOption = None,
    verbose: VerboseOption = False,
    quiet: QuietOption = False,
    _version: VersionOption = False,
) -> None:
    """What changed from one run to another: cells, patches, symbols, claims."""
    with session(workspace, verbose, quiet) as current:
        current.workspace.prepare()
        first, second = (running.read(running.find(current.workspace, name)) for name in (before, after))
        print(render_comparison(first, second, colour=sys.stdout.isatty()), end="")


@app.command(epilog="Example: pipeline index ~/public_html/runs")
def index(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Holds the folders of runs.")],
    output: Annotated[
        Path | None, typer.Option("-o", "--output", metavar="FILE", help="[default: index.html in DIR]")
    ] = None,
    verbose: VerboseOption = False,
    quiet: QuietOption = False,
    _version: VersionOption = False,
) -> None:
    """One static page over many runs: their verdicts, and the trend of each series' size."""
    with session(None, verbose, quiet) as current:
        path = output or folder / "index.html"
        require_writable(path)
        found = []
        for run, record in running.below(folder):
            if record is None:
                current.console.warn(f"{run} is no run of this version of pipeline, and is left out")
                continue
            try:
                found.append(indexed(record, running.seen_from(run, path.parent), running.files_in(run)))
            except (ValueError, ArithmeticError, OSError) as error:
                # One that somebody made up must not keep the others from being shown.
                current.console.warn(f"{run} cannot be shown, and is left out: {error}")
        if not found:
            raise UsageError(f"there is no run below {folder}", hint="Name the folder that holds the runs' folders.")
        path.write_text(render_index(found), encoding="utf-8")
        print(path)


@app.command(epilog="Example: pipeline doc last -o /tmp")
def doc(
    run: RunArgument = "last",
    tree: Annotated[str, typer.Option("--tree", metavar="TREE", help="One of the run's. [default: the first]")] = "",
    output: Annotated[
        Path | None, typer.Option("-o", "--output", metavar="DIR", help="Where to. [default: the run's folder]")
    ] = None,
    workspace: WorkspaceOption = None,
    verbose: VerboseOption = False,
    quiet: QuietOption = False,
    _version: VersionOption = False,
) -> None:
    """Write Documentation/mm/vmemmap_dedup.rst anew from what a run measured, and the patch that brings it there."""
    with session(workspace, verbose, quiet) as current:
        repository = current.pipeline().repository
        folder = running.find(current.workspace, run)
        target = output or folder
        file, patch = target / "vmemmap_dedup.rst", target / "vmemmap_dedup.patch"
        require_writable(file)
        found = documenting.document(running.read(folder), tree, repository, _identity(), datetime.now(UTC))
        if not found.with_source:
            current.console.warn("the run is of an older version: the document tells of measurements, not of the code")
        file.write_text(found.text, encoding="utf-8")
        print(f"Document: {file}")
        if found.patch:
            patch.write_text(found.patch, encoding="utf-8")
            print(f"Patch:    {patch}\nLook it over, then `git am --signoff` it.")
        else:
            print("The tree has it already: there is no patch.")


@app.command(epilog="Example: pipeline reply last -o reply.eml")
def reply(
    run: RunArgument = "last",
    to: Annotated[
        str, typer.Option("--to", metavar="MESSAGE-ID", help="The mail to answer. [default: the cover letter]")
    ] = "",
    style: Annotated[
        replying.Style, typer.Option("--style", help="A summary, or figures of every cell.")
    ] = replying.Style.SUMMARY,
    report_url: Annotated[
        str,
        typer.Option(
            "--report-url",
            metavar="URL",
            help="Where the full report is read, %s is the run's id. [default: git config pipeline.reportUrl]",
        ),
    ] = "",
    output: Annotated[
        Path | None, typer.Option("-o", "--output", metavar="FILE", help="[default: reply.eml in the run]")
    ] = None,
    workspace: WorkspaceOption = None,
    verbose: VerboseOption = False,
    quiet: QuietOption = False,
    _version: VersionOption = False,
) -> None:
    """Draft the review reply as an .eml and print the git send-email line. Nothing is ever sent."""
    with session(workspace, verbose, quiet) as current:
        current.workspace.prepare()
        folder = running.find(current.workspace, run)
        record = running.read(folder)
        if record.is_baseline:
            raise UsageError(f"run {record.id} is a baseline, which answers nobody", hint="Name the run of a series.")
        draft = replying.draft(
            record,
            identity=_identity(),
            date=datetime.now(UTC),
            to=to,
            style=style,
            report_url=report_url or user_setting("pipeline.reportUrl"),
        )
        path = output or folder / "reply.eml"
        path.write_bytes(replying.to_bytes(draft))
        print(f"Draft: {path}\nLook it over, then send it yourself:\n\n  {replying.send_command(draft, path)}")


@app.command("runs", epilog="Example: pipeline runs")
def list_runs(
    workspace: WorkspaceOption = None,
    verbose: VerboseOption = False,
    quiet: QuietOption = False,
    _version: VersionOption = False,
) -> None:
    """List finished, running and broken runs."""
    with session(workspace, verbose, quiet) as current:
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
            print(f"No run in {current.workspace.folder} yet. Start with: pipeline apply-and-build --help")


def _identity() -> str:
    """The user, as git knows them; raises UsageError where it does not."""
    name, address = user_setting("user.name"), user_setting("user.email")
    if not address:
        raise UsageError(
            "git does not know who you are",
            hint='git config --global user.email "you@example.org" (and user.name).',
        )
    return f"{name} <{address}>"
