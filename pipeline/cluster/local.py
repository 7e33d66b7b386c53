"""--executor local: this machine, which needs no jobs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from pipeline.cluster.executor import Executor
from pipeline.cluster.job import BuildJob, JobResult
from pipeline.system.console import Console


class LocalExecutor:
    """Leaves every job to the run itself, which builds all cells of a state at once under one jobserver."""

    def run(self, _jobs: Iterable[BuildJob]) -> Iterator[JobResult]:
        return iter(())


def executor(_scheme: str, rest: str, _console: Console) -> Executor | None:
    """The executor for what stands behind the scheme; None where that is nothing it knows."""
    return None if rest else LocalExecutor()
