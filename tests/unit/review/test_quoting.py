"""Mails taken apart into what they quote and what they say."""

from __future__ import annotations

from pipeline.review.phrases import phrases
from pipeline.review.quoting import own_words, take_apart, unquoted
from pipeline.review.symbols import changed_lines, named
from tests.support.threads import CODE


def test_a_passage_is_a_quotation_and_the_answer_below_it() -> None:
    text = take_apart(
        "On Mon, Mar 2, 2020 at 1:10 AM Ada <ada@x> wrote:\n> one\n> > two\n\nmine\n\n>three\nmore\n-- \nme\n"
    )
    assert text.attribution == "Ada <ada@x>"
    assert [(passage.quoted, passage.text) for passage in text.passages] == [
        (("one", "> two"), ("mine",)),
        (("three",), ("more",)),
    ]
    assert text.passages[0].answered == ("one",)


def test_an_attribution_may_take_two_lines() -> None:
    text = take_apart(
        "Hello.\n\nOn Sun, Oct 13, 2024 at 3:02 PM Ada Author\n<ada@example.org> wrote:\n>\n> one\nmine\n"
    )
    assert text.attribution == "Ada Author <ada@example.org>"
    assert text.passages[0].text == ("Hello.",)


def test_a_diff_below_the_words_is_no_comment() -> None:
    assert take_apart(f"> why\n\nLike this:\n\n{CODE[4:]}").passages[0].text[:1] == ("Like this:",)


def test_a_parent_is_what_is_quoted() -> None:
    assert unquoted("X wrote:\n> > code\n> why\nmine\n") == "> code\nwhy\n"


def test_a_comment_has_no_greeting_trailer_or_name() -> None:
    lines = ["Hi Ada,", "", "Why so?", "", "[...]", "Acked-by: Rex <rex@x>", "", "Thanks,", "Rex"]
    assert own_words(lines, ("rex reviewer", "rex", "reviewer"), phrases()) == ("Why so?",)


def test_symbols_have_underscores_or_parentheses() -> None:
    text = [
        "See fill_pool and drain() in mm/pool_old.c, pool.c:12, a_b@example.org and https://x_y.example/z_z, not this"
    ]
    assert named(text, []) == ("fill_pool", "drain")


def test_a_changed_line_lies_in_the_function_of_its_hunk_or_one_that_begins_in_it() -> None:
    diff = """\
diff --git a/a.c b/a.c
--- a/a.c
+++ b/a.c
@@ -1,7 +1,7 @@ int first(void)
 \tx();
-\ty();
+\tz();
 }
+/* Why. */
 static int second(int a)
 {
+\treturn a;
 }
"""
    assert [
        (changed_line.sign, changed_line.text, changed_line.within.strip()) for changed_line in changed_lines(diff)
    ] == [
        ("-", "y();", "int first(void)"),
        ("+", "z();", "int first(void)"),
        ("+", "/* Why. */", "static int second(int a)"),
        ("+", "return a;", "static int second(int a)"),
    ]
