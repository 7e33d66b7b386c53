"""Who is a maintainer of the files of a patch, where a tree's MAINTAINERS is known, and what their word does."""

from __future__ import annotations

import pytest

from pipeline.model import Letter
from pipeline.render.review import render_review
from pipeline.review import review
from pipeline.review.record import PointRecord
from tests.support.threads import AUTHOR, MIDMASK, OTHER, REVIEWER, letter, patch, series

MONA = "Mona Maintainer <mona@example.org>"
TEXT = """\
POOLS
M:\tMona Maintainer <mona@example.org>
R:\tRex Reviewer <rex@example.net>
F:\tmm/pool.c

DRAINS
M:\tOtto Other <otto@example.com>
F:\tmm/drain.c
"""
REQUEST = "Please say what the pool is for."


def points(*replies: Letter, maintainers: str = TEXT) -> tuple[PointRecord, ...]:
    return review(series(*replies), MIDMASK, maintainers).points


def requested(sender: str) -> Letter:
    return letter("a", sender, f"> Why.\n\n{REQUEST}\n", "cover", "p1")


def said(sender: str, words: str, message_id: str = "b", *, to: tuple[str, ...] = ("a",)) -> Letter:
    return letter(message_id, sender, f"> {REQUEST}\n\n{words}\n", "cover", "p1", *to)


@pytest.mark.parametrize(
    ("sender", "role"),
    [
        (MONA, "maintainer"),
        ("Mona Maintainer <mona@corp.example.com>", "maintainer"),
        ("mona@example.org", "maintainer"),
        ("Maintainer, Mona <mona@elsewhere.example>", "maintainer"),
        (REVIEWER, "reviewer"),
        (OTHER, "third party"),
        ("Mona <mona@example.net>", "third party"),
        ("kernel test robot <lkp@example.org>", "program"),
    ],
)
def test_the_role_of_a_comment_s_author(sender: str, role: str) -> None:
    text = f"> Why.\n\n{REQUEST}\n" if "robot" not in sender else ">> mm/pool.c:12:3: warning: unused variable 'size'\n"
    (point,) = points(letter("a", sender, text, "cover", "p1"))
    assert point.role == role


def test_without_a_tree_nobody_has_a_role() -> None:
    (point,) = points(requested(MONA), maintainers="")
    assert point.role == ""
    assert "(" not in render_review(review(series(requested(MONA)), MIDMASK), "x").split("Points")[1]


@pytest.mark.parametrize(
    ("sender", "shown"), [(MONA, "Mona Maintainer (maintainer)"), (OTHER, "Otto Other (third party)")]
)
def test_a_review_says_who_it_is(sender: str, shown: str) -> None:
    assert shown in render_review(review(series(requested(sender)), MIDMASK, TEXT), "mm: a better pool")


@pytest.mark.parametrize(
    "words",
    ["No, this is told elsewhere.", "No need to, it is the only one.", "I disagree.", "That is not necessary here."],
)
def test_what_a_maintainer_declines_the_author_need_not_do(words: str) -> None:
    (point,) = points(requested(OTHER), said(MONA, words))
    assert (point.state, point.waiting) == ("answered", "")
    assert point.evidence[-1].author == MONA


@pytest.mark.parametrize(("opener", "sender"), [(OTHER, REVIEWER), (MONA, OTHER), (MONA, "Mo Other <mo@example.org>")])
def test_what_others_decline_stays_open(opener: str, sender: str) -> None:
    first = points(requested(opener), said(sender, "No, this is told elsewhere."))[0]
    assert first.state == "unanswered"


def test_without_a_tree_a_maintainer_is_a_third_party() -> None:
    elsewhere = MONA.replace("example.org", "corp.example.com")
    first = points(requested(OTHER), said(elsewhere, "No, this is told elsewhere."), maintainers="")[0]
    assert first.state == "unanswered"


def test_who_wrote_a_patch_that_another_posts_reviews_it_and_answers_for_it() -> None:
    writer = "Wanda Writer <wanda@example.com>"
    replies = (
        letter("a", writer, "> Why.\n\nPlease say what changed.\n", "cover", "p1"),
        letter("b", REVIEWER, f"> Why.\n\n{REQUEST}\n", "cover", "p1"),
        said(writer, "Will do.", "c", to=("b",)),
    )
    first, second = review(series(*replies, patches=(patch(1, author=writer), patch(2))), MIDMASK).points
    assert (first.author, first.state) == (writer, "unanswered")
    assert (second.author, second.state) == (REVIEWER, "promised")


def test_a_maintainer_may_be_content_with_the_answer_to_somebody_else() -> None:
    declined = said(AUTHOR, "I'd prefer to leave it as it is.")
    content = letter("c", MONA, "> I'd prefer to leave it as it is.\n\nFine with me.\n", "cover", "p1", "a", "b")
    assert points(requested(OTHER), declined, content)[0].state == "answered"
    assert points(requested(OTHER), declined, content, maintainers="")[0].state == "disputed"


def test_a_promise_is_not_taken_back_by_a_maintainer() -> None:
    (point,) = points(requested(OTHER), said(AUTHOR, "Will do."), said(MONA, "No need to hurry.", "c"))
    assert point.state == "promised"
