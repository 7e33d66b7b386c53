"""Geometry of the HTML report's pictures: bars, treemap, verdict matrix."""

from __future__ import annotations

import pytest

from pipeline.render.html.bars import PITCH, BarChart, Segment, diverging, stacked, waterfall
from pipeline.render.html.grid import GAP, Line, Mark, grid
from pipeline.render.html.grid import PITCH as SQUARE
from pipeline.render.html.treemap import Rectangle, squarify, treemap

OK = Mark("ok", "✓", "builds")
BAD = Mark("failed", "✗", "fails", "logs/x.log")


def spans(chart: BarChart | None) -> list[tuple[str, list[tuple[float, float, str]]]]:
    assert chart is not None
    return [(bar.value, [(segment.x, segment.width, segment.tone) for segment in bar.segments]) for bar in chart.bars]


def test_growth_lies_to_the_right_of_zero_and_shrinking_to_the_left() -> None:
    chart = diverging("Symbols", [("up", 100), ("down", -300)])
    assert spans(chart) == [("+100", [(75.0, 25.0, "grow")]), ("-300", [(0.0, 75.0, "shrink")])]
    assert chart is not None
    assert (chart.zero, chart.height) == (75.0, 2 * PITCH)
    assert [bar.top for bar in chart.bars] == [0, PITCH]
    assert chart.description == "In bytes: up +100; down -300."


def test_a_step_of_a_waterfall_begins_where_the_one_before_ended() -> None:
    chart = waterfall("Patches", [("1", 100), ("2", 0), ("3", -200)], links=["a", "b", "c"])
    assert spans(chart) == [
        ("+100", [(50.0, 50.0, "grow")]),
        ("+0", []),
        ("-200", [(0.0, 100.0, "shrink")]),
        ("-100", [(0.0, 50.0, "shrink")]),
    ]
    assert chart is not None
    assert [(bar.label, bar.link) for bar in chart.bars] == [("1", "a"), ("2", "b"), ("3", "c"), ("total", "")]


def test_parts_of_a_bar_follow_each_other_and_the_longest_fills_the_width() -> None:
    chart = stacked("Time", [("a", "4 s", [(3, "built"), (1, "booted")]), ("b", "1 s", [(0, "built"), (1, "stored")])])
    assert spans(chart) == [
        ("4 s", [(0.0, 75.0, "built"), (75.0, 25.0, "booted")]),
        ("1 s", [(0.0, 25.0, "stored")]),
    ]


@pytest.mark.parametrize(
    "chart",
    [diverging("x", []), diverging("x", [("a", 0)]), waterfall("x", []), waterfall("x", [("a", 0)]), stacked("x", [])],
)
def test_nothing_to_draw_is_no_picture(chart: BarChart | None) -> None:
    assert chart is None


def test_bars_stay_within_the_picture() -> None:
    chart = waterfall("x", [(str(at), (-1) ** at * at * 37) for at in range(60)])
    assert chart is not None
    segments: list[Segment] = [segment for bar in chart.bars for segment in bar.segments]
    assert all(segment.x >= 0 and segment.x + segment.width <= 100.01 for segment in segments)


def test_areas_are_proportional_fill_the_room_and_do_not_overlap() -> None:
    amounts = [600.0, 600, 400, 300, 200, 200, 100]
    placed = squarify(amounts, Rectangle(0, 0, 6, 4))
    assert [round(rectangle.width * rectangle.height, 6) for rectangle in placed] == [6, 6, 4, 3, 2, 2, 1]
    # The example of the paper: the first two share a column of width 3.
    assert [(rectangle.x, rectangle.y, rectangle.width, rectangle.height) for rectangle in placed[:2]] == [
        (0, 0, 3, 2),
        (0, 2, 3, 2),
    ]
    for at, rectangle in enumerate(placed):
        assert rectangle.x + rectangle.width <= 6 + 1e-6
        assert rectangle.y + rectangle.height <= 4 + 1e-6
        for other in placed[at + 1 :]:
            wide = min(rectangle.x + rectangle.width, other.x + other.width) - max(rectangle.x, other.x)
            high = min(rectangle.y + rectangle.height, other.y + other.height) - max(rectangle.y, other.y)
            assert min(wide, high) < 1e-6


def test_tiles_are_drawn_by_amount_and_coloured_by_sign() -> None:
    drawn = treemap("Files", [("a", 10), ("b", -30), ("c", 0)])
    assert drawn is not None
    assert [(tile.label, tile.value, tile.tone) for tile in drawn.tiles] == [
        ("b", "-30", "shrink"),
        ("a", "+10", "grow"),
    ]
    assert [tile.place.width * tile.place.height for tile in drawn.tiles] == [7500, 2500]
    assert treemap("Files", [("c", 0)]) is None


def test_squares_stand_below_their_state_and_beside_their_cell() -> None:
    drawn = grid("Matrix", [0, 2], [Line("x86_64", False, {0: OK, 2: BAD}), Line("arm64", False, {2: OK})])
    assert drawn is not None
    base, last = drawn.columns
    assert (base.text, last.text, last.x - base.x) == ("base", "p2", SQUARE)
    first, second, third = drawn.squares
    assert (second.x - first.x, second.y - first.y) == (SQUARE, 0)
    assert (third.x, third.y - first.y) == (second.x, SQUARE)
    assert second.title == "x86_64, p2: fails"
    assert drawn.description == "x86_64: builds at base, fails at p2; arm64: not there at base, builds at p2."
    assert all(square.x + 22 <= drawn.width and square.y + 22 <= drawn.height for square in drawn.squares)


def test_scenarios_stand_close_below_their_cell() -> None:
    lines = [Line("a", False, {0: OK}), Line("boots", True, {0: OK}), Line("b", False, {0: OK})]
    drawn = grid("Matrix", [0], lines)
    assert drawn is not None
    tops = [square.y for square in drawn.squares]
    assert [tops[1] - tops[0], tops[2] - tops[1]] == [SQUARE, SQUARE + GAP]
    assert drawn.rows[1].x > drawn.rows[0].x
    assert grid("Matrix", [], lines) is None
