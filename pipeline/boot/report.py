"""What a guest reported through its virtio port, and what that makes of a boot. The console is no part of a verdict."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

MOST_LINES = 20_000
LONGEST_DETAIL = 300

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]{0,63}")
_INTEGER = re.compile(r"-?\d{1,18}")


class CheckStatus(StrEnum):
    PASS = "pass"
    FAIL = "fail"
    NOT_RUN = "not run"


@dataclass(frozen=True)
class CheckResult:
    """One check of a boot.

    Args:
        name: its label in the scenario.
        details: what is wrong, or why it was not run, in the guest's words.
        values: what it measured, by name.
    """

    name: str
    status: CheckStatus
    details: tuple[str, ...] = ()
    values: Mapping[str, int] = field(default_factory=dict, hash=False)


@dataclass(frozen=True)
class GuestReport:
    """What a guest said.

    Args:
        userspace: whether its first program ran.
        done: whether it came to the end of its scenario.
        checks: those that were begun, in order.
    """

    userspace: bool
    done: bool
    checks: tuple[CheckResult, ...]


def parse_report(data: bytes, nonce: str) -> GuestReport:
    """Reads the report's lines (`pipeline/boot/guest/guest.h` has the format); those without the nonce are not ours.

    A check that was begun and did not end has failed: the guest went away in it.
    """
    userspace, done = False, False
    checks: dict[str, CheckResult] = {}
    current = ""
    failed: list[str] = []
    skipped: list[str] = []
    values: dict[str, int] = {}
    for line in data.decode("utf-8", "replace").split("\n")[:MOST_LINES]:
        found, _, rest = line.partition(" ")
        if found != nonce or not nonce:
            continue
        verb, _, text = rest.partition(" ")
        words = text.split()
        if verb == "kernel":
            userspace = True
        elif verb == "done":
            done = True
        elif verb == "begin" and words and _NAME.fullmatch(words[0]):
            current, failed, skipped, values = words[0], [], [], {}
            checks[current] = CheckResult(current, CheckStatus.FAIL, ("the guest went away in this check",))
        elif verb == "value" and len(words) == 2 and _NAME.fullmatch(words[0]) and _INTEGER.fullmatch(words[1]):
            values[words[0]] = int(words[1])
        elif verb in ("fail", "skip"):
            (failed if verb == "fail" else skipped).append(text[:LONGEST_DETAIL])
        elif verb == "end" and len(words) == 2 and words[0] == current:
            checks[current] = _ended(current, words[1], failed, skipped, values)
            current = ""
    if current:
        details = (*failed, *checks[current].details)
        checks[current] = CheckResult(current, CheckStatus.FAIL, details, values)
    return GuestReport(userspace, done, tuple(checks.values()))


def _ended(
    name: str, status: str, failed: Sequence[str], skipped: Sequence[str], values: Mapping[str, int]
) -> CheckResult:
    if status != "0":
        return CheckResult(name, CheckStatus.FAIL, (*failed, f"its process ended with status {status}"), values)
    if failed:
        return CheckResult(name, CheckStatus.FAIL, tuple(failed), values)
    if skipped:
        return CheckResult(name, CheckStatus.NOT_RUN, tuple(skipped), values)
    return CheckResult(name, CheckStatus.PASS, (), values)


class BootStatus(StrEnum):
    PASS = "pass"
    FAIL = "fail"
    FLAKY = "flaky"
    TIME_OUT = "time-out"
    NOT_RUN = "not run"


@dataclass(frozen=True)
class Ending:
    """How QEMU ended: by itself with a status, or because the time was over, or by the limit on its output."""

    status: int = 0
    timed_out: bool = False
    flooded: bool = False


def verdict(report: GuestReport, ending: Ending) -> tuple[BootStatus, str]:
    """A boot's status and, where it did not pass, the reason.

    The guest passes when it came to the end of its scenario and no check failed. How QEMU ended says why it did not.
    """
    failed = [check.name for check in report.checks if check.status is CheckStatus.FAIL]
    if report.done:
        return (BootStatus.FAIL, f"failed: {', '.join(failed)}") if failed else (BootStatus.PASS, "")
    where = "before userspace" if not report.userspace else f"in {failed[-1]}" if failed else "between two checks"
    if ending.timed_out:
        return BootStatus.TIME_OUT, f"hung {where}"
    if ending.flooded:
        return BootStatus.FAIL, f"wrote more than the console may hold, {where}"
    return BootStatus.FAIL, f"went down {where}"


@dataclass(frozen=True)
class Boot:
    """One boot of a kernel, its retry included.

    Args:
        scenario: its name.
        status: `flaky` when the one retry passed.
        reason: why it did not pass, or was not run.
        checks: what the guest reported.
        splats: what the kernel complained of, without what differs from boot to boot.
        console: the whole console, control sequences removed.
        seconds: of wall time, of the attempt that counts.
        cached: taken from the store.
    """

    scenario: str
    status: BootStatus
    reason: str = ""
    checks: tuple[CheckResult, ...] = ()
    splats: tuple[str, ...] = ()
    console: str = field(default="", repr=False)
    seconds: float = 0.0
    cached: bool = False


Boots = Mapping[tuple[str, int, str], Boot]
"""Boots by cell id, patch number and scenario name."""
