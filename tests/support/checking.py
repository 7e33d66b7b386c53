"""Checks on the patches of a series, run in this process: fetched, applied, looked at; nothing is built."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from pipeline.checks.configuration import Configuration
from pipeline.checks.protocol import PatchCheck
from pipeline.checks.registry import CHECKS, configured
from pipeline.checks.runner import Checker
from pipeline.fetch import Request
from pipeline.kernel.buildhost import BuildHost
from pipeline.kernel.history import History
from pipeline.kernel.trees import TreeName
from pipeline.model import CheckResult
from pipeline.run import Pipeline
from pipeline.system import sandbox
from pipeline.system.console import Console
from pipeline.system.process import Processes
from pipeline.system.sandbox import SandboxName
from pipeline.system.workspace import Workspace


def checked(
    workspace: Path,
    series: Path,
    tree: str,
    configuration: Configuration | None = None,
    checks: Sequence[PatchCheck] = CHECKS,
) -> dict[tuple[int, str], CheckResult]:
    """What every check says, by patch and check."""
    prepared, processes = Workspace(workspace.resolve()), Processes()
    prepared.prepare()
    pipeline = Pipeline(prepared, processes, Console(quiet=True))
    named = pipeline.tree(TreeName.parse(tree))
    fetched = pipeline.fetch(Request(str(series)))
    applied = pipeline.apply(fetched, named, "tree")
    box = sandbox.choose(SandboxName.BWRAP, processes)
    host = BuildHost(prepared, pipeline.store, box, processes, pipeline.console, 2)
    known = configuration or configured()
    results = Checker(host, checks, known).check(fetched, applied, History(prepared, pipeline.repository, named))
    return {(result.patch, result.check): result for result in results}
