"""Checks that doubt themselves: failing everywhere on the base says more of the check than of the kernel.

Such a check does not understand the kernel. What it says of later kernels, in the same scenario, is worth no more.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from pipeline.boot.report import FAILED_CHECKS, Boot, Boots, BootStatus, CheckResult, CheckStatus, verdict_of_checks

_UNLIKELY = "it fails for everything on the base"
_AS_ON_BASE = "it does not understand the base either"


def doubted(boots: Boots) -> Boots:
    """The boots, with the checks that do not understand their kernel told from those that fail.

    Where the base was not booted nothing can be doubted: then a failure is the kernel's as far as anybody knows.
    """
    return {key: _doubted(boot, boots.get((key[0], 0, key[2])), is_base=key[1] == 0) for key, boot in boots.items()}


def _doubted(boot: Boot, base: Boot | None, *, is_base: bool) -> Boot:
    known = {} if base is None else {check.name: check for check in base.checks}
    checks = tuple(_doubted_check(check, known, is_base=is_base) for check in boot.checks)
    if checks == boot.checks:
        return boot
    # A guest that went down or hung keeps its result.
    if boot.status is not BootStatus.NOT_UNDERSTOOD and not boot.reason.startswith(FAILED_CHECKS):
        return replace(boot, checks=checks)
    status, reason = verdict_of_checks(checks)
    return replace(boot, checks=checks, status=status, reason=reason)


def _doubted_check(check: CheckResult, known: Mapping[str, CheckResult], *, is_base: bool) -> CheckResult:
    if check.status is not CheckStatus.FAIL:
        return check
    if is_base:
        return _not_understood(check, _UNLIKELY) if check.everywhere else check
    base = known.get(check.name)
    confused = base is not None and (
        base.status is CheckStatus.NOT_UNDERSTOOD or (base.status is CheckStatus.FAIL and base.everywhere)
    )
    return _not_understood(check, _AS_ON_BASE) if confused else check


def _not_understood(check: CheckResult, why: str) -> CheckResult:
    return replace(check, status=CheckStatus.NOT_UNDERSTOOD, details=(*check.details, why))
