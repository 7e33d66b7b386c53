"""What every part of a record is, and line numbers as a record writes them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

LineRanges = Annotated[str, Field(pattern=r"^(\d{1,7}(-\d{1,7})?(,\d{1,7}(-\d{1,7})?)*)?$")]


def line_ranges(lines: Iterable[int]) -> str:
    """Ascending line numbers as text: `12-15,20`."""
    ranges: list[list[int]] = []
    for number in lines:
        if ranges and ranges[-1][1] == number - 1:
            ranges[-1][1] = number
        else:
            ranges.append([number, number])
    return ",".join(str(first) if first == last else f"{first}-{last}" for first, last in ranges)


def line_numbers(ranges: str) -> frozenset[int]:
    """The numbers in `12-15,20`."""
    numbers: set[int] = set()
    for part in filter(None, ranges.split(",")):
        first, _, last = part.partition("-")
        numbers.update(range(int(first), int(last or first) + 1))
    return frozenset(numbers)


class Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")
