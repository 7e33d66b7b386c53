"""`pipeline apply-and-build`: everything from mail to report."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from pipeline import runs as running
from pipeline.assess.verdict import exit_status, verdict
from pipeline.cli.command import command
from pipeline.cli.options import (
    BaseOption,
    BudgetOption,
    CcacheOption,
    CellOption,
    ExecutorOption,
    JobsOption,
    MatrixOption,
    MidmaskOption,
    NoiseFloorOption,
    OfflineOption,
    OptionalSeriesArgument,
    RethreadOption,
    RevisionOption,
    SandboxOption,
    TreeOption,
    parallel_jobs,
    require_writable,
    series_request,
)
from pipeline.cli.session import Session
from pipeline.model import Stage
from pipeline.orders.order import BaseChoice, Order
from pipeline.render.formats import FORMATS, WRITTEN
from pipeline.render.text_report import render_text
from pipeline.system.errors import UsageError
from pipeline.system.sandbox import SandboxName
from pipeline.system.shell import pasted


@command("apply-and-build", example="apply-and-build series/hvo-shared-tails --tree debian:linux-source-6.12")
def apply_and_build(
    current: Session,
    series: OptionalSeriesArgument = "",
    no_series: Annotated[
        bool, typer.Option("--no-series", help="Build and boot the trees without a series (a baseline).")
    ] = False,
    tree: TreeOption = None,
    matrix: MatrixOption = "",
    cell: CellOption = None,
    per_patch: Annotated[
        bool, typer.Option("--per-patch", help="Build after every patch, not only before the first and after the last.")
    ] = False,
    noise_floor: NoiseFloorOption = False,
    revision: RevisionOption = None,
    jobs: JobsOption = 0,
    sandbox: SandboxOption = SandboxName.BWRAP,
    executor: ExecutorOption = "local",
    ccache: CcacheOption = 0,
    json: Annotated[
        str,
        typer.Option(
            "--json", metavar="FILE|-", help="Write the record, run.json, to FILE as well; - is standard output."
        ),
    ] = "",
    midmask: MidmaskOption = "",
    rethread: RethreadOption = None,
    offline: OfflineOption = False,
    base: BaseOption = BaseChoice.AUTO,
    until: Annotated[
        Stage | None,
        typer.Option(
            "--until",
            help="The last stage: mail and its checks; objects of what the series touches; kernels; boots.",
            show_default="boots; with a matrix other than auto, objects are not compiled on their own",
        ),
    ] = None,
    budget: BudgetOption = None,
) -> None:
    """Fetch a series, apply it, compile what it touches, build a matrix before and after it, boot, report.

    Exit status: 0 clean, 1 the series has a problem or is not covered, 2 usage, 3 not obtained or applied nowhere,
    4 infrastructure.
    """
    if bool(series) is no_series:
        raise UsageError(
            "SERIES and --no-series exclude each other" if series else "no series is named",
            hint="Type: pipeline apply-and-build SERIES, or --no-series --tree TREE to build a tree without a series.",
        )
    if json and json != "-":
        require_writable(Path(json))
    order = Order(
        request=series_request(series, revision, midmask, rethread, offline),
        trees=tuple(tree or ()),
        matrix=matrix,
        cells=tuple(cell or ()),
        per_patch=per_patch,
        sandbox=sandbox,
        jobs=parallel_jobs(jobs),
        base=base,
        executor=executor,
        noise_floor=noise_floor,
        ccache=ccache,
        baseline=no_series,
        until=until,
        budget=budget,
    )
    record, folder = current.pipeline().apply_and_build(order)
    if json and json != "-":
        Path(json).write_text(record.to_json())
    if json == "-":
        print(record.to_json())
    else:
        print(render_text(record, colour=sys.stdout.isatty()), end="")
        # The report begins with its verdict, which has left the screen by now.
        judged = verdict(record)
        print(f"\nVerdict: {judged.word}: {judged.headline}")
        reports = "\n        ".join(str(folder / FORMATS[name].file) for name in WRITTEN)
        print(f"Report: {reports}\nRecord: {folder / running.RECORD}\nLogs:   {folder / 'logs'}")
        if not record.is_baseline:
            print(f"Reply:  {pasted(('pipeline', 'reply'), (record.id,))}")
        # The report is for others, too, and names nothing that is on this machine only.
        print(f"Again:  {record.command}")
    raise typer.Exit(exit_status(record))
