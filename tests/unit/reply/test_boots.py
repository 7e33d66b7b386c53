"""A boot that gets worse, as a mail says it: what the kernel does, and what its console shows."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from pipeline.record import BootRecord, RunRecord
from pipeline.reply import draft
from pipeline.reply.console import evidence, failure_words
from tests.support import records

CONSOLE = """\
[    0.000000] Linux version 6.12.0
[    1.500000] WARNING: CPU: 0 PID: 1 at mm/hugetlb.c:77 prep+0x12/0x80
[    1.500001] Call Trace:
[    1.500002]  <TASK>
[    1.500003]  prep+0x12/0x80
[    1.500004]  </TASK>
[    1.500005] ---[ end trace 0000000000000000 ]---
[    1.600000] reboot: Restarting system
"""
SPLAT = "WARNING: at mm/hugetlb.c:N prep"


def booted(*boots: BootRecord) -> RunRecord:
    states = records.states("built", "built", "built", "built")
    return records.run(cells=(records.cell(states=states, boots=boots),), claims=())


def boot(patch: int, status: str, reason: str = "", **more: object) -> BootRecord:
    return BootRecord.model_validate(
        {"patch": patch, "scenario": "hvo", "status": status, "reason": reason, "console": "c", **more}
    )


def body(run: RunRecord, console: str = CONSOLE) -> str:
    message = draft(run, identity="Me <me@example.org>", date=datetime(2025, 12, 8, tzinfo=UTC), logs=lambda _: console)
    return str(message.get_content())


def flat(text: str) -> str:
    return " ".join(text.split())


@pytest.mark.parametrize(
    ("what", "words"),
    [
        ("hung before userspace", "the kernel hangs before userspace"),
        ("hung in walk", "the kernel hangs in userspace"),
        ("went down between two checks", "the kernel goes down in userspace"),
        (
            "wrote more than the console may hold, before userspace",
            "the kernel floods its console before userspace",
        ),
        ("the kernel complains: BUG: x", "the kernel complains"),
        ("failed: walk", "a test in the booted kernel fails"),
        ("failed: walk, pool", "tests in the booted kernel fail"),
        ("something else", "the kernel does not pass"),
    ],
)
def test_no_name_of_ours_is_in_the_words(what: str, words: str) -> None:
    assert failure_words(what) == words


def test_a_complaint_is_shown_with_its_trace_and_no_more() -> None:
    lines = evidence(f"the kernel complains: {SPLAT}", [SPLAT], CONSOLE)
    assert lines[0] == "  [    1.500000] WARNING: CPU: 0 PID: 1 at mm/hugetlb.c:77 prep+0x12/0x80"
    assert lines[-1].endswith("---[ end trace 0000000000000000 ]---")


def test_a_complaint_without_a_console_is_shown_as_it_was_kept() -> None:
    assert evidence(f"the kernel complains: {SPLAT}", [SPLAT], "") == [f"  {SPLAT}"]


def test_a_console_that_ends_too_early_is_shown_to_its_end() -> None:
    console = "".join(f"line {number}\n\n" for number in range(20))
    assert evidence("hung before userspace", [], console) == [f"  line {number}" for number in range(12, 20)]


def test_of_tests_the_mail_has_what_they_say_and_not_their_names() -> None:
    said = ["walk: 3 pages are bad", "selftest: hugepage-vmemmap failed; its words are in the console"]
    assert evidence("failed: walk, selftest", said, CONSOLE) == ["  3 pages are bad", "  hugepage-vmemmap failed"]


def test_what_kernels_did_without_the_patch_is_said() -> None:
    passed = [boot(patch, "pass") for patch in range(3)]
    text = flat(body(booted(*passed, boot(3, "time-out", "hung before userspace"))))
    assert "In QEMU, the kernel hangs before userspace on x86_64 (gcc 12.2) with patch 3. It does not without it." in (
        text
    )
    assert "[ 1.600000] reboot: Restarting system" in text
    failed = [boot(patch, "fail", "went down before userspace") for patch in range(3)]
    text = flat(body(booted(*failed, boot(3, "time-out", "hung before userspace"))))
    assert "with patch 3. Without it, the kernel goes down before userspace." in text


def with_checks(*states: dict[str, str]) -> RunRecord:
    """Boots of base and last state, whose checks come out like this."""
    boots = []
    for patch, words in zip((0, 3), states, strict=True):
        checks = [
            {"name": name, "status": word, "details": ["3 pages are bad"] if word == "fail" else []}
            for name, word in words.items()
        ]
        failing = [name for name, word in words.items() if word == "fail"]
        reason = f"failed: {', '.join(failing)}" if failing else ""
        boots.append(boot(patch, "fail" if failing else "pass", reason, checks=checks))
    states_built = (records.state(0), records.state(3))
    return records.run(cells=(records.cell(states=states_built, boots=tuple(boots)),), claims=())


def test_a_test_that_passes_without_the_series_is_told_from_others() -> None:
    text = flat(body(with_checks({"walk": "pass", "pool": "fail"}, {"walk": "fail", "pool": "fail"})))
    assert "a test in the booted kernel fails on x86_64 (gcc 12.2) with all 3 patches applied." in text
    assert "I did not try them one by one. Without the series, it passes." in text
    assert text.count("3 pages are bad") == 1, "not what fails without the series as well"


def test_a_boot_has_no_command_that_would_only_build() -> None:
    text = body(with_checks({"walk": "pass"}, {"walk": "fail"}))
    assert "a test in the booted kernel fails on x86_64 (gcc 12.2)" in flat(text)
    assert "\n  3 pages are bad\n" in text
    assert "To reproduce" not in text
    assert "walk" not in text
