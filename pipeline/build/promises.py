"""Checks that a series keeps the matrix' promises: a cell that breaks one on the base is not built."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from pipeline.build import Builder, Builds
from pipeline.kernel import kconfig
from pipeline.kernel.buildhost import BuildHost
from pipeline.kernel.kconfig import Request
from pipeline.kernel.kconfig.explain import NO_SUCH_OPTION
from pipeline.model import Applied, Build, CellOutcome, LostPromise, PlannedCell, SourceState, has_vmemmap
from pipeline.plan import Planner
from pipeline.plan.configurations import configuration_origins
from pipeline.plan.matrix import lost_facts


class PromiseChecker:
    """Looks at the last source state for what was promised, and was kept on the base.

    Args:
        host: store, worktrees and their locks.
        builder: configures cells at any source state.
    """

    def __init__(self, host: BuildHost, builder: Builder) -> None:
        self._host = host
        self._builder = builder
        self._planner = Planner(host)

    def check(self, applied: Applied, planned: Sequence[PlannedCell], builds: Builds) -> dict[str, CellOutcome]:
        """The outcome of the series for the cells that were built, by cell id; a duplicate has promises of its own.

        Raises:
            InfrastructureError: the machine failed while a patch was looked for.
        """
        cells = {planned_cell.cell.id: planned_cell for planned_cell in planned}
        outcomes = {}
        for planned_cell in planned:
            kernel = cells.get(planned_cell.same_as, planned_cell)
            built = {patch: build for (cell_id, patch), build in builds.items() if cell_id == kernel.cell.id}
            if planned_cell.reachable and built:
                outcomes[planned_cell.cell.id] = self._outcome(applied, planned_cell, kernel, built)
        return outcomes

    def _outcome(
        self, applied: Applied, planned: PlannedCell, kernel: PlannedCell, built: Mapping[int, Build]
    ) -> CellOutcome:
        """The outcome of a cell.

        Args:
            kernel: the cell that was built for it.
            built: its builds, by patch number.
        """
        configs = {patch: self._config(applied, kernel, applied.states[patch]) for patch in sorted(built)}
        vmemmap = {patch: has_vmemmap(config) for patch, config in configs.items() if config}
        facts = {patch: (built[patch].struct_page, virtual) for patch, virtual in vmemmap.items()}
        lost = self._lost_options(applied, planned, kernel, applied.states[max(built)])
        return CellOutcome(vmemmap, (*lost, *(lost_facts(planned.cell, facts) if facts else ())))

    def _lost_options(
        self, applied: Applied, planned: PlannedCell, kernel: PlannedCell, last: SourceState
    ) -> Iterator[LostPromise]:
        """Options of fragments that kconfig does not grant any more at the state `last`."""
        config = self._config(applied, kernel, last)
        # Where kconfig fails the build fails, too, and is reported.
        for request in kconfig.broken_requests(planned.cell.fragments, config) if config else ():
            reason = self._planner.explain(last, planned.cell, config, request.option, request.asked)
            patch, kept = self._since(applied, kernel, request, last)
            yield LostPromise(_words(request, reason), patch, kept)

    def _since(self, applied: Applied, kernel: PlannedCell, request: Request, last: SourceState) -> tuple[int, int]:
        """The first patch that kconfig answers otherwise after, and the last source state that is as was asked."""
        origins = sorted(
            {state.patch for patch, state in configuration_origins(applied.states).items() if patch <= last.patch}
        )
        first = after = last.patch + 1
        for patch in reversed(origins):
            config = self._config(applied, kernel, applied.states[patch])
            if config and kconfig.parse_config(config).get(request.option, "n") == request.asked:
                break
            first, after = patch if config else first, patch
        return first, after - 1

    def _config(self, applied: Applied, planned: PlannedCell, state: SourceState) -> str:
        """A cell's `.config` at a state, empty where kconfig fails there."""
        if state.patch == 0:
            return planned.config
        known = self._planner.known_config(configuration_origins(applied.states)[state.patch], planned.cell)
        if known is None:
            with self._host.worktree_lock(applied.tree):
                known = self._builder.config(applied, planned, state)
        return known


def _words(request: Request, reason: str) -> str:
    asked = f"CONFIG_{request.option}={request.asked}"
    if request.got == "n":
        words = f"kconfig drops {asked} ({request.fragment}.config)"
    else:
        words = f"kconfig answers CONFIG_{request.option}={request.got} where {request.fragment}.config asks {asked}"
    if reason == NO_SUCH_OPTION:
        return f"{words}: there is no such option any more"
    return f"{words}: now {reason}" if reason else words
