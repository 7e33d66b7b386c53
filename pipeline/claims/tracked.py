"""The claims that a series.toml holds."""

from __future__ import annotations

from pipeline.definitions import SeriesDefinition
from pipeline.model import Claim, ClaimKind, Measurand


def tracked_claims(tracked: SeriesDefinition | None, version: int) -> tuple[Claim, ...]:
    """Claims that a tracked series has of a revision's letter; none where the series is not tracked."""
    claims = tracked.claims_of(version) if tracked else ()
    return tuple(
        Claim(
            claim.text,
            claim.cell,
            claim.claimed,
            claim.relation,
            Measurand(**claim.measurand.model_dump()) if claim.measurand else None,
            ClaimKind(claim.kind),
        )
        for claim in claims
    )
