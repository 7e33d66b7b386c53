"""Counts what checks on patches say of series that nobody prepared, and times them.

Each series is fetched and applied in a workspace that has the tree; then its patches are checked, with nothing stored,
and once more. What is said of series that went in as they are is noise unless shown true: errors for each series and
findings for each patch are counted. With --say all findings are printed, for somebody who reads them. CPU seconds
count; on a busy machine those of the clock say little.

    python benchmarks/checks.py MBOX… [--workspace DIR] [--tree TREE] [--say] [--rounds N]

The workspace holds the imported tree, or gets it (minutes); all else is made in a folder beside it and removed.
"""

from __future__ import annotations

import argparse
import resource
import shutil
import tempfile
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from common import JOBS, Cost, own_workspace

from pipeline.checks.registry import CHECKS, configured
from pipeline.checks.runner import Checker
from pipeline.fetch import Request
from pipeline.kernel.buildhost import BuildHost
from pipeline.kernel.history import History
from pipeline.kernel.trees import TreeName
from pipeline.model import CheckFinding, CheckResult, CheckStatus, Severity, Tree
from pipeline.run import Pipeline
from pipeline.system import sandbox
from pipeline.system.console import Console
from pipeline.system.errors import PipelineError
from pipeline.system.process import Processes
from pipeline.system.sandbox import SandboxName
from pipeline.system.workspace import Workspace


@dataclass(frozen=True)
class Checked:
    """What the checks say of one series.

    Args:
        first: what each round cost with nothing stored.
        again: what each round cost with everything stored.
    """

    name: str
    patches: int
    results: Sequence[CheckResult]
    first: Sequence[Cost]
    again: Sequence[Cost]

    def count(self, severity: Severity) -> int:
        return sum(finding.severity is severity for finding in findings(self.results))

    @property
    def for_each_patch(self) -> list[int]:
        """Findings that are no errors, patch by patch."""
        counted = Counter(finding.patch for finding in findings(self.results) if finding.severity is not Severity.ERROR)
        return [counted[patch] for patch in sorted({result.patch for result in self.results})]


def findings(results: Iterable[CheckResult]) -> list[CheckFinding]:
    return [finding for result in results for finding in result.findings]


def used() -> float:
    """CPU seconds of this process and of those that it started and that have ended."""
    spent = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in spent)


def checked(pipeline: Pipeline, series: Path, named: Tree, rounds: int) -> Checked:
    """What the checks say of a series, and what that costs."""
    processes, store = pipeline.processes, pipeline.workspace.store
    fetched = pipeline.fetch(Request(str(series)))
    applied = pipeline.apply(fetched, named, "tree")
    box = sandbox.choose(SandboxName.BWRAP, processes)
    host = BuildHost(pipeline.workspace, pipeline.store, box, processes, pipeline.console, JOBS)
    configuration = configured()
    results: Sequence[CheckResult] = ()
    costs: tuple[list[Cost], list[Cost]] = ([], [])
    for _ in range(rounds):
        shutil.rmtree(store / "check", ignore_errors=True)
        for spent in costs:
            started, before = time.monotonic(), used()
            history = History(pipeline.workspace, pipeline.repository, named)
            results = Checker(host, CHECKS, configuration).check(fetched, applied, history)
            spent.append(Cost(time.monotonic() - started, used() - before))
    return Checked(series.stem, len(fetched.patches), results, *costs)


def row(said: Checked) -> str:
    """A line of the table; costs are the smallest of all rounds, which other work of the machine disturbed least."""
    missing = sorted({result.check for result in said.results if result.status is CheckStatus.NOT_CHECKED})
    cells = [
        said.name,
        str(said.patches),
        *(str(said.count(severity)) for severity in (Severity.ERROR, Severity.WARNING, Severity.REMARK)),
        f"{median(said.for_each_patch or [0]):g}",
        ", ".join(missing),
    ]
    cells += [
        f"{min(spent.wall for spent in costs):.1f} / {min(spent.cpu for spent in costs):.1f}"
        for costs in (said.first, said.again)
    ]
    return f"| {' | '.join(cells)} |"


def summary(series: Sequence[Checked]) -> str:
    patches = [count for said in series for count in said.for_each_patch]
    results = [result for said in series for result in said.results]
    kinds = Counter(f"{result.check}: {finding.kind}" for result in results for finding in result.findings)
    slow = Counter[str]()
    for result in results:
        slow[result.check] += round(1000 * result.seconds)
    errors = [said.count(Severity.ERROR) for said in series]
    return "\n".join(
        [
            f"{len(series)} series, {len(patches)} patches: {sum(errors)} errors in {sum(map(bool, errors))} series; "
            f"other findings for a patch: {median(patches or [0]):g} in the median, "
            f"{sum(patches) / max(1, len(patches)):.1f} in the mean",
            "findings: " + ", ".join(f"{kind} {count}" for kind, count in kinds.most_common()),
            "seconds: " + ", ".join(f"{check} {spent / 1000:.1f}" for check, spent in slow.most_common() if spent),
        ]
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("series", nargs="+", type=Path)
    parser.add_argument("--workspace", type=Path, default=Path("~/.cache/pipeline").expanduser())
    parser.add_argument("--tree", default="debian:linux-source-6.12")
    parser.add_argument("--say", action="store_true", help="print the findings, too")
    parser.add_argument("--rounds", type=int, default=1, help="times that each series is checked; the cheapest counts")
    options = parser.parse_args()
    workspace, processes = Workspace(options.workspace), Processes()
    workspace.prepare()
    Pipeline(workspace, processes, Console()).tree(TreeName.parse(options.tree))
    titles = ["series", "patches", "errors", "warnings", "remarks", "a patch", "not checked"]
    titles += ["first, s / CPU s", "again, s / CPU s"]
    print(f"| {' | '.join(titles)} |\n|{'---|' * len(titles)}")
    with tempfile.TemporaryDirectory(prefix="checks-", dir=workspace.folder.parent) as name:
        own, every = own_workspace(workspace, Path(name) / "workspace"), list[Checked]()
        for series in options.series:
            # What mails may cost is counted by pipeline.
            pipeline = Pipeline(own, processes, Console(quiet=True))
            named = pipeline.tree(TreeName.parse(options.tree))
            try:
                said = checked(pipeline, series, named, options.rounds)
            except PipelineError as error:
                print(f"| {series.stem} | {error.message} |", flush=True)
                continue
            every.append(said)
            print(row(said), flush=True)
            for finding in findings(said.results) if options.say else ():
                place = f"{finding.path}:{finding.line}: " if finding.path else ""
                words = f"{place}{finding.severity.value}: {finding.tool}: {finding.message} [{finding.kind}]"
                print(f"    patch {finding.patch}: {words}", flush=True)
    print(f"\n{summary(every)}")


if __name__ == "__main__":
    main()
