"""Who does jobs, by the name that --executor gives."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Protocol

from pipeline.cluster.job import BuildJob, JobResult, content, read, write
from pipeline.system.console import Console
from pipeline.system.errors import InfrastructureError, UsageError

EXAMPLES = "local, dask://HOST:PORT, dask+tls://HOST:PORT or folder:DIR"


class Executor(Protocol):
    """Does jobs, in whatever order."""

    def run(self, jobs: Iterable[BuildJob]) -> Iterator[JobResult]:
        """Results as they come; a job that gives none is left to the caller.

        Raises:
            InfrastructureError: a job cannot be done.
        """
        ...


class LocalExecutor:
    """Leaves every job to the run itself, which builds all cells of a state at once under one jobserver."""

    def run(self, _jobs: Iterable[BuildJob]) -> Iterator[JobResult]:
        return iter(())


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


def choose(name: str, console: Console) -> Executor:
    """The executor of that name.

    Raises:
        UsageError: there is none.
        InfrastructureError: it needs a package that is not installed.
    """
    scheme, _, rest = name.partition(":")
    if name == "local":
        return LocalExecutor()
    if scheme == "folder" and rest:
        return FolderExecutor(Path(rest).expanduser(), console)
    if scheme in ("dask", "dask+tls") and rest.removeprefix("//"):
        try:
            from pipeline.cluster.dask import DaskExecutor
        except ModuleNotFoundError as error:
            raise InfrastructureError(
                f"--executor {scheme}:// needs the package {error.name}, which is not installed",
                hint="Install the extra: pipx install 'kernel-series-pipeline[dask]', or pip install '.[dask]'.",
            ) from error
        # Without a scheme Dask's own configuration says whether it is TCP or TLS.
        address = rest.removeprefix("//")
        return DaskExecutor(f"tls://{address}" if scheme == "dask+tls" else address, console)
    raise UsageError(f"there is no executor {name!r}", hint=f"An executor is {EXAMPLES}.")
