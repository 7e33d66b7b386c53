"""`pipeline fetch`: a series, and what is in it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console as RichConsole
from rich.text import Text

from pipeline.cli.command import command
from pipeline.cli.options import (
    MidmaskOption,
    OfflineOption,
    RethreadOption,
    RevisionOption,
    SeriesArgument,
    series_request,
)
from pipeline.cli.session import Session
from pipeline.mail.mbox import join_mbox
from pipeline.render.series import series_lines


@command("fetch", example="fetch 20251205194351.1646318-1-kas@kernel.org -o series.mbx")
def fetch(
    current: Session,
    series: SeriesArgument,
    output: Annotated[
        Path | None, typer.Option("-o", "--output", metavar="FILE", help="Write an mbox for git am.")
    ] = None,
    revision: RevisionOption = None,
    midmask: MidmaskOption = "",
    rethread: RethreadOption = None,
    offline: OfflineOption = False,
) -> None:
    """Fetch a series and show its patches, trailers, base and replies."""
    obtained = current.pipeline().fetch(series_request(series, revision, midmask, rethread, offline))
    out = RichConsole(highlight=False, soft_wrap=True)
    for line in series_lines(obtained):
        out.print(Text(line, style="green" if line.lstrip().startswith("+ ") else ""))
    if output:
        output.write_bytes(join_mbox([patch.mail for patch in obtained.patches]))
        out.print(Text(f"Written: {output}"))
