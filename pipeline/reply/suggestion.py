"""A trailer that the one who replies may give; never given for them."""

from __future__ import annotations

from email.headerregistry import Address

from pipeline.assess.verdict import verdict
from pipeline.assess.words import result
from pipeline.record import CellRecord, RunRecord
from pipeline.system.text import count


def passed(record: RunRecord) -> bool:
    """Whether everything that was asked for was done and came out well; a doubt is enough that it was not."""
    return (
        verdict(record).ok
        and verdict(record).covered
        and all(tree.applied in ("clean", "three-way") for tree in record.trees)
        and all(_cell_passed(record, cell) for cell in record.cells)
        and not any(claim.verdict in ("refuted", "not confirmed") for claim in record.claims)
    )


def tested_by(record: RunRecord, identity: Address) -> str:
    """A line for the terminal, never for the mail; empty unless a kernel ran, and everything passed."""
    ran = sum(boot.patch > 0 and boot.status == "pass" for cell in record.cells for boot in cell.boots)
    if not passed(record) or not ran:
        return ""
    done = f"Everything passed, {count(ran, 'boot')} of the patched kernel."
    return f"{done} If you agree, this is yours to give: Tested-by: {identity}"


def _cell_passed(record: RunRecord, cell: CellRecord) -> bool:
    if cell.status == "unreachable":
        return cell.expected_unreachable
    good = cell.status == "duplicate" or result(record, cell) == "builds"
    return good and all(boot.status == "pass" for boot in cell.boots)
