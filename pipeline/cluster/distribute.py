"""Sends jobs for cells whose results are missing, and stores their results: the side of the machine that has the run.

The run then continues as it does without an executor, and finds these results in its store. So there is one way from a
store to a report, and a run that was stopped can be resumed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from pipeline.boot import Booter
from pipeline.build import Builder
from pipeline.cluster.entries import adopt, exported
from pipeline.cluster.executor import Executor
from pipeline.cluster.job import BuildJob, JobCell, JobPatch, JobPrerequisite, JobResult, own_version
from pipeline.definitions import Scenario
from pipeline.kernel.buildhost import BuildHost
from pipeline.kernel.history import pinned
from pipeline.kernel.trees import TreeName
from pipeline.model import Applied, PlannedCell, Series
from pipeline.system.store import Key


class TreeWork(NamedTuple):
    """Work to be done on one tree; the builder knows the keys of its builds."""

    applied: Applied
    planned: tuple[PlannedCell, ...]
    builder: Builder


class Distributor:
    """Has an executor build, measure and boot cells.

    Args:
        host: the run's own, with its store.
        booter: knows the keys of boots.
        scenarios: of the boots, by name.
        per_patch: build every state.
        probes: names of the probes of the matrix.
    """

    def __init__(
        self,
        host: BuildHost,
        booter: Booter,
        scenarios: Mapping[str, Scenario],
        per_patch: bool,
        probes: Sequence[str] = (),
    ) -> None:
        self._host = host
        self._booter = booter
        self._scenarios = scenarios
        self._per_patch = per_patch
        self._probes = tuple(probes)
        self._sent: dict[str, tuple[TreeWork, PlannedCell]] = {}

    def run(self, executor: Executor, series: Series, work: Sequence[TreeWork]) -> None:
        """Store the results of the executor; the run itself makes those that are missing.

        Raises:
            InfrastructureError: the executor failed; what came in before is stored.
        """
        for result in executor.run(job for tree in work for job in self._jobs(series, tree)):
            self._store(result)

    def _jobs(self, series: Series, tree: TreeWork) -> Iterator[BuildJob]:
        """A job for each cell that is not complete, made when it is asked for."""
        repository = self._host.repository
        # Trees are imported without history: the commit without parents is the tree below all prerequisites.
        imported = repository.out("rev-list", "--max-parents=0", tree.applied.tree.commit)
        same_for_all = {
            "pipeline": own_version(),
            "tree": str(pinned(TreeName.parse(tree.applied.tree.name), imported)),
            "tree_id": repository.tree_of(imported),
            "prerequisites": tuple(
                JobPrerequisite.of(prerequisite) for prerequisite in series.prerequisites if prerequisite.patches
            ),
            "patches": tuple(map(JobPatch.of, series.patches)),
            "states": tuple(state.tree_id for state in tree.applied.states),
            "per_patch": self._per_patch,
            "probes": self._probes,
            "sandbox": self._host.sandbox.name,
        }
        for planned in tree.planned:
            if not planned.to_build or self._complete(tree, planned):
                continue
            scenarios = {name: self._scenarios[name].definition for name in planned.cell.boot}
            known = exported(self._host.store, self._asked(tree, planned))
            job = BuildJob.model_validate(
                {**same_for_all, "cell": JobCell.of(planned), "scenarios": scenarios, "known": known}
            )
            self._sent[job.id] = (tree, planned)
            yield job

    def _complete(self, tree: TreeWork, planned: PlannedCell) -> bool:
        builds = tree.builder.stored(tree.applied, planned, self._per_patch)
        if builds is None:
            return False
        return all(self._host.store.get(key) for key in self._booter.keys([planned], builds))

    def _asked(self, tree: TreeWork, planned: PlannedCell) -> list[Key]:
        """Keys of everything that a cell's builds leave in a store, at any state."""
        return [
            key
            for patch, build in tree.builder.keys(tree.applied, planned).items()
            for key in tree.builder.all_keys(tree.applied.states[patch], build)
        ]

    def _store(self, result: JobResult) -> None:
        if result.job not in self._sent:
            self._host.console.warn(f"{result.worker} sent a result of a job that is not known")
            return
        tree, planned = self._sent.pop(result.job)
        boots = [entry for entry in result.results if entry.stage == "boot"]
        others = [entry for entry in result.results if entry.stage != "boot"]
        refused = adopt(self._host.store, others, self._asked(tree, planned))
        builds = tree.builder.stored(tree.applied, planned, self._per_patch)
        # The key of a boot names the kernel, which is known only now.
        refused += adopt(self._host.store, boots, self._booter.keys([planned], builds or {}))
        where = f"{planned.cell.id}, by {result.worker}"
        self._host.console.say(f"Done: {where}")
        if refused:
            self._host.console.warn(f"{where}: does not count: {', '.join(dict.fromkeys(refused))}")
        if builds is None:
            self._host.console.warn(f"{where}: results are missing, so that it is built here")
