"""Comments of a review, complete but for what a test is about."""

from __future__ import annotations

from typing import Any

from pipeline.review.record import PointRecord

FRANK, KIRYL = "Frank van der Linden <fvdl@google.com>", "Kiryl Shutsemau"


def point(**changes: Any) -> PointRecord:
    """A question of Frank's to Kiryl that nobody has answered."""
    values: dict[str, Any] = {
        "number": 1,
        "message_id": "a@x",
        "link": "",
        "author": FRANK,
        "date": "",
        "patch": None,
        "revision": 1,
        "quoted": (),
        "text": ("Is this", "faster?"),
        "state": "unanswered",
        "waiting": FRANK,
        "waiting_for": KIRYL,
    }
    return PointRecord(**(values | changes))
