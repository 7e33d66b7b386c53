"""Commands that fetch, apply, plan and build."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console as RichConsole
from rich.text import Text

from pipeline import runs as running
from pipeline.cli.app import app
from pipeline.cli.options import (
    BaseOption,
    CcacheOption,
    CellOption,
    ExecutorOption,
    JobsOption,
    MatrixOption,
    MidmaskOption,
    NoiseFloorOption,
    OfflineOption,
    OptionalSeriesArgument,
    QuietOption,
    RethreadOption,
    RevisionOption,
    SandboxOption,
    SeriesArgument,
    TreeOption,
    VerboseOption,
    VersionOption,
    WorkspaceOption,
    known_base,
    known_sandbox,
    known_size,
    require_writable,
    series_request,
)
from pipeline.cli.session import session
from pipeline.kernel.buildhost import BuildHost
from pipeline.machine import doctor as doctoring
from pipeline.mail.mbox import join_mbox
from pipeline.model import Applied, ApplyStatus, PlannedCell, Series
from pipeline.orders import jobs as job_list
from pipeline.orders.order import Order
from pipeline.plan import select_cells
from pipeline.render import exit_status, render_text
from pipeline.render.formats import FORMATS, WRITTEN, write_reports
from pipeline.render.plan import render_plan
from pipeline.render.series import base_lines, series_lines
from pipeline.render.suggestion import render_suggestion
from pipeline.run import Pipeline
from pipeline.system.errors import ExitStatus, UsageError
from pipeline.system.shell import pasted
from pipeline.system.text import visible


@app.command(
    "apply-and-build",
    epilog="Example: pipeline apply-and-build series/hvo-shared-tails --tree debian:linux-source-6.12",
)
def apply_and_build(
    series: OptionalSeriesArgument = "",
    no_series: Annotated[
        bool, typer.Option("--no-series", help="Build and boot the trees as they are: a baseline.")
    ] = False,
    tree: TreeOption = None,
    matrix: MatrixOption = "",
    cell: CellOption = None,
    per_patch: Annotated[
        bool, typer.Option("--per-patch", help="Build after every patch, not only base and last.")
    ] = False,
    noise_floor: NoiseFloorOption = False,
    revision: RevisionOption = None,
    jobs: JobsOption = 0,
    sandbox: SandboxOption = "bwrap",
    executor: ExecutorOption = "local",
    ccache: CcacheOption = "",
    json: Annotated[
        str, typer.Option("--json", metavar="FILE|-", help="Write run.json there, too (- for standard output).")
    ] = "",
    midmask: MidmaskOption = "",
    rethread: RethreadOption = None,
    offline: OfflineOption = False,
    base: BaseOption = "auto",
    workspace: WorkspaceOption = None,
    verbose: VerboseOption = False,
    quiet: QuietOption = False,
    _version: VersionOption = False,
) -> None:
    """The main job: fetch a series, apply it, build the matrix before and after, measure, report.

    Exit status: 0 clean, 1 the series has a problem or is not covered, 2 usage, 3 not obtained or applied nowhere,
    4 infrastructure.
    """
    with session(workspace, verbose, quiet) as current:
        if bool(series) is no_series:
            raise UsageError(
                "no series is named" if not series else "--no-series has no SERIES",
                hint="Name a series, or say --no-series --tree TREE for a tree as it is.",
            )
        if json and json != "-":
            require_writable(Path(json))
        order = Order(
            series_request(series, revision, midmask, rethread, offline),
            tuple(tree or ()),
            matrix,
            tuple(cell or ()),
            per_patch,
            known_sandbox(sandbox),
            _jobs(jobs),
            known_base(base),
            executor,
            noise_floor,
            known_size(ccache, "--ccache") if ccache else 0,
            no_series,
        )
        record, folder = current.pipeline().apply_and_build(order)
        if json and json != "-":
            Path(json).write_text(record.to_json())
        if json == "-":
            print(record.to_json())
        else:
            print(render_text(record, colour=sys.stdout.isatty()), end="")
            reports = "\n        ".join(str(folder / FORMATS[name].file) for name in WRITTEN)
            print(f"\nReport: {reports}\nRecord: {folder / running.RECORD}\nLogs:   {folder / 'logs'}")
            if not record.is_baseline:
                print(f"Reply:  {pasted(('pipeline', 'reply'), (record.id,))}")
            # The report is for others, too, and names nothing that is on this machine only.
            print(f"Again:  {record.command}")
        raise typer.Exit(exit_status(record))


@app.command(epilog="Example: pipeline fetch 20251205194351.1646318-1-kas@kernel.org -o series.mbx")
def fetch(
    series: SeriesArgument,
    output: Annotated[
        Path | None, typer.Option("-o", "--output", metavar="FILE", help="Write an mbox for git am.")
    ] = None,
    revision: RevisionOption = None,
    midmask: MidmaskOption = "",
    rethread: RethreadOption = None,
    offline: OfflineOption = False,
    workspace: WorkspaceOption = None,
    verbose: VerboseOption = False,
    quiet: QuietOption = False,
    _version: VersionOption = False,
) -> None:
    """Obtain a series and show what is in it: patches, trailers, base, replies."""
    with session(workspace, verbose, quiet) as current:
        found = current.pipeline().fetch(series_request(series, revision, midmask, rethread, offline))
        out = RichConsole(highlight=False, soft_wrap=True)
        for line in series_lines(found):
            out.print(Text(line, style="green" if line.lstrip().startswith("+ ") else ""))
        if output:
            output.write_bytes(join_mbox([patch.mail for patch in found.patches]))
            out.print(Text(f"Written: {output}"))


@app.command(epilog="Example: pipeline apply series.mbox --tree path:~/linux#master")
def apply(
    series: SeriesArgument,
    tree: TreeOption = None,
    revision: RevisionOption = None,
    midmask: MidmaskOption = "",
    rethread: RethreadOption = None,
    offline: OfflineOption = False,
    base: BaseOption = "auto",
    workspace: WorkspaceOption = None,
    verbose: VerboseOption = False,
    quiet: QuietOption = False,
    _version: VersionOption = False,
) -> None:
    """Apply a series to trees, in the pipeline's own worktrees, and say what fits where."""
    with session(workspace, verbose, quiet) as current:
        pipeline = current.pipeline()
        order = Order(series_request(series, revision, midmask, rethread, offline), tuple(tree or ()))
        names = pipeline.resolve(order)[3]
        found = pipeline.fetch(order.request)
        base = known_base(base)
        results = [pipeline.apply(found, pipeline.tree(name), base) for name in names]
        for one in results:
            print(f"{one.tree.name}: {one.status}")
            print("\n".join(visible(f"  {line}") for line in base_lines(found, one)))
            if one.failed_patch:
                print(f"  patch {one.failed_patch}/{len(found.patches)} does not apply")
                for hunk in one.failed_hunks:
                    print(visible(f"  {hunk.path}:{hunk.line} {hunk.header}"))
            if one.status is ApplyStatus.FAILED or verbose:
                print("\n".join(visible(f"  | {line}") for line in one.log.splitlines()))
        good = any(one.usable or one.status is ApplyStatus.ALREADY_MERGED for one in results)
        clean = good and all(one.status is not ApplyStatus.FAILED for one in results)
        raise typer.Exit(
            ExitStatus.CLEAN if clean else ExitStatus.SERIES_HAS_A_PROBLEM if good else ExitStatus.NOT_OBTAINED
        )


@app.command(epilog="Example: pipeline plan --tree debian:linux-source-6.12 --matrix quick")
def plan(
    series: Annotated[
        str,
        typer.Argument(
            metavar="[SERIES]", help="A tracked series, for its trees and matrix; with --suggest, any series."
        ),
    ] = "",
    suggest: Annotated[
        bool, typer.Option("--suggest", help="Propose fragments for files of SERIES that no cell compiles.")
    ] = False,
    format_name: Annotated[
        str,
        typer.Option("--format", metavar="text|github", help="github: jobs of a workflow, one for each cell."),
    ] = "text",
    output: Annotated[
        Path | None, typer.Option("-o", "--output", metavar="DIR", help="Of --format github: what `merge` needs of it.")
    ] = None,
    tree: TreeOption = None,
    matrix: MatrixOption = "",
    cell: CellOption = None,
    revision: RevisionOption = None,
    midmask: MidmaskOption = "",
    offline: OfflineOption = False,
    jobs: JobsOption = 0,
    sandbox: SandboxOption = "bwrap",
    workspace: WorkspaceOption = None,
    verbose: VerboseOption = False,
    quiet: QuietOption = False,
    _version: VersionOption = False,
) -> None:
    """Configure the cells of a matrix and check what they promise; builds no kernel."""
    with session(workspace, verbose, quiet) as current:
        if suggest and not series:
            raise UsageError("--suggest needs a series", hint="Say pipeline plan --suggest SERIES --tree TREE.")
        _require_plan_format(format_name, series, suggest, output)
        pipeline = current.pipeline()
        order = Order(
            series_request(series or "-", revision, midmask, None, offline),
            tuple(tree or ()),
            matrix,
            tuple(cell or ()),
            sandbox=known_sandbox(sandbox),
            jobs=_jobs(jobs),
        )
        if format_name == "github":
            _print_jobs(pipeline, order, output)
            return
        _, definition, fragments, names = pipeline.resolve(order)
        doctoring.require(doctoring.needs(definition, names, order.sandbox))
        host = pipeline.host(order)
        cells = select_cells(definition, fragments, order.cells, current.processes)
        found = pipeline.fetch(order.request) if suggest else None
        usable = not suggest
        for number, name in enumerate(names):
            imported = pipeline.tree(name)
            planned = pipeline.plan(host, imported, cells)
            print(("\n" if number else "") + render_plan(imported, planned, definition, order.jobs), end="")
            if found:
                applied = pipeline.apply(found, imported, "tree")
                usable = usable or applied.status is not ApplyStatus.FAILED
                print(_suggested(pipeline, host, found, applied, planned))
        raise typer.Exit(ExitStatus.CLEAN if usable else ExitStatus.NOT_OBTAINED)


def _require_plan_format(name: str, series: str, suggest: bool, output: Path | None) -> None:
    if name not in ("text", "github"):
        raise UsageError(f"there is no format {name!r} of plans", hint="Say --format text or --format github.")
    if name == "github" and (suggest or not series):
        raise UsageError("jobs are for a series", hint="Say pipeline plan SERIES --format github, without --suggest.")
    if output and name != "github":
        raise UsageError("--output is for --format github", hint="The plan as text goes to standard output.")


def _print_jobs(pipeline: Pipeline, order: Order, output: Path | None) -> None:
    """Prints the jobs as a workflow takes them, and leaves the plan as a run without results."""
    plan = pipeline.plan_jobs(order)
    words = job_list.github_matrix(job_list.jobs_of(plan))
    if output:
        output.mkdir(parents=True, exist_ok=True)
        write_reports(running.RunFolder(plan.id, output), plan)
    print(words)


def _suggested(
    pipeline: Pipeline, host: BuildHost, series: Series, applied: Applied, planned: Sequence[PlannedCell]
) -> str:
    """The suggestion for one tree, as text; where the series is merged already, the tree itself is looked at."""
    name = applied.tree.name
    if applied.status is ApplyStatus.FAILED:
        return f"\n{name}: the series does not apply, so nothing is suggested."
    return "\n" + render_suggestion(pipeline.suggest(host, series, applied, planned), name).rstrip()


def _jobs(jobs: int) -> int:
    return jobs or len(os.sched_getaffinity(0))
