"""Which revisions a thread holds, and whether one of them is complete."""

from __future__ import annotations

import pytest

from pipeline.mail import thread
from pipeline.mail.message import Mail
from pipeline.system.errors import NotObtainedError
from tests.unit.mails import mail, series

REPLY = mail("Re: [PATCH v9 1/3] change 1", "Reviewed-by: B <b@x>\n", "reply")


def test_only_revisions_with_a_patch_are_known() -> None:
    lone_cover = mail("[PATCH v4 0/2] soon", "Hello.\n", "v4-0")
    assert thread.versions([*series(2, 3), *series(2), lone_cover, REPLY]) == (1, 3)


@pytest.mark.parametrize(
    ("mails", "message_id", "asked", "chosen"),
    [
        (series(3), "", None, 1),
        ([*series(3), *series(3, 2)], "", None, 2),
        ([*series(3, 2), *series(3)], "", None, 2),
        ([*series(3), *series(3, 2)], "", 1, 1),
        ([*series(3), *series(3, 2)], "v1-2@example.org", None, 1),
        ([*series(3), *series(3, 2)], "v1-0@example.org", None, 1),
        ([*series(3), *series(3, 2)], "v1-2@example.org", 2, 2),
        ([*series(3), *series(3, 2), REPLY], "reply@example.org", None, 2),
        ([*series(3), *series(3, 2, without=(1,))], "", None, 1),
        ([*series(3), *series(3, 2, without=(1,))], "", 2, 2),
        ([*series(3, without=(1,)), *series(3, 2, without=(1,))], "", None, 2),
    ],
    ids=[
        "the only one",
        "the newest",
        "the newest in any order",
        "the one asked for",
        "that of the patch named",
        "that of the cover letter named",
        "the number beats the message",
        "a reply names none",
        "the newest complete one",
        "the one asked for though incomplete",
        "the newest when none is complete",
    ],
)
def test_the_revision_chosen(mails: list[Mail], message_id: str, asked: int | None, chosen: int) -> None:
    assert thread.choose_version(mails, message_id, asked) == chosen


def test_a_revision_that_is_not_there_is_refused_with_those_that_are() -> None:
    with pytest.raises(NotObtainedError, match="no revision v7") as caught:
        thread.choose_version([*series(2), *series(2, 3)], "", 7)
    assert "v1, v3" in caught.value.hint


@pytest.mark.parametrize("mails", [[], [REPLY], [mail("[PATCH 0/2] only a cover", "Hello.\n")]])
def test_a_thread_without_a_patch_is_refused(mails: list[Mail]) -> None:
    with pytest.raises(NotObtainedError, match=rf"no patch among the {len(mails)} message"):
        thread.choose_version(mails, "", None)


def test_a_revision_is_its_cover_letter_and_its_patches_in_order() -> None:
    found = thread.revision([*reversed(series(3)), REPLY, *series(3, 2)], 1)
    assert found.cover is not None
    assert found.first is found.cover
    assert [patch.message_id for patch in found.patches] == [f"v1-{at}@example.org" for at in (1, 2, 3)]


def test_without_a_cover_letter_patch_one_comes_first() -> None:
    found = thread.revision(series(2, cover=False), 1)
    assert found.cover is None
    assert found.first.number == 1


def test_a_lone_patch_is_a_series() -> None:
    assert len(thread.revision([mail("[PATCH] alone")], 1).patches) == 1


def test_a_copy_with_the_same_message_id_counts_once() -> None:
    assert len(thread.revision([*series(3), *series(3)], 1).patches) == 3


@pytest.mark.parametrize(
    ("mails", "words"),
    [
        (series(4, without=(3,)), "missing 3/4"),
        (series(4, without=(1, 4)), "missing 1/4, 4/4"),
        (series(12, without=(11,), cover=False), "missing 11/12"),
        ([*series(3), mail("[PATCH 3/4] change", message_id="other")], r"its mails count to different totals \(3, 4\)"),
        ([*series(3), mail("[PATCH 2/3] again", message_id="other")], "patch 2 was posted more than once"),
        (series(2, 5), "it has no patches"),
        ([*series(3, without=(2,)), *series(3, 2)], "missing 2/3"),
    ],
)
def test_what_keeps_a_revision_from_being_complete_is_said(mails: list[Mail], words: str) -> None:
    with pytest.raises(NotObtainedError, match=f"v1 of the series is incomplete: {words}"):
        thread.revision(mails, 1)


def test_the_hint_names_what_there_is() -> None:
    with pytest.raises(NotObtainedError) as caught:
        thread.revision([*series(4, without=(3,)), *series(4, 2)], 1)
    assert "1, 2, 4 of v1" in caught.value.hint
    assert "v2" in caught.value.hint


@pytest.mark.parametrize("mails", [series(3), series(3, cover=False), [*series(3), *series(2, 2)]])
def test_a_complete_revision_has_no_problem(mails: list[Mail]) -> None:
    assert thread.problems(mails, 1) == ""


def test_a_patch_beyond_the_total_is_not_taken_silently() -> None:
    mails = [*series(4), mail("[PATCH 5/4] a bonus", message_id="bonus")]
    assert thread.problems(mails, 1) or len(thread.revision(mails, 1).patches) == 4
