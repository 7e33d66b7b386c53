"""Times a matrix at base and last state, nothing built before, against tuxmake and against make alone.

All three build the same `vmlinux`: of the same two commits, from the configurations that the pipeline plans, with as
many compilers at once. tuxmake and make find both commits checked out, and build one kernel after the other; the
pipeline finds the tree imported and checked out, and does all that it does, from the mail to the report. The order of
a round changes from one to the next, and ratios are of the same round.

    python benchmarks/cold.py [--workspace DIR] [--series SERIES] [--tree TREE] [--matrix MATRIX] [--rounds N]
                              [--tuxmake PROGRAM]

The workspace holds the imported tree, or gets it (minutes); all else is made in a folder beside it and removed.
"""

from __future__ import annotations

import argparse
import os
import platform
import shutil
import statistics
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from common import JOBS, Cost, cost, forget_results, own_workspace, run

from pipeline.fetch import Request
from pipeline.kernel import kbuild
from pipeline.kernel.trees import TreeName
from pipeline.model import PlannedCell
from pipeline.orders.order import Order
from pipeline.orders.prepare import resolve
from pipeline.plan.cells import select_cells
from pipeline.run import Pipeline
from pipeline.system.console import Console
from pipeline.system.process import Processes
from pipeline.system.workspace import Workspace

PEAK = """
import pathlib, re, runpy, sys
place = pathlib.Path(sys.argv.pop(1))
try:
    runpy.run_module("pipeline", run_name="__main__", alter_sys=True)
finally:
    place.write_text(re.search("VmHWM:[^0-9]*([0-9]+)", pathlib.Path("/proc/self/status").read_text())[1])
"""
"""Runs the pipeline and leaves the KiB that it held at most; what it started does not count (proc(5), VmHWM)."""


class Contest:
    """The contestants, what they build, and where.

    Args:
        workspace: holds the imported tree.
        scratch: a folder on the same file system, for everything else.
        order: what the pipeline is asked for.
        tuxmake: the program; left out when empty.

    Attributes:
        peaks: the pipeline's own memory at most, in MiB, of each of its runs.
    """

    def __init__(self, workspace: Workspace, scratch: Path, order: Order, tuxmake: str) -> None:
        self.scratch, self.order, self.tuxmake = scratch, order, tuxmake
        self.peaks: list[float] = []
        self.own = own_workspace(workspace, scratch / "workspace")
        pipeline = Pipeline(self.own, Processes(), Console(quiet=True))
        resolved = resolve(order)
        applied = pipeline.apply(pipeline.fetch(order.request), pipeline.tree(resolved.trees[0]), order.base)
        if not applied.usable:
            sys.exit(f"the series does not apply: {applied.status}")
        cells = select_cells(resolved.matrix, resolved.fragments, order.cells, pipeline.processes)
        planned = pipeline.plan(pipeline.host(order), applied.tree, cells, applied.changed)
        self.cells: list[PlannedCell] = [planned_cell for planned_cell in planned if planned_cell.to_build]
        self.sources = [scratch / "source" / name for name in ("base", "patched")]
        for source, state in zip(self.sources, (applied.states[0], applied.states[-1]), strict=True):
            pipeline.repository.out("worktree", "add", "--quiet", "--detach", str(source), state.commit)

    def kernels(self) -> Iterator[tuple[PlannedCell, Path, Path, Path]]:
        """Cells with a source tree, an empty build folder and a file with the configuration, one after the other."""
        for source in self.sources:
            for planned_cell in self.cells:
                folder = Path(tempfile.mkdtemp(dir=self.scratch))
                build, config = folder / "build", folder / "config"
                build.mkdir()
                config.write_text(planned_cell.config)
                yield planned_cell, source, build, config
                if not (build / "vmlinux").exists():
                    sys.exit(f"no vmlinux of {planned_cell.cell.id} in {build}")
                shutil.rmtree(folder)

    def by_pipeline(self) -> None:
        forget_results(self.own)
        place = self.scratch / "peak"
        run(
            *(sys.executable, "-c", PEAK, str(place), "apply-and-build", self.order.request.text),
            *("--tree", self.order.trees[0], "--matrix", self.order.matrix or "quick", "--jobs", str(JOBS)),
            *("--workspace", str(self.own.folder), "--quiet"),
        )
        self.peaks.append(int(place.read_text()) / 1024)

    def by_make(self) -> None:
        for planned_cell, source, build, config in self.kernels():
            shutil.copy(config, build / ".config")
            words = [f"{name}={value}" for name, value in kbuild.variables(planned_cell.cell).items()]
            make = ("make", "-C", str(source), f"O={build}", f"-j{JOBS}", *words)
            run(*make, "olddefconfig")
            run(*make, "vmlinux")

    def by_tuxmake(self) -> None:
        for planned_cell, source, build, config in self.kernels():
            run(
                *(self.tuxmake, "--directory", str(source), "--build-dir", str(build), "--runtime", "null"),
                *(
                    "--output-dir",
                    str(build.parent / "output"),
                    "--target-arch",
                    planned_cell.cell.arch,
                    "--toolchain",
                    "gcc",
                ),
                *(
                    "--kconfig",
                    str(config),
                    "--jobs",
                    str(JOBS),
                    "--make-target",
                    "vmlinux",
                    "CROSS_COMPILE=",
                    "config",
                ),
            )

    def contestants(self) -> dict[str, Callable[[], None]]:
        """What each does, by name; the last is what the others are compared with."""
        tuxmake = {"tuxmake": self.by_tuxmake} if self.tuxmake else {}
        return {"pipeline": self.by_pipeline, **tuxmake, "make": self.by_make}


def table(costs: dict[str, list[Cost]]) -> Iterator[str]:
    """Medians, and of the pipeline's ratios to each other contestant the medians over rounds."""
    yield f"{'':10} {'wall':>7} {'CPU':>7} {'use':>5}  {'wall of the pipeline to its':>28} {'CPU':>6}"
    for name, own in costs.items():
        wall, cpu, use = (
            statistics.median(getattr(run_cost, figure) for run_cost in own) for figure in ("wall", "cpu", "use")
        )
        pairs = list(zip(costs["pipeline"], own, strict=True))
        walls = sorted(mine.wall / its.wall for mine, its in pairs)
        cpus = sorted(mine.cpu / its.cpu for mine, its in pairs)
        yield (
            f"{name:10} {wall:7.1f} {cpu:7.1f} {use:5.0%}  "
            f"{statistics.median(walls):14.3f} ({walls[0]:.3f}-{walls[-1]:.3f}) {statistics.median(cpus):6.3f}"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--workspace", type=Path, default=Workspace.default())
    parser.add_argument("--series", default="series/hvo-shared-tails")
    parser.add_argument("--tree", default="debian:linux-source-6.12")
    parser.add_argument("--matrix", default="quick")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--tuxmake", default=shutil.which("tuxmake") or "", help="left out where there is none")
    options = parser.parse_args()
    workspace = Workspace(options.workspace.resolve())
    workspace.prepare()
    Pipeline(workspace, Processes(), Console(quiet=True)).tree(TreeName.parse(options.tree))
    order = Order(request=Request(options.series), trees=(options.tree,), matrix=options.matrix, jobs=JOBS)
    with tempfile.TemporaryDirectory(prefix="cold-", dir=workspace.folder) as scratch:
        contest = Contest(workspace, Path(scratch), order, options.tuxmake)
        contestants = list(contest.contestants().items())
        costs: dict[str, list[Cost]] = {name: [] for name, _ in contestants}
        for number in range(options.rounds):
            for name, work in contestants[number % len(contestants) :] + contestants[: number % len(contestants)]:
                costs[name].append(cost(work))
                print(f"round {number + 1}, {name}: {costs[name][-1]}, load {os.getloadavg()[0]:.1f}", flush=True)
        kernels = 2 * len(contest.cells)
    print(f"{platform.machine()}, {JOBS} CPUs, {kernels} kernels of {options.tree}, {options.rounds} rounds; seconds")
    print("\n".join(table(costs)))
    print(f"memory of the pipeline itself (goal: 150 MiB): {max(contest.peaks):.0f} MiB")


if __name__ == "__main__":
    main()
