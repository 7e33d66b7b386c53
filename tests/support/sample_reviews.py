"""Two revisions of a series, and a review of the second."""

from __future__ import annotations

from pipeline.model import Letter
from pipeline.review import review
from pipeline.review.fates import fates
from pipeline.review.record import ReviewRecord, SinceRecord, TrailerRecord
from pipeline.review.since import PostedPatch, by_patch_id
from tests.support.threads import ANSWER, AUTHOR, COMMENT, MIDMASK, REVIEWER, letter, series

BEFORE = (
    PostedPatch(1, "mm: one", "m1", "a" * 40, "1" * 40),
    PostedPatch(2, "mm: two", "m2", "b" * 40, "2" * 40),
    PostedPatch(3, "mm: three", "m3", "c" * 40, "3" * 40),
    PostedPatch(4, "mm: four", "m4", "d" * 40, "4" * 40),
)

AFTER = (
    PostedPatch(1, "mm: one", "m1", "a" * 40, "5" * 40),
    PostedPatch(2, "mm: zero", "m0", "e" * 40, "6" * 40),
    PostedPatch(3, "mm: two, again", "m2b", "b" * 40, "7" * 40),
    PostedPatch(4, "mm: three", "m3", "f" * 40, "8" * 40),
)


def made(*more: Letter) -> ReviewRecord:
    return review(
        series(letter("a", REVIEWER, COMMENT, "cover"), letter("b", AUTHOR, ANSWER, "cover", "a"), *more), MIDMASK
    )


def whole() -> ReviewRecord:
    """A second revision: points, trailers, promises of the first, and the patches side by side."""
    since = SinceRecord(
        version=1,
        compared_by="range-diff",
        patches=by_patch_id(BEFORE, AFTER),
        promises=fates(made().points, series(), series(version=2)),
    )
    trailer = TrailerRecord(
        patch=1,
        name="Acked-by",
        value=REVIEWER,
        message_id="t@x",
        link="",
        revision=1,
        collected=False,
        reason="too late",
    )
    return made().model_copy(update={"version": 2, "since": since, "trailers": (trailer,)})
