"""The series under review, as b4 describes it to a check command: a JSON file named by `B4_TRACKING_FILE` (b4 0.16)."""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

TRACKING_LIMIT = 16 << 20
"""Bytes of the file."""


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class ReplyHeaders(_Part):
    """Headers for a reply to the cover letter."""

    msgid: str = ""


class TrackedSeries(_Part):
    revision: int | None = None
    headers: ReplyHeaders = Field(default=ReplyHeaders(), alias="header-info")


class KnownRevision(_Part):
    revision: int
    message_id: str = Field(default="", alias="message-id")


class Tracking(_Part):
    """The part of the file that is of use here."""

    series: TrackedSeries = TrackedSeries()
    revisions: tuple[KnownRevision, ...] = Field(default=(), alias="known-revisions")


def read_tracking(path: Path | None) -> Tracking:
    """The content of the file; empty where there is none, or one that b4 0.16 would not write."""
    if path is None or not path.is_file() or path.stat().st_size > TRACKING_LIMIT:
        return Tracking()
    try:
        return Tracking.model_validate_json(path.read_bytes())
    except ValidationError:
        return Tracking()
