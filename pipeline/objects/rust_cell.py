"""The cell in which Rust is compiled: the wide configuration with Rust, where the tree and the machine have it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from fnmatch import fnmatchcase
from functools import cached_property

from pipeline.kernel import kconfig, minimums, rust
from pipeline.kernel.buildhost import BuildHost
from pipeline.kernel.kconfig import parse_fragment
from pipeline.kernel.kconfig.expression import Option
from pipeline.kernel.kconfig.solve import solve
from pipeline.kernel.make import Make
from pipeline.kernel.sources import Sources
from pipeline.model import Applied, PlannedCell, Tree
from pipeline.objects.rust import SUFFIX, crate_roots
from pipeline.objects.states import States
from pipeline.objects.touched import TouchedCode
from pipeline.objects.wide import BASE, named, wide_cell
from pipeline.objects.work import Work
from pipeline.plan.concerned import X86_64, objects_cell_id, rust_cell_id
from pipeline.plan.configurations import config_key
from pipeline.plan.suggest import compiled_if
from pipeline.system import untrusted
from pipeline.system.errors import UsageError
from pipeline.system.git import Repository
from pipeline.system.untrusted import Budget, TooMuchError

LONGEST_REASON = 200


class RustStage:
    """What the stage `objects` does of Rust.

    Args:
        host: store, sandbox, worktrees and jobserver.
        repository: holds the series' states.
        applied: the series on the tree.
        states: configures cells.
        touched: what of the series is compiled.
        globs: of the ids of cells that are wanted; all without.
    """

    def __init__(
        self,
        host: BuildHost,
        repository: Repository,
        applied: Applied,
        states: States,
        touched: TouchedCode,
        globs: Sequence[str],
    ) -> None:
        self._host = host
        self._repository = repository
        self._applied = applied
        self._states = states
        self._touched = touched
        self._globs = globs
        self.work: Work | None = None

    @cached_property
    def planned(self) -> PlannedCell | None:
        """The cell, where the series touches any Rust and it is asked for."""
        asked = not self._globs or any(fnmatchcase(rust_cell_id(X86_64), glob) for glob in self._globs)
        if not asked or not self._touched.rust or len(self._applied.states) < 2:
            return None
        return rust_cell(self._host, self._repository, self._applied.tree)

    @property
    def cells(self) -> tuple[PlannedCell, ...]:
        return (self.planned,) if self.planned else ()

    @property
    def is_alone(self) -> bool:
        """Whether no other cell would have anything of the series."""
        return bool(self.planned and self.planned.reachable) and set(self._touched.files) <= set(self._touched.rust)

    def configure(self) -> None:
        """Finds out whether Rust can be had, and how: `work` is there then. Otherwise other cells say why it is not."""
        if (planned := self.planned) and planned.reachable:
            sources, paths = self._touched.sources_at(self._applied.states[-1]), self._touched.rust
            with self._host.worktree_lock(self._applied.tree):
                work = rust_work(self._host, self._states, self._applied, sources, planned, paths)
            self.planned = planned = work.planned
            self.work = work if planned.reachable else None
        if self._touched.rust and self.work is None:
            self._touched.no_rust = planned.reason if planned else f"{rust_cell_id(X86_64)} was not asked for"


def rust_cell(host: BuildHost, repository: Repository, tree: Tree) -> PlannedCell:
    """The cell, not configured yet; it is out of reach where a program is missing, or too old for the tree."""
    wide = wide_cell(host, repository, tree, X86_64)
    script = Sources(repository, tree.commit).read(minimums.SCRIPT)
    found = rust.identify(host.processes)
    lacking = rust.shortfall(rust.wanted(script, X86_64, host.sandbox, host.processes), found)
    programs = " and ".join(f"{program.name} {rust.version(program)}" for program in found)
    about = f"{BASE} with Rust, and of it the objects of what the series touches of Rust, with W=1: {programs}"
    cell = replace(wide.cell, id=rust_cell_id(X86_64), about=about, rust=found)
    return PlannedCell(cell, tree, reason=wide.reason or lacking)


def rust_work(
    host: BuildHost, states: States, applied: Applied, sources: Sources, planned: PlannedCell, paths: Sequence[str]
) -> Work:
    """The cell with Rust switched on, and what its files need; the caller holds the worktree's lock.

    Args:
        sources: of the last state.
        planned: from `rust_cell`, in reach.
        paths: of Rust that the series touches.

    Raises:
        InfrastructureError: the machine failed.
    """
    cell, base, last = planned.cell, applied.states[0], applied.states[-1]
    # As it is compiled beside this one, most likely.
    wide = Work(replace(planned, cell=replace(cell, id=objects_cell_id(cell.arch), rust=())))
    states.configure([wide], (last,))
    values = kconfig.parse_config(wide.configs.get(last.patch, ""))
    requests, reason = _requests(sources, cell.arch, values, paths)
    wishes = "".join(f"#? CONFIG_{option}={value}\n" for option, value in requests.items())
    cell = replace(
        cell, fragments=(*cell.fragments, parse_fragment("rust", wishes)), about=f"{cell.about}; {named(requests)}"
    )
    work = Work(replace(planned, cell=cell), only=frozenset(paths))
    if not reason:
        states.configure([work], (base,))
        answer = kconfig.parse_config(work.planned.config)
        if work.planned.reachable and answer.get(rust.OPTION) != "y":
            reason = _words(host, applied, work) or states.explain(cell, work.planned.config, rust.OPTION)
            reason = f"kconfig does not grant CONFIG_{rust.OPTION}: {reason}"
    work.planned = replace(work.planned, reason=work.planned.reason or reason[:LONGEST_REASON])
    return work


def _requests(
    sources: Sources, arch: str, values: Mapping[str, str], paths: Sequence[str]
) -> tuple[Mapping[str, str], str]:
    """What to ask for on top of a configuration, and why that is in vain where it is.

    A file whose options do not go with those of the files before it is left out.
    """
    budget, requests = Budget(untrusted.SOLVE_STEPS), dict[str, str]()
    try:
        options = sources.kconfig(arch)
        first = solve(options, Option(rust.OPTION), values, {}, budget)
        if first.reason:
            return {}, first.reason
        # Whatever it is in the wide configuration: there it is asked to be off.
        values, requests = first.values, {**first.requests, rust.OPTION: "y"}
        roots = {root for path in paths if path.endswith(SUFFIX) for root in (path, *crate_roots(sources, arch, path))}
        for root in sorted(roots):
            condition = compiled_if(sources, root, arch)
            solution = solve(options, condition, values, requests, budget) if condition else None
            if solution and not solution.reason:
                values, requests = solution.values, {**requests, **solution.requests}
    except (UsageError, TooMuchError) as error:
        return requests, "" if requests else error.message
    return requests, ""


def _words(host: BuildHost, applied: Applied, work: Work) -> str:
    """What `make rustavailable` says on the base of what is missing; empty where nothing is."""
    host.move(applied.tree, applied.states[0])

    def ask(make: Make) -> str:
        make.enter(make.folders(config_key(host, make.cell, applied.states[0]).digest).base())
        make.folder.begin(work.planned.config)
        done = make.run("rustavailable")
        make.folder.finish()
        lines = [line.strip("* ") for line in done.text.splitlines() if line.startswith("*** ")]
        return "" if done.ok else " ".join(filter(None, lines))

    asked = host.run_all(applied.tree, "Asking for Rust", [(work.planned.cell, None)], ask)
    return asked[work.planned.cell.id]
