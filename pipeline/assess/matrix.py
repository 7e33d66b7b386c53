"""Sentences on a run's matrix: unreachable cells, cells that are the same kernel, surprises, missing results."""

from __future__ import annotations

from collections.abc import Sequence

from pipeline.record import CellRecord

Labelled = Sequence[tuple[str, CellRecord]]
"""Cells with their labels."""


def counted(cells: Sequence[CellRecord]) -> list[CellRecord]:
    """The cells that could confirm something: neither known to be out of reach, nor built in another's place."""
    return [cell for cell in cells if cell.status != "duplicate" and not _as_expected(cell)]


def unreachable(cells: Labelled) -> list[str]:
    """A sentence for each reason, and one for all that the matrix knew."""
    reasons: dict[str, list[str]] = {}
    for name, cell in cells:
        if cell.status == "unreachable" and not _as_expected(cell):
            reasons.setdefault(cell.reason or "no reason recorded", []).append(name)
    known = [name for name, cell in cells if _as_expected(cell)]
    return [
        *(f"Unreachable: {', '.join(names)}: {reason}" for reason, names in reasons.items()),
        *([f"Unreachable, as the matrix says: {', '.join(known)}."] if known else []),
    ]


def surprises(cells: Labelled) -> list[str]:
    return [f"Not what the matrix says: {name}: {cell.unexpected}." for name, cell in cells if cell.unexpected]


def duplicates(cells: Labelled) -> list[str]:
    return [
        f"Built once: {name} has the same configuration as {cell.same_as}."
        for name, cell in cells
        if cell.status == "duplicate"
    ]


def missing(cells: Labelled) -> list[str]:
    """Cells without a result in a run that was merged from others: nothing is proven of them."""
    names = [name for name, cell in cells if cell.status == "missing"]
    return [f"No result, its build did not come to an end: {', '.join(names)}."] if names else []


def _as_expected(cell: CellRecord) -> bool:
    return cell.status == "unreachable" and cell.expected_unreachable
