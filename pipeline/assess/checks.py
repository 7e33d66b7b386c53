"""Results of checks on patches: rows for reports, problems for the verdict, remarks for all else."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from pipeline.assess.compiled import compiled_checks
from pipeline.checks.compiled import COMPILED
from pipeline.record import CheckFindingRecord, PatchCheckRecord, RunRecord
from pipeline.system.text import count, cut

_SEVERITIES = ("error", "warning", "remark")
_OF_BUILDS = {check.name: at for at, check in enumerate(COMPILED, 1)}


@dataclass(frozen=True)
class CheckRow:
    """One check on one patch; on all trees where they agree.

    Args:
        tree: where several trees differ, else empty.
        word: `ok`, `PROBLEM`, `not checked`, `-` where there is nothing to look at, or the number of findings by
            severity.
        of_builds: it comes with the builds, which tell its findings themselves.
    """

    patch: int
    check: str
    tree: str
    word: str
    reason: str
    findings: tuple[CheckFindingRecord, ...]
    of_builds: bool = False

    @property
    def unproven(self) -> bool:
        """Whether it could not look; one that is switched off has a reason, too."""
        return bool(self.reason) and self.word != "-"


def all_checks(record: RunRecord) -> list[PatchCheckRecord]:
    """Checks of patches, with those that come with builds."""
    of_builds = compiled_checks(record)
    return sorted([*record.checks, *of_builds], key=lambda check: _OF_BUILDS.get(check.check, 0))


def own_rows(record: RunRecord) -> list[CheckRow]:
    """The rows whose findings nothing but checks tells."""
    return [row for row in check_rows(record) if not row.of_builds]


def check_rows(record: RunRecord) -> list[CheckRow]:
    """A row for each check and patch, patches and checks in their order."""
    checks = all_checks(record)
    rows: dict[tuple[int, str], dict[tuple[str, str, tuple[CheckFindingRecord, ...]], list[str]]] = {}
    for entry in checks:
        answers = rows.setdefault((entry.patch, entry.check), {})
        answers.setdefault((entry.status, entry.reason, entry.findings), []).append(entry.tree)
    order = list(dict.fromkeys(check.check for check in checks))
    return [
        CheckRow(
            patch,
            check,
            ", ".join(trees) if len(answers) > 1 else "",
            _word(status, findings),
            reason,
            findings,
            check in _OF_BUILDS,
        )
        for (patch, check), answers in sorted(rows.items(), key=lambda item: (item[0][0], order.index(item[0][1])))
        for (status, reason, findings), trees in answers.items()
    ]


def _word(status: str, findings: Sequence[CheckFindingRecord]) -> str:
    if any(finding.problem for finding in findings):
        return "PROBLEM"
    if findings:
        return balance(findings)
    return {"checked": "ok", "not concerned": "-"}.get(status, status)


def balance(findings: Iterable[CheckFindingRecord]) -> str:
    """`1 error, 2 remarks`."""
    numbers = Counter[str](finding.severity for finding in findings)
    return ", ".join(count(numbers[severity], severity) for severity in _SEVERITIES if numbers[severity])


def finding_words(finding: CheckFindingRecord) -> str:
    """A finding as one line, its place first."""
    place = f"{finding.path}:{finding.line}: " if finding.line else f"{finding.path}: " if finding.path else ""
    tool = f"{finding.tool}: " if finding.tool else ""
    kind = f" [{finding.kind}]" if finding.kind else ""
    return f"{place}{finding.severity}: {tool}{finding.message}{kind}"


def check_problems(record: RunRecord) -> list[str]:
    """Findings that change the verdict, because configuration names their kind."""
    return [
        f"Patch {row.patch}{f' on {row.tree}' if row.tree else ''}: {cut(finding_words(finding), 300)}"
        for row in own_rows(record)
        for finding in row.findings
        if finding.problem
    ]


def check_remarks(record: RunRecord) -> list[str]:
    """How much else there is, and what was not looked at."""
    rows = check_rows(record)
    own = [row for row in rows if not row.of_builds]
    others = [finding for row in own for finding in row.findings if not finding.problem]
    patches = len({row.patch for row in own if any(not finding.problem for finding in row.findings)})
    remarks = [f"Checks of patches: {balance(others)} in {patches} of {_patches(record)}."] if others else []
    return [*remarks, *(f"Not checked: {words}." for words in unproven(rows, len(record.series.patches)))]


def unproven(rows: Sequence[CheckRow], total: int) -> list[str]:
    """Checks that could not look, each with the patches and the reason."""
    groups: dict[tuple[str, str], list[int]] = {}
    for row in rows:
        if row.unproven:
            groups.setdefault((row.reason, row.check), []).append(row.patch)
    by_reason: dict[tuple[str, tuple[int, ...]], list[str]] = {}
    for (reason, check), patches in groups.items():
        by_reason.setdefault((reason, tuple(dict.fromkeys(patches))), []).append(check)
    return [
        f"{', '.join(checks)}{'' if len(patches) == total else f' of {_numbers(patches)}'}: {reason}"
        for (reason, patches), checks in by_reason.items()
    ]


def _numbers(patches: Sequence[int]) -> str:
    return f"patch{'' if len(patches) == 1 else 'es'} {', '.join(map(str, patches))}"


def _patches(record: RunRecord) -> str:
    return count(len(record.series.patches), "patch")


def patch_findings(record: RunRecord) -> list[tuple[str, list[str]]]:
    """Findings under the patch that they come with: a title, and a line for each; errors first."""
    subjects = {patch.number: patch.subject for patch in record.series.patches}
    counts: dict[int, dict[str, int]] = {}
    for row in own_rows(record):
        for finding in row.findings:
            where = f" (on {row.tree})" if row.tree else ""
            counts.setdefault(row.patch, {})[f"{finding_words(finding)}{where}"] = _SEVERITIES.index(finding.severity)
    return [
        (f'Patch {number}, "{cut(subjects.get(number, ""), 64)}"', sorted(lines, key=lines.__getitem__))
        for number, lines in counts.items()
    ]
