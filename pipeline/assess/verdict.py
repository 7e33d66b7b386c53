"""The verdict on a series: one word, one sentence, its problems; remarks beside them; the exit status."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from pipeline.assess import before_after, matrix
from pipeline.assess.baseline import first_error, problems_by_kind
from pipeline.assess.boots import not_understood, proving_less
from pipeline.assess.checks import check_problems, check_remarks
from pipeline.assess.coverage import covered_files, measured_cells, not_covered
from pipeline.assess.findings import Finding, boot_failures, failures, warnings
from pipeline.assess.others import other_files, touches_code, unread
from pipeline.assess.stages import compiled_words, touched
from pipeline.assess.words import label, labelled, result
from pipeline.record import CellRecord, ClaimRecord, RunRecord, SuspicionRecord, TreeRecord, line_ranges
from pipeline.record.neutral import neutral
from pipeline.system.errors import ExitStatus
from pipeline.system.text import count, cut

CLAIMS_NAMED = 3
OTHERS_NAMED = 5


@dataclass(frozen=True)
class Verdict:
    """The verdict, as the first lines of a report give it.

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


def verdict(record: RunRecord) -> Verdict:
    """Whether the series is fit for the trees and cells of the run, and what is wrong with it."""
    record = neutral(record)
    if record.is_baseline:
        return _of_baseline(record)
    kinds = {
        "does not apply everywhere": [_not_applied(tree) for tree in record.trees if tree.applied == "failed"],
        "breaks the build": [f"Build fails with {item.blame}, {_where(record, item)}" for item in failures(record)],
        "adds warnings": [
            f"{count(len(item.diagnostics), 'new warning')} with {item.blame}, {_where(record, item)}"
            for item in warnings(record)
        ],
        "breaks a promise of the matrix": [
            f"Promise broken with {item.blame}, {_where(record, item)}: {cut(item.what, 300)}"
            for item in before_after.lost_promises(record, labelled(record))
        ],
        "fails when booted": [
            f"Boot gets worse with {item.blame}, {_where(record, item)}: {what}" for item, what in boot_failures(record)
        ],
        "fails checks of its patches": check_problems(record),
        "is not what it looks like": [
            f"Patch {suspicion.patch} deceives the eye at {cut(suspicion.path, 60)}:{suspicion.line}: {suspicion.what}"
            for suspicion in record.series.suspicions
            if suspicion.deceptive and not suspicion.prerequisite
        ],
        "misses what its letter claims": [
            f'Claim refuted: "{cut(claim.text, 60)}" ({_refutation(claim)})'
            for claim in record.claims
            if claim.verdict == "refuted"
        ],
    }
    problems = tuple(problem for of_kind in kinds.values() for problem in of_kind)
    building = sum(result(record, cell) == "builds" for cell in record.cells)
    headline = _headline(record, [kind for kind, of_kind in kinds.items() if of_kind], building)
    covered = not (_was_applied(record) and building and not_covered(record))
    whole = _looked_at(record, building) and not any(cell.status == "missing" for cell in record.cells)
    understood = not not_understood(labelled(record))
    return Verdict(
        _was_applied(record) and whole and understood and not problems and covered, headline, problems, covered
    )


def _looked_at(record: RunRecord, building: int) -> bool:
    """Whether anything was read of what the series changes: by a compiler, or where it has no code by anything else."""
    if touches_code(record):
        # A series that only removes code leaves the stage of objects nothing to compile.
        return any(
            result(record, cell) == "builds" and (cell.stage == "kernels" or any(file.compiled for file in cell.files))
            for cell in record.cells
        )
    files = other_files(record)
    return any(files.values()) if files else building > 0


def _of_baseline(record: RunRecord) -> Verdict:
    """Whether trees are fit as they are: what is no problem of a series is what a baseline looks for."""
    cells = labelled(record)
    kinds = problems_by_kind(record, cells)
    problems = tuple(problem for of_kind in kinds.values() for problem in of_kind)
    building = sum(result(record, cell) == "builds" for cell in record.cells)
    whole = building > 0 and not any(cell.status == "missing" for cell in record.cells)
    unclear = not_understood(cells)
    if problems:
        headline = f"Without a series, kernels {' and '.join(kind for kind, of_kind in kinds.items() if of_kind)}."
    else:
        headline = _without_problems(record, building, "baseline without a series", "")
    return Verdict(whole and not unclear and not problems, headline, problems)


def remarks(record: RunRecord) -> list[str]:
    """Sentences that a report must have beside the problems of the series."""
    cells = labelled(record)
    results = [(label(record, cell), result(record, cell), cell) for cell in record.cells]
    return [
        *(f"Already merged: {tree.name}." for tree in record.trees if tree.applied == "already-merged"),
        *changed_facts(record),
        *(_base_failure(name, cell) for name, word, cell in results if word == "base FAILS" and not record.is_baseline),
        *(f"Not built up to the last patch: {name}." for name, word, _ in results if word == "incomplete"),
        *matrix.missing(cells),
        *matrix.surprises(cells),
        *matrix.unreachable(cells),
        *matrix.duplicates(cells),
        *not_understood(cells),
        *proving_less(cells, baseline=record.is_baseline),
        *(_coverage_remarks(record) if not record.is_baseline else ()),
        *_doubtful_claims(record),
        *check_remarks(record),
        *(
            _suspicion_remark(suspicion)
            for suspicion in record.series.suspicions
            if suspicion.prerequisite or not suspicion.deceptive
        ),
        *(["Built without a sandbox."] if record.sandbox.startswith("none") else []),
    ]


def changed_facts(record: RunRecord) -> list[str]:
    """Changes for the top of a report and for a reply: structs of another size, and functions that became stubs."""
    cells = labelled(record)
    return [*before_after.resized_sentences(record, cells), *before_after.emptied_sentences(cells)]


def exit_status(record: RunRecord) -> ExitStatus:
    """The exit status of the run."""
    if not _was_applied(record):
        return ExitStatus.NOT_OBTAINED
    return ExitStatus.CLEAN if verdict(record).ok else ExitStatus.SERIES_HAS_A_PROBLEM


def _refutation(claim: ClaimRecord) -> str:
    if claim.measured is None:
        return claim.finding
    return f"claimed {claim.claimed}, measured {claim.measured}" + (f"; {claim.finding}" if claim.finding else "")


def _doubtful_claims(record: RunRecord) -> Iterable[str]:
    """Claims of which nothing is proven, the first by their words."""
    for word in ("not confirmed", "not measured"):
        claims = [claim for claim in record.claims if claim.verdict == word]
        texts = Counter(claim.text for claim in claims)
        named = dict.fromkeys(_claim_name(claim, texts[claim.text] > 1) for claim in claims[:CLAIMS_NAMED])
        hidden = len(claims) - CLAIMS_NAMED
        more = f" and {count(hidden, 'claim')} more" if hidden > 0 else ""
        if named:
            yield f"{word.capitalize()}: {', '.join(named)}{more}."


def _claim_name(claim: ClaimRecord, several: bool) -> str:
    """A claim in a few of its own words; where `several` have the same ones, the patches that it is about."""
    plural = "es" if len(claim.patches) > 1 else ""
    patches = f" (patch{plural} {line_ranges(claim.patches).replace(',', ', ')})" if several and claim.patches else ""
    return f'"{cut(claim.text, 40)}"{patches}'


def _coverage_remarks(record: RunRecord) -> Iterable[str]:
    """Sentences on what the green cells do not cover; none where no cell was asked, as in runs of older versions."""
    measured = measured_cells(record)
    files = covered_files(record)
    reasons = touched(record)
    if left_out := dict.fromkeys(
        file.path + (f" ({cut(reason, 200)})" if (reason := reasons.get((file.tree, file.path))) else "")
        for file in files
        if not file.cells
    ):
        yield f"Not covered, no cell compiles it: {', '.join(left_out)}."
    nothing_kept = [file for file in files if file.cells and not file.covered]
    if dropped := dict.fromkeys(file.path for file in nothing_kept if not file.broken):
        yield f"Not covered, the preprocessor drops every changed line: {', '.join(dropped)}."
    if broken := dict.fromkeys(file.path for file in nothing_kept if file.broken):
        yield f"Not covered, it compiles only where every changed line is dropped: {', '.join(broken)}."
    if measured and not files and not compiled_words(record):
        yield "The series changes no code that could be compiled."
    if left := unread(record):
        more = f" and {count(len(left) - OTHERS_NAMED, 'file')} more" if len(left) > OTHERS_NAMED else ""
        yield f"Nothing here reads: {', '.join(cut(path, 100) for path in left[:OTHERS_NAMED])}{more}."
    unmeasured = [cell for cell in record.cells if result(record, cell) == "builds" and cell.coverage is None]
    if measured and unmeasured:
        yield f"Coverage not measured: {', '.join(label(record, cell) for cell in unmeasured)}."


def _was_applied(record: RunRecord) -> bool:
    return any(tree.applied in ("clean", "three-way") for tree in record.trees)


def _headline(record: RunRecord, kinds: Sequence[str], building: int) -> str:
    merged = bool(record.trees) and all(tree.applied == "already-merged" for tree in record.trees)
    if not _was_applied(record):
        return "Already merged in every tree; nothing was built." if merged else "No tree took the series."
    nothing = "no cell was built with all patches"
    grown = f"; {words}" if (words := before_after.grown(record)) else ""
    if kinds:
        listed = " and ".join(part for part in (", ".join(kinds[:-1]), kinds[-1]) if part)
        return f"The series {listed}{'' if building else f'; {nothing}'}{grown}."
    if building and not_covered(record) and not any(cell.status == "missing" for cell in record.cells):
        return "Nothing proven: no cell compiles what the series changes."
    return _without_problems(record, building, count(len(record.series.patches), "patch"), grown)


def _without_problems(record: RunRecord, building: int, about: str, grown: str) -> str:
    """The headline of a run that found no problem.

    Args:
        building: cells that build.
        about: what was built, in a few words.
        grown: what struct grows, in words.
    """
    lacking = sum(cell.status == "missing" for cell in record.cells)
    if building and lacking:
        return f"No result of {count(lacking, 'cell')}; no problem found in {building} of the others."
    others = {} if record.is_baseline or touches_code(record) else other_files(record)
    read = sum(map(bool, others.values()))
    if others and not read:
        return f"Nothing proven: nothing here reads {_some_of(others)}."
    if building and not record.is_baseline and not _looked_at(record, building):
        return "Nothing proven: the series takes code away and no more, and no kernel was built without it."
    if not building and not others:
        return f"Nothing proven: no cell was built{'' if record.is_baseline else ' with all patches'}."
    kernels = [cell for cell in matrix.counted(record.cells) if cell.stage == "kernels"]
    building -= sum(cell.stage == "objects" and result(record, cell) == "builds" for cell in record.cells)
    words = compiled_words(record) or (f"{read} of {count(len(others), 'file')} read, none of code" if others else "")
    parts = [about, words, f"{building} of {count(len(kernels), 'cell')} built" if kernels else ""]
    ran = sum(boot.conclusive for cell in record.cells for boot in cell.boots)
    booted = f", {count(ran, 'boot')}" if ran else ""
    if unclear := not_understood(labelled(record)):
        return f"No problem found, but {count(len(unclear), 'check')} of ours did not understand a kernel{grown}."
    return f"No problem found: {', '.join(filter(None, parts))}{booted}{grown}."


def _some_of(paths: Iterable[str]) -> str:
    """The first path, and how many more there are."""
    first, *rest = paths
    return cut(first, 100) + (f" and {count(len(rest), 'other file')}" if rest else "")


def _base_failure(name: str, cell: CellRecord) -> str:
    return f"Base does not build: {name}{first_error(cell)}; that is the tree, not the series."


def _where(record: RunRecord, finding: Finding | before_after.Change) -> str:
    tried = sum(cell.status not in ("unreachable", "duplicate", "missing") for cell in record.cells)
    return f"in {len(finding.cells)} of {count(tried, 'cell')}: {', '.join(finding.cells)}"


def _suspicion_remark(suspicion: SuspicionRecord) -> str:
    """A sentence on a place in a patch that needs a look, and is none of the series' problems."""
    whose = f"Prerequisite {suspicion.prerequisite!r}, patch" if suspicion.prerequisite else "Patch"
    return f"{whose} {suspicion.patch}, {suspicion.path}: {suspicion.what}."


def _not_applied(tree: TreeRecord) -> str:
    where = "".join(f", first at {hunk.path}:{hunk.line}" for hunk in tree.failed_hunks[:1])
    what = "The series" if tree.failed_patch is None else f"Patch {tree.failed_patch}"
    return f"{what} does not apply to {tree.name}{where}"
