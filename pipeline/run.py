"""The story of a run: fetch → apply → plan → build → measure → boot → render, and a reply from what they leave."""

from __future__ import annotations

import shlex
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from pipeline import collect, doctor, runs
from pipeline.apply import Applier
from pipeline.apply.base import BaseChooser
from pipeline.boot import Booter
from pipeline.build import Builder, Builds, read_log
from pipeline.claims import Evidence, found_claims, judged
from pipeline.collect import TreeResult
from pipeline.definitions import (
    MatrixDefinition,
    Scenario,
    SeriesDefinition,
    find_series,
    load_matrix,
    load_scenarios,
    load_series,
)
from pipeline.fetch import Request, fetch
from pipeline.kernel.buildhost import BuildHost
from pipeline.kernel.history import History
from pipeline.kernel.sources import Sources
from pipeline.kernel.trees import EXAMPLES, TreeImporter, TreeName
from pipeline.matrix import surprise, with_duplicates_marked
from pipeline.measure import Inspector, Measurer, changed_files, diffstat
from pipeline.model import (
    Applied,
    BuildStatus,
    Cell,
    Claim,
    ClaimKind,
    Measurand,
    PlannedCell,
    Series,
    SourceState,
    TextDelta,
    Tree,
)
from pipeline.plan import Planner, configuration_origins, select_cells
from pipeline.record import CellRecord, ClaimRecord, RunRecord, ToolRecord
from pipeline.render.formats import FORMATS, WRITTEN, Source
from pipeline.review.record import ReviewRecord
from pipeline.revisions import Reviewer, earlier
from pipeline.suggest import Suggester, Suggestion, fragment_name
from pipeline.system import resources, sandbox
from pipeline.system.console import Console
from pipeline.system.errors import NotObtainedError, UsageError
from pipeline.system.git import Repository, initialised
from pipeline.system.process import Processes
from pipeline.system.store import Store
from pipeline.system.workspace import Workspace


@dataclass(frozen=True)
class Order:
    """What the user asked for. Empty `trees` and `matrix` stand for the defaults of a tracked series."""

    request: Request
    trees: tuple[str, ...] = ()
    matrix: str = ""
    cells: tuple[str, ...] = ()
    per_patch: bool = False
    sandbox: str = "bwrap"
    jobs: int = 1
    base: str = "auto"


class Pipeline:
    """The verbs with their collaborators.

    Args:
        workspace: prepared.
        processes: the subprocess door.
        console: progress and messages.
    """

    def __init__(self, workspace: Workspace, processes: Processes, console: Console) -> None:
        self.workspace = workspace
        self.processes = processes
        self.console = console
        self.store = Store(workspace.store, console.warn)
        self.repository: Repository = initialised(workspace.repository)

    def apply_and_build(self, order: Order) -> tuple[RunRecord, Path]:
        """The main job: everything from mail to report.

        Returns:
            The run's record and its folder.

        Raises:
            PipelineError: the order is wrong, the series cannot be had, or the machine failed.
        """
        started, clock = datetime.now(UTC), time.monotonic()
        tracked, matrix, fragments, names = self.resolve(order)
        doctor.require(doctor.needs(matrix, names, order.sandbox))
        host = self.host(order)
        cells = with_boots(select_cells(matrix, fragments, order.cells, self.processes), tracked)
        scenarios = self.scenarios(order, fragments, cells)
        series = self.fetch(order.request)
        tracked = tracked or _tracked(series)
        with runs.begin(self.workspace, series.title, started) as run:
            results = []
            for tree in [self.tree(name) for name in names]:
                applied = self.apply(series, tree, order.base)
                changed = [path for state in applied.states[1:] for path in state.changed]
                planned = self.plan(host, applied.tree, cells, changed) if applied.usable else ()
                builds = self.build(host, applied, planned, order.per_patch)
                deltas, changes = self.measure(host, applied, planned, builds)
                boots = Booter(host, scenarios).boot(planned, builds)
                results.append(TreeResult(applied, planned, builds, deltas, changes, boots))
            cell_records = collect.cell_records(results)
            run_record = RunRecord(
                id=run.id,
                started=started.isoformat(timespec="seconds"),
                seconds=round(time.monotonic() - clock, 1),
                command=reproducer(order, names, matrix_name=order.matrix or (tracked.matrix if tracked else "quick")),
                series=collect.series_record(series, tracked.follow_ups if tracked else ()),
                matrix=matrix.title,
                trees=tuple(collect.tree_record(result.applied) for result in results),
                cells=cell_records,
                claims=self.claims(tracked, series, cells, cell_records, [result.applied for result in results]),
                review=self.review(series, order.request, None, [result.applied.tree for result in results]),
                tools=self.tools(matrix, order.sandbox),
                sandbox=order.sandbox,
            )
            for number, result in enumerate(results, 1):
                _keep_evidence(run, f"tree{number}", result)
            for name in WRITTEN:
                run.write(FORMATS[name].file, FORMATS[name].render(Source(run_record)))
            run.finish(run_record)
        return run_record, run.folder

    def resolve(self, order: Order) -> tuple[SeriesDefinition | None, MatrixDefinition, Path, tuple[TreeName, ...]]:
        """The tracked series (where there is one), matrix, fragments' folder and trees of an order.

        The matrix holds the cells that were asked for: the others' toolchains may be missing.
        """
        folder = find_series(order.request.text)
        tracked = load_series(folder) if folder else None
        matrix, fragments = load_matrix(order.matrix or (tracked.matrix if tracked else "quick"))
        names = order.trees or (tracked.trees if tracked else ())
        if not names:
            raise UsageError("no tree is named", hint=f"Add --tree TREE: {EXAMPLES}.")
        return (
            tracked,
            matrix.narrowed(order.cells),
            fragments,
            tuple(TreeName.parse(name) for name in dict.fromkeys(names)),
        )

    def host(self, order: Order) -> BuildHost:
        """Where cells are built, its sandbox tried out."""
        box = sandbox.choose(order.sandbox, self.processes)
        if order.sandbox == "none":
            self.console.warn("no sandbox: the series' makefiles run with your rights")
        self.workspace.check_space()
        return BuildHost(self.workspace, self.store, box, self.processes, self.console, order.jobs)

    def fetch(self, request: Request) -> Series:
        series = fetch(request, self.workspace, self.processes, self.console.say)
        self.console.say(f"Series: {series.title} (v{series.version}, {len(series.patches)} patches)")
        return series

    def review(self, series: Series, request: Request, since: Request | None, trees: Sequence[Tree]) -> ReviewRecord:
        """What the thread says, and what became of an earlier revision: `since`, or one that the series itself names.

        Raises:
            NotObtainedError: `since` cannot be had; an earlier one that nobody asked for may be incomplete.
        """
        before, found = since or earlier(request, series), None
        try:
            found = fetch(before, self.workspace, self.processes, self.console.say) if before else None
        except NotObtainedError as error:
            if since:
                raise
            self.console.warn(f"no comparison with an earlier revision: {error.message}")
        applier = Applier(self.repository, self.store, self.workspace)
        return Reviewer(self.repository, applier, self.console.say).review(series, request.midmask, found, trees)

    def tree(self, name: TreeName) -> Tree:
        return TreeImporter(self.workspace, self.processes, self.console.say).obtain(name)

    def apply(self, series: Series, tree: Tree, base: str = "auto") -> Applied:
        """What becomes of a series on a tree; `base` is `tree` where only the tree as named may be taken."""
        applier = Applier(self.repository, self.store, self.workspace)
        history = History(self.workspace, self.repository, tree)
        chooser = BaseChooser(self.repository, applier.apply)
        applied = chooser.applied(series, tree, history, only_named=base == "tree")
        where = f", at patch {applied.failed_patch}" if applied.failed_patch else ""
        self.console.say(f"Applying to {tree.name} ({applied.tree.version}): {applied.status}{where}")
        return applied

    def plan(
        self, host: BuildHost, tree: Tree, cells: Sequence[Cell], changed: Sequence[str] = ()
    ) -> tuple[PlannedCell, ...]:
        """The cells on a tree, for a series that changes the paths `changed`."""
        planned = Planner(host).plan(tree, SourceState(0, "base", tree.commit, tree.tree_id), cells)
        planned = with_duplicates_marked(planned, changed)
        for one in planned:
            if not one.reachable and not (one.cell.expect and one.cell.expect.unreachable):
                self.console.warn(f"cell {one.cell.id} is unreachable: {one.reason}")
            elif words := surprise(one):
                self.console.warn(f"cell {one.cell.id} is not what the matrix says: {words}")
        return planned

    def suggest(self, host: BuildHost, series: Series, applied: Applied, planned: Sequence[PlannedCell]) -> Suggestion:
        """What the matrix leaves out of a series, judged after its last patch, and fragments that bring it in."""
        origin = configuration_origins(applied.states)[applied.states[-1].patch]
        planner, sources = Planner(host), Sources(self.repository, applied.states[-1].commit)
        with host.worktree_lock(applied.tree):
            suggester = Suggester(sources, lambda cell: planner.config(applied.tree, origin, cell))
            cells = [one.cell for one in planned if one.reachable]
            return suggester.suggest(fragment_name(series.title), series.files, cells)

    def scenarios(self, order: Order, fragments: Path, cells: Sequence[Cell]) -> Mapping[str, Scenario]:
        """The boot scenarios that cells name: the series' own, those beside the matrix, those that ship."""
        folder = find_series(order.request.text)
        folders = [*([folder] if folder else []), fragments, resources.folder("kconfigs")]
        names = [name for cell in cells for name in cell.boot]
        return load_scenarios(names, tuple(dict.fromkeys(one / "boot" for one in folders)))

    def build(self, host: BuildHost, applied: Applied, planned: Sequence[PlannedCell], per_patch: bool) -> Builds:
        """Builds, with what they compiled of the series and the layout of its structs."""
        base, last = applied.states[0], applied.states[-1]
        changed = changed_files(self.repository, base.commit, last.commit)
        return Builder(host, Inspector(self.store, applied.states, changed)).build(applied, planned, per_patch)

    def measure(
        self, host: BuildHost, applied: Applied, planned: Sequence[PlannedCell], builds: Builds
    ) -> tuple[dict[str, TextDelta], dict[str, dict[int, int]]]:
        """Text deltas of the whole series, and changes by patch in bytes, by cell id."""
        measurer = Measurer(self.repository, host.sandbox, self.processes)
        base, last = applied.states[0], applied.states[-1]
        deltas, changes = {}, {}
        for one in planned:
            states = {patch: build for (cell_id, patch), build in builds.items() if cell_id == one.cell.id}
            before, after = states.get(0), states.get(last.patch)
            if before and after and before.status is after.status is BuildStatus.BUILT:
                deltas[one.cell.id] = measurer.text_delta(base.commit, before, after)
            changes[one.cell.id] = measurer.text_changes(base.commit, states)
        return deltas, changes

    def claims(
        self,
        tracked: SeriesDefinition | None,
        series: Series,
        cells: Sequence[Cell],
        cell_records: Sequence[CellRecord],
        applied: Sequence[Applied],
    ) -> tuple[ClaimRecord, ...]:
        """What the letter and series.toml claim, judged."""
        known = _claims(tracked, series.version)
        ends = [one.states for one in applied if one.usable]
        counted = diffstat(self.repository, ends[0][0].commit, ends[0][-1].commit) if ends else None
        evidence = Evidence(cell_records, series.files, counted)
        return judged([*known, *found_claims(series, cells, known)], evidence)

    def tools(self, matrix: MatrixDefinition, sandbox_name: str) -> tuple[ToolRecord, ...]:
        findings = doctor.examine(doctor.needs(matrix, (), sandbox_name), self.processes)
        own = ToolRecord(name="pipeline", version=version("kernel-series-pipeline"))
        return (own, *(ToolRecord(name=one.need.program, version=one.version) for one in findings if not one.need.file))


def _keep_evidence(run: runs.RunFolder, tree: str, result: TreeResult) -> None:
    """Configurations, logs and consoles, under the names that the record has for them."""
    built = {cell_id for cell_id, _ in result.builds or {}}
    for one in result.planned:
        if one.cell.id in built:
            run.write(collect.config_name(one.cell.id, tree), one.config)
    for (cell_id, patch), build in (result.builds or {}).items():
        run.write(collect.log_name(cell_id, tree, patch), read_log(build))
    for (cell_id, patch, scenario), boot in (result.boots or {}).items():
        if boot.console:
            run.write(collect.console_name(cell_id, tree, patch, scenario), boot.console)


def with_boots(cells: Sequence[Cell], tracked: SeriesDefinition | None) -> tuple[Cell, ...]:
    """Cells with the boot scenarios that a tracked series asks for, beside the matrix's own."""
    added = {cell.id: tracked.boots_of(cell.id) if tracked else () for cell in cells}
    return tuple(replace(cell, boot=tuple(dict.fromkeys([*cell.boot, *added[cell.id]]))) for cell in cells)


def reproducer(order: Order, names: Sequence[TreeName], matrix_name: str) -> str:
    """The command that does the same again, defaults spelt out."""
    words = ["pipeline", "apply-and-build", order.request.text]
    for name in names:
        words += ["--tree", str(name)]
    words += ["--matrix", matrix_name]
    for glob in order.cells:
        words += ["--cell", glob]
    if order.request.version is not None:
        words += ["--revision", str(order.request.version)]
    for message_id in order.request.rethread:
        words += ["--rethread", message_id]
    if order.base != "auto":
        words.append(f"--base={order.base}")
    if order.per_patch:
        words.append("--per-patch")
    if order.sandbox != "bwrap":
        words.append(f"--sandbox={order.sandbox}")
    return shlex.join(words)


def _tracked(series: Series) -> SeriesDefinition | None:
    """The tracked series that a fetched one turns out to be: any message of its thread may have been named."""
    folder = find_series(series.message_id) if series.message_id else None
    return load_series(folder) if folder else None


def _claims(tracked: SeriesDefinition | None, version: int) -> tuple[Claim, ...]:
    found = tracked.claims_of(version) if tracked else ()
    return tuple(
        Claim(
            one.text,
            one.cell,
            one.claimed,
            one.relation,
            Measurand(**one.measurand.model_dump()) if one.measurand else None,
            ClaimKind(one.kind),
        )
        for one in found
    )
