"""Geometry of bar charts: rows that hold a line of text and a bar below it, laid out for any width.

Positions across are in percent of the chart's width, those down in pixels: text keeps its size on a phone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Literal

PITCH = 34
"""From one row to the next, in pixels."""

Tone = Literal["ok", "failed", "warn", "known", "neutral", "grow", "shrink", "built", "stored", "booted"]
"""What a colour means; the style sheet has the colours."""


@dataclass(frozen=True)
class Segment:
    """A piece of a bar; `x` and `width` in percent."""

    x: float
    width: float
    tone: Tone


@dataclass(frozen=True)
class Bar:
    """A row of a chart.

    Args:
        value: the number, in words.
        top: where the row lies, in pixels from the top.
        segments: what is drawn.
        link: to the evidence, or empty.
    """

    label: str
    value: str
    top: int
    segments: tuple[Segment, ...]
    link: str = ""


@dataclass(frozen=True)
class BarChart:
    """A picture of numbers.

    Args:
        title: for those who do not see it, with `description`.
        zero: where nothing is, in percent from the left.
        height: in pixels.
    """

    title: str
    description: str
    zero: float
    height: int
    bars: tuple[Bar, ...]

    @property
    def linked(self) -> bool:
        return any(bar.link for bar in self.bars)


def diverging(title: str, values: Sequence[tuple[str, int]], unit: str = "bytes") -> BarChart | None:
    """Growth to the right of zero, shrinking to the left; None where there is nothing to draw."""
    spans = [(label, f"{value:+d}", min(value, 0), max(value, 0)) for label, value in values]
    return _spanning(title, spans, unit)


def waterfall(
    title: str, changes: Sequence[tuple[str, int]], total: str = "total", links: Sequence[str] = ()
) -> BarChart | None:
    """A waterfall chart: each bar begins where the one before ended; the last is their sum. None where nothing changes.

    Args:
        total: the label of the last bar.
        links: to the evidence of each change.
    """
    ends = list(accumulate(value for _, value in changes))
    spans = [
        (label, f"{value:+d}", min(end - value, end), max(end - value, end))
        for (label, value), end in zip(changes, ends, strict=True)
    ]
    whole = ends[-1] if ends else 0
    if spans:
        spans.append((total, f"{whole:+d}", min(whole, 0), max(whole, 0)))
    return _spanning(title, spans, "bytes", links)


def _spanning(
    title: str, spans: Sequence[tuple[str, str, int, int]], unit: str, links: Sequence[str] = ()
) -> BarChart | None:
    """A chart of spans (label, value in words, from, to); those of negative values are shrinking."""
    low = min((0, *(start for _, _, start, _ in spans)))
    high = max((0, *(end for _, _, _, end in spans)))
    if low == high:
        return None
    scale = 100 / (high - low)
    bars = tuple(
        Bar(
            label,
            value,
            at * PITCH,
            (
                Segment(
                    round((start - low) * scale, 2),
                    round((end - start) * scale, 2),
                    "shrink" if value.startswith("-") else "grow",
                ),
            )
            if end > start
            else (),
            link,
        )
        for at, ((label, value, start, end), link) in enumerate(zip(spans, [*links, *[""] * len(spans)], strict=False))
    )
    words = "; ".join(f"{label} {value}" for label, value, _, _ in spans)
    return BarChart(title, f"In {unit}: {words}.", round(-low * scale, 2), len(bars) * PITCH, bars)


def stacked(title: str, rows: Sequence[tuple[str, str, Sequence[tuple[float, Tone]]]]) -> BarChart | None:
    """Parts of a whole, one after the other from the left; None where every row is empty.

    Args:
        rows: label, value in words, and the parts of each.
    """
    longest = max((sum(amount for amount, _ in parts) for _, _, parts in rows), default=0)
    if longest <= 0:
        return None
    bars = []
    for at, (label, value, parts) in enumerate(rows):
        ends = [0.0, *accumulate(amount * 100 / longest for amount, _ in parts)]
        segments = tuple(
            Segment(round(start, 2), round(end - start, 2), tone)
            for start, end, (_, tone) in zip(ends, ends[1:], parts, strict=False)
            if end > start
        )
        bars.append(Bar(label, value, at * PITCH, segments))
    words = "; ".join(f"{label} {value}" for label, value, _ in rows)
    return BarChart(title, f"{words}.", 0.0, len(bars) * PITCH, tuple(bars))
