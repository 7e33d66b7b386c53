"""Checks on patches: a table with a row for each check and patch, and the findings under their patch."""

from __future__ import annotations

from collections.abc import Iterator

from pipeline.assess.checks import CheckRow, check_rows
from pipeline.record import CheckFindingRecord, RunRecord
from pipeline.render.html.cells import Part
from pipeline.render.html.tables import LONGEST, Item, items, table
from pipeline.system.text import cut

_SIGNS = {"ok": "✓ ", "failed": "✗ ", "warn": "! ", "": ""}
_TONES = {"ok": "ok", "PROBLEM": "failed", "-": ""}
_SEVERITIES = {"error": "warn", "warning": "warn", "remark": ""}


def checks(record: RunRecord) -> list[Part]:
    """The section's parts; none where nothing was checked."""
    rows = check_rows(record)
    overview = table("Checks", ("patch", "check", "result", "why", "tree"), map(_row, rows), (0,), sortable=True)
    if overview is None:
        return []
    return [Part("", (overview,)), *_patches(record, rows)]


def _row(row: CheckRow) -> tuple[Item, ...]:
    tone = _TONES.get(row.word, "warn")
    return items(str(row.patch), row.check, Item(f"{_SIGNS[tone]}{row.word}", tone=tone), row.reason, row.tree)


def _patches(record: RunRecord, rows: list[CheckRow]) -> Iterator[Part]:
    for patch in record.series.patches:
        matching = [(row, finding) for row in rows if row.patch == patch.number for finding in row.findings]
        header = ("severity", "place", "message", "tool", "kind", "tree")
        lines = (_finding(row, finding) for row, finding in matching)
        if shown := table(f"Findings in patch {patch.number}", header, lines, sortable=True):
            yield Part(cut(f"Patch {patch.number}: {patch.subject}", LONGEST), (shown,))


def _finding(row: CheckRow, finding: CheckFindingRecord) -> tuple[Item, ...]:
    tone = "failed" if finding.problem else _SEVERITIES[finding.severity]
    place = f"{finding.path}:{finding.line}" if finding.line else finding.path or "message"
    return items(
        Item(f"{_SIGNS[tone]}{finding.severity}", tone=tone),
        place,
        finding.message,
        finding.tool,
        finding.kind,
        row.tree,
    )
