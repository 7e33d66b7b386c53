"""claims: promises of a cover letter, found in its words and checked against measurements; pure."""

from pipeline.claims.find import found_claims
from pipeline.claims.judge import Evidence, judged, judged_again
from pipeline.claims.tracked import tracked_claims

__all__ = ["Evidence", "found_claims", "judged", "judged_again", "tracked_claims"]
