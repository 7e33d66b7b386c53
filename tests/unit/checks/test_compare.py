"""Which findings of the state after a patch are new."""

from __future__ import annotations

from pipeline.checks.compare import compared
from pipeline.mail.diff import FileDiff
from pipeline.model import CheckFinding, Severity


def finding(line: int, message: str = "no description", path: str = "a.c") -> CheckFinding:
    return CheckFinding(Severity.WARNING, message, path, line)


def new_lines(after: list[CheckFinding], before: list[CheckFinding], *files: FileDiff) -> list[int]:
    return [check_finding.line for check_finding in compared(after, before, files) if check_finding.new]


def test_what_moved_is_not_new() -> None:
    assert new_lines([finding(12)], [finding(10)]) == []


def test_what_has_other_words_or_another_file_is_new() -> None:
    assert new_lines([finding(12, "other"), finding(3, path="b.c")], [finding(12)]) == [12, 3]


def test_of_two_alike_the_one_in_an_added_line_is_new() -> None:
    added = FileDiff(("a.c",), frozenset(), {5: "int a;"})
    assert new_lines([finding(5), finding(13)], [finding(10)], added) == [5]
    assert new_lines([finding(5), finding(13)], [finding(10), finding(11)], added) == []


def test_a_renamed_file_keeps_what_it_had() -> None:
    renamed = FileDiff(("old.c", "a.c"), frozenset(), {})
    assert new_lines([finding(10)], [finding(10, path="old.c")], renamed) == []
    assert new_lines([finding(10)], [finding(10, path="old.c")]) == [10]
