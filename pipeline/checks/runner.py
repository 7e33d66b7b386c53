"""Runs every check on every patch of a series; an answer that is known is looked up."""

from __future__ import annotations

import hashlib
import tempfile
import time
from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from fnmatch import fnmatchcase
from functools import partial
from pathlib import Path
from typing import Any

from pipeline.checks.bench import Bench, Commits, TreeState, touched_blobs
from pipeline.checks.compiled import switched_off
from pipeline.checks.configuration import Configuration, addresses
from pipeline.checks.obstacle import program_place, without_script, without_tools
from pipeline.checks.protocol import CheckedPatch, Options, Outcome, PatchCheck
from pipeline.checks.registry import CHECKS, configured
from pipeline.kernel.buildhost import BuildHost
from pipeline.kernel.history import History
from pipeline.model import Applied, CheckFinding, CheckResult, CheckStatus, Series, Severity, SourceState, Tree
from pipeline.system import untrusted_dir
from pipeline.system.command import CutShortError
from pipeline.system.errors import KilledError
from pipeline.system.parallel import parallel
from pipeline.system.policy import POLICY_VERSION
from pipeline.system.store import Key, Store
from pipeline.system.text import count, cut
from pipeline.system.watch import LimitError

MOST_FINDINGS = 200
"""Of one check on one patch, that are kept."""
LONGEST_MESSAGE = 500
ANSWERS = 3
"""Raised whenever more is stored of an answer."""


@dataclass(frozen=True)
class _Task:
    """A check on a patch, ready to be run."""

    check: PatchCheck
    patch: CheckedPatch
    before: TreeState
    after: TreeState
    key: Key | None


class Checker:
    """Runs checks on the patches of a series.

    Args:
        host: its store, sandbox, processes and number of jobs.
        checks: in the order of reports.
    """

    def __init__(self, host: BuildHost, checks: Sequence[PatchCheck], configuration: Configuration) -> None:
        self._host = host
        self._checks = checks
        self._configuration = configuration

    def check(self, series: Series, applied: Applied, history: Commits) -> tuple[CheckResult, ...]:
        """Run every check on every patch, as it was applied to a tree.

        Args:
            history: of the tree as named.

        Raises:
            InfrastructureError: the machine failed.
        """
        place = Path(tempfile.mkdtemp(prefix="check-", dir=self._host.workspace.folder))
        try:
            return self._check(series, applied, history, place)
        finally:
            with suppress(OSError):
                untrusted_dir.remove(place)

    def _check(self, series: Series, applied: Applied, history: Commits, place: Path) -> tuple[CheckResult, ...]:
        host, repository = self._host, self._host.repository
        base = applied.states[0]
        needs = [check.needs for check in self._checks]
        bench = Bench(place, host.workspace, repository, host.sandbox, host.processes, history, base, needs)
        sent_to = addresses(series)
        options = {
            (patch.number, check.name): self._configuration.options(check.name, sent_to, patch.files)
            for patch in series.patches
            for check in self._checks
        }
        results: dict[tuple[int, str], CheckResult] = {}
        tasks: dict[tuple[int, str], _Task] = {}
        pairs = {
            after.patch: (before, after) for before, after in zip(applied.states, applied.states[1:], strict=False)
        }
        for patch in series.patches:
            blobs = (dict[str, str](), dict[str, str]())
            if pair := pairs.get(patch.number):
                blobs = touched_blobs(repository, pair[0].commit, pair[1].commit)
            for check in self._checks:
                at = (patch.number, check.name)
                checked = CheckedPatch(patch, series, options[at])
                left_out = self._left_out(check, checked, pair, bench)
                if left_out is not None:
                    results[at] = left_out
                    continue
                assert pair is not None
                before, after = (
                    TreeState(bench, check.needs, state.commit, state_blobs)
                    for state, state_blobs in zip(pair, blobs, strict=True)
                )
                tasks[at] = _Task(check, checked, before, after, self._key(check, checked, pair[1], before, after))
        results |= self._looked_up_or_run(tasks)
        ordered = [(patch.number, check.name) for patch in series.patches for check in self._checks]
        looked = {at for at, result in results.items() if result.status is CheckStatus.CHECKED}
        return tuple(_configured(results[at], options[at], looked) for at in ordered)

    def _left_out(
        self, check: PatchCheck, patch: CheckedPatch, pair: tuple[SourceState, SourceState] | None, bench: Bench
    ) -> CheckResult | None:
        """The answer of a check that cannot look, has nothing to look at or is switched off; None of one to be run."""
        # What nobody wants is no gap: `pipeline checks` lists it.
        if patch.options.reason or not check.concerns(patch):
            return CheckResult(check.name, patch.number, CheckStatus.NOT_CONCERNED, patch.options.reason)
        if pair is None:
            reason = "the patch was not applied"
        else:
            reason = without_tools(check.needs)
            reason = reason or without_script(check.needs, bench.scripts(check.needs) is not None)
            if not reason:
                return None
        return CheckResult(check.name, patch.number, CheckStatus.NOT_CHECKED, reason)

    def _key(
        self, check: PatchCheck, patch: CheckedPatch, state: SourceState, before: TreeState, after: TreeState
    ) -> Key | None:
        """The store key of an answer; None where making it again is cheaper than looking it up."""
        if not check.needs.programs:
            return None
        scripts = before.bench.scripts(check.needs)
        assert scripts is not None
        read = [patch.patch.author, patch.patch.subject, patch.assembled.body, *patch.letter.to, *patch.letter.cc]
        inputs: dict[str, Any] = {
            "check": [check.name, check.version],
            "scripts": dict(scripts.blobs),
            "tools": [_identity(tool.program) for tool in check.needs.tools],
            "options": dict(patch.options.values),
            "patch": hashlib.sha256("\0".join(read).encode("utf-8", "surrogateescape")).hexdigest(),
            "before": dict(before.blobs),
            "after": dict(after.blobs),
            "sandbox": self._host.sandbox.name,
            "policy": POLICY_VERSION,
            "answers": ANSWERS,
        }
        return Key("check", inputs | ({"tree": state.tree_id} if check.needs.whole_tree else {}))

    def _looked_up_or_run(self, tasks: Mapping[tuple[int, str], _Task]) -> dict[tuple[int, str], CheckResult]:
        store, results = self._host.store, dict[tuple[int, str], CheckResult]()
        left: dict[tuple[int, str], _Task] = {}
        for at, task in tasks.items():
            known = _stored(store, task)
            if known is None:
                left[at] = task
            else:
                results[at] = known
        if left:
            self._build(left.values())
            work = {at: partial(self._run, task) for at, task in left.items()}
            results |= parallel(work, max(1, self._host.jobs), self._host.processes)
        return results

    def _build(self, tasks: Iterable[_Task]) -> None:
        """Makes the programs that the tasks' checks need, once, before several of them want the same."""
        wanted = {task.check.name: partial(task.after.bench.build, task.check.needs) for task in tasks}
        work = {name: build for name, build in wanted.items() if build.args[0].build}
        parallel(work, max(1, self._host.jobs), self._host.processes)

    def _run(self, task: _Task) -> CheckResult:
        started = time.monotonic()
        try:
            outcome = task.check.run(task.patch, task.before, task.after)
        except (CutShortError, KilledError, LimitError) as error:
            # It may be the machine's fault or the patch's: nothing is proven, and nothing is stored.
            outcome = Outcome(not_checked=cut(error.message, 200))
        seconds = round(time.monotonic() - started, 3)
        value = {
            "findings": [_value(finding) for finding in outcome.findings if finding.new],
            "known": sum(not finding.new for finding in outcome.findings),
            "seconds": seconds,
            "read": [*outcome.read],
            "concerned": outcome.concerned,
        }
        if task.key is not None and not outcome.not_checked:
            self._host.store.put(task.key, value, {})
        return _result(task, value, outcome.not_checked)


def _stored(store: Store, task: _Task) -> CheckResult | None:
    entry = store.get(task.key) if task.key else None
    if entry is None or task.key is None:
        return None
    try:
        return replace(_result(task, entry.value), cached=True)
    except (TypeError, KeyError, ValueError) as error:
        store.drop(task.key, f"its value cannot be read ({error})")
        return None


def _result(task: _Task, value: Mapping[str, Any], not_checked: str = "") -> CheckResult:
    number = task.patch.number
    findings = [
        CheckFinding(**{**finding, "severity": Severity(finding["severity"]), "patch": number})
        for finding in value["findings"]
    ]
    looked = CheckStatus.CHECKED if value["concerned"] else CheckStatus.NOT_CONCERNED
    status = CheckStatus.NOT_CHECKED if not_checked else looked
    return CheckResult(
        check=task.check.name,
        patch=number,
        status=status,
        reason=not_checked,
        findings=tuple(findings),
        known=int(value["known"]),
        seconds=float(value["seconds"]),
        read=tuple(value["read"]),
    )


def _value(finding: CheckFinding) -> dict[str, Any]:
    value = asdict(replace(finding, message=cut(" ".join(finding.message.split()), LONGEST_MESSAGE)))
    del value["patch"], value["problem"], value["new"]
    return value


def _configured(result: CheckResult, options: Options, looked: Collection[tuple[int, str]]) -> CheckResult:
    """The findings that configuration leaves, those marked that change the verdict.

    Args:
        looked: patches and checks that looked at them.
    """
    ignored = options.ignored.union(kind for kind, other in options.left_to.items() if (result.patch, other) in looked)
    kept = [
        replace(finding, problem=_any(finding.kind, options.problems))
        for finding in result.findings
        if not _any(finding.kind, ignored)
    ]
    more = len(kept) - MOST_FINDINGS
    if more > 0:
        words = f"and {more} more, which are not kept"
        kept = [*kept[:MOST_FINDINGS], CheckFinding(Severity.REMARK, words, patch=result.patch, tool=result.check)]
    return replace(result, findings=tuple(kept))


def _any(kind: str, patterns: Iterable[str]) -> bool:
    return any(fnmatchcase(kind, pattern) for pattern in patterns)


def _identity(program: str) -> list[str | int]:
    """Facts that tell one version of a program from another, without running it."""
    place = Path(program_place(program) or program).resolve()
    about = place.stat()
    return [program, about.st_size, about.st_mtime_ns]


def check_patches(host: BuildHost, series: Series, applied: Applied, named: Tree) -> tuple[CheckResult, ...]:
    """The stage `check` of a run: every check on every patch; of those that come with builds, which are switched off.

    Args:
        named: the tree before anything that the series asked for, whose history is asked.

    Raises:
        UsageError: `checks.toml` is wrong.
        InfrastructureError: the machine failed.
    """
    configuration = configured()
    history = History(host.workspace, host.repository, named)
    results = Checker(host, CHECKS, configuration).check(series, applied, history)
    findings = sum(len(result.findings) for result in results)
    ran = sum(result.status is CheckStatus.CHECKED for result in results)
    host.console.say(
        f"Checking {count(len(series.patches), 'patch')}: {count(ran, 'check')}, {count(findings, 'finding')}"
    )
    return (*results, *switched_off(series, configuration))
