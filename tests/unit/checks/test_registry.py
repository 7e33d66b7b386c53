"""Checks on patches: what every one of them has, and those that read a patch alone."""

from __future__ import annotations

from pipeline.checks.registry import CHECKS
from pipeline.checks.suspicion import SuspicionCheck
from pipeline.model import Severity
from tests.support.checked import Files, patch
from tests.support.hostile_mail import new_file

NOTHING = Files({})


def test_names_of_checks_are_words_of_configuration_and_each_is_there_once() -> None:
    names = [check.name for check in CHECKS]
    assert len(set(names)) == len(names)
    assert all(name.replace("-", "").isalpha() and name.islower() for name in names)
    assert all(check.about and check.version > 0 for check in CHECKS)


def test_what_the_eye_does_not_see_is_an_error_of_its_patch() -> None:
    findings = SuspicionCheck().run(patch(diff=new_file("mm/x.c", "int a\u202e;")), NOTHING, NOTHING).findings
    assert [(finding.severity, finding.path, finding.line, finding.new) for finding in findings] == [
        (Severity.ERROR, "mm/x.c", 1, True)
    ]
    assert "U+202E" in findings[0].message


def test_a_link_is_a_remark_and_plain_code_is_nothing() -> None:
    link = SuspicionCheck().run(patch(diff=new_file("mm/sub/x", "../y", "120000")), NOTHING, NOTHING).findings
    assert [finding.severity for finding in link] == [Severity.REMARK]
    assert SuspicionCheck().run(patch(), NOTHING, NOTHING).findings == ()
