"""A revision beside an earlier one."""

from __future__ import annotations

from pipeline.review import review
from pipeline.review.changelog import Change, changes
from pipeline.review.difference import Difference
from pipeline.review.fates import fates
from pipeline.review.since import by_patch_id, by_range_diff, lost_trailers, messages_of
from tests.support.sample_reviews import AFTER, BEFORE
from tests.support.threads import ANSWER, AUTHOR, CODE, COMMENT, MIDMASK, REVIEWER, letter, patch, series

CHANGES = [
    (1, 1, "mm: one", "unchanged"),
    (None, 2, "mm: zero", "new"),
    (2, 3, "mm: two, again", "message only"),
    (3, 4, "mm: three", "changed"),
    (4, None, "mm: four", "dropped"),
]


def test_patches_are_compared_by_patch_id_then_subject() -> None:
    compared_patches = by_patch_id(BEFORE, AFTER)
    assert [
        (compared_patch.before, compared_patch.after, compared_patch.subject, compared_patch.change)
        for compared_patch in compared_patches
    ] == CHANGES


def test_range_diff_is_read() -> None:
    none = "-" * 40
    output = (
        f"1:  {'1' * 40} = 1:  {'5' * 40} mm: one\n"
        f"-:  {none} > 2:  {'6' * 40} mm: zero\n"
        f"2:  {'2' * 40} ! 3:  {'7' * 40} mm: two, again\n"
        f"3:  {'3' * 40} ! 4:  {'8' * 40} mm: three\n"
        f"4:  {'4' * 40} < -:  {none} mm: four\n"
    )
    compared_patches = by_range_diff(output, BEFORE, AFTER)
    assert [
        (compared_patch.before, compared_patch.after, compared_patch.subject, compared_patch.change)
        for compared_patch in compared_patches
    ] == CHANGES


def test_lines_around_a_change_are_not_the_patch() -> None:
    output = f"1:  {'1' * 40} ! 1:  {'5' * 40} mm: one\n"
    assert [compared_patch.change for compared_patch in by_range_diff(output, BEFORE, AFTER)] == ["unchanged"]


FIRST = series(letter("a", REVIEWER, COMMENT, "cover"), letter("b", AUTHOR, ANSWER, "cover", "a"))
POINTS = review(FIRST, MIDMASK).points


def kept(new_code: str) -> list[tuple[str, str, tuple[str, ...], tuple[int, ...]]]:
    """What becomes of the three open points of the thread when patch 2 holds other code."""
    second = series(patches=(patch(1), patch(2, f"Why.\n{new_code}")), version=2)
    promises = fates(POINTS, FIRST, second)
    return [(promise.point.state, promise.touched, promise.symbols, promise.patches) for promise in promises]


def test_a_promise_is_touched_when_a_patch_changes_its_symbol() -> None:
    code = CODE.replace("static void pool_fill(", "static void pool_fill_early(")
    assert kept(code)[0] == ("promised", "touched", ("pool_fill_early",), (2,))


def test_a_promise_whose_symbol_is_nowhere_is_not_touched() -> None:
    assert kept(CODE)[0] == ("promised", "not touched", (), ())


def test_a_longer_name_is_another_symbol() -> None:
    code = CODE.replace("static void pool_fill(", "static void pool_fill_early_or_late(")
    assert kept(code)[0][1] == "not touched"


def test_what_was_volunteered_without_a_symbol_says_so() -> None:
    assert kept(CODE)[2] == ("volunteered", "names no symbol", (), ())


def test_the_same_lines_again_are_as_before() -> None:
    code = CODE.replace("static void pool_fill(", "static void pool_fill_early(")
    first = series(*FIRST.replies, patches=(patch(1), patch(2, f"Why.\n{code}")))
    promise, *_ = fates(POINTS, first, series(patches=first.patches, version=2))
    assert promise.touched == "as before"


def test_trailers_that_the_new_revision_left_out() -> None:
    acked = letter("a", REVIEWER, f"Acked-by: {REVIEWER}\n", "cover", "p1")
    compared_patches = by_patch_id(BEFORE[:1], AFTER[:1])
    second = series(version=2)
    (lost,) = lost_trailers(review(series(acked), MIDMASK).trailers, 1, compared_patches, second)
    assert (lost.patch, lost.revision, lost.collected) == (1, 1, False)
    assert lost.reason == "v2 was posted without it; the patch: unchanged since v1"
    kept_it = series(version=2, patches=(patch(1, f"Why.\n\nAcked-by: {REVIEWER}\n{CODE}"), patch(2)))
    assert [*lost_trailers(review(series(acked), MIDMASK).trailers, 1, compared_patches, kept_it)] == []


def test_the_message_of_a_patch_ends_where_its_diffstat_begins() -> None:
    assert messages_of(FIRST)[1] == f"mm: change 1\nWhy.\n\nSigned-off-by: {AUTHOR}"


def test_a_list_with_arrows_has_an_item_for_each_and_the_patch_that_it_names() -> None:
    text = "Changes in v2:\n-> 2/2 - Renamed the file.\n-> 1/2 - Sorted the\nvariables.\n"
    second = series(version=2, cover=letter("cover", AUTHOR, text, subject="[PATCH v2 0/2] mm: a better pool"))
    assert changes(second, 1) == (Change(2, "2/2 - Renamed the file."), Change(1, "1/2 - Sorted the variables."))


def test_a_patch_that_is_titled_with_another_prefix_was_not_dropped() -> None:
    other = CODE.replace("new_size", "another_size").replace("old_size", "another_old_size")
    first = series(patches=(patch(1, f"Why.\n{CODE}", subject="mm: pool: fill it"),))
    for subject, dropped in (("mm/pool: Fill it", set[int]()), ("mm: drain it", {1})):
        second = series(version=2, patches=(patch(1, f"Why.\n{other}", subject=subject),))
        assert Difference(first, second).dropped == dropped


def test_patches_that_were_to_be_moved_come_in_another_order() -> None:
    asked = letter("a", REVIEWER, "> A pool that fills itself.\n\nCan you move the last patch to the top?\n", "cover")
    first = series(asked)
    moved = series(version=2, patches=(patch(1, subject="mm: change 2"), patch(2, subject="mm: change 1")))
    for after, fate in ((moved, "kept"), (series(version=2), "not found")):
        (promised,) = fates(review(first, MIDMASK).points, first, after)
        assert promised.fate == fate


def test_a_patch_that_nobody_wanted_is_gone() -> None:
    comment = "> +\tpool->size = new_size(pool);\n\nI'm not really a fan of this.\n"
    asked = letter("a", REVIEWER, comment, "p2", subject="Re: [PATCH 2/2] mm: change 2")
    refused = letter("b", AUTHOR, "> I'm not really a fan of this.\n\nIt cannot be done below.\n", "p2", "a")
    first = series(asked, refused, patches=(patch(1, "Why.\n"), patch(2)))
    for after, fate in ((series(version=2, patches=(patch(1, "Why.\n"),)), "kept"), (first, "not found")):
        (record,) = fates(review(first, MIDMASK).points, first, after)
        assert (record.point.state, record.fate) == ("disputed", fate)


def test_what_is_to_be_removed_is_gone_with_a_name_of_its_code_from_a_file_of_another_name() -> None:
    comment = "> +\tpool->size = new_size(pool);\n> +\tif (ret)\n> +\t\treturn;\n> +\tval = 1;\n> +\tbreak;\n\n"
    asked = letter("a", REVIEWER, f"{comment}Pointless attribute.\n", "p2", subject="Re: [PATCH 2/2] mm: change 2")
    taken = letter("b", AUTHOR, "> Pointless attribute.\n\nOK. I will remove this.\n", "p2", "a")
    first = series(asked, taken, patches=(patch(1, "Why.\n"), patch(2)))
    renamed = CODE.replace("mm/pool.c", "mm/pools.c")
    for code, fate in ((renamed.replace("new_size", "other"), "kept"), (renamed, "not found")):
        after = series(version=2, patches=(patch(1, "Why.\n"), patch(2, f"Why.\n{code}")))
        (promised,) = fates(review(first, MIDMASK).points, first, after)
        assert promised.fate == fate
