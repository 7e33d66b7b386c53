"""`pipeline compare`: what changed from one run to another."""

from __future__ import annotations

import sys

from pipeline import runs as running
from pipeline.cli.command import command
from pipeline.cli.options import (
    RunArgument,
)
from pipeline.cli.session import Session
from pipeline.render.comparison import render_comparison


@command("compare", example="compare 20260101-v1 last")
def compare(
    current: Session,
    before: RunArgument,
    after: RunArgument = "last",
) -> None:
    """Compare two runs: cells, patches, symbols, claims."""
    current.workspace.prepare()
    first, second = (running.read(running.find(current.workspace, name)) for name in (before, after))
    print(render_comparison(first, second, colour=sys.stdout.isatty()), end="")
