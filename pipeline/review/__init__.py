"""**review**: reads a thread for the state of its review: open points, promises, trailers; pure."""

from __future__ import annotations

from urllib.parse import quote

from pipeline.model import Series
from pipeline.review.record import ReviewRecord

__all__ = ["ReviewRecord", "review"]


def review(series: Series, midmask: str, maintainers: str = "") -> ReviewRecord:
    """The state of the review of one revision.

    Args:
        series: with the replies of its thread.
        midmask: address of a message in the archive, `%s` for its id (b4's `b4.midmask`).
        maintainers: text of the tree's MAINTAINERS, where that is known.
    """
    # What reads a record needs none of these: they take a tenth of a second to import.
    from pipeline.review.messages import messages, readable
    from pipeline.review.people import Authors
    from pipeline.review.phrases import phrases
    from pipeline.review.points import points
    from pipeline.review.trailers import trailers

    def link(message_id: str) -> str:
        # Ids may hold a slash, which public-inbox takes only as %2F.
        return midmask.replace("%s", quote(message_id, safe="@")) if message_id else ""

    rules = phrases()
    every = messages(series, rules)
    read = readable(every)
    without_cover = series.cover.message_id in {patch.message_id for patch in series.patches}
    return ReviewRecord(
        version=series.version,
        messages=len(read),
        unread=len(every) - len(read),
        points=points(read, Authors.of(series, maintainers), rules, link, series.version, without_cover),
        trailers=trailers(series, read, link),
    )
