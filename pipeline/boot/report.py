"""The guest's report, which comes through its virtio port, and the result of the boot. The console decides nothing."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum

MOST_LINES = 20_000
LONGEST_DETAIL = 300
FAILED_CHECKS = "failed: "
"""How the reason begins of a boot that came to its end, and whose checks failed."""

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]{0,63}")
_INTEGER = re.compile(r"-?\d{1,18}")


class CheckStatus(StrEnum):
    PASS = "pass"
    FAIL = "fail"
    NOT_RUN = "not run"
    NOT_UNDERSTOOD = "not understood"
    """The check does not understand the kernel: a fault of the check, and no statement on the kernel."""


@dataclass(frozen=True)
class CheckResult:
    """One check of a boot.

    Args:
        name: its label in the scenario.
        details: what is wrong, or why it was not run, in the guest's words.
        values: what it measured, by name.
        everywhere: it failed for everything that it looked at.
    """

    name: str
    status: CheckStatus
    details: tuple[str, ...] = ()
    values: Mapping[str, int] = field(default_factory=dict, hash=False)
    everywhere: bool = False


@dataclass(frozen=True)
class GuestReport:
    """The parsed report of a guest.

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
    current = _Begun("")
    for line in data.decode("utf-8", "replace").split("\n")[:MOST_LINES]:
        line_nonce, _, rest = line.partition(" ")
        if line_nonce != nonce or not nonce:
            continue
        verb, _, text = rest.partition(" ")
        words = text.split()
        if verb == "kernel":
            userspace = True
        elif verb == "done":
            done = True
        elif verb == "begin" and words and _NAME.fullmatch(words[0]):
            current = _Begun(words[0])
            checks[current.name] = current.lost()
        elif verb == "value" and len(words) == 2 and _NAME.fullmatch(words[0]) and _INTEGER.fullmatch(words[1]):
            current.values[words[0]] = int(words[1])
        elif verb in _COMPLAINTS:
            current.said[verb].append(text[:LONGEST_DETAIL])
        elif verb == "end" and len(words) == 2 and words[0] == current.name:
            checks[current.name] = current.ended(words[1])
            current = _Begun("")
    if current.name:
        checks[current.name] = current.lost()
    return GuestReport(userspace, done, tuple(checks.values()))


def answered(report: GuestReport, asked: Sequence[str]) -> GuestReport:
    """A report with what was asked for, and nothing else: a guest that comes to its end has looked at all of it.

    Args:
        asked: labels of the scenario's checks.
    """
    said = {check.name: check for check in report.checks if check.name in asked}
    if report.done:
        never = (CheckResult(name, CheckStatus.FAIL, ("it was never begun",)) for name in asked if name not in said)
        said |= {check.name: check for check in never}
    return replace(report, checks=tuple(said.values()))


_COMPLAINTS = ("fail", "fail-everywhere", "skip", "unclear")


@dataclass
class _Begun:
    """A check that was begun, and what was said since."""

    name: str
    said: dict[str, list[str]] = field(default_factory=lambda: {verb: [] for verb in _COMPLAINTS})
    values: dict[str, int] = field(default_factory=dict)

    def lost(self) -> CheckResult:
        """The check as it is when nothing more is heard of it."""
        return self._result(CheckStatus.FAIL, (*self._failures, "the guest went away in this check"))

    def ended(self, status: str) -> CheckResult:
        """The check when its process ended with a status."""
        if status != "0":
            return self._result(CheckStatus.FAIL, (*self._failures, f"its process ended with status {status}"))
        if self.said["unclear"]:
            return self._result(CheckStatus.NOT_UNDERSTOOD, self.said["unclear"])
        if self._failures:
            return self._result(CheckStatus.FAIL, self._failures, everywhere=bool(self.said["fail-everywhere"]))
        if self.said["skip"]:
            return self._result(CheckStatus.NOT_RUN, self.said["skip"])
        return self._result(CheckStatus.PASS, ())

    @property
    def _failures(self) -> tuple[str, ...]:
        return (*self.said["fail"], *self.said["fail-everywhere"])

    def _result(self, status: CheckStatus, details: Sequence[str], *, everywhere: bool = False) -> CheckResult:
        return CheckResult(self.name, status, tuple(details), self.values, everywhere)


class BootStatus(StrEnum):
    PASS = "pass"
    FAIL = "fail"
    FLAKY = "flaky"
    TIME_OUT = "time-out"
    NOT_RUN = "not run"
    NOT_UNDERSTOOD = "not understood"
    """Nothing failed, and a check does not understand the kernel."""


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
        return verdict_of_checks(report.checks)
    where = "before userspace" if not report.userspace else f"in {failed[-1]}" if failed else "between two checks"
    if ending.timed_out:
        return BootStatus.TIME_OUT, f"hung {where}"
    if ending.flooded:
        return BootStatus.FAIL, f"wrote more than the console may hold, {where}"
    return BootStatus.FAIL, f"went down {where}"


def verdict_of_checks(checks: Sequence[CheckResult]) -> tuple[BootStatus, str]:
    """The status of a boot that came to the end of its scenario, and the reason where it did not pass."""
    failed = [check.name for check in checks if check.status is CheckStatus.FAIL]
    unclear = [check.name for check in checks if check.status is CheckStatus.NOT_UNDERSTOOD]
    if failed:
        return BootStatus.FAIL, f"{FAILED_CHECKS}{', '.join(failed)}"
    if unclear:
        return BootStatus.NOT_UNDERSTOOD, f"does not understand this kernel: {', '.join(unclear)}"
    return BootStatus.PASS, ""


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
