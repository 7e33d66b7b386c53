"""`pipeline warm`: build the bases of trees before a series comes."""

from __future__ import annotations

import typer

from pipeline.assess.verdict import exit_status, verdict
from pipeline.cli.command import command
from pipeline.cli.options import CcacheOption, JobsOption, MatrixOption, SandboxOption, TreeOption, parallel_jobs
from pipeline.cli.session import Session
from pipeline.definitions import CHOSEN_MATRIX
from pipeline.fetch import Request
from pipeline.orders.order import Order
from pipeline.system.sandbox import SandboxName


@command("warm", example="warm --tree debian:linux-source-6.12")
def warm(
    current: Session,
    tree: TreeOption = None,
    matrix: MatrixOption = CHOSEN_MATRIX,
    jobs: JobsOption = 0,
    sandbox: SandboxOption = SandboxName.BWRAP,
    ccache: CcacheOption = 0,
) -> None:
    """Build and boot the trees as they are, and prepare the configurations that objects are compiled in.

    A series on these trees that needs no other options then costs what it changes. Exit status as of apply-and-build
    --no-series.
    """
    order = Order(
        request=Request("-"),
        trees=tuple(tree or ()),
        matrix=matrix,
        sandbox=sandbox,
        jobs=parallel_jobs(jobs),
        ccache=ccache,
        baseline=True,
    )
    record, _ = current.pipeline().warm(order)
    judged = verdict(record)
    print(f"{judged.word}: {judged.headline}")
    raise typer.Exit(exit_status(record))
