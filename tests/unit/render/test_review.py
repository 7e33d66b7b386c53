"""The text of a review."""

from __future__ import annotations

from rich.cells import cell_len

from pipeline.render.review import balance, render_review
from pipeline.render.text_report import render_text
from pipeline.review.fates import fates
from pipeline.review.record import ReviewRecord, SinceRecord
from pipeline.review.since import by_patch_id
from tests.support.records import run
from tests.support.sample_reviews import AFTER, BEFORE, made
from tests.support.threads import REVIEWER, letter, quoted, series


def test_each_point_stands_with_its_words_and_messages() -> None:
    text = render_review(made(), "mm: a better pool")
    assert text.startswith("mm: a better pool, v1\n2 replies read, 3 points (1 undecided, 1 promised, 1 volunteered)\n")
    assert "  promised: cover letter, Rex Reviewer; Rex Reviewer waits for Ada Author\n" in text
    assert '      Ada Author: "Good catch. Will fix."\n        <b@x>\n' in text
    assert "      about pool_fill_early\n" in text
    assert text.index("undecided: ") < text.index("promised: ") < text.index("volunteered: ")


def test_no_line_is_wider_than_the_page() -> None:
    wide = letter("c" * 150, f"{'漢字' * 60} <x@x>", f"> {'z' * 200}\n\nWhy {'y' * 300}? {'漢字 ' * 200}\n", "cover")
    text = render_review(made(wide), "t" * 400)
    assert max(map(cell_len, text.splitlines())) <= 78


def test_strangers_words_lose_control_characters_and_commands() -> None:
    evil = letter("\x1b[2J", "E\u202evil <e@x>", "> \x1b[31mred\n\nWhy \x1b]0;title\x07?\n", "cover")
    text = render_review(made(evil), "mm: \x1b[0m")
    assert "\x1b" not in text
    assert "\u202e" not in text
    assert "\\x1b" in text


def test_colours_change_no_word() -> None:
    painted = render_review(made(), "mm: a better pool", colour=True)
    assert "\x1b[1;33mpromised\x1b[0m" in painted
    assert "https://lore.kernel.org/all/b@x" in painted


def test_only_open_points_are_shown_when_asked() -> None:
    text = render_review(made(), "t", open_only=True)
    assert "volunteered: " not in text
    assert "promised: " in text


def test_an_earlier_revision_is_told_with_its_promises() -> None:
    first = made()
    since = SinceRecord(
        version=1,
        compared_by="patch-id",
        reason="no tree was named",
        patches=by_patch_id(BEFORE, AFTER),
        promises=fates(first.points, series(), series(version=2)),
    )
    text = render_review(ReviewRecord(version=2, messages=0, since=since), "t")
    assert "v2 against v1, by patch-id and subject, since no tree was named: 1 unchanged" in " ".join(text.split())
    assert "   3   4  changed       mm: three\n" in text
    assert "  not found: pool_fill_early; promised to Rex Reviewer\n" in text
    assert "  not found: drain_pool; undecided, from Rex Reviewer\n" in text


def test_a_report_has_the_review_where_there_is_one() -> None:
    assert "Review\n" not in render_text(run())
    text = render_text(run(review=made()))
    assert "Review\n\n  2 replies read, 3 points" in text
    assert "  promised: cover letter, Rex Reviewer" in text
    assert max(map(cell_len, text.splitlines())) <= 78


def test_replies_are_counted() -> None:
    assert balance(ReviewRecord(version=1, messages=1)) == "1 reply read, 0 points"


def test_people_who_have_to_act_come_first_in_ten_lines_at_most() -> None:
    text = render_review(made(), "t")
    line = "  Ada Author owes Rex Reviewer, cover letter, promised: I like it."
    assert text.index("Who has to act\n") < text.index(line) < text.index("Points\n")
    words = "".join(f"{quoted(f'line {at}')}Please rename thing {at}.\n" for at in range(12))
    many = [letter(f"c{at}", f"Rev {at} <r{at}@example.org>", words, "cover") for at in range(12)]
    summary = render_review(made(*many), "t").split("Who has to act\n\n")[1].split("\n\n")[0].splitlines()
    assert len(summary) == 10
    assert summary[0] == "  the author owes Rev 0 12 points: 12 unanswered"
    assert summary[-1] == "  and 38 points between others"


def test_trailers_that_are_collected_are_counted_and_conditions_are_named() -> None:
    acked = f"Please wrap it. With that fixed:\n\nAcked-by: {REVIEWER}\n"
    given = letter("t", REVIEWER, acked, "cover", "p1")
    text = " ".join(render_review(made(given), "t").split())
    assert f"not collected: patch 1, on v1, on a condition, Acked-by: {REVIEWER}" in text
