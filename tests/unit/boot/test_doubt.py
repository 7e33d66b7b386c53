"""A check that fails everywhere on the base does not understand the kernel, and says nothing of those after it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pipeline.boot.doubt import doubted
from pipeline.boot.report import Boot, Boots, BootStatus, CheckResult, CheckStatus, verdict_of_checks

GOOD = CheckResult("memmap", CheckStatus.PASS)
SOME = CheckResult("memmap", CheckStatus.FAIL, ("3 of 64 pages are bad",))
ALL = CheckResult("memmap", CheckStatus.FAIL, ("64 of 64 pages are bad",), everywhere=True)
UNCLEAR = CheckResult("memmap", CheckStatus.NOT_UNDERSTOOD, ("no offset is known",))
POOL = CheckResult("pool", CheckStatus.FAIL, ("131 kB are lost",))
WALK = CheckResult("walk", CheckStatus.PASS)


def boot(*checks: CheckResult) -> Boot:
    status, reason = verdict_of_checks(checks)
    return Boot("hvo", status, reason, checks)


def boots(base: Boot | None, patched: Boot) -> Boots:
    return {("cell", patch, "hvo"): booted for patch, booted in ((0, base), (3, patched)) if booted}


@pytest.mark.parametrize(
    ("base", "patched", "statuses"),
    [
        (GOOD, GOOD, ("pass", "pass")),
        (SOME, SOME, ("fail", "fail")),
        (ALL, ALL, ("not understood", "not understood")),
        (ALL, SOME, ("not understood", "not understood")),
        (ALL, GOOD, ("not understood", "pass")),
        (UNCLEAR, ALL, ("not understood", "not understood")),
        # With the base as it should be, or here and there not, it is the series that breaks everything.
        (GOOD, ALL, ("pass", "fail")),
        (SOME, ALL, ("fail", "fail")),
    ],
)
def test_what_the_base_says_of_a_check(base: CheckResult, patched: CheckResult, statuses: tuple[str, str]) -> None:
    judged = [*doubted(boots(boot(WALK, base), boot(WALK, patched))).values()]
    assert tuple(str(judged_boot.checks[1].status) for judged_boot in judged) == statuses
    assert tuple(str(judged_boot.status) for judged_boot in judged) == statuses
    assert all(judged_boot.checks[0].status is CheckStatus.PASS for judged_boot in judged)


def test_a_boot_that_was_compared_with_no_base_is_not_doubted() -> None:
    alone = boots(None, boot(ALL))
    assert doubted(alone) == alone


def test_another_failing_check_fails_all_the_same() -> None:
    base, patched = doubted(boots(boot(ALL, POOL), boot(ALL, POOL))).values()
    assert (base.status, base.reason) == (patched.status, patched.reason) == (BootStatus.FAIL, "failed: pool")
    assert base.checks[0].details == ("64 of 64 pages are bad", "it fails for everything on the base")
    assert patched.checks[0].details == ("64 of 64 pages are bad", "it does not understand the base either")


def test_a_boot_that_went_down_stays_down() -> None:
    down = replace(boot(ALL), reason="went down in pool")
    (base, _) = doubted(boots(down, boot(GOOD))).values()
    assert (base.status, base.reason) == (BootStatus.FAIL, "went down in pool")


def test_another_scenario_is_no_base() -> None:
    mixed = {("cell", 0, "hvo"): boot(ALL), ("cell", 3, "gigantic"): boot(ALL), ("other", 3, "hvo"): boot(ALL)}
    assert [str(judged_boot.status) for judged_boot in doubted(mixed).values()] == ["not understood", "fail", "fail"]
