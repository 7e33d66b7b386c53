"""Makes the records of claims, judged by what was measured."""

from __future__ import annotations

from collections.abc import Sequence

from pipeline.claims import Evidence, found_claims, judged, tracked_claims
from pipeline.definitions import SeriesDefinition
from pipeline.measure import diffstats
from pipeline.model import Applied, Cell, Series
from pipeline.record import CellRecord, ClaimRecord
from pipeline.system.git import Repository


def claim_records(
    repository: Repository,
    tracked: SeriesDefinition | None,
    series: Series,
    cells: Sequence[Cell],
    cell_records: Sequence[CellRecord],
    applied: Sequence[Applied],
) -> tuple[ClaimRecord, ...]:
    """Claims of the letter and series.toml, judged."""
    known = tracked_claims(tracked, series.version)
    claims = [*known, *found_claims(series, cells, known)]
    ends = [
        applied_tree.states
        for applied_tree in applied
        if applied_tree.usable and any(claim.diffstat for claim in claims)
    ]
    counted = diffstats(repository, ends[0][0].commit, ends[0][-1].commit) if ends else ()
    patch_files = {patch.number: patch.files for patch in series.patches}
    return judged(claims, Evidence(cell_records, series.files, counted, patch_files))
