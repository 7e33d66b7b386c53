"""The command that other machines run."""

from __future__ import annotations

import os
import platform
from pathlib import Path
from typing import Annotated

import typer

from pipeline.cli.app import app
from pipeline.cli.options import (
    JobsOption,
    QuietOption,
    SandboxOption,
    VerboseOption,
    VersionOption,
    WorkspaceOption,
    known_sandbox,
)
from pipeline.cli.session import session
from pipeline.cluster.job import BuildJob, content, read, write
from pipeline.cluster.worker import Worker


@app.command("run-job", epilog="Example: pipeline run-job x86_64-hvo-0123456789abcdef.job.json")
def run_job(
    job: Annotated[Path, typer.Argument(metavar="JOB", help="A job, as --executor folder:DIR writes it.")],
    output: Annotated[
        Path | None,
        typer.Option("-o", "--output", metavar="FILE", help="The result; ID.result.json beside the job by default."),
    ] = None,
    jobs: JobsOption = 0,
    sandbox: SandboxOption = "bwrap",
    workspace: WorkspaceOption = None,
    verbose: VerboseOption = False,
    quiet: QuietOption = False,
    _version: VersionOption = False,
) -> None:
    """Build one cell of a run of another machine, as a file says, and write what came of it to a file.

    Exit status: 0 done (a kernel that does not build is a result), 2 usage, 4 this machine cannot do the job.
    """
    with session(workspace, verbose, quiet) as current:
        asked = read(BuildJob, content(job.resolve()), str(job))
        current.workspace.prepare()
        worker = Worker(
            name=platform.node(),
            workspace=current.workspace,
            processes=current.processes,
            console=current.console,
            sandbox=known_sandbox(sandbox),
            jobs=jobs or len(os.sched_getaffinity(0)),
        )
        target = output or job.with_name(f"{asked.id}.result.json")
        write(worker.run(asked), target)
        print(f"Result: {target}")
