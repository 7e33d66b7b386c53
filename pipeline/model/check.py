"""Findings of checks on patches: values that every report can show beside a patch."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Severity(StrEnum):
    """How a check's tool calls a finding; whether it changes the verdict is configuration."""

    ERROR = "error"
    WARNING = "warning"
    REMARK = "remark"


class CheckStatus(StrEnum):
    """The status of a check on a patch. Only `CHECKED` can be green; one that is switched off is not concerned."""

    CHECKED = "checked"
    NOT_CHECKED = "not checked"
    NOT_CONCERNED = "not concerned"


@dataclass(frozen=True)
class CheckFinding:
    """A finding of a check on a patch.

    Args:
        message: one line, in the tool's words.
        path: empty for the mail or the commit message.
        line: after the patch; 0 for the file or the message as a whole.
        tool: that says it.
        kind: the tool's name for findings like it, as `LONG_LINE`; what configuration names.
        new: it comes with the patch; what was there before is counted and not shown.
        patch: number of the patch.
        problem: it changes the verdict on the series, by configuration.
    """

    severity: Severity
    message: str
    path: str = ""
    line: int = 0
    tool: str = ""
    kind: str = ""
    new: bool = True
    patch: int = 0
    problem: bool = False


@dataclass(frozen=True)
class CheckResult:
    """The result of a check on a patch.

    Args:
        reason: why it was not checked, or not as a whole; else empty.
        findings: new ones.
        known: findings that were there before the patch.
        seconds: that the check took, whenever that was.
        cached: from the store.
        read: touched files that were read for what they are, and not for their style alone.
    """

    check: str
    patch: int
    status: CheckStatus
    reason: str = ""
    findings: tuple[CheckFinding, ...] = ()
    known: int = 0
    seconds: float = 0.0
    cached: bool = False
    read: tuple[str, ...] = ()
