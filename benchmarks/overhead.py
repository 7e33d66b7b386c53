"""Times what is the pipeline's own: everything except make, on Linux 6.12, with an 11-patch series.

The tree is imported and the base of the matrix' first cell configured beforehand (once per workspace, minutes); then
each part is timed several times and the medians are printed. Where the workspace holds a finished run, that is repeated
as a user would.

    python benchmarks/overhead.py [--workspace DIR] [--runs N]
"""

from __future__ import annotations

import argparse
import os
import platform
import resource
import shlex
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from common import measured, with_comments

from pipeline.apply import Applier
from pipeline.fetch import Request
from pipeline.kernel.trees import TreeName
from pipeline.measure import Measurer
from pipeline.model import Build, BuildStatus
from pipeline.orders.order import Order
from pipeline.orders.prepare import resolve
from pipeline.plan.cells import select_cells
from pipeline.render.text_report import render_text
from pipeline.run import Pipeline
from pipeline.runs import known_runs
from pipeline.system.console import Console
from pipeline.system.process import Processes
from pipeline.system.store import Store
from pipeline.system.workspace import Workspace

TREE = "debian:linux-source-6.12"
PATCHED = (
    "mm/util.c",
    "mm/hugetlb.c",
    "mm/hugetlb_vmemmap.c",
    "mm/page_alloc.c",
    "mm/mm_init.c",
    "mm/internal.h",
    "include/linux/mm_types.h",
    "include/linux/page-flags.h",
    "kernel/vmcore_info.c",
    "mm/debug.c",
    "mm/slab.h",
)
SYMBOLS = 60_000
"""As many as a defconfig vmlinux has."""


def median_of(runs: int, work: Callable[[], object]) -> tuple[float, float, float]:
    seconds = []
    for _ in range(runs):
        started = time.monotonic()
        work()
        seconds.append(time.monotonic() - started)
    return min(seconds), statistics.median(seconds), max(seconds)


def symbol_table(shift: int) -> bytes:
    """As `nm --size-sort` prints it."""
    return b"".join(b"%016x T symbol_%d\n" % (64 + (n * shift) % 7, n) for n in range(SYMBOLS))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--workspace", type=Path, default=Workspace.default())
    parser.add_argument("--runs", type=int, default=5)
    options = parser.parse_args()
    workspace = Workspace(options.workspace.resolve())
    workspace.prepare()
    pipeline = Pipeline(workspace, Processes(), Console(quiet=True))
    name = TreeName.parse(TREE)
    tree = pipeline.tree(name)
    with tempfile.TemporaryDirectory() as scratch:
        mbox = with_comments(pipeline.repository, tree.commit, PATCHED, Path(scratch) / "series")
        order = Order(request=Request(str(mbox)), trees=(TREE,), cells=("i386-flat",), jobs=2)
        resolved = resolve(order)
        host = pipeline.host(order)
        cells = select_cells(resolved.matrix, resolved.fragments, order.cells, pipeline.processes)
        pipeline.plan(host, tree, cells)
        series = pipeline.fetch(order.request)

        def apply_anew() -> None:
            empty = Store(Path(tempfile.mkdtemp(dir=scratch)), print)
            Applier(pipeline.repository, empty, workspace).apply(series, tree)

        build = Build(BuildStatus.BUILT, 0, 0, 0, (), (), Path())
        symbols = [replace(build, symbols=symbol_table(step)) for step in (1, 3)]

        def measure_anew() -> None:
            empty = Store(Path(tempfile.mkdtemp(dir=scratch)), print)
            measurer = Measurer(pipeline.repository, empty, host.sandbox, pipeline.processes)
            measurer.text_delta(tree.commit, *symbols)

        parts: dict[str, Callable[[], object]] = {
            "fetch: 11 patches and cover from an mbox, by b4": lambda: pipeline.fetch(order.request),
            "tree: already imported": lambda: pipeline.tree(name),
            "apply: 11 patches, not seen before": apply_anew,
            "plan: configured before": lambda: pipeline.plan(host, tree, cells),
            f"measure: bloat-o-meter, 2 x {SYMBOLS} symbols": measure_anew,
        }
        finished = [run.record for run in known_runs(workspace) if run.record]
        if finished:
            parts["render: text report of the last run"] = lambda: render_text(finished[-1])
        print(f"{platform.machine()}, {os.cpu_count()} CPUs, Python {platform.python_version()}, {options.runs} runs")
        print(f"{'part':52} {'min':>6} {'median':>7} {'max':>6}  seconds")
        total = 0.0
        for part, work in parts.items():
            least, middle, most = median_of(options.runs, work)
            total += middle
            print(f"{part:52} {least:6.2f} {middle:7.2f} {most:6.2f}")
        print(f"{'sum of medians (goal: at most 10)':52} {'':6} {total:7.2f}")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"memory of this process, all of it (goal: at most 150 MiB): {peak:.0f} MiB")
    if finished:
        command = [*shlex.split(finished[-1].command), "--quiet", "--workspace", str(workspace.folder)]
        command[:1] = [sys.executable, "-m", "pipeline"]
        walls, _, peaks = zip(*(measured(command) for _ in range(options.runs)), strict=True)
        print(f"the last run, repeated: {statistics.median(walls):.2f} s (goal: 2), {max(peaks):.0f} MiB")


if __name__ == "__main__":
    main()
