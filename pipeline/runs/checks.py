"""Makes the records of checks on patches from their results; pure."""

from __future__ import annotations

from collections.abc import Sequence

from pipeline import record
from pipeline.runs.results import TreeResult


def check_records(results: Sequence[TreeResult]) -> tuple[record.PatchCheckRecord, ...]:
    """Collect what checks say of the patches, on each tree."""
    return tuple(
        record.PatchCheckRecord(
            tree=result.applied.tree.name,
            patch=check.patch,
            check=check.check,
            status=check.status.value,
            reason=check.reason,
            findings=tuple(
                record.CheckFindingRecord(
                    severity=finding.severity.value,
                    message=finding.message,
                    path=finding.path,
                    line=finding.line,
                    tool=finding.tool,
                    kind=finding.kind,
                    problem=finding.problem,
                )
                for finding in check.findings
            ),
            known=check.known,
            read=check.read,
            seconds=check.seconds,
            cached=check.cached,
        )
        for result in results
        for check in result.checks
    )
