"""Executors by the scheme that --executor names."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from importlib import import_module
from typing import Protocol, cast

from pipeline.cluster.job import BuildJob, JobResult
from pipeline.system.console import Console
from pipeline.system.errors import InfrastructureError, UsageError

EXECUTORS: Mapping[str, str] = {
    "local": "local",
    "dask://HOST:PORT": "dask",
    "dask+tls://HOST:PORT": "dask",
    "folder:DIR": "folder",
}
"""Forms of --executor, and the module of this package that implements each; a new one is a module and a line here.

The module has `executor(scheme, rest, console)`. It is imported when it is used: some need packages of their own.
"""


_MODULES = {written.partition(":")[0]: module for written, module in EXECUTORS.items()}
"""Modules by scheme."""


class Executor(Protocol):
    """Does jobs, in any order."""

    def run(self, jobs: Iterable[BuildJob]) -> Iterator[JobResult]:
        """Results in the order in which they arrive; a job without one is left to the caller.

        Raises:
            InfrastructureError: a job cannot be done.
        """
        ...


class _Module(Protocol):
    def executor(self, scheme: str, rest: str, console: Console) -> Executor | None: ...


def choose(name: str, console: Console) -> Executor:
    """The executor of that name.

    Raises:
        UsageError: there is none.
        InfrastructureError: it needs a package that is not installed.
    """
    scheme, _, rest = name.partition(":")
    if module := _MODULES.get(scheme):
        try:
            executor = cast(_Module, import_module(f"pipeline.cluster.{module}")).executor(scheme, rest, console)
        except ModuleNotFoundError as error:
            if (error.name or "").startswith("pipeline."):
                raise
            raise InfrastructureError(
                f"--executor {scheme}:// needs the package {error.name}, which is not installed",
                hint="Type: pipx inject kernel-series-pipeline 'dask[distributed]' (in a venv: pip install '.[dask]').",
            ) from error
        if executor:
            return executor
    raise UsageError(f"there is no executor {name!r}", hint=f"An executor is {', '.join(EXECUTORS)}.")
