"""Checks on patches, as a record holds them."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from pipeline.record.base import Record
from pipeline.system.numbers import Count, Seconds


class CheckFindingRecord(Record):
    """A new finding of a check on a patch."""

    severity: Literal["error", "warning", "remark"] = Field(description="as the tool has it")
    message: str
    path: str = Field(default="", description="empty for the mail or the commit message")
    line: Count = Field(default=0, description="after the patch; 0 for the file or the message as a whole")
    tool: str = ""
    kind: str = Field(default="", description="the tool's name for findings like it; what checks.toml names")
    problem: bool = Field(default=False, description="it changes the verdict, by checks.toml")


class PatchCheckRecord(Record):
    """The result of a check on a patch, as it was applied to a tree."""

    tree: str
    patch: Count
    check: str
    status: Literal["checked", "not checked", "not concerned"]
    reason: str = Field(default="", description="why it was not checked, or not as a whole")
    findings: tuple[CheckFindingRecord, ...] = Field(default=(), description="those that come with the patch")
    known: Count = Field(default=0, description="findings that were there before the patch")
    read: tuple[str, ...] = Field(
        default=(), description="touched files that it read for what they are, and not for their style alone"
    )
    seconds: Seconds = 0.0
    cached: bool = False
