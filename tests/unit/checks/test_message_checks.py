"""Checks that read the message of a patch and its headers: sign-off, fixes, stable."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pipeline.checks.fixes import FixesCheck
from pipeline.checks.posting import PostingCheck
from pipeline.checks.protocol import CheckedPatch, Options, Outcome, PatchCheck
from pipeline.checks.sign_off import SignOffCheck
from pipeline.checks.stable import StableCheck
from pipeline.model import Severity
from tests.support.checked import Files, patch

AUTHOR = "A U Thor <author@example.org>"
COMMIT = "0123456789abcdef0123456789abcdef01234567"
WITHOUT_HISTORY = Files({})
HISTORY = Files({}, {COMMIT[:12]: "mm: break it", COMMIT[:8]: "mm: break it"})


def outcome(check: PatchCheck, checked: CheckedPatch, state: Files = WITHOUT_HISTORY) -> Outcome:
    return check.run(checked, state, state)


def kinds(check: PatchCheck, checked: CheckedPatch, state: Files = WITHOUT_HISTORY) -> list[str]:
    return [finding.kind for finding in outcome(check, checked, state).findings]


@pytest.mark.parametrize(
    ("trailers", "expected"),
    [
        (f"Signed-off-by: {AUTHOR}\n", []),
        ("Signed-off-by: A U Thor <AUTHOR@example.org>\n", []),
        ("Signed-off-by: A U Thor <author+linux@example.org>\n", []),
        (f"Signed-off-by: {AUTHOR} # with a remark\n", []),
        ("Signed-off-by: A U Thor (House) <author@example.org>\n", []),
        ("", ["author-did-not-sign"]),
        ("Signed-off-by: Some Else <else@example.org>\n", ["author-did-not-sign"]),
        ("Signed-off-by: A U Thor <thor@example.com>\n", ["other-address"]),
        ("Signed-off-by: Á Ü Thor <author@example.org>\n", []),
        ("Signed-off-by: Thor <author@example.org>\n", ["other-name"]),
        (f"Co-developed-by: B <b@example.org>\nSigned-off-by: {AUTHOR}\n", ["co-developer-did-not-sign"]),
        (f"Co-developed-by: B <b@example.org>\nSigned-off-by: B <b@example.org>\nSigned-off-by: {AUTHOR}\n", []),
    ],
)
def test_author_and_co_developers_have_to_sign(trailers: str, expected: list[str]) -> None:
    assert kinds(SignOffCheck(), patch(f"Why.\n\n{trailers}")) == expected


def test_a_missing_sign_off_is_an_error_and_another_address_a_remark() -> None:
    (missing,) = outcome(SignOffCheck(), patch("Why.\n")).findings
    (other,) = outcome(SignOffCheck(), patch("Signed-off-by: A U Thor <t@example.com>\n")).findings
    assert (missing.severity, other.severity) == (Severity.ERROR, Severity.REMARK)


def test_the_sender_of_another_author_s_patch_signs_too() -> None:
    checked = patch("From: B <b@example.org>\n\nWhy.\n\nSigned-off-by: B <b@example.org>\n")
    checked = CheckedPatch(replace(checked.patch, author="B <b@example.org>"), checked.series)
    assert kinds(SignOffCheck(), checked) == ["sender-did-not-sign"]


def test_a_signature_below_the_line_is_none() -> None:
    assert kinds(SignOffCheck(), patch(f"Why.\n---\nSigned-off-by: {AUTHOR}\n")) == ["author-did-not-sign"]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (f'{COMMIT[:12]} ("mm: break it")', []),
        (f'{COMMIT[:12]} ("mm: break  it")', []),
        (f'{COMMIT[:8]} ("mm: break it")', ["short"]),
        (f'{COMMIT[:12]} ("mm: mend it")', ["subject"]),
        (f"{COMMIT[:12]} mm: break it", ["form"]),
        ('fedcba987654 ("mm: break it")', ["unknown"]),
        ("https://bugs.example.org/1", ["form"]),
    ],
)
def test_what_fixes_names_is_looked_up(value: str, expected: list[str]) -> None:
    result = outcome(FixesCheck(), patch(f"Why.\n\nFixes: {value}\n"), HISTORY)
    assert [finding.kind for finding in result.findings] == expected
    assert result.not_checked == ""


def test_without_history_the_form_is_looked_at_and_the_rest_is_not_checked() -> None:
    good = outcome(FixesCheck(), patch(f'Fixes: {COMMIT[:12]} ("mm: break it")\n'))
    short = outcome(FixesCheck(), patch(f'Fixes: {COMMIT[:8]} ("mm: break it")\n'))
    assert (good.findings, good.not_checked) == ((), "commits were not looked up: no history")
    assert [finding.kind for finding in short.findings] == ["short"]


@pytest.mark.parametrize(
    ("subject", "concerned"),
    [
        ("[PATCH] mm: fix use after free", True),
        ("[PATCH] mm: Fixes a leak", True),
        ("[PATCH] mm: fix typo in comment", False),
        ("[PATCH] mm: add a prefix", False),
        ("[PATCH] mm: use fixed point numbers", False),
    ],
)
def test_a_subject_that_speaks_of_a_fix_wants_fixes(subject: str, concerned: bool) -> None:
    checked = patch(subject=subject)
    assert FixesCheck().concerns(checked) == concerned
    if concerned:
        assert kinds(FixesCheck(), checked) == ["no-fixes"]


@pytest.mark.parametrize(
    ("message", "headers", "options", "expected"),
    [
        ("Cc: stable@vger.kernel.org\n", {}, {}, []),
        ("Cc: <stable@vger.kernel.org> # 6.12+\n", {}, {}, []),
        ("Cc: stable@kernel.org\n", {}, {}, []),
        ("Cc: linux-stable@vger.kernel.org\n", {}, {}, ["address"]),
        ("Cc: stable@vger.kernel.org\n", {}, {"trailer": "unwanted"}, ["unwanted"]),
        ("", {"cc": "stable@vger.kernel.org"}, {}, ["no-trailer"]),
        ("Cc: stable@vger.kernel.org\n", {"cc": "stable@vger.kernel.org"}, {}, []),
        ('Fixes: 0123456789ab ("x")\n', {}, {}, []),
        ('Fixes: 0123456789ab ("x")\n', {}, {"with-fixes": "wanted"}, ["not-asked"]),
    ],
)
def test_how_stable_trees_are_asked(
    message: str, headers: dict[str, str], options: dict[str, str], expected: list[str]
) -> None:
    checked = patch(f"Why.\n\n{message}", **headers)
    checked = CheckedPatch(checked.patch, checked.series, Options(values=options))
    assert StableCheck().concerns(checked)
    assert kinds(StableCheck(), checked) == expected


def test_a_patch_that_has_nothing_to_do_with_stable_does_not_concern_it() -> None:
    assert not StableCheck().concerns(patch("Why.\n\nCc: B <b@example.org>\n"))


@pytest.mark.parametrize(
    ("prefix", "expected"),
    [
        ("[PATCH net-next v2 1/3]", []),
        ("[PATCH v2 bpf, 1/3]", []),
        ("[net] [PATCH 1/3]", ["no-tree"]),
        ("[PATCH v2 1/3]", ["no-tree"]),
        ("[RFC PATCH RESEND]", ["no-tree"]),
        ("", []),
    ],
)
def test_a_list_wants_the_tree_in_the_subject(prefix: str, expected: list[str]) -> None:
    checked = patch("Why.\n")
    letter = replace(checked.letter, subject=f"{prefix} net: a word")
    options = Options(values={"tree": "wanted", "most-patches": 15})
    wanted = CheckedPatch(replace(checked.patch, letter=letter), checked.series, options)
    assert PostingCheck().concerns(wanted)
    assert kinds(PostingCheck(), wanted) == expected
    assert not PostingCheck().concerns(CheckedPatch(wanted.patch, wanted.series))


def test_too_many_patches_are_said_of_the_first() -> None:
    checked = patch("Why.\n")
    patches = tuple(replace(checked.patch, number=number) for number in range(1, 18))
    series = replace(checked.series, patches=patches)
    options = Options(values={"most-patches": 15})
    said = [kinds(PostingCheck(), CheckedPatch(each, series, options)) for each in patches]
    assert said == [["too-many"], *[[]] * 16]
    (finding,) = outcome(PostingCheck(), CheckedPatch(patches[0], series, options)).findings
    assert finding.message == "17 patches in one series; 15 at most"
