"""Times the stage `objects` on series that nobody prepared, and says what of them is compiled.

Each series is run up to that stage in a workspace that has the tree: cold (nothing was compiled before), and once
more. With --by-hand the same objects are compiled beside it with make alone, state by state, without
sandbox, and what breaks is compared. CPU seconds count; on a busy machine those of the clock say little.

    python benchmarks/any_series.py MBOX… [--workspace DIR] [--tree TREE] [--by-hand]

The workspace holds the imported tree, or gets it (minutes); all else is made in a folder beside it and removed.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

from common import JOBS, Cost, cost, measured, own_workspace

from pipeline.assess.stages import touched
from pipeline.assess.verdict import verdict
from pipeline.kernel.trees import TreeImporter, TreeName
from pipeline.record import RunRecord
from pipeline.runs import known_runs
from pipeline.system.git import Repository
from pipeline.system.process import Processes
from pipeline.system.workspace import Workspace


def ran(workspace: Workspace, series: Path, tree: str) -> tuple[RunRecord, Cost]:
    """A run up to the stage, and what it took."""
    command = [sys.executable, "-m", "pipeline", "apply-and-build", str(series), "--tree", tree, "--until=objects"]
    command += ["--offline", "--quiet", "--jobs", str(JOBS), "--workspace", str(workspace.folder)]
    wall, cpu, _ = measured(command, (0, 1, 3))
    record = known_runs(workspace)[-1].record
    if record is None:
        sys.exit("the last run left no record")
    return record, Cost(wall, cpu)


def quietly(*argv: str) -> bool:
    """Whether a command succeeds; what it prints is not shown."""
    return subprocess.run(argv, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode == 0


def by_hand(workspace: Workspace, record: RunRecord, scratch: Path) -> tuple[Cost, dict[int, bool]]:
    """The same objects with make alone: what it took, and which states it compiled."""
    (cell,) = [cell for cell in record.cells if cell.stage == "objects" and cell.states]
    source, output = scratch / "source", scratch / "output"
    output.mkdir()
    repository = Repository(workspace.repository)
    commits = repository.out("log", "--all", "--format=%H %T").splitlines()
    last = next(line.split()[0] for line in commits if line.endswith(record.trees[0].last_tree_id))
    states = [f"{last}~{len(record.series.patches) - state.patch}" for state in cell.states]
    repository.out("worktree", "add", "--quiet", "--detach", str(source), states[0])
    make = ["make", "-C", str(source), f"O={output}", f"ARCH={cell.arch}", f"-j{JOBS}"]
    good: dict[int, bool] = {}

    def build() -> None:
        quietly(*make, cell.base)
        config = output / ".config"
        config.write_text(config.read_text() + "".join(f"CONFIG_{option}\n" for option in cell.requests or ()))
        quietly(*make, "olddefconfig")
        objects = sorted({name for file in cell.files for name in file.objects})
        for state, commit in zip(cell.states, states, strict=True):
            Repository(source).out("checkout", "--quiet", "--detach", commit)
            good[state.patch] = quietly(*make, "W=1", "-k", *objects)

    try:
        return cost(build), good
    finally:
        repository.run("worktree", "remove", "--force", str(source))


def row(workspace: Workspace, series: Path, options: argparse.Namespace, scratch: Path) -> str:
    """What one series comes to, a line of the table."""
    record, cold = ran(workspace, series, options.tree)
    _, again = ran(workspace, series, options.tree)
    reasons = touched(record)
    states = [state for cell in record.cells for state in cell.states]
    makes = sum(state.cpu_seconds for state in states)
    columns = [
        series.stem,
        str(len(record.series.patches)),
        f"{sum(not reason for reason in reasons.values())} of {len(reasons)}",
        verdict(record).word,
        *(f"{spent.wall:.0f} / {spent.cpu:.0f}" for spent in (cold, again)),
        f"{makes:.0f}",
    ]
    if options.by_hand and states:
        hand, good = by_hand(workspace, record, scratch)
        alike = all(good[state.patch] == (state.status == "built") for state in states)
        columns += [f"{hand.wall:.0f} / {hand.cpu:.0f}", "alike" if alike else f"differs: {good}"]
    return f"| {' | '.join(columns)} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("series", nargs="+", type=Path)
    parser.add_argument("--workspace", type=Path, default=Path("~/.cache/pipeline").expanduser())
    parser.add_argument("--tree", default="debian:linux-source-6.12")
    parser.add_argument("--by-hand", action="store_true")
    options = parser.parse_args()
    workspace = Workspace(options.workspace)
    workspace.prepare()
    TreeImporter(workspace, Processes(), print).obtain(TreeName.parse(options.tree))
    titles = ["series", "patches", "files", "verdict", "cold, s / CPU s", "again", "make's CPU s"]
    titles += ["by hand, s / CPU s", "what builds"] if options.by_hand else []
    print(f"| {' | '.join(titles)} |\n|{'---|' * len(titles)}")
    for series in options.series:
        with tempfile.TemporaryDirectory(prefix="any-series-", dir=workspace.folder.parent) as name:
            scratch = Path(name)
            print(row(own_workspace(workspace, scratch / "workspace"), series, options, scratch), flush=True)


if __name__ == "__main__":
    main()
