"""`pipeline review`: where the review of a series stands."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

import typer

from pipeline.cli.command import command
from pipeline.cli.options import (
    MidmaskOption,
    OfflineOption,
    RethreadOption,
    RevisionOption,
    SeriesArgument,
    TreeOption,
    series_request,
)
from pipeline.cli.session import Session
from pipeline.kernel.trees import TreeName
from pipeline.mail.limits import THREAD_LIMIT
from pipeline.render.review import render_review
from pipeline.system.errors import UsageError


@command("review", example="review 20251205194351.1646318-1-kas@kernel.org")
def review(
    current: Session,
    series: SeriesArgument,
    since: Annotated[
        str,
        typer.Option("--since", metavar="SERIES", help="The earlier revision.", show_default="one in the thread"),
    ] = "",
    tree: TreeOption = None,
    open_only: Annotated[bool, typer.Option("--open", help="Only points that somebody waits for.")] = False,
    json: Annotated[bool, typer.Option("--json", help="Print JSON, as `review` in run.json.")] = False,
    revision: RevisionOption = None,
    midmask: MidmaskOption = "",
    rethread: RethreadOption = None,
    offline: OfflineOption = False,
) -> None:
    """Show the state of the review, from the thread: open points, promises, trailers.

    Trees are needed only to compare with an earlier revision, where git range-diff does it better than patch-ids.
    """
    if series == since == "-":
        raise UsageError("standard input holds one series", hint="Save one of the two revisions to a file.")
    with TemporaryDirectory() as scratch:
        pipeline = current.pipeline()
        request = series_request(_kept(series, Path(scratch)), revision, midmask, rethread, offline)
        # Further threads hold parts of SERIES, not of the other one.
        before = replace(request, text=_kept(since, Path(scratch)), version=None, rethread=()) if since else None
        names = [TreeName.parse(name) for name in tree or ()]
        obtained = pipeline.fetch(request)
        record = pipeline.review(obtained, request, before, [pipeline.tree(name) for name in names])
        if json:
            print(record.model_dump_json(indent=1))
        else:
            print(render_review(record, obtained.title, colour=sys.stdout.isatty(), open_only=open_only), end="")


def _kept(series: str, folder: Path) -> str:
    """Standard input as a file: both revisions may be in it, and it can be read once only."""
    if series != "-":
        return series
    path = folder / "stdin.mbox"
    path.write_bytes(sys.stdin.buffer.read(THREAD_LIMIT + 1))
    return str(path)
