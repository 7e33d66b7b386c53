"""What a program of the user's own is asked about a point, and what of its answer is taken."""

from __future__ import annotations

import json
from typing import Any

import pytest

from pipeline.render.html.review import review as html_parts
from pipeline.render.review import render_review
from pipeline.review import review
from pipeline.review.opinion import MOST_COMMENTS, MOST_LINES, questions
from pipeline.review.record import ActRecord, OpinionRecord, ReviewRecord
from pipeline.system import untrusted
from tests.support.threads import AUTHOR, MIDMASK, OTHER, REVIEWER, letter, series

COMMENT = letter("a", REVIEWER, "> +\tnew_size(pool);\n\nWhat does this return?\n", "cover", "p1")
ANSWERED = letter("b", AUTHOR, "> What does this return?\n\nI will say that in v2.\n", "cover", "p1", "a")
SERIES = series(COMMENT, ANSWERED)


def answered(**answer: Any) -> OpinionRecord:
    (question,) = questions(SERIES)
    return question.opinion("asked.py", json.dumps(answer).encode())


def test_a_question_has_the_turns_of_its_point() -> None:
    (question,) = questions(SERIES)
    asked = json.loads(question.request)
    assert asked["format"] == 1
    assert asked["series"] == {"title": SERIES.title, "version": 1}
    assert asked["point"] == {"number": 1, "patch": 1}
    first, second = asked["comments"]
    assert first == {
        "message_id": COMMENT.message_id,
        "author": REVIEWER,
        "by": "other",
        "date": COMMENT.date,
        "quoted": ["+     new_size(pool);"],
        "text": ["What does this return?"],
    }
    assert (second["by"], second["text"]) == ("author", ["I will say that in v2."])


def test_a_long_point_is_cut() -> None:
    text = "".join(f"Line {number} of it.\n" for number in range(MOST_LINES + 5))
    comment = letter("a", REVIEWER, f"> +\tnew_size(pool);\n\nWhat does this return?\n{text}", "cover", "p1")
    answers = [
        letter(f"b{number}", OTHER, f"> Line {MOST_LINES + 4} of it.\n\nIt is {number}.\n", "cover", "p1", "a")
        for number in range(MOST_COMMENTS + 5)
    ]
    asked = json.loads(questions(series(comment, *answers))[0].request)
    assert len(asked["comments"]) == MOST_COMMENTS
    assert asked["comments"][0]["text"][0] == "What does this return?"
    assert len(asked["comments"][0]["text"]) == MOST_LINES
    assert asked["comments"][-1]["text"] == [f"It is {MOST_COMMENTS + 4}."]


def test_an_answer_is_taken() -> None:
    acts = [{"comment": 0, "act": "question", "words": "What does this return?"}, {"comment": 1, "act": "promise"}]
    assert answered(acts=acts, note="It will be said.") == OpinionRecord(
        point=1,
        program="asked.py",
        acts=(
            ActRecord(comment=0, act="question", message_id=COMMENT.message_id, words="What does this return?"),
            ActRecord(comment=1, act="promise", message_id=ANSWERED.message_id),
        ),
        note="It will be said.",
    )
    assert answered() == OpinionRecord(point=1, program="asked.py")


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (b"", "Invalid JSON"),
        (b"I think it is a question.", "Invalid JSON"),
        (b"\xff{}", "Invalid JSON"),
        (b"[" * 5000, "Invalid JSON"),
        (b"[]", "should be an object"),
        (b'{"state": "answered"}', "state"),
        (b'{"acts": [{"comment": 0, "act": "verdict"}]}', "acts.0.act"),
        (b'{"acts": [{"comment": -1, "act": "thanks"}]}', "acts.0.comment"),
        (b'{"acts": [{"comment": "0", "act": "thanks"}]}', "acts.0.comment"),
        (b'{"acts": [{"comment": 2, "act": "thanks"}]}', "comment that is not there"),
        (json.dumps({"note": "x" * 301}).encode(), "note"),
        (json.dumps({"acts": [{"comment": 0, "act": "thanks"}] * 101}).encode(), "acts"),
        (b" " * (untrusted.OPINION_ANSWER.most + 1), "more than"),
    ],
)
def test_an_answer_of_another_form_is_none(answer: bytes, words: str) -> None:
    (question,) = questions(SERIES)
    with pytest.raises(ValueError, match=words):
        question.opinion("asked.py", answer)


def with_opinion() -> tuple[ReviewRecord, ReviewRecord]:
    plain = review(SERIES, MIDMASK)
    opinion = answered(acts=[{"comment": 0, "act": "approval", "words": "\x1b[2Jgood"}], note="Merge it.")
    return plain, plain.model_copy(update={"opinions": (opinion,)})


def test_an_opinion_stands_beside_its_point_and_is_named_as_one() -> None:
    plain, record = with_opinion()
    told = render_review(record, "mm: a better pool")
    lines = [line.strip() for line in told.splitlines()]
    at = next(at for at, line in enumerate(lines) if line.startswith("opinion of asked.py: approval (comment 0: "))
    without = [line for line in told.splitlines() if line.strip() not in lines[at : at + 2]]
    assert "\x1b" not in told
    assert "Merge it." in " ".join(lines[at : at + 2])
    assert without == render_review(plain, "mm: a better pool").splitlines()


def test_a_page_has_opinions_in_a_table_of_their_own() -> None:
    plain, record = with_opinion()
    titles = [part.title for part in html_parts(record)]
    assert [title for title in titles if title not in {part.title for part in html_parts(plain)}] == [
        "Opinions of a program of your own"
    ]
