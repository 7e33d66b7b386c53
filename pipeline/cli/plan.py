"""`pipeline plan`: the cells of a matrix, configured; no kernel is built."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from pipeline import runs as running
from pipeline.cli.command import command
from pipeline.cli.options import (
    CellOption,
    JobsOption,
    MatrixOption,
    MidmaskOption,
    OfflineOption,
    RevisionOption,
    SandboxOption,
    TreeOption,
    parallel_jobs,
    series_request,
)
from pipeline.cli.session import Session
from pipeline.kernel.buildhost import BuildHost
from pipeline.machine import doctor as doctoring
from pipeline.model import Applied, ApplyStatus, PlannedCell, Series
from pipeline.orders.jobs import github_matrix, jobs_of
from pipeline.orders.order import BaseChoice, Order
from pipeline.orders.prepare import resolve
from pipeline.plan.cells import select_cells
from pipeline.render.formats import write_reports
from pipeline.render.plan import render_plan
from pipeline.render.suggestion import render_suggestion
from pipeline.run import Pipeline
from pipeline.system.errors import ExitStatus, UsageError
from pipeline.system.sandbox import SandboxName


class PlanFormat(StrEnum):
    """The forms in which a plan is printed."""

    TEXT = "text"
    GITHUB = "github"


@command("plan", example="plan --tree debian:linux-source-6.12 --matrix quick")
def plan(
    current: Session,
    series: Annotated[
        str,
        typer.Argument(
            metavar="[SERIES]", help="A series, for the cells that it needs; a tracked one has trees and a matrix."
        ),
    ] = "",
    suggest: Annotated[
        bool, typer.Option("--suggest", help="Propose fragments for files of SERIES that no cell compiles.")
    ] = False,
    format_name: Annotated[
        PlanFormat, typer.Option("--format", help="text: a table; github: jobs of a workflow, one for each cell.")
    ] = PlanFormat.TEXT,
    output: Annotated[
        Path | None,
        typer.Option(
            "-o", "--output", metavar="DIR", help="With --format github: write the plan, as `merge` reads it, to DIR."
        ),
    ] = None,
    tree: TreeOption = None,
    matrix: MatrixOption = "",
    cell: CellOption = None,
    revision: RevisionOption = None,
    midmask: MidmaskOption = "",
    offline: OfflineOption = False,
    jobs: JobsOption = 0,
    sandbox: SandboxOption = SandboxName.BWRAP,
) -> None:
    """Configure the cells of a matrix and check their requirements, without building a kernel."""
    if suggest and not series:
        raise UsageError("--suggest needs a series", hint="Type: pipeline plan SERIES --suggest --tree TREE")
    _require_plan_format(format_name, series, suggest, output)
    pipeline = current.pipeline()
    order = Order(
        request=series_request(series or "-", revision, midmask, None, offline),
        trees=tuple(tree or ()),
        matrix=matrix,
        cells=tuple(cell or ()),
        sandbox=sandbox,
        jobs=parallel_jobs(jobs),
        baseline=not series,
    )
    if format_name is PlanFormat.GITHUB:
        _print_jobs(pipeline, order, output)
        return
    resolved = resolve(order)
    if resolved.matrix.chosen and not suggest:
        _print_chosen(pipeline, order)
        return
    if resolved.matrix.chosen:
        resolved = replace(resolved, matrix=resolved.matrix.without_series())
    doctoring.require(doctoring.needs(resolved.matrix, resolved.trees, order.sandbox))
    host = pipeline.host(order)
    cells = select_cells(resolved.matrix, resolved.fragments, order.cells, current.processes)
    obtained = pipeline.fetch(order.request) if suggest else None
    usable = not suggest
    for number, name in enumerate(resolved.trees):
        imported = pipeline.tree(name)
        planned = pipeline.plan(host, imported, cells)
        print(("\n" if number else "") + render_plan(imported, planned, resolved.matrix, order.jobs), end="")
        if obtained:
            applied = pipeline.apply(obtained, imported, BaseChoice.TREE)
            usable = usable or applied.status is not ApplyStatus.FAILED
            print(_suggested(pipeline, host, obtained, applied, planned))
    raise typer.Exit(ExitStatus.CLEAN if usable else ExitStatus.NOT_OBTAINED)


def _require_plan_format(name: PlanFormat, series: str, suggest: bool, output: Path | None) -> None:
    if name is PlanFormat.GITHUB and (suggest or not series):
        raise UsageError(
            "--format github needs a series, and no --suggest", hint="Type: pipeline plan SERIES --format github"
        )
    if output and name is not PlanFormat.GITHUB:
        raise UsageError("--output needs --format github", hint="Redirect standard output to keep the plan as text.")


def _print_chosen(pipeline: Pipeline, order: Order) -> None:
    """Print the cells that a series needs on each tree, objects first, with the reason for each."""
    prepared = pipeline.prepare(order)
    series, usable = pipeline.fetch(order.request), False
    for number, name in enumerate(prepared.resolved.trees):
        applied = pipeline.apply(series, pipeline.tree(name), order.base)
        planned, notes = pipeline.chosen(prepared, series, applied)
        table = render_plan(applied.tree, planned, prepared.resolved.matrix, order.jobs, notes)
        print(("\n" if number else "") + table, end="")
        usable = usable or applied.usable
    raise typer.Exit(ExitStatus.CLEAN if usable else ExitStatus.NOT_OBTAINED)


def _print_jobs(pipeline: Pipeline, order: Order, output: Path | None) -> None:
    """Print the jobs in the form that a workflow reads, and write the plan as a run without results."""
    plan = pipeline.plan_jobs(order)
    words = github_matrix(jobs_of(plan))
    if output:
        output.mkdir(parents=True, exist_ok=True)
        write_reports(running.RunFolder(plan.id, output), plan)
    print(words)


def _suggested(
    pipeline: Pipeline, host: BuildHost, series: Series, applied: Applied, planned: Sequence[PlannedCell]
) -> str:
    """The suggestion for one tree as text. Where the series is merged already, it is made for the tree itself."""
    name = applied.tree.name
    if applied.status is ApplyStatus.FAILED:
        return f"\n{name}: the series does not apply, so nothing is suggested."
    return "\n" + render_suggestion(pipeline.suggest(host, series, applied, planned), name).rstrip()
