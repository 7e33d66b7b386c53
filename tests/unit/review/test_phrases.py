"""What words mean: the rules of phrases.toml, sentence by sentence."""

from __future__ import annotations

import pytest

from pipeline.review.phrases import phrases, sentences

ANSWERS = {
    "promised": (
        "Will fix.",
        "Good catch.",
        "Good point, thanks.",
        "Fixed in v3.",
        "I'll rename it.",
        "OK, will do.",
        "Sure.",
        "Oops, I missed that one.",
        "I can drop this.",
        "Next version will have a test.",
        "I am going to split the patch.",
    ),
    "undecided": (
        "I will see if that is simpler.",
        "Let me check with the others.",
        "I'm not sure about that.",
        "It was on my radar.",
        "Shall I send that separately?",
        "Do you prefer a macro?",
    ),
    "disputed": (
        "I disagree.",
        "I don't think that is a bug.",
        "No, it is held here.",
        "That won't work with PREEMPT_RT.",
        "I'd rather keep it.",
    ),
    "answered": (
        "The lock is taken by the caller.",
        "Unmapping will send IPIs to all CPUs.",
        "No other benefit.",
        "It returns the old value.",
    ),
}


@pytest.mark.parametrize(
    ("state", "sentence"), [(state, sentence) for state, all_ in ANSWERS.items() for sentence in all_]
)
def test_an_answer_of_the_author(state: str, sentence: str) -> None:
    assert phrases().answer([sentence]).state == state


def test_a_bare_no_to_a_question_is_an_answer() -> None:
    assert phrases().answer(["No, on every CPU."], question=True).state == "answered"


@pytest.mark.parametrize("sentence", ["Looks good to me.", "Applied to for-next.", "Thanks for the review!", "LGTM"])
def test_a_courtesy_is_no_point(sentence: str) -> None:
    assert phrases().pleasant(sentence)


@pytest.mark.parametrize("sentence", ["Looks good, but please rename it.", "Nice, isn't it?", "This is wrong."])
def test_a_courtesy_with_a_request_is_none(sentence: str) -> None:
    assert not phrases().pleasant(sentence)


def test_sentences_are_found_over_lines_and_paragraphs() -> None:
    text = ["Ouch. Good", "catch! See foo.c for", "more.", "", "no capital here :-)", "", "Bye"]
    assert sentences(text) == ("Ouch.", "Good catch!", "See foo.c for more.", "no capital here", "Bye")


@pytest.mark.parametrize(
    "sentence",
    [
        "This name is not ideal.",
        "The lock is not strict enough.",
        "Reverting it is not the right fix.",
        "I'm not applying this.",
        "There is no way that this is read right.",
        "I cannot get the pool to fill any more.",
        "Subject: mm: pool: fill it",
        "Maybe:",
        'At least use "_pool" instead.',
        "It is way easier to go by the size.",
        "I think we just make this a part of the pool.",
        "If you use a number here, there wouldn't be a dependency.",
    ],
)
def test_it_wants_something(sentence: str) -> None:
    assert phrases().wants(sentence)
    assert not phrases().pleasant(sentence)


def test_what_points_below_says_something_all_the_same() -> None:
    assert not phrases().pleasant("There is no need to clear it, see below:")
    assert phrases().pleasant("Please see my comments below.")


@pytest.mark.parametrize(
    "sentence",
    [
        "Please do.",
        "I probably should have complained with the first one.",
        "Once we get tired of them, we'll just have to refuse new ones.",
        "To what degree that should be relaxed is harder to determine.",
        "Maybe we can size it, but I'm not in a hurry.",
        "I gave some comments, but it's up to you if they have to be addressed now.",
        "If you'd like to clean them up in the process I'd appreciate it.",
    ],
)
def test_it_wants_nothing(sentence: str) -> None:
    assert not phrases().asks(sentence)
    assert not phrases().substance((sentence,))


@pytest.mark.parametrize(
    ("follows", "only"),
    [
        ("If so, I should push these in as well.", True),
        ("In that case I will move the tests as well.", True),
        ("If so, I would like a comment there.", False),
        ("If so, please add a comment.", False),
    ],
)
def test_what_a_reviewer_will_do_about_an_answer_asks_for_nothing(follows: str, only: bool) -> None:
    """Seen red: a plain yes was a promise, and its author owed something for ever."""
    assert phrases().only_asks(["Is that headed for the next merge window?", follows]) == only
