"""Points of a thread and their state; the threads are our own, with forms that real ones take."""

from __future__ import annotations

import pytest

from pipeline.model import Letter, UncollectedTrailer
from pipeline.review import review
from pipeline.review.record import PointRecord, ReviewRecord
from tests.support.threads import ANSWER, AUTHOR, CODE, COMMENT, MIDMASK, OTHER, REVIEWER, letter, patch, quoted, series


def reviewed(*replies: Letter) -> ReviewRecord:
    return review(series(*replies), MIDMASK)


def points(*replies: Letter) -> tuple[PointRecord, ...]:
    return reviewed(*replies).points


def state(*replies: Letter) -> str:
    (point,) = points(*replies)
    return point.state


COMMENTED = letter("a", REVIEWER, COMMENT, "cover")
ANSWERED = letter("b", AUTHOR, ANSWER, "cover", "a")


def test_an_answer_cuts_a_comment_into_points() -> None:
    forgotten, wider, volunteered = points(COMMENTED, ANSWERED)
    assert (forgotten.state, wider.state, volunteered.state) == ("promised", "undecided", "volunteered")
    assert "pool_fill_early()" in forgotten.text[0]
    assert wider.text == ("Would you do the same for drain_pool() and with it for the network?",)
    assert volunteered.text == ("Another thing I want to do is to have one pool for each CPU.",)
    assert (forgotten.message_id, wider.message_id, volunteered.message_id) == ("a@x", "a@x", "b@x")
    assert (forgotten.author, volunteered.author) == (REVIEWER, AUTHOR)


def test_every_point_quotes_the_words_that_decide_and_names_their_message() -> None:
    forgotten, wider, volunteered = points(COMMENTED, ANSWERED)
    assert forgotten.evidence[0].words == "Good catch. Will fix."
    assert wider.evidence[0].words.startswith("Right, the network is on my list. I will see if")
    assert volunteered.evidence[0].words.startswith("Another thing I want to do")
    assert {point.evidence[0].message_id for point in (forgotten, wider, volunteered)} == {"b@x"}
    assert forgotten.evidence[0].link == "https://lore.kernel.org/all/b@x"
    assert forgotten.link == "https://lore.kernel.org/all/a@x"


def test_waits_name_both_persons() -> None:
    forgotten, wider, volunteered = points(COMMENTED, ANSWERED)
    assert (forgotten.waiting, forgotten.waiting_for) == ("Rex Reviewer", "Ada Author")
    assert (wider.waiting, wider.waiting_for) == ("Rex Reviewer", "Ada Author")
    assert (volunteered.waiting, volunteered.waiting_for) == ("", "")


def test_symbols_of_a_comment() -> None:
    forgotten, wider, _ = points(COMMENTED, ANSWERED)
    assert forgotten.symbols == ("pool_fill_early",)
    assert wider.symbols == ("drain_pool",)


def test_a_comment_that_the_thread_lacks_is_taken_from_its_answer() -> None:
    alone = letter("b", AUTHOR, ANSWER, "a", subject="Re: [PATCH 0/2] mm: a better pool")
    point_records = points(alone)
    assert [(point.state, point.message_id, point.patch) for point in point_records] == [
        ("promised", "a@x", None),
        ("undecided", "a@x", None),
        ("volunteered", "b@x", None),
    ]
    assert point_records[0].author == "Rex Reviewer"


def test_a_comment_without_an_answer_waits_for_the_author() -> None:
    (point,) = points(COMMENTED)
    assert (point.state, point.waiting, point.waiting_for) == ("unanswered", "Rex Reviewer", "the author")
    assert point.evidence == ()


def test_a_comment_on_code_stands_under_the_lines_it_is_about() -> None:
    text = "On a day, Ada wrote:\n" + quoted("\n".join(CODE.splitlines()[:11])) + "\nIn which units?\n"
    (point,) = points(letter("a", REVIEWER, text, "cover", "p2"))
    assert point.patch == 2
    assert point.quoted[-1].split() == ["+", "pool->size", "=", "new_size(pool);"]
    assert point.symbols == ("pool_fill", "lock_pool", "old_size", "new_size")


def answer(words: str, *more: Letter) -> str:
    """The state that a comment comes to."""
    comment = letter("a", REVIEWER, "> A pool.\n\nPlease use the other lock here.\n", "cover")
    return state(comment, letter("b", AUTHOR, f"> Please use the other lock here.\n\n{words}\n", "cover", "a"), *more)


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("It is the other lock already.", "answered"),
        ("Will do.", "promised"),
        ("No, that would deadlock.", "disputed"),
        ("Not sure. Let me think about it.", "undecided"),
        ("I don't think so. On the other hand it is simpler; will change it in v2.", "promised"),
        ("Will do. Thanks,\nAda", "promised"),
    ],
)
def test_the_author_s_last_word_decides(words: str, expected: str) -> None:
    assert answer(words) == expected


def later(words: str, sender: str = REVIEWER) -> Letter:
    return letter("c", sender, f"> No, that would deadlock.\n\n{words}\n", "cover", "a", "b")


@pytest.mark.parametrize(
    ("words", "sender", "expected"),
    [
        ("Ah, makes sense.", REVIEWER, "answered"),
        ("I disagree, there is no second lock.", REVIEWER, "disputed"),
        ("But when would it?", REVIEWER, "unanswered"),
        ("Ah, makes sense.", OTHER, "disputed"),
    ],
)
def test_what_is_said_to_the_author_s_answer_counts(words: str, sender: str, expected: str) -> None:
    assert answer("No, that would deadlock.", later(words, sender)) == expected


def test_a_dispute_is_waited_for_by_who_objected() -> None:
    comment = letter("a", REVIEWER, "> A pool.\n\nPlease use the other lock here.\n", "cover")
    objection = letter("b", AUTHOR, "> Please use the other lock here.\n\nNo, that would deadlock.\n", "cover", "a")
    (point,) = points(comment, objection)
    assert (point.waiting, point.waiting_for) == ("Ada Author", "Rex Reviewer")
    (point,) = points(comment, objection, later("I disagree."))
    assert (point.waiting, point.waiting_for) == ("Rex Reviewer", "Ada Author")


TESTED = letter("a", REVIEWER, "On my box it boots.\n\nTested-by: Rex Reviewer <rex@example.net>\n", "cover")


def asked(quotation: str, words: str) -> Letter:
    return letter("b", OTHER, f"{quotation}\n\n{words}\n", "cover", "a")


@pytest.mark.parametrize(
    ("quotation", "words", "waiting_for"),
    [
        ("> On my box it boots.", "With how much memory?", "Rex Reviewer"),
        ("> On my box it boots.\n>", "With how much memory?", "Rex Reviewer"),
        ("> On my box it boots.", "Ada, does it on yours?", "the author"),
        ("> > A pool that fills itself.", "When does it?", "the author"),
        ("> Tested-by: Rex Reviewer <rex@example.net>", "Could patch 1 explain the lock?", "the author"),
        ("", "When does it?", "the author"),
    ],
)
def test_a_question_about_a_reviewer_s_words_waits_for_that_reviewer(
    quotation: str, words: str, waiting_for: str
) -> None:
    (point,) = points(TESTED, asked(quotation, words))
    assert (point.state, point.waiting, point.waiting_for) == ("unanswered", "Otto Other", waiting_for)


def test_either_that_reviewer_or_the_author_answers_the_question() -> None:
    question = asked("> On my box it boots.", "With how much memory?")
    for sender, words, expected in (
        (REVIEWER, "64 GiB.", "answered"),
        (AUTHOR, "I will mention it in v2.", "promised"),
        (OTHER, "It should need little.", "unanswered"),
    ):
        reply = letter("c", sender, f"> With how much memory?\n\n{words}\n", "cover", "a", "b")
        (point,) = points(TESTED, question, reply)
        assert point.state == expected
        assert [evidence.words for evidence in point.evidence] == ([] if sender == OTHER else [words])


def test_an_answer_above_the_quotation_answers_all_of_it() -> None:
    point_records = points(COMMENTED, letter("b", AUTHOR, "Thanks, I will fix it all in v2.\n", "cover", "a"))
    assert {point.state for point in point_records} == {"promised"}


@pytest.mark.parametrize(
    "words",
    [
        "Looks good to me.\n\nReviewed-by: Rex Reviewer <rex@example.net>\n",
        "Applied, thanks!\n\n[1/2] mm: change 1\n      commit: 0123456789abcdef\n",
        "Hi Ada,\n\nThank you for the series.\n\nRegards,\nRex\n",
        "Reviewed-by: Rex Reviewer <rex@example.net>\n",
    ],
)
def test_courtesies_are_no_points(words: str) -> None:
    assert points(letter("a", REVIEWER, words, "cover")) == ()


def test_below_the_line_of_a_finding_stands_the_source_line_that_the_compiler_shows() -> None:
    text = (
        ">> mm/pool.c:12:3: warning: format '%u' expects 'unsigned int'\n"
        '      12 |   pr_info("%u", BIT(order));\n'
        "         |           ^~~~\n"
    )
    (point,) = points(letter("b", "kernel test robot <lkp@intel.com>", text, "cover", "p1"))
    assert [line.strip() for line in point.text] == [
        ">> mm/pool.c:12:3: warning: format '%u' expects 'unsigned int'",
        '12 |   pr_info("%u", BIT(order));',
    ]


def test_notices_of_robots_are_no_points_but_their_findings_are() -> None:
    text = "sparse warnings:\n>> mm/pool.c:12:3: sparse: sparse: wrong type in pool_fill()\n"
    notice = letter("a", "patchwork-bot+x@kernel.org", "This series was not applied, why?\n", "cover")
    (point,) = points(notice, letter("b", "kernel test robot <lkp@intel.com>", text, "cover", "p1"))
    assert point.text[0].startswith(">> mm/pool.c:12:3")
    assert (point.patch, point.symbols) == (1, ("pool_fill",))


def test_a_reply_to_another_revision_is_not_about_this_one() -> None:
    second = letter("v2", AUTHOR, "", "cover", subject="[PATCH v2 0/2] mm: a better pool")
    about = letter("a", REVIEWER, "Why another?\n", "cover", "v2", subject="Re: [PATCH v2 0/2] mm: a better pool")
    assert reviewed(second, about).messages == 0


def test_references_in_a_loop_come_to_an_end() -> None:
    loop = [letter("a", REVIEWER, "Why?\n", "b"), letter("b", OTHER, "> Why?\n\nWhy not?\n", "a")]
    assert reviewed(*loop).messages == 2


def test_trailers_name_their_giver_and_whether_they_are_collected() -> None:
    collected = f"Tested-by: {OTHER}"
    tested = letter("a", OTHER, f"{collected}\n", "cover", "p1")
    foreign = letter("b", REVIEWER, "Acked-by: Rex <rex@home.example>\n", "cover", "p2", subject="Re: [PATCH 2/2] x")
    posted = patch(2, f"Why.\n\nReviewed-by: {OTHER}\nSigned-off-by: {AUTHOR}\n{CODE}")
    first = patch(1, f"Why.\n\nSigned-off-by: {AUTHOR}\n{collected}\n{CODE}", collected_trailers=(collected,))
    trailers = review(series(tested, foreign, patches=(first, posted)), MIDMASK).trailers
    assert [
        (trailer.patch, trailer.name, trailer.revision, trailer.collected, trailer.message_id) for trailer in trailers
    ] == [
        (2, "Reviewed-by", None, True, "p2@x"),
        (1, "Tested-by", 1, True, "a@x"),
        (2, "Acked-by", 1, False, "b@x"),
    ]
    assert trailers[2].reason == "its address is not the sender's, rex@example.net"


def test_a_trailer_is_one_whatever_its_case_and_says_why_it_is_not_collected() -> None:
    """The reasons are those that the series came with."""
    said = letter("a", OTHER, f"What does it fix?\n\nFixes: ?\nreviewed-By: {OTHER}\n", "cover", "p1")
    reason = "it names no commit"
    known = (UncollectedTrailer("Fixes: ?", "a@x", reason),)
    collected = patch(1, collected_trailers=(f"Reviewed-by: {OTHER}",))
    trailers = review(series(said, patches=(collected, patch(2)), uncollected_trailers=known), MIDMASK).trailers
    assert [(trailer.name, trailer.collected, trailer.reason) for trailer in trailers] == [
        ("Fixes", False, reason),
        ("reviewed-By", True, ""),
    ]


def test_a_trailer_on_the_cover_letter_is_collected_when_every_patch_has_it() -> None:
    line = f"Acked-by: {REVIEWER}"
    acked = letter("a", REVIEWER, f"{line}\n", "cover")
    with_it = patch(1, f"Why.\n\n{line}\n{CODE}", collected_trailers=(line,))
    (trailer,) = review(series(acked, patches=(with_it, patch(2))), MIDMASK).trailers
    assert (trailer.patch, trailer.collected, trailer.reason) == (None, False, "b4 does not take it for patch 2")


def test_a_slash_in_a_message_id_is_escaped_in_its_link() -> None:
    (point,) = points(letter("Y/f+1", REVIEWER, "Why?\n", "cover"))
    assert point.link == "https://lore.kernel.org/all/Y%2Ff%2B1@x"
