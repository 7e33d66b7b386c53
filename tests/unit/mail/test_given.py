"""Trailers of replies: whose they are, which are given on a condition, and which tools pass over."""

from __future__ import annotations

import pytest

from pipeline.mail.given import given
from tests.support.clock import at_most

REX = "Rex Reviewer <rex@example.org>"
LINE = f"Reviewed-by: {REX}"

CONDITIONAL = [
    f"The lock is not needed. With that fixed:\n\n{LINE}\n",
    f"The lock is not needed.\n\nWith the lock dropped, {LINE}\n",
    f"The lock is not needed here at all. Otherwise\n\n{LINE}\n",
    f"It works, so apart from the two points I noted, you can add:\n\n\t{LINE}\n",
    f"{LINE}\n\nif you fix the typo in the subject.\n",
    f"{LINE} # once the typo is fixed\n",
    f"IMPORTANT: if you fix the issue, please add the following tag to the commit:\n{LINE}\n",
    f"If you fix the issue in a separate patch (i.e. not just a\nnew version), kindly add\n| {LINE}\n",
    f"Provided that the name is changed, feel free to add my {LINE}\n",
]
UNCONDITIONAL = [
    f"Looks good.\n\n{LINE}\n",
    f"After this change my machine boots.\n\n{LINE}\n",
    f"With this patch the board works.\n\n{LINE}\n",
    f"If it helps, you can add my tag:\n\n{LINE}\n",
    f"Otherwise known as the pool bug.\n\n{LINE}\n",
    f"The lock is not needed.\n\n{LINE}\n\nThanks, with best regards\n",
]


@pytest.mark.parametrize("body", CONDITIONAL)
def test_what_is_given_for_the_case_that_something_changes_is_conditional(body: str) -> None:
    (trailer,) = given(body)
    assert trailer.line.startswith(LINE)
    assert trailer.conditional


@pytest.mark.parametrize("body", UNCONDITIONAL)
def test_other_words_above_are_no_condition(body: str) -> None:
    (trailer,) = given(body)
    assert (trailer.line, trailer.conditional, trailer.wrong) == (LINE, False, "")


WRONG = [
    (f"Reviewd-by: {REX}", "Reviewed-by is meant"),
    (f"Reviewed by: {REX}", "Reviewed-by is meant"),
    (f"Reviewed-by {REX}", "is the form"),
    (f"Reviewed-by : {REX}", "is the form"),
    (f"Reviewed-by:{REX}", "is the form"),
    (f"Acked_by: {REX}", "Acked-by is meant"),
    ("Reviewed-by: Rex Reviewer", "it names no address"),
    ("Reviewed-by: Rex Reviewer <rex@example.org", "brackets"),
    (f"Good, {LINE}", "behind other words"),
]


@pytest.mark.parametrize(("line", "reason"), WRONG)
def test_what_is_nearly_a_trailer_is_remarked(line: str, reason: str) -> None:
    (trailer,) = given(f"Hello.\n\n{line}\n")
    assert reason in trailer.wrong


NOBODYS = [
    f"How about this?\n\nFrom: Ada <ada@example.org>\nSubject: [PATCH] mm: x\n\nText.\n\n{LINE}\n---\n a.c | 2 +-\n",
    f"How about this?\n\n-- >8 --\nmm: x\n\nText.\n\n{LINE}\n",
    f"How about this?\n\nmm: x\n\nText.\n\n{LINE}\nSigned-off-by: Ada <ada@example.org>\n---\n a.c | 2 +-\n",
    f"How about this?\n\n{LINE}\nSigned-off-by: Ada <ada@example.org>\n\ndiff --git a/a.c b/a.c\n",
    f"It came with\n\ncommit 0123456789ab\nAuthor: Ada <ada@example.org>\n\n    mm: x\n\n    {LINE}\n\nand broke.\n",
    f"Yes.\n\n-- \n{LINE}\n",
    f"> {LINE}\n\nThanks.\n",
    f"| Table | of |\n| {LINE}\n",
    "The page is fixed by: nobody@example.org says so\n",
]


@pytest.mark.parametrize("body", NOBODYS)
def test_trailers_of_others_words_are_nobodys(body: str) -> None:
    assert given(body) == ()


def test_below_a_pasted_log_a_trailer_counts_again() -> None:
    log = f"commit 0123456789ab\nAuthor: Ada <ada@example.org>\n\n    mm: x\n\n    Acked-by: {REX}\n"
    assert [trailer.line for trailer in given(f"It came with\n\n{log}\nSo this is right.\n\n{LINE}\n")] == [LINE]


@pytest.mark.parametrize(
    "line", [f"{LINE}\n---\n", "Reviewedby: a@b\n", "a.b-by: " + "x" * 900 + "\n", "commit 0123456789ab\n", "---\n\n"]
)
def test_many_lines_take_no_time(line: str) -> None:
    with at_most(5):
        given(line * (200_000 // len(line)))
