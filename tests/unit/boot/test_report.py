"""What a guest says, and what that makes of a boot; the guest's kernel is a stranger's program."""

from __future__ import annotations

import pytest

from pipeline.boot.report import (
    LONGEST_DETAIL,
    BootStatus,
    CheckResult,
    CheckStatus,
    Ending,
    GuestReport,
    answered,
    parse_report,
    verdict,
)

NONCE = "c0ffee"


def said(*lines: str, nonce: str = NONCE) -> GuestReport:
    return parse_report("".join(f"{nonce} {line}\n" for line in lines).encode(), NONCE)


WHOLE = ("kernel 6.12.0 x86_64", "begin walk", "value heads 64", "value lost -3", "end walk 0", "done")


def test_a_check_that_ends_well_passes_with_its_values() -> None:
    report = said(*WHOLE)
    assert report.userspace
    assert report.done
    assert report.checks == (CheckResult("walk", CheckStatus.PASS, (), {"heads": 64, "lost": -3}),)
    assert report.checks[0].values == {"heads": 64, "lost": -3}


@pytest.mark.parametrize(
    ("lines", "status", "detail"),
    [
        (("fail 3 pages are bad", "end walk 0"), CheckStatus.FAIL, "3 pages are bad"),
        (("skip no /proc/kcore", "end walk 0"), CheckStatus.NOT_RUN, "no /proc/kcore"),
        (("end walk 139",), CheckStatus.FAIL, "its process ended with status 139"),
        (("skip no /proc/kcore", "end walk 1"), CheckStatus.FAIL, "its process ended with status 1"),
        (("skip first", "fail then", "end walk 0"), CheckStatus.FAIL, "then"),
        (("fail-everywhere all pages are bad", "end walk 0"), CheckStatus.FAIL, "all pages are bad"),
        (("unclear no offset is known", "end walk 0"), CheckStatus.NOT_UNDERSTOOD, "no offset is known"),
        (("fail 3 pages", "unclear no offset", "end walk 0"), CheckStatus.NOT_UNDERSTOOD, "no offset"),
        (("unclear no offset is known", "end walk 139"), CheckStatus.FAIL, "its process ended with status 139"),
        ((), CheckStatus.FAIL, "the guest went away in this check"),
        (("end other 0",), CheckStatus.FAIL, "the guest went away in this check"),
    ],
)
def test_what_becomes_of_a_check(lines: tuple[str, ...], status: CheckStatus, detail: str) -> None:
    (check,) = said("kernel x", "begin walk", *lines).checks
    assert (check.status, check.details) == (status, (detail,))


def test_what_fails_everywhere_is_told_from_what_fails_here_and_there() -> None:
    everywhere, somewhere = said("begin a", "fail-everywhere x", "end a 0", "begin b", "fail x", "end b 0").checks
    assert (everywhere.everywhere, somewhere.everywhere) == (True, False)


def test_values_of_a_check_that_never_ended_are_kept() -> None:
    (check,) = said("begin walk", "value heads 1", "fail bad").checks
    assert check.details == ("bad", "the guest went away in this check")
    assert check.values == {"heads": 1}


def test_lines_without_the_nonce_are_not_the_guests() -> None:
    assert said(*WHOLE, nonce="decade") == GuestReport(False, False, ())
    assert parse_report("".join(f" {line}\n" for line in WHOLE).encode(), "") == GuestReport(False, False, ())


@pytest.mark.parametrize(
    "line",
    [
        "value heads",
        "value heads one",
        "value ../x 1",
        "value heads 1 2",
        "value heads 9999999999999999999",
        "begin ",
        "x",
    ],
)
def test_words_that_are_none_of_the_format_are_passed_over(line: str) -> None:
    (check,) = said("begin walk", line, "end walk 0").checks
    assert (check.name, check.status, dict(check.values)) == ("walk", CheckStatus.PASS, {})


def test_bytes_of_any_kind_are_read() -> None:
    report = parse_report(
        b"\xff\x00\n" + f"{NONCE} begin walk\n{NONCE} fail \udcff\n".encode("utf-8", "replace"), NONCE
    )
    assert report.checks[0].status is CheckStatus.FAIL
    assert len(said("begin a", "fail " + "x" * 5000).checks[0].details[0]) == LONGEST_DETAIL


DONE = said(*WHOLE)
IN_WALK = said("kernel x", "begin walk")
BETWEEN = said("kernel x", "begin walk", "end walk 0")
SILENT = said()
FAILED = said("kernel x", "begin walk", "fail bad", "end walk 0", "done")
UNCLEAR = said("kernel x", "begin memmap", "unclear no offset", "end memmap 0", "done")
BOTH = said("begin memmap", "unclear x", "end memmap 0", "begin walk", "fail bad", "end walk 0", "done")


@pytest.mark.parametrize(
    ("report", "ending", "status", "reason"),
    [
        (DONE, Ending(), BootStatus.PASS, ""),
        # The verdict was given before the time was over, or QEMU ended in its own way.
        (DONE, Ending(timed_out=True), BootStatus.PASS, ""),
        (DONE, Ending(status=1), BootStatus.PASS, ""),
        (FAILED, Ending(), BootStatus.FAIL, "failed: walk"),
        (UNCLEAR, Ending(), BootStatus.NOT_UNDERSTOOD, "does not understand this kernel: memmap"),
        (BOTH, Ending(), BootStatus.FAIL, "failed: walk"),
        (SILENT, Ending(), BootStatus.FAIL, "went down before userspace"),
        (SILENT, Ending(timed_out=True), BootStatus.TIME_OUT, "hung before userspace"),
        (IN_WALK, Ending(), BootStatus.FAIL, "went down in walk"),
        (IN_WALK, Ending(timed_out=True), BootStatus.TIME_OUT, "hung in walk"),
        (BETWEEN, Ending(timed_out=True), BootStatus.TIME_OUT, "hung between two checks"),
        (IN_WALK, Ending(flooded=True), BootStatus.FAIL, "wrote more than the console may hold, in walk"),
    ],
)
def test_a_boot_is_judged_by_its_report_and_its_end(
    report: GuestReport, ending: Ending, status: BootStatus, reason: str
) -> None:
    assert verdict(report, ending) == (status, reason)


def test_a_guest_that_skips_its_checks_has_not_passed() -> None:
    """Seen red: a kernel that only says that it is done passed."""
    for said_of_walk in ((), ("begin other", "end other 0")):
        report = answered(said("kernel x", *said_of_walk, "done"), ["walk"])
        assert [(check.name, check.status) for check in report.checks] == [("walk", CheckStatus.FAIL)]
        assert verdict(report, Ending())[0] is BootStatus.FAIL
    assert answered(said(*WHOLE), ["walk"]) == said(*WHOLE)
    assert answered(said("kernel x"), ["walk"]).checks == ()
