"""`format=flowed`: patches come out as they were sent, whichever way a program flowed them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.mail.diff import hunks_are_whole
from pipeline.mail.flowed import joined, unflowed
from pipeline.mail.message import parse
from tests.support.mails import raw

TEXT = """\
Look at the head.

Signed-off-by: Devi Loper <devi@example.org>
---
 mm/util.c | 4 ++--
 1 file changed, 2 insertions(+), 2 deletions(-)

diff --git a/mm/util.c b/mm/util.c
index 1111111..2222222 100644
--- a/mm/util.c
+++ b/mm/util.c
@@ -10,6 +10,6 @@ bool put_page(struct page *page)
 \t\treturn false;
\x20
-\tone(page, 0, 1);
-\ttwo(page);
+\tone(page, 1, 2);
+\ttwo(page, 3);
 \treturn true;
  unusual
--\x20
2.43.0
"""


def stuffed(text: str) -> str:
    """RFC 3676, 4.4: a blank before lines that begin with one, with `>` or with `From `."""
    return "\n".join(f" {line}" if line.startswith((" ", ">", "From ")) else line for line in text.split("\n"))


def test_stuffed_lines_lose_one_blank() -> None:
    assert unflowed(stuffed(TEXT), delsp=False) == TEXT


def test_a_list_s_footer_is_not_looked_at() -> None:
    footer = "____\n linux-any mailing list\n"
    assert unflowed(stuffed(TEXT) + footer, delsp=False) == TEXT + footer.replace("\n l", "\nl")


def test_a_text_that_is_only_said_to_be_flowed_stays_as_it_is() -> None:
    assert unflowed(TEXT, delsp=False) == TEXT


def test_lines_that_go_on_are_joined() -> None:
    """A long line of a hunk, broken at a blank."""
    broken = stuffed(TEXT).replace("+\tone(page, 1, 2);", "+\tone(page, \n1, 2);")
    assert unflowed(broken, delsp=False) == TEXT


def test_with_delsp_the_blank_at_the_end_goes() -> None:
    broken = stuffed(TEXT).replace("+\tone(page, 1, 2);", "+\tone(pa \nge, 1,  \n2);")
    assert unflowed(broken, delsp=True) == TEXT


def test_a_line_that_ends_with_a_blank_stays_where_the_hunks_need_it() -> None:
    blanks = TEXT.replace("+\tone(page, 1, 2);", "+\tone(page, 1, 2); ")
    assert unflowed(blanks, delsp=False) == blanks


def test_quoted_lines_stay_lines() -> None:
    """Many programs write `> ` for an empty line that they quote, and leave the blank at the end of others."""
    quoted = "> > first \n> \n> second \n> third\n"
    assert joined(f"{quoted}own \nwords\n", delsp=False) == f"{quoted}own words\n"


@pytest.mark.parametrize("text", ["", "x", "-- \nA. U. Thor", "one \ntwo", "one \n\ntwo"])
def test_a_text_without_a_diff_is_joined_as_the_rfc_says(text: str) -> None:
    assert joined(text, delsp=False) == text.replace("one \n", "one ")


def test_only_a_patch_that_says_so_is_read_as_flowed() -> None:
    headers = {"content_type": "text/plain; charset=us-ascii; format=Flowed"}
    assert parse(raw("[PATCH] x", stuffed(TEXT), **headers)).letter.body == TEXT
    assert parse(raw("[PATCH] x", stuffed(TEXT))).letter.body == stuffed(TEXT)
    assert parse(raw("Re: [PATCH] x", "  a\nb \nc\n", **headers)).letter.body == "  a\nb \nc\n"


LINES = st.lists(st.text("ab \t>+-", max_size=30), min_size=1, max_size=12)


@given(LINES)
def test_any_hunk_survives_being_stuffed(lines: list[str]) -> None:
    """Lines end without a blank, as a program that flows text has them (RFC 3676, 4.2)."""
    added = [f"+{line.rstrip(' ')}x" for line in lines]
    body = f"diff --git a/f b/f\n--- a/f\n+++ b/f\n@@ -1,1 +1,{len(added) + 1} @@\n  kept\n" + "\n".join(added) + "\n"
    assert hunks_are_whole(body)
    assert unflowed(stuffed(body), delsp=False) == body


@pytest.mark.parametrize(
    "text",
    [
        "@@ -1 +1 @@\n-a\n+b\n",
        "@@ -1,2 +1,2 @@\n-a\n+b\n c\n",
        "@@ -0,0 +1 @@\n+b\n\\ No newline at end of file\n",
        "no hunk\n",
    ],
)
def test_a_hunk_with_all_its_lines_is_whole(text: str) -> None:
    assert hunks_are_whole(text)


@pytest.mark.parametrize("text", ["@@ -1,2 +1,2 @@\n-a\n+b\n", "@@ -1,2 +1,2 @@\n-a\n+b\nc\n", "@@ -1 +1 @@\n-a +b\n"])
def test_a_hunk_that_lacks_lines_is_not_whole(text: str) -> None:
    assert not hunks_are_whole(text)
