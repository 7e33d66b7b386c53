"""Times what scheduling costs: cells whose makes come back at once, so that all that is left is the pipeline's own.

Everything but the subprocesses of builds is real: worktree and build folders, jobserver, store (with its fsync), keys,
and for Dask a scheduler with two worker processes on loopback, jobs and results as JSON, checked and stored. Each size
has a process of its own, so that its peak of memory is its own. A cell is built at two states.

    python benchmarks/scheduling.py [--sizes 10 100 1000 10000] [--executors local dask] [--runs N] [--folder DIR]
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import re
import resource
import statistics
import subprocess
import sys
import tempfile
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from pipeline.boot import Booter
from pipeline.build import Builder
from pipeline.build.results import BuildResults
from pipeline.cluster import Distributor, TreeWork
from pipeline.cluster.entries import RecordingStore, exported
from pipeline.cluster.job import BuildJob, JobResult, read
from pipeline.kernel.buildhost import BuildHost
from pipeline.model import (
    Applied,
    ApplyStatus,
    Build,
    BuildStatus,
    Cell,
    Letter,
    Patch,
    PlannedCell,
    Series,
    SourceState,
    StructPage,
    Toolchain,
    Tree,
)
from pipeline.plan.configurations import config_digest
from pipeline.system.command import Command, Completed
from pipeline.system.console import Console
from pipeline.system.git import initialised
from pipeline.system.process import Processes
from pipeline.system.sandbox import Bubblewrap
from pipeline.system.store import Key, Store
from pipeline.system.workspace import Workspace

GOAL_MILLISECONDS, GOAL_MEBIBYTES = 5.0, 300
LOG = b"".join(b"  CC      mm/file%d.o\n" % number for number in range(10)) + b"  LD      vmlinux\n"
SYMBOLS = b"".join(b"%016x T symbol_%d\n" % (64, number) for number in range(10))
_NAME = "arch/x86/kernel/asm-offsets"
OFFSETS = f"savedcmd_{_NAME}.s := gcc -S -o {_NAME}.s /src/{_NAME}.c\n"


class SimulatedProcesses(Processes):
    """Ends every command at once, with what make, nm, size or a compiler would leave."""

    def run(self, command: Command, on_output: Callable[[bytes], None] | None = None) -> Completed:
        with self.run_lock.given_back():
            # As while a process runs. What follows is that process's work, which is not to be in the way of ours.
            pass
        words = command.argv
        build = Path(words[words.index("--bind") + 1])
        program = words[len(words) - 1 - words[::-1].index("--") + 1]
        output = b""
        if program == "make":
            (build / "arch/x86/kernel").mkdir(parents=True, exist_ok=True)
            (build / "arch/x86/kernel/.asm-offsets.s.cmd").write_text(OFFSETS)
            (build / "vmlinux").touch()
            output = LOG
        elif program == "gcc":
            (build / ".pipeline-probe.s").write_text('.ascii "->PIPELINE_STRUCT_PAGE $64 sizeof"\n')
        elif program == "nm":
            output = SYMBOLS
        elif program == "size":
            output = b".text 100 0\n"
        if on_output:
            on_output(output)
        return Completed(words, 0, output, b"", 0.0, 0.0)


def simulated_job(text: str) -> str:
    """What a Dask worker does here in place of a build: results with the keys that the job asks for."""
    job = read(BuildJob, text, "the job")
    planned = job.cell.planned(Tree(job.tree, "", "", job.tree_id))
    build = Build(BuildStatus.BUILT, 0.0, 0.0, 11, (), (), Path(), sections={".text": 100}, struct_page=StructPage(64))
    files = {"log.z": zlib.compress(LOG), "config": job.cell.config.encode(), "symbols.z": zlib.compress(SYMBOLS)}
    with tempfile.TemporaryDirectory() as folder:
        store = RecordingStore(Path(folder), print)
        results = BuildResults(store)
        keys = []
        for tree_id in job.states:
            inputs = {
                "tree": tree_id,
                "config": config_digest(job.cell.config),
                **host_in(Path(folder)).inputs(planned.cell),
            }
            results.put(Key("build", inputs), build, files)
            keys.append(Key("build", inputs))
        return JobResult(job=job.id, worker="simulated", results=exported(store, keys, store.made)).model_dump_json()


def host_in(folder: Path) -> BuildHost:
    """A build host whose commands end at once."""
    workspace, processes = Workspace(folder / "workspace"), SimulatedProcesses()
    store = Store(workspace.store, print)
    return BuildHost(workspace, store, Bubblewrap(), processes, Console(quiet=True), len(os.sched_getaffinity(0)))


def applied_series(workspace: Workspace) -> tuple[Series, Applied]:
    """A tree of one file, and a patch that changes it, in the workspace's repository."""
    repository = initialised(workspace.repository)
    with repository.fast_import() as stream:
        for mark, text in ((1, b"int a;\n"), (2, b"int b;\n")):
            stream.write(b"commit refs/trees/simulated\nmark :%d\n" % mark)
            stream.write(b"committer pipeline <pipeline@localhost> 946684800 +0000\ndata 1\nx\n")
            stream.write(b"M 100644 inline Makefile\ndata %d\n%s\n" % (len(text), text))
        stream.write(b"done\n")
    commits = [repository.out("rev-parse", name) for name in ("refs/trees/simulated~1", "refs/trees/simulated")]
    states = tuple(
        SourceState(number, f"patch {number}", commit, repository.tree_of(commit))
        for number, commit in enumerate(commits)
    )
    tree = Tree("tar:/simulated.tar", "simulated", commits[0], states[0].tree_id)
    letter = Letter("", "", "", (), (), (), "", "")
    series = Series("simulated", 1, "", letter, (Patch(1, "patch 1", "", "", b"a mail\n" * 100, ("Makefile",)),))
    return series, Applied(tree, ApplyStatus.CLEAN, states)


def planned_cells(tree: Tree, count: int, lines: int) -> list[PlannedCell]:
    """Cells that differ in a line of their configuration."""
    toolchain = Toolchain("gcc", "gcc 12", "d" * 64)
    shared = "".join(f"CONFIG_OPTION_{number}=y\n" for number in range(lines - 1))
    return [
        PlannedCell(
            Cell(f"cell-{number}", "x86_64", toolchain, "tinyconfig", ()),
            tree,
            config=f"{shared}CONFIG_CELL={number}\n",
        )
        for number in range(count)
    ]


def measure(executor: str, count: int, lines: int, folder: Path, address: str) -> dict[str, float]:
    """Schedules `count` cells once in an empty workspace, then again when all is stored."""
    host = host_in(folder)
    host.workspace.prepare()
    series, applied = applied_series(host.workspace)
    planned = planned_cells(applied.tree, count, lines)
    builder = Builder(host)
    figures = {}
    for name in ("new", "stored"):
        wall, cpu = time.monotonic(), time.process_time()
        if executor == "dask":
            import scheduling

            from pipeline.cluster.dask import DaskExecutor

            # By the name of the module: workers find it there.
            cluster = DaskExecutor(address, host.console, scheduling.simulated_job)
            distributor = Distributor(host, Booter(host, {}), {}, per_patch=False)
            distributor.run(cluster, series, [TreeWork(applied, tuple(planned), builder)])
        builds = builder.build(applied, planned, per_patch=False)
        assert len(builds) == 2 * count
        if executor == "dask":
            assert not (host.workspace.folder / "builds").exists(), "nothing is to be built here"
        figures[f"{name} wall"] = (time.monotonic() - wall) / count * 1000
        figures[f"{name} cpu"] = (time.process_time() - cpu) / count * 1000
        del builds
    figures["memory"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return figures


@contextmanager
def cluster(folder: Path, workers: int) -> Iterator[str]:
    """A scheduler and workers on loopback."""
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parent)}
    with ExitStack() as stack:

        def start(name: str, *arguments: str) -> Path:
            log = folder / f"{name}.log"
            output = stack.enter_context(log.open("wb"))
            command = [sys.executable, "-m", "dask", *arguments, "--no-dashboard"]
            process = subprocess.Popen(command, env=environment, cwd=folder, stdout=output, stderr=output)
            stack.callback(process.wait)
            stack.callback(process.terminate)
            return log

        log = start("scheduler", "scheduler", "--host", "127.0.0.1", "--port", "0")
        while not (match := re.search(r"Scheduler at:\s+\w+://(\S+:\d+)", log.read_text())):
            time.sleep(0.1)
        for number in range(workers):
            options = ("--nthreads", "1", "--resources", "kbuild=1", "--no-nanny", "--memory-limit", "0")
            start(f"worker{number}", "worker", match[1], *options)
        while log.read_text().count("Register worker") < workers:
            time.sleep(0.1)
        yield match[1]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", type=int, nargs="+", default=[10, 100, 1_000, 10_000])
    parser.add_argument("--executors", nargs="+", choices=["local", "dask"], default=["local", "dask"])
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--lines", type=int, default=100, help="of each cell's configuration")
    parser.add_argument("--folder", type=Path, default=None, help="where workspaces are made")
    parser.add_argument("--one", nargs=2, metavar=("EXECUTOR", "ADDRESS"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        with tempfile.TemporaryDirectory(dir=options.folder) as folder:
            executor, address = options.one
            print(json.dumps(measure(executor, options.sizes[0], options.lines, Path(folder), address)))
        return
    load = os.getloadavg()[0]
    print(f"{platform.machine()}, {os.cpu_count()} CPUs, load {load:.1f}, Python {platform.python_version()},", end=" ")
    print(f"{options.runs} runs, configurations of {options.lines} lines")
    print(f"ms per cell, median (min); goals: {GOAL_MILLISECONDS:.0f} ms new, {GOAL_MEBIBYTES} MiB")
    print(f"{'executor':9} {'cells':>6} {'new: wall':>16} {'CPU':>14} {'stored: wall':>16} {'CPU':>14} {'peak MiB':>9}")
    with tempfile.TemporaryDirectory(dir=options.folder) as scratch, ExitStack() as stack:
        address = stack.enter_context(cluster(Path(scratch), 2)) if "dask" in options.executors else "-"
        for executor in options.executors:
            for size in options.sizes:
                command = [sys.executable, __file__, "--one", executor, address, "--sizes", str(size)]
                command += ["--lines", str(options.lines), "--folder", scratch]
                runs = [
                    json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
                    for _ in range(options.runs)
                ]
                columns = [f"{executor:9} {size:6}"]
                for name, width in (("new wall", 16), ("new cpu", 14), ("stored wall", 16), ("stored cpu", 14)):
                    values = [run[name] for run in runs]
                    columns.append(f"{f'{statistics.median(values):.2f} ({min(values):.2f})':>{width}}")
                print(*columns, f"{max(run['memory'] for run in runs):9.0f}", flush=True)


if __name__ == "__main__":
    main()
