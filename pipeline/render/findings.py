"""What a run says of a series: what is broken, since which patch, and the verdict."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from pipeline.kernel.diagnostics import new_ones
from pipeline.kernel.moved import Moved
from pipeline.record import CellRecord, ClaimRecord, DiagnosticRecord, RunRecord, StateRecord, TreeRecord
from pipeline.render import before_after, matrix
from pipeline.render.boots import Regression, not_understood, proving_less, regressions
from pipeline.render.coverage import covered_files, measured_cells, not_covered
from pipeline.render.page import cut, neutral
from pipeline.render.series import suspicion_remark
from pipeline.system.errors import ExitStatus

COMPILERS = ("gcc", "clang", "cc", "rustc", "as")
"""Tools whose words need no name."""


@dataclass(frozen=True)
class Verdict:
    """What a maintainer reads first.

    Args:
        ok: the series was built, and no problem was found.
        headline: one short sentence.
        problems: one sentence each; a run with none can still prove nothing.
        covered: whether any cell compiles code that the series changes (true for a series that changes none).
    """

    ok: bool
    headline: str
    problems: tuple[str, ...]
    covered: bool = True

    @property
    def word(self) -> str:
        if self.ok or self.problems:
            return "OK" if self.ok else "PROBLEM"
        return "NO VERDICT" if self.covered else "NOT COVERED"


@dataclass(frozen=True)
class Finding:
    """Failed builds, or new warnings, that say the same.

    Args:
        blame: the patch that it came with, or what is known of it.
        cells: every cell that shows it.
        diagnostics: the compiler's words.
        log: of the first cell, a file name within the run's folder.
    """

    blame: str
    cells: tuple[str, ...]
    diagnostics: tuple[DiagnosticRecord, ...]
    log: str = ""


def count(number: int, noun: str) -> str:
    plural = "es" if noun.endswith("ch") else "s"
    return f"{number} {noun}{'' if number == 1 else plural}"


def label(record: RunRecord, cell: CellRecord) -> str:
    """A cell's id, with its tree where the run has several."""
    several = len({other.tree for other in record.cells}) > 1
    return f"{cell.id} on {cell.tree}" if several and cell.tree not in cell.id else cell.id


def result(record: RunRecord, cell: CellRecord) -> str:
    """A word for a cell; `builds` takes every state up to the last patch."""
    total = len(record.series.patches)
    if cell.status in ("unreachable", "duplicate", "missing"):
        return f"as {cell.same_as}" if cell.status == "duplicate" else cell.status
    if first_failing(cell) or (cell.status == "failed" and not base_fails(cell)):
        return "FAILS"
    if any(state.status == "failed" for state in cell.states):
        return "base FAILS"
    return "builds" if total and cell.states and cell.states[-1].patch == total else "incomplete"


def location(found: DiagnosticRecord) -> str:
    """A diagnostic as compilers print it, with the tool where it is another; the linker's and make's have no line."""
    named = found.tool in ("", *COMPILERS, found.path) or found.message.startswith(f"{found.tool}: ")
    words = found.message if named else f"{found.tool}: {found.message}"
    return f"{found.path}:{found.line}: {words}" if found.line else f"{found.path}: {words}"


def base_fails(cell: CellRecord) -> bool:
    return any(state.patch == 0 and state.status == "failed" for state in cell.states)


def first_failing(cell: CellRecord) -> StateRecord | None:
    """The first state that failed where the one before was built: after a failing base, a failure proves nothing."""
    before: StateRecord | None = None
    for state in cell.states:
        if state.status == "failed" and state.patch > 0 and (before is None or before.status == "built"):
            return state
        before = state
    return None


def failures(record: RunRecord) -> list[Finding]:
    """What the series breaks; a cell counts once, at the first state that fails."""
    groups: dict[tuple[str, tuple[DiagnosticRecord, ...]], list[tuple[str, str]]] = {}
    for cell in record.cells:
        if state := first_failing(cell):
            group = groups.setdefault((_blame(record, cell, state, state.errors), state.errors), [])
            group.append((label(record, cell), state.log))
        elif result(record, cell) == "FAILS":
            reason = cell.reason or "the run does not say at which patch"
            groups.setdefault((reason, ()), []).append((label(record, cell), ""))
    return [
        Finding(blame, tuple(cell for cell, _ in hits), diagnostics, hits[0][1])
        for (blame, diagnostics), hits in groups.items()
    ]


def warnings(record: RunRecord) -> list[Finding]:
    """Warnings that the base does not have, each at the first state that has it; alike ones of cells are one."""
    hits: dict[tuple[str, str, str, str, int], list[tuple[str, str, DiagnosticRecord]]] = {}
    for cell in record.cells:
        for state, fresh in _new_warnings(cell):
            alike: Counter[tuple[str, str, str]] = Counter()
            for warning in fresh:
                identity = (warning.path, warning.message, warning.function)
                alike[identity] += 1
                key = (_blame(record, cell, state, [warning]), *identity, alike[identity])
                hits.setdefault(key, []).append((label(record, cell), state.log, warning))
    groups: dict[tuple[str, tuple[str, ...], str], list[DiagnosticRecord]] = {}
    for (blame, *_), found in hits.items():
        cells, first = tuple(name for name, _, _ in found), found[0]
        groups.setdefault((blame, cells, first[1]), []).append(first[2])
    return [Finding(blame, cells, tuple(found), log) for (blame, cells, log), found in groups.items()]


def boot_failures(record: RunRecord) -> list[tuple[Finding, str]]:
    """Boots that are worse than the base's, each with what is worse; alike ones of several cells are one finding."""
    groups: dict[tuple[str, str], list[Regression]] = {}
    for cell in record.cells:
        for one in regressions(cell):
            state = next(state for state in cell.states if state.patch == one.boot.patch)
            key = (_blame(record, cell, state, []), f"{one.boot.scenario}: {one.what}")
            groups.setdefault(key, []).append(one)
    return [
        (
            Finding(
                blame,
                tuple(label(record, one.cell) for one in found),
                tuple(
                    DiagnosticRecord(path=found[0].boot.scenario, line=0, message=line) for line in found[0].evidence
                ),
                found[0].boot.console,
            ),
            what,
        )
        for (blame, what), found in groups.items()
    ]


def _new_warnings(cell: CellRecord) -> Iterable[tuple[StateRecord, tuple[DiagnosticRecord, ...]]]:
    """What each state warns of and none before it; nothing where the base fails: there is nothing to compare with."""
    known: list[DiagnosticRecord] = []
    for state in cell.states if not base_fails(cell) else ():
        if state.patch > 0:
            # A file that is renamed within the series is known by its name on the base.
            fresh = new_ones(state.new_warnings, known, Moved({old: new for new, old in state.renames.items()}))
            yield state, fresh
            known += [
                warning.model_copy(update={"path": state.renames.get(warning.path, warning.path)}) for warning in fresh
            ]


def _blame(record: RunRecord, cell: CellRecord, state: StateRecord, found: Sequence[DiagnosticRecord]) -> str:
    """The patch that a finding came with; without its predecessor's build, what the file it names says of that."""
    total = len(record.series.patches)
    if state.patch - 1 in {other.patch for other in cell.states}:
        return f'patch {state.patch}, "{cut(state.subject, 64)}"'
    applied = f"{'all' if state.patch == total else 'the first'} {count(state.patch, 'patch')} applied"
    touching = [patch.number for patch in record.series.patches if found and found[0].path in patch.files]
    if len(touching) == 1:
        return f"{applied}; patch {touching[0]} alone touches {cut(found[0].path, 60)}"
    return f"{applied} (run with --per-patch to find the first)"


def verdict(record: RunRecord) -> Verdict:
    """Whether the series is fit for the trees and cells of the run, and what is wrong with it."""
    record = neutral(record)
    kinds = {
        "does not apply everywhere": [_not_applied(tree) for tree in record.trees if tree.applied == "failed"],
        "breaks the build": [f"Build fails with {item.blame}, {_where(record, item)}" for item in failures(record)],
        "adds warnings": [
            f"{count(len(item.diagnostics), 'new warning')} with {item.blame}, {_where(record, item)}"
            for item in warnings(record)
        ],
        "breaks a promise of the matrix": [
            f"Promise broken with {item.blame}, {_where(record, item)}: {cut(item.what, 300)}"
            for item in before_after.lost_promises(record, _labelled(record))
        ],
        "fails when booted": [
            f"Boot gets worse with {item.blame}, {_where(record, item)}: {what}" for item, what in boot_failures(record)
        ],
        "is not what it looks like": [
            f"Patch {one.patch} deceives the eye at {cut(one.path, 60)}:{one.line}: {one.what}"
            for one in record.series.suspicions
            if one.deceptive and not one.prerequisite
        ],
        "misses what its letter claims": [
            f'Claim refuted: "{cut(claim.text, 60)}" ({_refutation(claim)})'
            for claim in record.claims
            if claim.verdict == "refuted"
        ],
    }
    problems = tuple(problem for found in kinds.values() for problem in found)
    building = sum(result(record, cell) == "builds" for cell in record.cells)
    headline = _headline(record, [kind for kind, found in kinds.items() if found], building)
    covered = not (_took(record) and building and not_covered(record))
    whole = building > 0 and not any(cell.status == "missing" for cell in record.cells)
    understood = not not_understood(_labelled(record))
    return Verdict(_took(record) and whole and understood and not problems and covered, headline, problems, covered)


def remarks(record: RunRecord) -> list[str]:
    """What is not a problem of the series, but must be said."""
    labelled = _labelled(record)
    results = [(label(record, cell), result(record, cell), cell) for cell in record.cells]
    doubtful = {word: sum(one.verdict == word for one in record.claims) for word in ("not confirmed", "not measured")}
    return [
        *(f"Already merged: {tree.name}." for tree in record.trees if tree.applied == "already-merged"),
        *changed_facts(record),
        *(_base_failure(name, cell) for name, word, cell in results if word == "base FAILS"),
        *(f"Not built up to the last patch: {name}." for name, word, _ in results if word == "incomplete"),
        *matrix.missing(labelled),
        *matrix.surprises(labelled),
        *matrix.unreachable(labelled),
        *matrix.duplicates(labelled),
        *not_understood(labelled),
        *proving_less(labelled),
        *_coverage_remarks(record),
        *(f"{word.capitalize()}: {count(number, 'claim')}." for word, number in doubtful.items() if number),
        *(suspicion_remark(one) for one in record.series.suspicions if one.prerequisite or not one.deceptive),
        *(["Built without a sandbox."] if record.sandbox.startswith("none") else []),
    ]


def changed_facts(record: RunRecord) -> list[str]:
    """What stands on top of a report and in a reply: structs of another size, and functions that became stubs."""
    cells = _labelled(record)
    return [*before_after.resized_sentences(record, cells), *before_after.emptied_sentences(cells)]


def _labelled(record: RunRecord) -> list[tuple[str, CellRecord]]:
    return [(label(record, cell), cell) for cell in record.cells]


def _refutation(claim: ClaimRecord) -> str:
    if claim.measured is None:
        return claim.finding
    return f"claimed {claim.claimed}, measured {claim.measured}" + (f"; {claim.finding}" if claim.finding else "")


def _coverage_remarks(record: RunRecord) -> Iterable[str]:
    """What the green cells do not speak of; nothing where no cell was asked, as in runs of older versions."""
    measured = measured_cells(record)
    files = covered_files(record)
    if left_out := dict.fromkeys(one.path for one in files if not one.cells):
        yield f"Not covered, no cell compiles it: {', '.join(left_out)}."
    if dropped := dict.fromkeys(one.path for one in files if one.cells and not one.covered):
        yield f"Not covered, the preprocessor drops every changed line: {', '.join(dropped)}."
    if measured and not files:
        yield "The series changes no code that could be compiled."
    unmeasured = [cell for cell in record.cells if result(record, cell) == "builds" and cell.coverage is None]
    if measured and unmeasured:
        yield f"Coverage not measured: {', '.join(label(record, cell) for cell in unmeasured)}."


def exit_status(record: RunRecord) -> ExitStatus:
    """What the run exits with."""
    if not _took(record):
        return ExitStatus.NOT_OBTAINED
    return ExitStatus.CLEAN if verdict(record).ok else ExitStatus.SERIES_HAS_A_PROBLEM


def _took(record: RunRecord) -> bool:
    return any(tree.applied in ("clean", "three-way") for tree in record.trees)


def _headline(record: RunRecord, kinds: Sequence[str], building: int) -> str:
    merged = bool(record.trees) and all(tree.applied == "already-merged" for tree in record.trees)
    if not _took(record):
        return "Already merged in every tree; nothing was built." if merged else "No tree took the series."
    nothing = "no cell was built with all patches"
    grown = f"; {words}" if (words := before_after.grown(record)) else ""
    if kinds:
        listed = " and ".join(part for part in (", ".join(kinds[:-1]), kinds[-1]) if part)
        return f"The series {listed}{'' if building else f'; {nothing}'}{grown}."
    lacking = sum(cell.status == "missing" for cell in record.cells)
    if building and lacking:
        return f"No result of {count(lacking, 'cell')}; no problem found in {building} of the others."
    if not building:
        return f"Nothing proven: {nothing}."
    if not_covered(record):
        return "Nothing proven: no cell compiles what the series changes."
    built = f"{building} of {count(len(matrix.counted(record.cells)), 'cell')}"
    ran = sum(boot.conclusive for cell in record.cells for boot in cell.boots)
    booted = f", {count(ran, 'boot')}" if ran else ""
    if unclear := not_understood(_labelled(record)):
        return f"No problem found, but {count(len(unclear), 'check')} of ours did not understand a kernel{grown}."
    return f"No problem found: {count(len(record.series.patches), 'patch')}, {built} built{booted}{grown}."


def _base_failure(name: str, cell: CellRecord) -> str:
    errors = [location(found) for state in cell.states if state.patch == 0 for found in state.errors]
    words = "".join(f" ({cut(error, 100)})" for error in errors[:1])
    return f"Base does not build: {name}{words}; that is the tree, not the series."


def _not_applied(tree: TreeRecord) -> str:
    where = "".join(f", first at {hunk.path}:{hunk.line}" for hunk in tree.failed_hunks[:1])
    what = "The series" if tree.failed_patch is None else f"Patch {tree.failed_patch}"
    return f"{what} does not apply to {tree.name}{where}"


def _where(record: RunRecord, finding: Finding | before_after.Change) -> str:
    tried = sum(cell.status not in ("unreachable", "duplicate", "missing") for cell in record.cells)
    return f"in {len(finding.cells)} of {count(tried, 'cell')}: {', '.join(finding.cells)}"
