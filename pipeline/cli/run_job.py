"""`pipeline run-job`: one cell of a run of another machine."""

from __future__ import annotations

import platform
from pathlib import Path
from typing import Annotated

import typer

from pipeline.cli.command import command
from pipeline.cli.options import (
    JobsOption,
    SandboxOption,
    parallel_jobs,
)
from pipeline.cli.session import Session
from pipeline.cluster.job import BuildJob, content, read, write
from pipeline.cluster.worker import Worker
from pipeline.system.sandbox import SandboxName


@command("run-job", example="run-job x86_64-hvo-0123456789abcdef.job.json")
def run_job(
    current: Session,
    job: Annotated[Path, typer.Argument(metavar="JOB", help="A job, as --executor folder:DIR writes it.")],
    output: Annotated[
        Path | None,
        typer.Option("-o", "--output", metavar="FILE", help="The result; ID.result.json beside the job by default."),
    ] = None,
    jobs: JobsOption = 0,
    sandbox: SandboxOption = SandboxName.BWRAP,
) -> None:
    """Build one cell for a run on another machine: read a job file, write a result file.

    Exit status: 0 done (a kernel that does not build is a result), 2 usage, 4 this machine cannot do the job.
    """
    asked = read(BuildJob, content(job.resolve()), str(job))
    current.workspace.prepare()
    worker = Worker(
        name=platform.node(),
        workspace=current.workspace,
        processes=current.processes,
        console=current.console,
        sandbox=sandbox,
        jobs=parallel_jobs(jobs),
    )
    target = output or job.with_name(f"{asked.id}.result.json")
    write(worker.run(asked), target)
    print(f"Result: {target}")
