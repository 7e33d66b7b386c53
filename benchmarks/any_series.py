"""Times the stage `objects` on series that nobody prepared, and says what of them is compiled.

Each series is run up to that stage in a workspace that has the tree: cold (nothing was compiled before), once more, and
with --warm in one whose tree `pipeline warm` has prepared, where one series comes after the other. With --by-hand the
same objects are compiled beside it with make alone, cell by cell and state by state, without sandbox, and what breaks
is compared. CPU seconds count; on a busy machine those of the clock say little.

    python benchmarks/any_series.py MBOX… [--workspace DIR] [--tree TREE] [--warm] [--by-hand] [--keep DIR]

The workspace holds the imported tree, or gets it (minutes); all else is made in a folder beside it and removed.
"""

from __future__ import annotations

import argparse
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from common import JOBS, Cost, cost, measured_command, own_workspace

from pipeline.assess.coverage import covered_files, removed_lines
from pipeline.assess.stages import left_out, objects_cells
from pipeline.assess.verdict import verdict
from pipeline.kernel.architectures import architecture
from pipeline.kernel.toolchain import newest
from pipeline.kernel.trees import TreeImporter, TreeName
from pipeline.record import CellRecord, RunRecord
from pipeline.runs import known_runs
from pipeline.system.git import Repository
from pipeline.system.process import Processes
from pipeline.system.workspace import Workspace

_VERDICT = re.compile(r"^Objects[^(]*\((?P<seconds>\d+) s\)", re.MULTILINE)


@dataclass(frozen=True)
class Ran:
    """A run up to the stage.

    Args:
        first: seconds until its first verdict.
    """

    record: RunRecord
    first: int
    cost: Cost


@dataclass(frozen=True)
class Row:
    """What one series comes to."""

    series: str
    cold: Ran
    again: Ran
    warm: Ran | None
    hand: tuple[Cost, str] | None

    @property
    def lines(self) -> tuple[int, int]:
        """Changed lines of code that were compiled, and all of them; removed ones on the base."""
        files = covered_files(self.cold.record)
        changed = sum(len(file.changed) for file in files)
        compiled = sum(len(file.changed) - len(file.dropped) for file in files if file.cells)
        on_base, removed = removed_lines(self.cold.record)
        return compiled + on_base, changed + removed

    def text(self) -> str:
        record = self.cold.record
        kept, changed = self.lines
        columns = [
            self.series,
            str(len(record.series.patches)),
            f"{kept} of {changed}",
            verdict(record).word,
            " ".join(cell.id.removesuffix("-objects") for cell in objects_cells(record) if cell.states),
            str(self.cold.first),
            f"{self.cold.cost.wall:.0f} / {self.cold.cost.cpu:.0f}",
            f"{self.again.cost.wall:.1f} / {self.again.cost.cpu:.1f}",
            f"{self.warm.first} / {self.warm.cost.wall:.0f}" if self.warm else "",
            f"{_makes(record):.0f}",
            f"{self.hand[0].wall:.0f} / {self.hand[0].cpu:.0f}" if self.hand else "",
            self.hand[1] if self.hand else "",
        ]
        return f"| {' | '.join(columns)} |"


TITLES = (
    *("series", "patches", "changed lines compiled", "verdict", "cells", "first verdict, s", "stage, s / CPU s"),
    *("again", "warm: first verdict, stage, s", "make's CPU s", "by hand, s / CPU s", "what builds"),
)


def ran(workspace: Workspace, series: Path, tree: str, keep: Path | None) -> Ran:
    """A run up to the stage; what it says and its record are kept below `keep`."""
    command = [sys.executable, "-m", "pipeline", "apply-and-build", str(series), "--tree", tree, "--until=objects"]
    command += ["--offline", "--jobs", str(JOBS), "--workspace", str(workspace.folder)]
    done = measured_command(command, (0, 1, 3))
    record = known_runs(workspace)[-1].record
    if record is None:
        sys.exit("the last run left no record")
    if keep:
        (keep / f"{series.stem}.json").write_text(record.model_dump_json())
        shutil.copy(workspace.runs / record.id / "report.txt", keep / f"{series.stem}.txt")
        (keep / f"{series.stem}.log").write_text(done.words)
    said = _VERDICT.search(done.words)
    return Ran(record, int(said["seconds"]) if said else 0, done.cost)


def quietly(*argv: str) -> bool:
    """Whether a command succeeds; what it prints is not shown."""
    return subprocess.run(argv, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode == 0


def by_hand(workspace: Workspace, record: RunRecord, cell: CellRecord, scratch: Path) -> tuple[Cost, str]:
    """The objects of a cell with make alone: what it took, and whether the same states are compiled."""
    source, output = scratch / "source", scratch / "output"
    output.mkdir()
    repository = Repository(workspace.repository)
    commits = repository.out("log", "--all", "--format=%H %T").splitlines()
    last = next(line.split()[0] for line in commits if line.endswith(record.trees[0].last_tree_id))
    states = [f"{last}~{len(record.series.patches) - state.patch}" for state in cell.states]
    repository.out("worktree", "add", "--quiet", "--detach", str(source), states[0])
    make = ["make", "-C", str(source), f"O={output}", f"ARCH={cell.arch}", f"-j{JOBS}"]
    make.append(f"CROSS_COMPILE={architecture(cell.arch).cross}")
    if "clang" in cell.toolchain:
        make.append(f"LLVM={newest('llvm').removeprefix('llvm') or '1'}")
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
        took = cost(build)
    finally:
        repository.run("worktree", "remove", "--force", str(source))
        shutil.rmtree(output)
    ours = {state.patch: state.status == "built" for state in cell.states}
    return took, "alike" if ours == good else f"{cell.id}: by hand {good}"


def row(workspace: Workspace, prepared: Workspace | None, series: Path, options: argparse.Namespace, at: Path) -> Row:
    """What one series comes to, in a folder of its own."""
    own = own_workspace(workspace, at / "workspace")
    cold = ran(own, series, options.tree, options.keep)
    again = ran(own, series, options.tree, None)
    warm = None
    if prepared:
        warm = ran(prepared, series, options.tree, None)
    hand = None
    if options.by_hand:
        cells = [cell for cell in objects_cells(cold.record) if cell.states]
        parts = [by_hand(own, cold.record, cell, at) for cell in cells]
        total = Cost(sum(spent.wall for spent, _ in parts), sum(spent.cpu for spent, _ in parts))
        hand = (total, "; ".join(dict.fromkeys(words for _, words in parts)))
    return Row(series.stem, cold, again, warm, hand)


def _makes(record: RunRecord) -> float:
    return sum(state.cpu_seconds for cell in record.cells for state in cell.states)


def summary(rows: list[Row]) -> list[str]:
    """The numbers that the table comes to."""
    shares = [kept / changed for kept, changed in (row.lines for row in rows) if changed]
    short = [row for row in rows if len(row.cold.record.series.patches) <= 10]
    mean = f"mean {100 * statistics.mean(shares):.1f} % of {len(shares)}" if shares else "no"
    lines = [f"changed lines compiled: {mean} series with code"]
    for name, times in (
        ("first verdict", [row.cold.first for row in short]),
        ("stage", [row.cold.cost.wall for row in short]),
        ("first verdict, warm", [row.warm.first for row in short if row.warm]),
        ("the same again", [row.again.cost.wall for row in short]),
    ):
        if times:
            lines.append(f"{name}: median {statistics.median(times):.1f} s, worst {max(times):.1f} s")
    ours, makes = sum(row.cold.cost.cpu for row in rows), sum(_makes(row.cold.record) for row in rows)
    lines.append(f"CPU seconds: {ours:.0f}, of which make's when objects are compiled {makes:.0f}")
    if hands := [(row.cold.cost.cpu, row.hand[0].cpu) for row in rows if row.hand and row.hand[0].cpu]:
        lines.append(f"beside by hand: median {statistics.median(own / hand for own, hand in hands):.2f} × its CPU s")
    for row in rows:
        lines += [f"not compiled, {row.series}: {line}" for line in left_out(row.cold.record)]
    return lines


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("series", nargs="+", type=Path)
    parser.add_argument("--workspace", type=Path, default=Path("~/.cache/pipeline").expanduser())
    parser.add_argument("--tree", default="debian:linux-source-6.12")
    parser.add_argument("--warm", action="store_true", help="also with the tree prepared")
    parser.add_argument("--by-hand", action="store_true", help="also with make alone")
    parser.add_argument("--keep", type=Path, help="folder for records and reports")
    options = parser.parse_args()
    workspace = Workspace(options.workspace)
    workspace.prepare()
    if options.keep:
        options.keep.mkdir(parents=True, exist_ok=True)
    TreeImporter(workspace, Processes(), print).obtain(TreeName.parse(options.tree))
    print(f"| {' | '.join(TITLES)} |\n|{'---|' * len(TITLES)}")
    with tempfile.TemporaryDirectory(prefix="any-series-", dir=workspace.folder.parent) as name:
        prepared = None
        if options.warm:
            prepared = own_workspace(workspace, Path(name) / "prepared")
            command = [sys.executable, "-m", "pipeline", "warm", "--tree", options.tree]
            measured_command([*command, "--workspace", str(prepared.folder)])
        rows = []
        for series in options.series:
            with tempfile.TemporaryDirectory(dir=name) as scratch:
                rows.append(row(workspace, prepared, series, options, Path(scratch)))
            print(rows[-1].text(), flush=True)
    print("", *summary(rows), sep="\n")


if __name__ == "__main__":
    main()
