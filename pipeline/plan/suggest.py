"""Files of a series that no cell of a matrix compiles, and kconfig fragments with which one would.

Judged before any build, from makefiles and Kconfig files: which code files no cell compiles, what to ask of kconfig so
that one would. Kconfig has the last word: what it does not keep is not proposed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache, partial
from pathlib import PurePosixPath
from typing import Protocol

from pipeline.kernel import kconfig
from pipeline.kernel.architectures import architecture
from pipeline.kernel.commands import is_of_kernel
from pipeline.kernel.kconfig.explain import explain
from pipeline.kernel.kconfig.expression import NO, YES, Expression, Tristate, any_of, evaluate
from pipeline.kernel.kconfig.options import Kconfig
from pipeline.kernel.kconfig.solve import solve
from pipeline.kernel.makefiles import Makefiles
from pipeline.model import Cell, Fragment
from pipeline.system import untrusted
from pipeline.system.untrusted import Budget

MAX_NAME = 32
"""Characters of a fragment's name, before the cell's."""
MAX_ID = 64

_CODE = (".c", ".S", ".rs")
# Paths come from a diff, and end up in comments of a fragment.
_PATH = re.compile(r"[\w.+@,~-]+(?:/[\w.+@,~-]+)*")
# What the tree's Kbuild and the link script compile in every configuration, outside the lists of objects.
ASKED = ("kernel/bounds.c", "kernel/sched/rq-offsets.c")
"""Compiled to assembler, in which kbuild reads what the compiler says; so is asm-offsets.c of an architecture."""
_ALWAYS = (*ASKED, "init/version-timestamp.c", "arch/{}/kernel/asm-offsets.c")


class Sources(Protocol):
    """The configuration and build files of a commit."""

    @property
    def files(self) -> Mapping[str, str]: ...
    def kconfig(self, arch: str) -> Kconfig: ...
    def kbuild(self, arch: str) -> Makefiles: ...
    def includers(self, path: str) -> tuple[str, ...]: ...
    def rust_files(self, folder: str) -> Sequence[str]: ...
    def read(self, path: str) -> str: ...


@dataclass(frozen=True)
class Proposal:
    """A cell of the matrix with one more fragment, as kconfig kept it.

    Args:
        cell: the new one; its last fragment is what is proposed.
        origin: id of the cell that it is made from.
        files: that it compiles, and no cell of the matrix does.
    """

    cell: Cell
    origin: str
    files: tuple[str, ...]

    @property
    def fragment(self) -> Fragment:
        return self.cell.fragments[-1]


@dataclass(frozen=True)
class Suggestion:
    """How the files of a series stand to a matrix.

    Args:
        compiled: code files that a cell compiles.
        unreached: code files that no cell can be made to compile, each with the reasons by cell id.
        headers: they count as compiled, with what includes them.
        others: no part of vmlinux: documentation, tools, makefiles.
    """

    compiled: tuple[str, ...]
    proposals: tuple[Proposal, ...]
    unreached: Mapping[str, Mapping[str, str]]
    headers: tuple[str, ...]
    others: tuple[str, ...]


def fragment_name(title: str) -> str:
    """A short name from a series' title."""
    words = re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-")
    if len(words) > MAX_NAME:
        words = words[: MAX_NAME + 1].rpartition("-")[0] or words[:MAX_NAME]
    return words or "series"


def compiled_if(sources: Sources, path: str, arch: str) -> Expression | None:
    """The condition under which a file is compiled, by itself or within another; None when no rule is found."""
    if path in [pattern.format(architecture(arch).folder) for pattern in _ALWAYS]:
        return YES
    kbuild = sources.kbuild(arch)
    condition = kbuild.condition(path)
    if condition is None and path.endswith(".c"):
        within = (kbuild.condition(other) for other in sources.includers(path))
        condition = any_of(*(rule for rule in within if rule is not None))
    return None if condition == NO else condition


class Suggester:
    """Finds out what a matrix leaves out, and what would bring it in.

    Args:
        sources: of the tree after the last patch.
        configure: the final `.config` of a cell there, by kconfig itself; empty when it fails.
    """

    def __init__(self, sources: Sources, configure: Callable[[Cell], str]) -> None:
        self._sources = sources
        self._configure = configure
        self._condition = cache(partial(compiled_if, sources))
        self._budget = Budget(untrusted.SOLVE_STEPS)

    def suggest(self, name: str, files: Iterable[str], cells: Sequence[Cell]) -> Suggestion:
        """Judges `files` and proposes fragments called `name`.

        Args:
            cells: those that can be reached.

        Raises:
            UsageError: the tree's makefiles or Kconfig files cannot be read.
            InfrastructureError: kconfig could not be run.
        """
        paths = sorted(path for path in files if path in self._sources.files and _PATH.fullmatch(path))
        kernel = [path for path in paths if is_of_kernel(path)]
        code = [path for path in kernel if path.endswith(_CODE)]
        headers = tuple(path for path in kernel if path.endswith(".h"))
        configs = {cell.id: kconfig.parse_config(self._configure(cell)) for cell in cells if code}
        compiled = [path for path in code if any(self._compiles(cell, configs[cell.id], path) for cell in cells)]
        barred: dict[tuple[str, str], str] = {}
        proposals: list[Proposal] = []
        missing = [path for path in code if path not in compiled]
        while missing:
            drafts = [self._draft(cell, configs[cell.id], missing, barred) for cell in cells]
            best = max(drafts, key=lambda draft: len(draft.needs), default=None)
            if best is None or not best.needs:
                break
            proposed, refused = self._tried(best, f"{name}-{len(proposals) + 1}" if proposals else name)
            barred.update({(best.cell.id, path): reason for path, reason in refused.items()})
            if not refused:
                proposals.append(proposed)
                missing = [path for path in missing if path not in proposed.files]
        unreached = {path: {cell.id: barred[cell.id, path] for cell in cells} for path in missing}
        others = tuple(path for path in paths if path not in code and path not in headers)
        return Suggestion(tuple(compiled), tuple(proposals), unreached, headers, others)

    def _compiles(self, cell: Cell, values: Mapping[str, str], path: str) -> bool:
        condition = self._condition(path, cell.arch)
        return condition is not None and evaluate(condition, values, unknown=Tristate.Y) == Tristate.Y

    def _draft(
        self, cell: Cell, values: Mapping[str, str], missing: Sequence[str], barred: dict[tuple[str, str], str]
    ) -> _Draft:
        """Requests with which a cell compiles as many files as possible; notes in `barred` the others, and why."""
        asked = {option: value for fragment in cell.fragments for option, value in fragment.asked.items()}
        options = self._sources.kconfig(cell.arch)
        now, needs = values, dict[str, Mapping[str, str]]()
        for path in missing:
            if (cell.id, path) in barred:
                continue
            condition = self._condition(path, cell.arch)
            if condition is None:
                barred[cell.id, path] = _no_rule(path, cell.arch)
                continue
            alone = solve(options, condition, values, asked, self._budget)
            if alone.reason:
                barred[cell.id, path] = alone.reason
                continue
            # Add the requests of the files before it; if these contradict each other, the file waits for another round.
            together = solve(options, condition, now, {**asked, **_all(needs)}, self._budget)
            if not together.reason:
                now, needs[path] = together.values, {**alone.requests, **together.requests}
        return _Draft(cell, needs)

    def _tried(self, draft: _Draft, name: str) -> tuple[Proposal, Mapping[str, str]]:
        """A draft as kconfig answers it, and the files that it does not bring in after all, each with the reason."""
        fragment = kconfig.parse_fragment(name, draft.text)
        cell = replace(
            draft.cell,
            id=f"{draft.cell.id[: MAX_ID - len(name) - 1]}-{name}",
            fragments=(*draft.cell.fragments, fragment),
        )
        proposal = Proposal(cell, draft.cell.id, tuple(draft.needs))
        config = self._configure(cell)
        if not config:
            return proposal, dict.fromkeys(draft.needs, "kconfig fails with what it needs")
        values = kconfig.parse_config(config)
        options = self._sources.kconfig(cell.arch)
        lost = kconfig.broken_options(
            cell.fragments, config, lambda option, asked: explain(options, option, asked, values)
        )
        refused: dict[str, str] = {}
        for path, requests in draft.needs.items():
            broken = [option for option, value in requests.items() if values.get(option, "n") != value]
            if broken:
                because = explain(options, broken[0], requests[broken[0]], values)
                words = f"kconfig does not keep CONFIG_{broken[0]}={requests[broken[0]]}"
                refused[path] = f"{words}: {because}" if because else words
            elif not self._compiles(cell, values, path):
                refused[path] = f"it needs {self._condition(path, cell.arch)}, which kconfig does not grant"
        if lost and not refused:
            # The requests break the cell's own promises; those of one file less may not.
            refused[list(draft.needs)[-1]] = f"with it, {lost[0]}"
        return proposal, refused


@dataclass(frozen=True)
class _Draft:
    """Requests that a cell would have to make.

    Args:
        needs: requests by file; a request can serve several.
    """

    cell: Cell
    needs: Mapping[str, Mapping[str, str]]

    @property
    def text(self) -> str:
        """The fragment, each request below the files that it came in for."""
        groups: list[tuple[list[str], dict[str, str]]] = []
        known: dict[str, str] = {}
        for path, requests in self.needs.items():
            new = {option: value for option, value in requests.items() if option not in known}
            if new:
                groups.append(([path], new))
            else:
                # No request of its own: list the file in the group with which it shares the most.
                max(groups, key=lambda group: len(group[1].keys() & requests.keys()))[0].append(path)
            known |= new
        blocks = [
            "".join(
                [*(f"# {path}\n" for path in paths), *(f"CONFIG_{option}={value}\n" for option, value in new.items())]
            )
            for paths, new in groups
        ]
        return "\n".join(blocks)


def _all(needs: Mapping[str, Mapping[str, str]]) -> dict[str, str]:
    return {option: value for requests in needs.values() for option, value in requests.items()}


def _no_rule(path: str, arch: str) -> str:
    parts = PurePosixPath(path).parts
    if parts[0] == "arch" and parts[1] != architecture(arch).folder:
        return f"belongs to arch/{parts[1]}: a cell of that architecture is needed"
    return f"no rule found: no makefile that counts for {arch} names {PurePosixPath(path).stem}.o"
