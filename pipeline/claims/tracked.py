"""The claims that a series.toml holds."""

from __future__ import annotations

from pipeline.definitions import SeriesDefinition
from pipeline.model import Claim, ClaimKind, Measurand


def tracked_claims(tracked: SeriesDefinition | None, version: int) -> tuple[Claim, ...]:
    """Those of a revision's letter; none where the series is not tracked."""
    found = tracked.claims_of(version) if tracked else ()
    return tuple(
        Claim(
            one.text,
            one.cell,
            one.claimed,
            one.relation,
            Measurand(**one.measurand.model_dump()) if one.measurand else None,
            ClaimKind(one.kind),
        )
        for one in found
    )
