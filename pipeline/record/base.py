"""The base class of all parts of a record, and line numbers as a record writes them."""

from __future__ import annotations

import operator
from collections.abc import Iterator
from itertools import islice
from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, model_validator

from pipeline.system import untrusted
from pipeline.system.untrusted import Budget, Limit

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


class OfOthers:
    """The context of a validation: what is read may be anybody's. Counts the records that are found."""

    def __init__(self) -> None:
        self.records = Budget(untrusted.RUN_RECORDS)


_LONG = ("body", "diff", "verbatim", "log", "lines", "kept")
"""Fields that hold whole texts."""


class Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    @model_validator(mode="after")
    def _few_entries(self, info: ValidationInfo) -> Self:
        """Reports show lists in whole or in part, and take time and memory by their length."""
        if not isinstance(info.context, OfOthers):
            return self
        info.context.records.spend()
        for name, value in self:
            most = longest(name)
            if isinstance(value, str):
                most.check(len(value))
            elif isinstance(value, tuple | dict):
                most_entries(name).check(len(value))
                inner = [*value, *value.values()] if isinstance(value, dict) else value
                most.check(max((len(item) for item in inner if isinstance(item, str)), default=0))
        return self

    def within_limits(self) -> Self:
        """The record with texts and lists cut to what is read of others; the same one where there is nothing to cut.

        A stranger's kernel can print, or be named, what nobody would read again.
        """
        fields = {name: (old, _cut(old, name)) for name, old in self}
        changed = {name: new for name, (old, new) in fields.items() if new is not old}
        return self.model_copy(update=changed) if changed else self


def longest(name: str) -> Limit:
    """Characters of a text in a field of that name."""
    return untrusted.RUN_TEXT if name in _LONG else untrusted.RUN_WORDS


def most_entries(name: str) -> Limit:
    """Entries of a list in a field of that name."""
    return untrusted.SYMBOLS if name == "symbols" else untrusted.RUN_ITEMS


def _cut(value: Any, name: str) -> Any:
    most = longest(name).most
    if isinstance(value, str):
        return value if len(value) <= most else value[:most]
    if isinstance(value, Record):
        return value.within_limits()
    if isinstance(value, tuple):
        items = tuple([_cut(item, name) for item in islice(value, most_entries(name).most)])
        return value if len(items) == len(value) and all(map(operator.is_, items, value)) else items
    if isinstance(value, dict):
        entries = islice(value.items(), most_entries(name).most)
        kept = {_cut(key, name): _cut(inner, name) for key, inner in entries}
        return value if kept == value else kept
    return value
