"""`pipeline reply`: a draft of the review reply."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from pipeline import reply as replying
from pipeline import runs as running
from pipeline.cli.command import command
from pipeline.cli.options import (
    RunArgument,
    user_identity,
)
from pipeline.cli.session import Session
from pipeline.system.errors import UsageError
from pipeline.system.git import user_setting


@command("reply", example="reply last -o reply.eml")
def reply(
    current: Session,
    run: RunArgument = "last",
    to: Annotated[
        str, typer.Option("--to", metavar="MESSAGE-ID", help="The mail to answer.", show_default="the cover letter")
    ] = "",
    style: Annotated[
        replying.Style, typer.Option("--style", help="A summary, or figures of every cell.")
    ] = replying.Style.SUMMARY,
    report_url: Annotated[
        str,
        typer.Option(
            "--report-url",
            metavar="URL",
            help="Where the full report is read, %s is the run's id.",
            show_default="git config pipeline.reportUrl",
        ),
    ] = "",
    output: Annotated[
        Path | None, typer.Option("-o", "--output", metavar="FILE", show_default="reply.eml in the run")
    ] = None,
) -> None:
    """Draft the review reply as an .eml and print the git send-email line. Nothing is ever sent."""
    current.workspace.prepare()
    folder = running.find(current.workspace, run)
    record = running.read(folder)
    if record.is_baseline:
        raise UsageError(f"run {record.id} is a baseline, which answers nobody", hint="Name the run of a series.")
    draft = replying.draft(
        record,
        identity=user_identity(),
        date=datetime.now(UTC),
        to=to,
        style=style,
        report_url=report_url or user_setting("pipeline.reportUrl"),
    )
    path = output or folder / "reply.eml"
    path.write_bytes(replying.to_bytes(draft))
    print(f"Draft: {path}\nLook it over, then send it yourself:\n\n  {replying.send_command(draft, path)}")
