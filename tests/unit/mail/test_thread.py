"""What was posted in a thread, which of it belongs together, and which of it is the series that was asked for."""

from __future__ import annotations

import pytest

from pipeline.mail import thread
from pipeline.mail.choice import Choice, choose
from pipeline.mail.diff import cut_off
from pipeline.mail.message import Mail, parse
from pipeline.mail.thread import Posting, postings
from pipeline.system.errors import NotObtainedError
from tests.support.clock import at_most
from tests.support.mails import DIFF, mail, raw, series

REPLY = mail("Re: [PATCH v9 1/3] change 1", "Reviewed-by: B <b@x>\n", "reply")


def below(parent: str, subject: str, message_id: str, body: str = DIFF, **headers: str) -> Mail:
    """A mail that answers another one."""
    return parse(raw(subject, body, message_id, in_reply_to=f"<{parent}@example.org>", **headers))


def chosen(mails: list[Mail], message_id: str = "", asked: int | None = None) -> Choice:
    return choose(postings(mails), mails, message_id, asked)


def shape(posting: Posting) -> tuple[str, list[int]]:
    return posting.name, [mail.number or 0 for mail in posting.mails]


def test_only_revisions_with_a_patch_are_known() -> None:
    lone_cover = mail("[PATCH v4 0/2] soon", "Hello.\n", "v4-0")
    assert thread.versions([*series(2, 3), *series(2), lone_cover, REPLY]) == (1, 3)


@pytest.mark.parametrize(
    ("mails", "message_id", "asked", "version"),
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
    ],
)
def test_the_newest_complete_revision_is_chosen_or_the_one_asked_for(
    mails: list[Mail], message_id: str, asked: int | None, version: int
) -> None:
    assert chosen(mails, message_id, asked).posting.version == version


def test_a_revision_that_is_not_there_is_refused_with_those_that_are() -> None:
    with pytest.raises(NotObtainedError, match="no revision v7") as caught:
        chosen([*series(2), *series(2, 3)], "", 7)
    assert "v1, v3" in caught.value.hint


@pytest.mark.parametrize(
    ("mails", "reason"),
    [
        ([mail("[RFC 1/2] an idea", "No code yet.\n")], "'[RFC 1/2] an idea' has no diff"),
        ([mail("Fwd: [PATCH 1/1] mm: x")], "'Fwd: [PATCH 1/1] mm: x' has a diff, but answers or forwards another mail"),
        ([mail("[linux-mm] Re: [PATCH] mm: x")], "has a diff, but answers or forwards"),
        ([mail("[PATCH 0/1] mm: x")], "'[PATCH 0/1] mm: x' has a diff, but calls itself a cover letter"),
        ([mail(f"[RFC {at}/5] idea", "No code.\n", str(at)) for at in range(1, 6)], "; and 2 more"),
    ],
)
def test_why_nothing_in_a_thread_is_a_patch_is_said(mails: list[Mail], reason: str) -> None:
    with pytest.raises(NotObtainedError, match="no patch among the") as caught:
        chosen(mails)
    assert reason in caught.value.message


@pytest.mark.parametrize(
    ("subjects", "title", "numbers"),
    [
        (["mm: no tag at all"], "mm: no tag at all", [1]),
        (["[RFC] mm: only that"], "[RFC] mm: only that", [1]),
        (["[tip: mm/core] mm: applied"], "[tip: mm/core] mm: applied", [1]),
        (["PATCH 1/2: mm: one", "PATCH 2/2: mm: two"], "mm: one", [1, 2]),
        (["(PATCH 1 of 2) mm: one", "(PATCH 2 of 2) mm: two"], "mm: one", [1, 2]),
    ],
)
def test_where_no_subject_says_patch_a_mail_with_a_diff_is_a_patch(
    subjects: list[str], title: str, numbers: list[int]
) -> None:
    mails = [mail(subject, message_id=str(at)) for at, subject in enumerate(subjects)]
    assert all(message.number is None for message in mails)
    posting = chosen(thread.with_bare_patches(mails)).posting
    assert (posting.first.title, [patch.number for patch in posting.patches]) == (title, numbers)


def test_a_diff_without_a_tag_is_no_patch_where_another_mail_has_the_tag() -> None:
    mails = [mail("mm: what I have"), *series(2)]
    assert thread.with_bare_patches(mails) == mails


@pytest.mark.parametrize("mails", [[], [REPLY], [mail("[PATCH 0/2] only a cover", "Hello.\n")]])
def test_a_thread_without_a_patch_is_refused(mails: list[Mail]) -> None:
    with pytest.raises(NotObtainedError, match=rf"no patch among the {len(mails)} message"):
        chosen(mails)


def test_a_revision_is_its_cover_letter_and_its_patches_in_order() -> None:
    posting = chosen([*reversed(series(3)), REPLY, *series(3, 2)], asked=1).posting
    assert posting.cover is not None
    assert posting.first is posting.cover
    assert [patch.message_id for patch in posting.patches] == [f"v1-{at}@example.org" for at in (1, 2, 3)]


def test_without_a_cover_letter_patch_one_comes_first() -> None:
    choice = chosen(series(2, cover=False))
    assert choice.posting.cover is None
    assert choice.posting.first.number == 1
    assert choice.notes == ("no cover letter: the reply answers patch 1",)


def test_a_lone_patch_is_a_series() -> None:
    assert len(chosen([mail("[PATCH] alone")]).posting.patches) == 1


def test_a_lone_patch_with_a_cover_letter_is_a_series() -> None:
    mails = [mail("[PATCH 0/1] about", "Hello.\n", "c"), below("c", "[PATCH 1/1] one", "p")]
    assert shape(chosen(mails).posting) == ("v1", [0, 1])


def test_a_copy_with_the_same_message_id_counts_once() -> None:
    assert len(chosen([*series(3), *series(3)]).posting.patches) == 3


@pytest.mark.parametrize(
    ("mails", "words"),
    [
        (series(4, without=(3,)), "missing 3/4"),
        (series(4, without=(1, 4)), "missing 1/4, 4/4"),
        (series(12, without=(11,), cover=False), "missing 11/12"),
        ([*series(3), mail("[PATCH 2/3] again", message_id="other")], "patch 2 was posted more than once"),
        ([*series(3, without=(2,)), *series(3, 2)], "missing 2/3"),
        ([*series(3), below("v1-0", "[PATCH 3/3] again", "other")], "patch 3 was posted more than once"),
    ],
)
def test_what_keeps_a_revision_from_being_complete_is_said(mails: list[Mail], words: str) -> None:
    with pytest.raises(NotObtainedError, match=f"v1 of the series is incomplete: {words}"):
        chosen(mails, asked=1)


def test_the_hint_names_what_there_is() -> None:
    with pytest.raises(NotObtainedError) as caught:
        chosen([*series(4, without=(3,)), *series(4, 2)], asked=1)
    assert "1, 2, 4 of v1" in caught.value.hint
    assert "v2" in caught.value.hint
    assert "--rethread" in caught.value.hint


def threaded(total: int, version: int = 1, parent: str = "", title: str = "change", sender: str = "") -> list[Mail]:
    """A series as git send-email threads it, below another mail or on its own."""
    tag = "PATCH" if version == 1 else f"PATCH v{version}"
    name = f"{title.replace(' ', '-')}-v{version}"
    more = {"from": sender} if sender else {}
    cover = (
        below(parent, f"[{tag} 0/{total}] {title}", f"{name}-0", "Hello.\n", **more)
        if parent
        else mail(f"[{tag} 0/{total}] {title}", "Hello.\n", f"{name}-0")
    )
    return [
        cover,
        *(
            below(f"{name}-0", f"[{tag} {at}/{total}] {title} {at}", f"{name}-{at}", **more)
            for at in range(1, total + 1)
        ),
    ]


def test_another_series_within_the_thread_is_left_out() -> None:
    mails = [*threaded(2), *threaded(3, 1, "change-v1-2", "better idea", "Other <other@example.org>")]
    choice = chosen(mails)
    assert shape(choice.posting) == ("v1", [0, 1, 2])
    assert choice.notes == ("another series in the thread was left out: 'better idea', v1, 3 patch(es)",)


def test_another_series_within_the_thread_can_be_named() -> None:
    mails = [*threaded(2), *threaded(3, 1, "change-v1-2", "better idea")]
    assert chosen(mails, "better-idea-v1-1@example.org").posting.first.title == "better idea"
    assert chosen(mails, "change-v1-1@example.org").posting.first.title == "change"


def test_a_reply_names_the_series_that_it_is_about() -> None:
    mails = [
        *threaded(2),
        *threaded(3, 1, "change-v1-2", "better idea"),
        below("better-idea-v1-2", "Re: [PATCH 2/3] better idea 2", "answer", "Good.\n"),
    ]
    assert chosen(mails, "answer@example.org").posting.first.title == "better idea"


def test_a_newer_revision_below_the_one_named_is_not_taken_but_said() -> None:
    mails = [*threaded(2), *threaded(2, 2, "change-v1-0")]
    choice = chosen(mails, "change-v1-1@example.org")
    assert choice.posting.version == 1
    assert choice.notes == ("v2 is in the thread, too, and newer than what was named",)
    assert chosen(mails).posting.version == 2


def test_an_incomplete_newer_revision_is_said() -> None:
    choice = chosen([*threaded(3), *threaded(3, 2, "change-v1-0")[:3]])
    assert choice.posting.version == 1
    assert choice.notes == ("v2 is in the thread, too, but missing 3/3",)


def rerolled(number: int, total: int = 3, parent: str = "") -> Mail:
    return below(parent or f"change-v1-{number}", f"[PATCH v2 {number}/{total}] change {number}", f"v2-{number}")


def test_a_partial_reroll_is_completed_from_what_it_replaces() -> None:
    choice = chosen([*threaded(3), rerolled(2)])
    assert shape(choice.posting) == ("v2", [0, 1, 2, 3])
    assert choice.posting.taken == (1, 3)
    assert [mail.version for mail in choice.posting.patches] == [1, 2, 1]
    assert choice.notes == ("v2 replaces some patches only: 1, 3 of 3 are those of the posting before",)


def test_a_partial_reroll_may_answer_an_answer() -> None:
    answer = below("change-v1-2", "Re: [PATCH 2/3] change 2", "answer", "No.\n")
    choice = chosen([*threaded(3), answer, rerolled(2, parent="answer"), rerolled(3)])
    assert choice.posting.taken == (1,)


@pytest.mark.parametrize("misplaced", [rerolled(2, parent="change-v1-3"), rerolled(2, total=4)])
def test_what_replaces_no_patch_of_its_number_is_no_reroll(misplaced: Mail) -> None:
    choice = chosen([*threaded(3), misplaced])
    assert shape(choice.posting) == ("v1", [0, 1, 2, 3])


def test_the_original_of_a_reroll_is_what_its_messages_name() -> None:
    mails = [*threaded(3), rerolled(2)]
    assert chosen(mails, "change-v1-1@example.org").posting.version == 1
    assert chosen(mails, "v2-2@example.org").posting.version == 2


def test_a_resend_is_a_posting_of_its_own_and_preferred() -> None:
    again = [
        parse(message.raw.replace(b"[PATCH", b"[PATCH RESEND").replace(b"change-v1", b"again-v1"))
        for message in threaded(2)
    ]
    choice = chosen([*threaded(2), *again])
    assert choice.posting.name == "v1 RESEND"
    assert choice.notes[0].startswith("v1 was posted twice; taken is v1 RESEND of ")
    assert chosen([*threaded(2), *again], "change-v1-1@example.org").posting.name == "v1"


def test_patches_without_a_version_below_a_cover_letter_with_one_are_of_that() -> None:
    cover = mail("[PATCH v3 0/2] about", "Hello.\n", "c")
    choice = chosen([cover, *(below("c", f"[PATCH {at}/2] one", f"p{at}") for at in (1, 2))])
    assert shape(choice.posting) == ("v3", [0, 1, 2])


def test_each_mail_may_answer_the_one_before() -> None:
    mails = [mail("[PATCH 0/3] about", "Hello.\n", "m0")]
    mails += [below(f"m{at - 1}", f"[PATCH {at}/3] one", f"m{at}") for at in (1, 2, 3)]
    assert shape(chosen(mails).posting) == ("v1", [0, 1, 2, 3])


def test_a_loop_of_references_ends() -> None:
    mails = [below("b", "[PATCH 1/2] one", "a"), below("a", "[PATCH 2/2] two", "b"), below("d", "Re: x", "c", "x\n")]
    mails.append(below("c", "Re: x", "d", "x\n"))
    assert len(chosen(mails, "c@example.org").posting.patches) == 2


CHANGE = "change-id: 20241017-topic-0123456789ab\n"


@pytest.mark.parametrize(("other", "version"), [(CHANGE, 2), (CHANGE.replace("topic", "other"), 1)])
def test_a_change_id_tells_what_is_of_one_series(other: str, version: int) -> None:
    first = mail("[PATCH] one", DIFF + CHANGE, "one")
    second = below("one", "[PATCH v2] quite another title", "two", DIFF + other)
    assert chosen([first, second]).posting.version == version


def test_a_thousand_messages_are_sorted_soon() -> None:
    mails = [*threaded(20)]
    mails += [below(f"change-v1-{at % 20}", f"Re: [PATCH {at % 20}/20] x", f"r{at}", "x\n") for at in range(1000)]
    with at_most(1):
        assert shape(chosen(mails, "r999@example.org").posting)[0] == "v1"


def test_mails_from_which_in_reply_to_leads_in_a_circle_are_found() -> None:
    mails = [
        *series(2),
        below("v1-1", "Re: fine", "fine"),
        below("gone", "Re: what is gone", "orphan"),
        below("b", "Re: b", "a"),
        below("a", "Re: a", "b"),
        below("a", "Re: a", "hangs-below"),
        below("itself", "Re: itself", "itself"),
    ]
    names = {"a", "b", "hangs-below", "itself"}
    assert thread.in_circles(mails) == {f"{name}@example.org" for name in names}


SERIES_BELOW = [mail("[PATCH] all at once", message_id="root"), *threaded(2, 2, "root", "in parts")]


def test_a_lone_patch_is_not_preferred_to_a_series_that_answers_it() -> None:
    choice = chosen(SERIES_BELOW)
    assert shape(choice.posting) == ("v2", [0, 1, 2])
    assert choice.instead == (
        "the thread has the single patch 'all at once' and a series: taken is v2, 'in parts', 2 patch(es)"
    )
    assert choice.instead not in choice.notes


def test_a_lone_patch_that_is_named_is_taken() -> None:
    choice = chosen(SERIES_BELOW, "root@example.org")
    assert (len(choice.posting.patches), choice.instead) == (1, "")


def test_a_newer_lone_patch_is_not_preferred_to_a_series() -> None:
    squashed = below("change-v1-0", "[PATCH v2] change, all in one", "squashed")
    choice = chosen([*threaded(3), squashed])
    assert shape(choice.posting) == ("v1", [0, 1, 2, 3])
    assert "name squashed@example.org to have it alone" in choice.notes[0]
    assert chosen([*threaded(3), squashed], "squashed@example.org").posting.name == "v2"


def test_of_lone_patches_the_newest_is_taken_with_a_cover_letter_or_without() -> None:
    mails = [*threaded(1), below("change-v1-1", "[PATCH v3] change 1", "third")]
    assert chosen(mails).posting.name == "v3"
    assert chosen(mails, "change-v1-0@example.org").posting.name == "v1"


def test_what_is_taken_in_the_place_of_a_mail_without_a_patch_is_said() -> None:
    plan = mail("mm: a plan", "Shall we?\n", "plan")
    choice = chosen([plan, *threaded(2, parent="plan")], "plan@example.org")
    assert choice.instead == "'mm: a plan' was named, which posts no patch: taken is v1, 'change', 2 patch(es)"


@pytest.mark.parametrize("subject", ["[PATCH 0/1] another", "[PATCH 2/7] an empty one"])
def test_what_is_taken_in_the_place_of_a_cover_letter_without_patches_is_said(subject: str) -> None:
    mails = [*threaded(2), below("change-v1-0", subject, "bare", "Hello.\n")]
    choice = chosen(mails, "bare@example.org")
    assert choice.instead == f"{subject!r} was named, which posts no patch: taken is v1, 'change', 2 patch(es)"


def test_a_reply_to_an_older_revision_brings_the_newest_and_that_is_said() -> None:
    answer = below("change-v1-1", "Re: [PATCH 1/2] change 1", "answer", "No.\n")
    choice = chosen([*threaded(2), answer, *threaded(2, 2, "change-v1-0")], "answer@example.org")
    assert choice.posting.name == "v2"
    assert choice.instead.endswith("an answer to v1: taken is v2, 'change', 2 patch(es), which is newer")
    assert chosen([*threaded(2), answer], "answer@example.org").instead == ""


def test_a_patch_beyond_the_total_belongs_to_the_series() -> None:
    choice = chosen([*series(4), mail("[PATCH 5/4] a bonus", message_id="bonus")])
    assert shape(choice.posting) == ("v1", [0, 1, 2, 3, 4, 5])
    assert choice.notes == ("patch 5 of 4 was posted: it is taken as b4 takes it, and the series has 5",)


def test_an_empty_patch_is_named() -> None:
    empty = below("change-v1-0", "[PATCH 2/3] change nothing", "empty", "Oh.\n")
    with pytest.raises(NotObtainedError, match=r"patch 2/3, 'change nothing', is empty: it has no diff$") as caught:
        chosen([*(message for message in threaded(3) if message.number != 2), empty])
    assert "git am stops" in caught.value.hint


def test_a_mail_that_was_cut_off_is_no_empty_patch() -> None:
    with pytest.raises(NotObtainedError, match="missing 3/3") as caught:
        chosen([*threaded(3)[:3], below("change-v1-0", "[PATCH 3/3] cha", "cut", "")])
    assert "Is the mailbox whole?" in caught.value.hint


@pytest.mark.parametrize(
    "end", ["", "-- \n2.43.0\n", "diff --git a/mm/x.c b/mm/x.c\nold mode 100644\nnew mode 100755\n"]
)
def test_a_file_without_a_hunk_is_no_change(end: str) -> None:
    names = DIFF[DIFF.index("diff --git") : DIFF.index("@@")]
    assert cut_off(f"Text.\n---\n{names}{end}") == "its diff of mm/util.c has no hunk"
    assert cut_off(f"Text.\n{DIFF}{end}") == ""


def test_a_diff_in_a_cover_letter_is_said() -> None:
    mails = [mail("[PATCH 0/1] about", DIFF, "c"), below("c", "[PATCH 1/1] one", "p")]
    said = "the cover letter has a diff (mm/util.c), which is no part of the series: it is not applied"
    assert chosen(mails).notes == (said,)


@pytest.mark.parametrize(("above", "version"), [("[PATCH v5 2/3] change 2", 5), ("[PATCH 2/3] change 2", 1)])
def test_a_kernel_release_in_a_subject_is_a_revision_only_below_a_series(above: str, version: int) -> None:
    revisions = postings([mail(above, message_id="a"), below("a", "[PATCH v5.10 2/3] change 2", "b")])
    assert revisions[-1].version == version


def test_a_point_release_of_a_revision_is_newer_than_it() -> None:
    mails = [*threaded(2, 2), below("change-v2-2", "[PATCH v2.1 2/2] change 2", "point")]
    choice = chosen(mails)
    assert (choice.posting.name, choice.posting.taken) == ("v2.1", (1,))
    named = chosen(mails, "change-v2-1@example.org")
    assert named.posting.name == "v2"
    assert named.notes == ("v2.1 is in the thread, too, and replaces patch 2 of 2",)


def test_resend_in_the_cover_letter_alone_keeps_it_with_its_patches() -> None:
    mails = [mail("[PATCH RESEND 0/2] about", "Hello.\n", "c")]
    mails += [below("c", f"[PATCH {at}/2] one", f"p{at}") for at in (1, 2)]
    assert shape(chosen(mails).posting) == ("v1 RESEND", [0, 1, 2])


def test_a_thousand_lone_patches_that_answer_each_other_are_sorted_soon() -> None:
    mails = [mail("[PATCH] x", message_id="0")]
    mails += [below(str(at - 1), f"[PATCH v{at % 900 + 1}] x", str(at)) for at in range(1, 1000)]
    with at_most(3):
        assert chosen(mails).posting.lone


def test_a_long_chain_of_replies_is_no_circle_and_ends_soon() -> None:
    mails = [below(str(at - 1), "Re: x", str(at)) for at in range(1, 2000)]
    with at_most(1):
        assert thread.in_circles(mails) == frozenset()


def test_files_of_a_folder_are_one_posting_whoever_wrote_them() -> None:
    """format-patch without --from has the authors in From:, and one made anew may not be threaded with the others."""
    mails = [
        below("cover", "[PATCH 1/2] one", "a"),
        parse(raw("[PATCH 2/2] two", DIFF, "b").replace(b"A U Thor <author@", b"Bob <bob@")),
    ]
    (folder,) = postings(mails, in_a_folder=True)
    assert ([patch.message_id for patch in folder.patches], folder.problems) == (["a@example.org", "b@example.org"], "")
    assert len(postings(mails)) == 2, "in a mailbox they would be two"
