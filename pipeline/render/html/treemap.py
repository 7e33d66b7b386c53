"""Geometry of a treemap: rectangles whose areas are proportional to numbers, as square as they can be.

The layout is the squarified one of Bruls, Huizing and van Wijk ("Squarified Treemaps", 2000).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pipeline.render.html.bars import Tone


@dataclass(frozen=True)
class Rectangle:
    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True)
class Tile:
    """A rectangle of the picture, in percent of its width and height."""

    label: str
    value: str
    tone: Tone
    place: Rectangle


@dataclass(frozen=True)
class Treemap:
    title: str
    description: str
    tiles: tuple[Tile, ...]


def treemap(title: str, values: Sequence[tuple[str, int]], aspect: float = 2.0) -> Treemap | None:
    """A treemap with a tile for each number that is not 0, the largest in the upper left; None where there is none.

    Args:
        values: label and signed number; what counts for the area is its amount.
        aspect: width of the picture divided by its height.
    """
    shown = sorted((pair for pair in values if pair[1]), key=lambda pair: (-abs(pair[1]), pair[0]))
    if not shown:
        return None
    places = squarify([abs(value) for _, value in shown], Rectangle(0, 0, aspect, 1))
    tiles = tuple(
        Tile(label, f"{value:+d}", "shrink" if value < 0 else "grow", _percent(place, aspect))
        for (label, value), place in zip(shown, places, strict=True)
    )
    words = "; ".join(f"{label} {value:+d}" for label, value in shown)
    return Treemap(title, f"In bytes: {words}.", tiles)


def squarify(amounts: Sequence[float], room: Rectangle) -> list[Rectangle]:
    """Rectangles that fill a room, one for each amount.

    Args:
        amounts: above 0, descending.
    """
    scale = room.width * room.height / sum(amounts)
    areas = [amount * scale for amount in amounts]
    placed: list[Rectangle] = []
    while areas:
        side = min(room.width, room.height)
        taken = 1
        while taken < len(areas) and _worst(areas[: taken + 1], side) <= _worst(areas[:taken], side):
            taken += 1
        strip, room = _strip(areas[:taken], room)
        placed += strip
        areas = areas[taken:]
    return placed


def _worst(areas: Sequence[float], side: float) -> float:
    """How far from a square the worst of a strip's rectangles is."""
    total = sum(areas)
    return max(side * side * max(areas) / total**2, total**2 / (side * side * min(areas)))


def _strip(areas: Sequence[float], room: Rectangle) -> tuple[list[Rectangle], Rectangle]:
    """A row of rectangles along the shorter side of a room, and the room that is left."""
    total, placed, at = sum(areas), [], 0.0
    if room.width >= room.height:
        thickness = total / room.height
        for area in areas:
            placed.append(Rectangle(room.x, room.y + at, thickness, area / thickness))
            at += area / thickness
        return placed, Rectangle(room.x + thickness, room.y, max(room.width - thickness, 1e-9), room.height)
    thickness = total / room.width
    for area in areas:
        placed.append(Rectangle(room.x + at, room.y, area / thickness, thickness))
        at += area / thickness
    return placed, Rectangle(room.x, room.y + thickness, room.width, max(room.height - thickness, 1e-9))


def _percent(place: Rectangle, aspect: float) -> Rectangle:
    return Rectangle(
        round(place.x * 100 / aspect, 2),
        round(place.y * 100, 2),
        round(place.width * 100 / aspect, 2),
        round(place.height * 100, 2),
    )
