"""A run, verb by verb: fetch → apply → plan → build → measure → boot → render. A reply is made of its record later."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from pipeline.apply import Applier
from pipeline.apply.base import BaseChooser
from pipeline.assess.stages import objects_verdict
from pipeline.boot import Booter
from pipeline.build import Builder, Builds
from pipeline.build.promises import PromiseChecker
from pipeline.build.repeat import Repeater
from pipeline.checks.runner import check_patches
from pipeline.cluster import Distributor, TreeWork
from pipeline.fetch import Request, fetch
from pipeline.kernel.buildhost import BuildHost
from pipeline.kernel.ccache import CompilerCache
from pipeline.kernel.history import History, pinned
from pipeline.kernel.sources import Sources
from pipeline.kernel.trees import TreeImporter, TreeName
from pipeline.mail.limits import READING_SECONDS, SETTING
from pipeline.measure import Inspector, Measurer, changed_files, touched_files
from pipeline.measure.cells import measured_cells
from pipeline.measure.moves import moved_since
from pipeline.model import Applied, Cell, NoiseFloor, PlannedCell, Series, SourceState, Tree
from pipeline.objects import ObjectsStage
from pipeline.objects.wide import prepare as prepare_wide
from pipeline.orders.baseline import no_series, unchanged
from pipeline.orders.kernels import wanted_kernels
from pipeline.orders.objects import CompiledObjects, compiled_objects
from pipeline.orders.order import Order
from pipeline.orders.prepare import PreparedRun, prepare
from pipeline.orders.record import run_record
from pipeline.plan import Planner
from pipeline.plan.configurations import configuration_origins
from pipeline.plan.matrix import surprise, with_duplicates_marked
from pipeline.plan.needed import NeededKernels
from pipeline.plan.suggest import Suggester, Suggestion, fragment_name
from pipeline.probes import Probe
from pipeline.record import RunRecord
from pipeline.render.formats import write_reports
from pipeline.render.plan import render_plan
from pipeline.review.command import with_opinions
from pipeline.review.record import ReviewRecord
from pipeline.review.revisions import Reviewer, earlier
from pipeline.runs import begin
from pipeline.runs.evidence import keep_evidence
from pipeline.runs.results import TreeResult
from pipeline.system import sandbox
from pipeline.system.console import Console
from pipeline.system.errors import NotObtainedError
from pipeline.system.git import Repository, initialised
from pipeline.system.process import Processes
from pipeline.system.store import Store
from pipeline.system.text import count
from pipeline.system.watched import Allowance, TakesTooLongError
from pipeline.system.workspace import Workspace


class Pipeline:
    """The verbs with their collaborators.

    Args:
        workspace: prepared.
        processes: the subprocess door.
        console: progress and messages.
        reading: seconds of a processor for the mails of a command.
    """

    def __init__(
        self, workspace: Workspace, processes: Processes, console: Console, reading: float = READING_SECONDS
    ) -> None:
        self.workspace = workspace
        self.processes = processes
        self.console = console
        self.reading = Allowance(reading, f"Who sent this? If you know: git config --global {SETTING} 60")
        self.store = Store(workspace.store, console.warn)
        self.repository: Repository = initialised(workspace.repository)

    def apply_and_build(self, order: Order) -> tuple[RunRecord, Path]:
        """The main job: everything from mail to report.

        Returns:
            The run's record and its folder.

        Raises:
            PipelineError: the order is wrong, the series cannot be had, or the machine failed.
        """
        prepared = self.prepare(order)
        host, series = prepared.host, self._series(prepared)
        probes = prepared.resolved.probes
        booter = Booter(host, prepared.scenarios)
        with begin(self.workspace, series.title, prepared.started) as run:
            tree_work, checks, objects, results, notes = [], [], [], [], list[str]()
            for tree in [self.tree(name) for name in prepared.resolved.trees]:
                applied = unchanged(tree) if order.baseline else self.apply(series, tree, order.base)
                checks.append(() if order.baseline else check_patches(host, series, applied, tree))
                objects.append(self.objects(prepared, series, applied))
                kernels = self.kernels(prepared, series, applied, objects[-1].broken(applied.states[-1].patch))
                of_tree = f"{tree.name}: " if len(prepared.resolved.trees) > 1 else ""
                notes += [f"{of_tree}{note}" for note in (*objects[-1].notes, *kernels.notes)]
                planned = self.plan(host, applied.tree, kernels.cells, applied.changed) if applied.usable else ()
                tree_work.append(TreeWork(applied, planned, self.builder(host, applied, tree, probes)))
            distributor = Distributor(
                host, booter, prepared.scenarios, order.per_patch, prepared.resolved.matrix.probes
            )
            distributor.run(prepared.executor, series, tree_work)
            for (applied, planned, builder), checked, compiled in zip(tree_work, checks, objects, strict=True):
                builds, floors = self.build(host, builder, applied, planned, order)
                boots = booter.boot(planned, builds)
                outcomes = PromiseChecker(host, builder).check(applied, planned, builds)
                planned, builds = (*compiled.planned, *planned), {**(compiled.builds or {}), **builds}
                measurer = Measurer(self.repository, self.store, host.sandbox, self.processes)
                measured = measured_cells(measurer, applied, planned, builds)
                since = moved_since(self.repository.folder, applied)
                results.append(
                    TreeResult(applied, planned, builds, measured, boots, floors, outcomes, since, probes, checked)
                )
            record = self.record(run.id, prepared, series, results, notes)
            keep_evidence(run, results)
            write_reports(run, record)
        return record, run.folder

    def plan_jobs(self, order: Order) -> RunRecord:
        """The plan for several machines: fetches and applies the series and plans every cell; builds nothing.

        Trees are named by their commits, where they have any: a branch may move before a job looks it up.
        """
        prepared = self.prepare(order)
        series, probes = self.fetch(order.request), prepared.resolved.probes
        trees: dict[str, Tree] = {}
        for name in prepared.resolved.trees:
            tree = self.tree(pinned(name, self.tree(name).commit))
            trees.setdefault(tree.name, tree)
        results, notes = [], list[str]()
        for tree in trees.values():
            applied = self.apply(series, tree, order.base)
            planned, remarks = self.chosen(prepared, series, applied)
            checks = check_patches(prepared.host, series, applied, tree)
            results.append(TreeResult(applied, planned, probes=probes, checks=checks))
            notes += remarks
            self.console.say(render_plan(applied.tree, planned, prepared.resolved.matrix, order.jobs, remarks))
        return self.record("plan", prepared, series, results, notes)

    def _series(self, prepared: PreparedRun) -> Series:
        if prepared.order.baseline:
            return no_series([str(name) for name in prepared.resolved.trees])
        return self.fetch(prepared.order.request)

    def prepare(self, order: Order) -> PreparedRun:
        """The preparations of an order before the first mail."""
        return prepare(order, self.host, self.processes, self.console)

    def host(self, order: Order) -> BuildHost:
        """Where cells are built, its sandbox tried out."""
        box = sandbox.choose(order.sandbox, self.processes)
        if order.sandbox is sandbox.SandboxName.NONE:
            self.console.warn("no sandbox: the series' makefiles run with your rights")
        self.workspace.check_space()
        ccache = CompilerCache(self.workspace.ccache, order.ccache) if order.ccache else None
        return BuildHost(self.workspace, self.store, box, self.processes, self.console, order.jobs, ccache)

    def fetch(self, request: Request) -> Series:
        series = fetch(request, self.workspace, self.processes, self.console.say, self.reading)
        if series.instead:
            self.console.warn(series.instead)
        self.console.say(f"Series: {series.title} (v{series.version}, {count(len(series.patches), 'patch')})")
        return series

    def review(self, series: Series, request: Request, since: Request | None, trees: Sequence[Tree]) -> ReviewRecord:
        """Review the thread, and the earlier revision: `since`, or one that the series itself names.

        Raises:
            NotObtainedError: `since` cannot be had; an earlier one that nobody asked for may be incomplete.
        """
        before, earlier_series = since or earlier(request, series), None
        try:
            say = self.console.say
            earlier_series = fetch(before, self.workspace, self.processes, say, self.reading) if before else None
        except (NotObtainedError, TakesTooLongError) as error:
            if since:
                raise
            self.console.warn(f"no comparison with an earlier revision: {error.message}")
        applier = Applier(self.repository, self.store, self.workspace)
        reviewer = Reviewer(self.repository, applier, self.console.say, self.reading)
        record = reviewer.review(series, request.midmask, earlier_series, trees)
        return with_opinions(record, series, self.processes, self.console.warn)

    def tree(self, name: TreeName) -> Tree:
        return TreeImporter(self.workspace, self.processes, self.console.say).obtain(name)

    def apply(self, series: Series, tree: Tree, base: str = "auto") -> Applied:
        """Apply a series to a tree; `base` is `tree` where only the tree as named may be taken."""
        applier = Applier(self.repository, self.store, self.workspace)
        history = History(self.workspace, self.repository, tree)
        chooser = BaseChooser(self.repository, applier.apply)
        applied = chooser.applied(series, tree, history, only_named=base == "tree")
        where = f", at patch {applied.failed_patch}" if applied.failed_patch else ""
        self.console.say(f"Applying to {tree.name} ({applied.tree.version}): {applied.status}{where}")
        return applied

    def kernels(self, prepared: PreparedRun, series: Series, applied: Applied, broken: frozenset[str]) -> NeededKernels:
        """The cells whose kernels are built: those of the matrix, or of them those that the series needs."""
        kernels = wanted_kernels(prepared, series, applied, broken)
        for note in kernels.notes:
            self.console.say(note)
        return kernels

    def chosen(
        self, prepared: PreparedRun, series: Series, applied: Applied
    ) -> tuple[tuple[PlannedCell, ...], tuple[str, ...]]:
        """The cells of a run, objects first, nothing built yet; and remarks on the choice."""
        if not applied.usable:
            return (), ()
        stage = ObjectsStage(prepared.host, self.repository, applied, prepared.order.cells)
        kernels = wanted_kernels(prepared, series, applied)
        planned = self.plan(prepared.host, applied.tree, kernels.cells, applied.changed)
        return (*(stage.cells() if prepared.objects else ()), *planned), kernels.notes

    def plan(
        self, host: BuildHost, tree: Tree, cells: Sequence[Cell], changed: Sequence[str] = ()
    ) -> tuple[PlannedCell, ...]:
        """The cells on a tree, for a series that changes the paths `changed`."""
        planned = Planner(host).plan(tree, SourceState(0, "base", tree.commit, tree.tree_id), cells)
        planned = with_duplicates_marked(planned, changed)
        for planned_cell in planned:
            if not planned_cell.reachable and not (planned_cell.cell.expect and planned_cell.cell.expect.unreachable):
                self.console.warn(f"cell {planned_cell.cell.id} is unreachable: {planned_cell.reason}")
            elif words := surprise(planned_cell):
                self.console.warn(f"cell {planned_cell.cell.id} is not what the matrix says: {words}")
        return planned

    def suggest(self, host: BuildHost, series: Series, applied: Applied, planned: Sequence[PlannedCell]) -> Suggestion:
        """Files that the matrix leaves out of a series, judged after its last patch, and fragments for them."""
        origin = configuration_origins(applied.states)[applied.states[-1].patch]
        planner, sources = Planner(host), Sources(self.repository, applied.states[-1].commit)
        with host.worktree_lock(applied.tree):
            suggester = Suggester(sources, lambda cell: planner.config(applied, origin, cell))
            cells = [planned_cell.cell for planned_cell in planned if planned_cell.reachable]
            return suggester.suggest(fragment_name(series.title), series.files, cells)

    def objects(self, prepared: PreparedRun, series: Series, applied: Applied) -> CompiledObjects:
        """The objects of what a series touches, patch by patch; what they come to is said as soon as it is known."""
        compiled = CompiledObjects()
        for compiled in compiled_objects(prepared, self.repository, series, applied):
            if compiled.record:
                for line in objects_verdict(compiled.record, time.monotonic() - prepared.clock):
                    self.console.say(line)
        for note in compiled.notes:
            self.console.say(note)
        return compiled

    def warm(self, order: Order) -> tuple[RunRecord, Path]:
        """Prepare what series on an order's trees begin with: wide configurations, and the kernels of the base."""
        prepared = self.prepare(order)
        for name in prepared.resolved.trees:
            prepare_wide(prepared.host, self.repository, self.tree(name))
        return self.apply_and_build(order)

    def builder(self, host: BuildHost, applied: Applied, named: Tree, probes: Sequence[Probe] = ()) -> Builder:
        """Builds, and looks at what they compiled of the series and at the layout of its structs.

        Args:
            named: the tree before anything that the series asked for.
            probes: what the matrix asks of every cell.
        """
        base, last = applied.states[0], applied.states[-1]
        changed = changed_files(self.repository, base.commit, last.commit)
        touched = touched_files(self.repository, base.commit, last.commit)
        structs = tuple(dict.fromkeys(struct for probe in probes for struct in probe.structs))
        inspector = Inspector(self.store, applied.states, changed, touched, structs)
        return Builder(host, inspector, named.tree_id)

    def build(
        self, host: BuildHost, builder: Builder, applied: Applied, planned: Sequence[PlannedCell], order: Order
    ) -> tuple[Builds, Mapping[str, NoiseFloor]]:
        """The builds of a tree's cells; where it was asked for, the noise floors, by cell id."""
        builds = builder.build(applied, planned, order.per_patch)
        repeater = Repeater(host, builder, Measurer(self.repository, self.store, host.sandbox, self.processes))
        return repeater.repeat(applied, planned, builds) if order.noise_floor else (builds, {})

    def record(
        self, run_id: str, prepared: PreparedRun, series: Series, results: Sequence[TreeResult], notes: Sequence[str]
    ) -> RunRecord:
        """The record of a run; trees are those of the results, as they were named there."""
        trees = [result.applied.tree for result in results]
        review = None if prepared.order.baseline else self._thread(series, prepared.order.request, trees)
        place, repository = self.workspace, self.repository
        return run_record(run_id, prepared, series, results, review, notes, place, repository, self.processes)

    def _thread(self, series: Series, request: Request, trees: Sequence[Tree]) -> ReviewRecord | None:
        """The review; None, and said, where that takes too long: hours of builds must not be lost for it."""
        try:
            return self.review(series, request, None, trees)
        except TakesTooLongError as error:
            self.console.warn(f"the thread was not looked at: {error.message}")
            return None
