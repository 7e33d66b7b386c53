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
        found = [(row, finding) for row in rows if row.patch == patch.number for finding in row.findings]
        header = ("severity", "place", "message", "tool", "kind", "tree")
        lines = (_finding(row, one) for row, one in found)
        if shown := table(f"Findings in patch {patch.number}", header, lines, sortable=True):
            yield Part(cut(f"Patch {patch.number}: {patch.subject}", LONGEST), (shown,))


def _finding(row: CheckRow, one: CheckFindingRecord) -> tuple[Item, ...]:
    tone = "failed" if one.problem else _SEVERITIES[one.severity]
    place = f"{one.path}:{one.line}" if one.line else one.path or "message"
    return items(Item(f"{_SIGNS[tone]}{one.severity}", tone=tone), place, one.message, one.tool, one.kind, row.tree)
