"""Tables of problems and of the letter's claims: sentences of the verdict with their evidence."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from pipeline.assess.findings import Finding, boot_failures, failures, warnings
from pipeline.assess.words import location
from pipeline.record import RunRecord
from pipeline.render.html.links import message, said_evidence
from pipeline.render.html.tables import LONGEST, Item, Table, items, table
from pipeline.render.measured import first
from pipeline.system.text import cut

LINES_SHOWN = 12
FINDINGS_SHOWN = 60

_CLAIM_TONES = {
    "confirmed": "ok",
    "refuted": "failed",
    **dict.fromkeys(("not confirmed", "not measured"), "warn"),
    "not checked": "",
}
_SIGNS = {"ok": "✓ ", "failed": "✗ ", "warn": "? ", "": ""}


@dataclass(frozen=True)
class Account:
    """A problem in the list of the page.

    Args:
        title: what, since which patch, in which cells.
        lines: words of compilers, kernels or git.
        evidence: where more of them are.
    """

    title: str
    lines: tuple[str, ...]
    evidence: Item | None
    tone: str = "failed"


def accounts(record: RunRecord, linked: bool) -> list[Account]:
    """Problems of the series, in the order of the verdict's sentences."""
    all_accounts = [*_accounts(record, linked)]
    more = len(all_accounts) - FINDINGS_SHOWN
    return [*all_accounts[:FINDINGS_SHOWN], *([Account(f"And {more} more, in run.json", (), None)] if more > 0 else [])]


def _accounts(record: RunRecord, linked: bool) -> Iterator[Account]:
    for tree in record.trees:
        if tree.applied == "failed":
            hunks = [f"{hunk.path}:{hunk.line} {hunk.header}" for hunk in tree.failed_hunks]
            lines = hunks or [line for line in tree.log.split("\n") if line.strip()][-LINES_SHOWN:]
            at = "" if tree.failed_patch is None else f"patch {tree.failed_patch} "
            yield Account(f"{tree.name}: {at}does not apply", _cut(lines), None)
    for finding in failures(record):
        yield _account("Build fails", finding, linked, "log")
    for finding in warnings(record):
        yield _account("New warnings", finding, linked, "log", "warn")
    for finding, what in boot_failures(record):
        yield _account(f"Boot gets worse ({cut(what, 120)})", finding, linked, "console")


def _account(what: str, finding: Finding, linked: bool, kind: str, tone: str = "failed") -> Account:
    return Account(
        cut(f"{what} with {finding.blame}, in {', '.join(finding.cells)}", 2 * LONGEST),
        _cut([location(diagnostic) for diagnostic in finding.diagnostics]),
        said_evidence(f"{kind} of {cut(finding.cells[0], 60)}", finding.log, linked),
        tone,
    )


def _cut(lines: list[str]) -> tuple[str, ...]:
    return tuple(cut(line, LONGEST) for line in first(lines, LINES_SHOWN))


def claims(record: RunRecord, anchors: Mapping[int, str]) -> Table | None:
    """The table of claims: each links to the letter, its measurement to the place where the page shows it.

    Args:
        anchors: where the sizes of cells stand, by their place in the record.
    """
    letter = message(record.series.cover.message_id)
    places = {record.cells[at].id: url for at, url in reversed([*anchors.items()])}

    def rows() -> Iterator[tuple[Item, ...]]:
        for claim in record.claims:
            tone = _CLAIM_TONES[claim.verdict]
            sign = "+" if claim.unit == "bytes" else ""
            explanation = cut("; ".join(filter(None, (claim.finding, *first(claim.details, LINES_SHOWN)))), 4 * LONGEST)
            measured = "" if claim.measured is None else f"{claim.measured:{sign}d}"
            place = places.get(claim.cell, "") if claim.unit == "bytes" else "#boots"
            yield items(
                Item(cut(claim.text, LONGEST), letter),
                Item(f"{_SIGNS[tone]}{claim.verdict}", tone=tone),
                "" if claim.claimed is None else f"{claim.claimed:{sign}d}",
                Item(measured, place if claim.measured is not None else ""),
                claim.unit if claim.claimed is not None else "",
                claim.cell,
                explanation,
            )

    columns = ("claim", "verdict", "claimed", "measured", "unit", "cell", "details")
    return table("Claims", columns, rows(), (2, 3))
