"""Threads of our own with right answers: all of them must be read right."""

from __future__ import annotations

import pytest

from pipeline.review import review
from tests.support.review_corpus import CORPUS, MASK, Score, Thread, load, score

THREADS = load(CORPUS)


@pytest.mark.parametrize("thread", THREADS, ids=[thread.name for thread in THREADS])
def test_a_thread_is_read_right(thread: Thread) -> None:
    assert score(thread).misses == ()


def test_the_corpus_has_every_kind_of_answer() -> None:
    points = [point for thread in THREADS for point in thread.answers.get("point", ())]
    states = {point["state"] for point in points if isinstance(point["state"], str)}
    assert states >= {"unanswered", "answered", "promised", "disputed", "undecided"}
    fates = {point["next"] for point in points if "next" in point}
    assert fates >= {"kept", "answered otherwise", "not found"}
    assert len(THREADS) >= 40


def test_a_wrong_answer_is_counted_as_wrong() -> None:
    thread = next(thread for thread in THREADS if thread.name == "a request that is promised")
    (point,) = thread.answers["point"]
    wrong = Thread(thread.name, {**thread.answers, "point": [{**point, "state": "answered", "waits": ""}]}, CORPUS)
    counts = score(wrong).counts
    assert (counts["recall"], counts["state"], counts["waits-for"]) == ((1, 1), (0, 1), (0, 1))
    assert (Score() + score(wrong)).counts == counts


def test_a_point_of_a_follow_up_names_the_one_that_it_is_raised_in() -> None:
    thread = next(thread for thread in THREADS if thread.name == "a new request in a follow-up")
    first, second = review(thread.series, MASK).points
    assert (first.within, second.within) == (None, first.number)


def test_a_trailer_that_is_written_wrongly_is_remarked() -> None:
    thread = next(thread for thread in THREADS if thread.name == "trailers that are written wrongly")
    trailers = review(thread.series, MASK).trailers
    assert [trailer.reason for trailer in trailers] == [
        "it is written wrongly: Reviewed-by is meant",
        "it is written wrongly: Acked-by is meant",
    ]
