"""What reports say of code that differs."""

from __future__ import annotations

import pytest

from pipeline.record import CodeRecord
from pipeline.render.code import changed_names, code_words, patch_lines
from pipeline.render.html import render_html
from pipeline.render.markdown import render_markdown
from pipeline.render.text_report import render_text
from tests.support import records


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (records.code(), "no code changed: 900 functions and 400 data objects compared"),
        (records.code("a"), "code changed in 1 function of 1 file; sizes alone show none of the functions"),
        (
            records.code("a", "b", resized=1),
            "code changed in 2 functions of 1 file; sizes alone show 1 of the functions",
        ),
        (records.code(changed_objects=2, files=1), "code changed in 2 data objects of 1 file"),
        (records.code(unread=("a.o",)), "no code changed; 1 object file could not be read"),
        (records.code(unread=("a.o",), more_unread=8), "no code changed; 9 object files could not be read"),
        (
            records.code(more_than=100_000),
            "code changed in more than 100000 functions and data objects, which are not counted",
        ),
    ],
)
def test_a_sentence_says_how_much_differs(code: CodeRecord, words: str) -> None:
    assert code_words(code) == words


def test_each_patch_names_what_it_changes() -> None:
    states = (
        records.state(0),
        records.state(1, code=records.code()),
        records.state(2, code=records.code("frob", "probe")),
        records.state(3, code=records.code()),
        records.state(4, code=records.code(more_than=100_000)),
    )
    assert patch_lines(records.cell(states=states)) == [
        "patch 2: frob(), probe()",
        "patch 4: more than 100000 functions and data objects",
        "no code changed by patch 1, 3",
    ]


def test_few_of_many_are_named() -> None:
    assert changed_names(records.code(*"abcdefg"), most=2) == "a(), b(), 5 more"


def test_every_report_tells_code_that_changes_where_no_size_does() -> None:
    record = records.run(cells=(records.cell(code=records.code("frob")),))
    for text in (render_text(record), render_html(record), render_markdown(record)):
        assert "sizes alone show none" in " ".join(text.split())
    assert "frob()" in render_text(record)
    assert "frob()" in render_html(record)
