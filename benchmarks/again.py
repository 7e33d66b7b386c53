"""Times what is not built from scratch: the same run again, rerolls, and patch after patch.

Every figure is that of a whole command, in a workspace of its own with the tree imported and checked out. First comes a
cold run of base and last state, which rerolls are compared with; its base is what a clean build costs.

    python benchmarks/again.py [--workspace DIR] [--series SERIES] [--tree TREE] [--matrix MATRIX] [--runs N]
                               [--file PATH] [--only again|patches]

The workspace holds the imported tree, or gets it (minutes); all else is made in a folder beside it and removed.
"""

from __future__ import annotations

import argparse
import platform
import statistics
import sys
import tempfile
from pathlib import Path

from common import JOBS, Cost, cost, forget_results, own_workspace, run, with_comments

from pipeline.fetch import Request
from pipeline.kernel.trees import TreeName
from pipeline.model import Applied
from pipeline.orders.order import Order
from pipeline.record import CellRecord
from pipeline.run import Pipeline
from pipeline.runs import known_runs
from pipeline.system.console import Console
from pipeline.system.process import Processes
from pipeline.system.workspace import Workspace

DRIVERS = tuple(
    f"drivers/base/{name}.c"
    for name in ("core", "bus", "dd", "driver", "class", "platform", "cpu", "devres", "container", "topology")
)
"""Ten files that the small kernels compile."""


class Bench:
    """Commands in a workspace.

    Args:
        workspace: with the tree.
        options: of the command line.
    """

    def __init__(self, workspace: Workspace, options: argparse.Namespace) -> None:
        self.workspace, self.options = workspace, options
        self.pipeline = Pipeline(workspace, Processes(), Console(quiet=True))

    def applied(self) -> Applied:
        tree = self.pipeline.tree(TreeName.parse(self.options.tree))
        return self.pipeline.apply(self.pipeline.fetch(Order(request=Request(self.options.series)).request), tree)

    def costs(self, series: str, *more: str) -> Cost:
        """Of a run."""
        return cost(
            lambda: run(
                *(sys.executable, "-m", "pipeline", "apply-and-build", series, "--tree", self.options.tree),
                *("--matrix", self.options.matrix, "--jobs", str(JOBS)),
                *("--workspace", str(self.workspace.folder), "--quiet", *more),
            )
        )

    def cells(self) -> tuple[CellRecord, ...]:
        """Of the last run."""
        record = known_runs(self.workspace)[-1].record
        if record is None:
            sys.exit("the last run left no record")
        return record.cells

    def rerolls(self, scratch: Path, applied: Applied) -> dict[str, Path]:
        """The series with other words, and with another file, by what changed."""
        base, last = applied.states[0].commit, applied.states[-1].commit
        same = with_comments(self.pipeline.repository, last, (), scratch / "words", base=base)
        words = same.read_text()
        same.write_text(words.replace("\nSigned-off-by:", "\nOne sentence more.\n\nSigned-off-by:", 1))
        edited = (self.options.file,)
        file = with_comments(self.pipeline.repository, last, edited, scratch / "file", base=base, amend=True)
        return {"a message": same, self.options.file: file}


def again(bench: Bench, scratch: Path) -> None:
    applied = bench.applied()
    forget_results(bench.workspace)
    cold = bench.costs(bench.options.series)
    print(f"{'cold':44} {cold.wall:8.1f} wall {cold.cpu:8.1f} CPU")
    costs = [bench.costs(bench.options.series) for _ in range(bench.options.runs)]
    wall, cpu = (statistics.median(getattr(run_cost, figure) for run_cost in costs) for figure in ("wall", "cpu"))
    print(f"{'the same again (goal: 2 s)':44} {wall:8.2f} wall {cpu:8.2f} CPU  medians of {bench.options.runs}")
    for what, mbox in bench.rerolls(scratch, applied).items():
        spent = bench.costs(str(mbox))
        print(f"{f'a reroll that changes {what}':44} {spent.wall:8.2f} wall {spent.cpu:8.2f} CPU", end="")
        print(f"  {spent.wall / cold.wall:.3f} of cold (goals: a message 5 s, a file 0.10)", flush=True)


def patches(bench: Bench, scratch: Path) -> None:
    applied = bench.applied()
    drivers = with_comments(bench.pipeline.repository, applied.states[0].commit, DRIVERS, scratch / "drivers")
    for series, goal in ((bench.options.series, 0.6), (str(drivers), 0.15)):
        forget_results(bench.workspace)
        spent = bench.costs(series, "--per-patch")
        cells = bench.cells()
        clean = sum(cell.states[0].cpu_seconds for cell in cells)
        states = len(cells[0].states)
        share = spent.cpu / clean / states
        print(f"{states - 1} patches of {Path(series).parent.name}/{Path(series).name}, {len(cells)} cells:")
        print(
            f"  a clean build {clean:.0f} CPU seconds, all {states} states {spent.cpu:.0f} in {spent.wall:.0f}", end=""
        )
        print(f" seconds: {share:.3f} of as many clean builds (goal: {goal})", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--workspace", type=Path, default=Workspace.default())
    parser.add_argument("--series", default="series/hvo-shared-tails")
    parser.add_argument("--tree", default="debian:linux-source-6.12")
    parser.add_argument("--matrix", default="quick")
    parser.add_argument("--file", default="mm/hugetlb_vmemmap.c", help="changed by the second reroll")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--only", choices=("again", "patches"))
    options = parser.parse_args()
    workspace = Workspace(options.workspace.resolve())
    workspace.prepare()
    Pipeline(workspace, Processes(), Console(quiet=True)).tree(TreeName.parse(options.tree))
    print(f"{platform.machine()}, {JOBS} CPUs, Python {platform.python_version()}, {options.tree}, {options.matrix}")
    with tempfile.TemporaryDirectory(prefix="again-", dir=workspace.folder) as folder:
        scratch = Path(folder)
        bench = Bench(own_workspace(workspace, scratch / "workspace"), options)
        for name, work in {"again": again, "patches": patches}.items():
            if options.only in (None, name):
                work(bench, scratch / name)


if __name__ == "__main__":
    main()
