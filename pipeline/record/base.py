"""The base class of all parts of a record, and line numbers as a record writes them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, model_validator

from pipeline.system import untrusted

LineRanges = Annotated[str, Field(pattern=r"^([0-9]{1,7}(-[0-9]{1,7})?(,[0-9]{1,7}(-[0-9]{1,7})?)*)?$")]
"""A dozen characters can mean ten million lines: whoever reads a record of others counts them first."""


def line_numbers(ranges: str) -> frozenset[int]:
    """The numbers in `12-15,20`."""
    numbers: set[int] = set()
    for first, last in _bounds(ranges):
        numbers.update(range(first, last + 1))
    return frozenset(numbers)


def count_lines(ranges: str) -> int:
    """How many numbers there are in `12-15,20`; those that are there twice count twice."""
    return sum(last - first + 1 for first, last in _bounds(ranges))


def _bounds(ranges: str) -> Iterator[tuple[int, int]]:
    for part in filter(None, ranges.split(",")):
        first, _, last = part.partition("-")
        yield int(first), max(int(first), int(last or first))


OF_OTHERS = "of others"
"""The context of a validation: what is read may be anybody's."""


_LONG = ("body", "diff", "verbatim", "log", "lines", "kept")
"""Fields that hold whole texts."""


class Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    @model_validator(mode="after")
    def _few_entries(self, info: ValidationInfo) -> Self:
        """Reports show lists in whole or in part, and take time and memory by their length."""
        for name, value in self if info.context == OF_OTHERS else ():
            most = untrusted.RUN_TEXT if name in _LONG else untrusted.RUN_WORDS
            if isinstance(value, str):
                most.check(len(value))
            elif isinstance(value, tuple | dict):
                (untrusted.SYMBOLS if name == "symbols" else untrusted.RUN_ITEMS).check(len(value))
                inner = [*value, *value.values()] if isinstance(value, dict) else value
                most.check(max((len(item) for item in inner if isinstance(item, str)), default=0))
        return self
