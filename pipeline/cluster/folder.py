"""--executor folder:DIR: jobs as files, done by any worker that takes one."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from pipeline.cluster.executor import Executor
from pipeline.cluster.job import BuildJob, JobResult, content, read, write
from pipeline.system.console import Console
from pipeline.system.errors import InfrastructureError


class FolderExecutor:
    """Jobs as files, for whatever carries files to machines: `pipeline run-job ID.job.json` makes ID.result.json.

    Args:
        folder: where jobs are written and results looked for.
    """

    def __init__(self, folder: Path, console: Console) -> None:
        self._folder = folder
        self._console = console

    def run(self, jobs: Iterable[BuildJob]) -> Iterator[JobResult]:
        """Results that are there; where one is missing, the job is written.

        Raises:
            InfrastructureError: results are missing.
        """
        self._folder.mkdir(parents=True, exist_ok=True)
        missing = 0
        for job in jobs:
            result = self._folder / f"{job.id}.result.json"
            if os.path.lexists(result):
                yield read(JobResult, content(result), str(result))
                continue
            write(job, self._folder / f"{job.id}.job.json")
            missing += 1
        if missing:
            raise InfrastructureError(
                f"{missing} jobs in {self._folder} have no result yet",
                hint="Do `pipeline run-job FILE` for each *.job.json, on any machine; then run this command again.",
            )


def executor(_scheme: str, rest: str, console: Console) -> Executor | None:
    """The executor for what stands behind the scheme; None where that is nothing it knows."""
    return FolderExecutor(Path(rest).expanduser(), console) if rest else None
