"""Does a job on the machine where it arrived: obtains the tree, applies patches, builds, measures and boots a cell."""

from __future__ import annotations

from dataclasses import dataclass

from pipeline.apply import Applier
from pipeline.boot import Booter
from pipeline.build import Builder
from pipeline.cluster.entries import RecordingStore, adopt, exported
from pipeline.cluster.job import BuildJob, JobResult, own_version
from pipeline.definitions import Scenario
from pipeline.kernel import toolchain
from pipeline.kernel.buildhost import BuildHost
from pipeline.kernel.trees import TreeImporter, TreeName
from pipeline.measure import Inspector, changed_files, touched_files
from pipeline.model import Applied, Letter, Series, Tree
from pipeline.probes import structs_of
from pipeline.system import sandbox
from pipeline.system.console import Console
from pipeline.system.errors import InfrastructureError, PipelineError
from pipeline.system.git import initialised
from pipeline.system.process import Processes
from pipeline.system.sandbox import SandboxName
from pipeline.system.shell import pasted
from pipeline.system.store import Store
from pipeline.system.workspace import Workspace

_SAME = "The results of two such machines cannot be compared: give both the same packages."


@dataclass(frozen=True)
class Worker:
    """A machine that does jobs.

    Args:
        name: for people.
        sandbox: the one that it runs makefiles in; a job that wants another is refused.
        jobs: compilers at once.
    """

    name: str
    workspace: Workspace
    processes: Processes
    console: Console
    sandbox: SandboxName
    jobs: int

    def run(self, job: BuildJob) -> JobResult:
        """Does a job; what the worker's store holds of it already is not built again.

        Raises:
            InfrastructureError: this machine cannot do it, or is another than the job was planned for.
        """
        try:
            return self._run(job)
        except PipelineError as error:
            raise InfrastructureError(f"{job.cell.id} on {self.name}: {error.message}", hint=error.hint) from error

    def _run(self, job: BuildJob) -> JobResult:
        self._check(job)
        self.workspace.prepare()
        self.workspace.check_space()
        store = RecordingStore(self.workspace.store, self.console.warn)
        box = sandbox.choose(self.sandbox, self.processes)
        host = BuildHost(self.workspace, store, box, self.processes, self.console, self.jobs)
        tree = self._tree(job)
        applied = self._applied(job, tree, store)
        planned = job.cell.planned(applied.tree)
        base, last = applied.states[0], applied.states[-1]
        repository = initialised(self.workspace.repository)
        changed = changed_files(repository, base.commit, last.commit)
        touched = touched_files(repository, base.commit, last.commit)
        builder = Builder(host, Inspector(store, applied.states, changed, touched, structs_of(job.probes)))
        keys = builder.keys(applied, planned)
        # Results of this cell only: every later job trusts what is in the store.
        adopt(store, job.known, [key for patch in keys for key in builder.all_keys(applied.states[patch], keys[patch])])
        store.made.clear()
        builds = builder.build(applied, [planned], job.per_patch)
        scenarios = {name: Scenario(name, definition) for name, definition in job.scenarios.items()}
        booter = Booter(host, scenarios)
        booter.boot([planned], builds)
        # A result that was reused is stored again, but does not count as made by this job.
        made = store.made - {keys[patch].digest for (_, patch), build in builds.items() if build.cached}
        known = {result.key.digest for result in job.known}
        built = [key for _, patch in builds for key in builder.all_keys(applied.states[patch], keys[patch])]
        asked = [key for key in (*built, *booter.keys([planned], builds)) if key.digest not in known]
        return JobResult(job=job.id, worker=self.name, results=exported(store, asked, made))

    def _check(self, job: BuildJob) -> None:
        if job.pipeline != own_version():
            raise InfrastructureError(
                f"pipeline is {own_version()} here, and {job.pipeline} where the job comes from",
                hint="Install one version everywhere.",
            )
        if job.sandbox != self.sandbox:
            raise InfrastructureError(
                f"the job is for --sandbox={job.sandbox}, this worker runs jobs in {self.sandbox}",
                hint=f"If that is meant, say {pasted(('run-job',), (), (f'--sandbox={job.sandbox}',))}, or give Dask's "
                f"worker {pasted((f'PIPELINE_SANDBOX={job.sandbox}',), ())} in its environment.",
            )
        present = toolchain.identify(job.cell.toolchain.name, self.processes)
        if present.digest != job.cell.toolchain.digest:
            raise InfrastructureError(
                f"the compiler is {present.version} here (SHA-256 {present.digest[:12]}…), and "
                f"{job.cell.toolchain.version} ({job.cell.toolchain.digest[:12]}…) where the job comes from",
                hint=_SAME,
            )

    def _tree(self, job: BuildJob) -> Tree:
        tree = TreeImporter(self.workspace, self.processes, self.console.say).obtain(TreeName.parse(job.tree))
        if tree.tree_id != job.tree_id:
            raise InfrastructureError(
                f"{job.tree} ({tree.version}) is git tree {tree.tree_id[:12]} here, and {job.tree_id[:12]} where the "
                "job comes from",
                hint="A package or file of that name differs: name a git commit, or give both machines the same file.",
            )
        return tree

    def _applied(self, job: BuildJob, tree: Tree, store: Store) -> Applied:
        patches = tuple(patch.patch() for patch in job.patches)
        needed = tuple(prerequisite.prerequisite() for prerequisite in job.prerequisites)
        # Mails are all that applying needs; the run keeps the rest of the series.
        series = Series("", 1, "", Letter("", "", "", (), (), (), "", ""), patches, prerequisites=needed)
        applied = Applier(initialised(self.workspace.repository), store, self.workspace).apply(series, tree)
        if tuple(state.tree_id for state in applied.states) != job.states:
            raise InfrastructureError(
                f"the patches come to another tree than where the job comes from ({applied.status}, "
                f"{len(applied.states) - 1} of {len(patches)} applied)",
                hint="Compare `git --version` on both machines.",
            )
        return applied
