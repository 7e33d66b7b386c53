"""Differences in the code of two builds, relocations kept symbolic."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from pipeline.record.base import Record


class CodeChangeRecord(Record):
    """A function, a data object or an object file whose code differs."""

    name: str
    path: str = Field(description="source file that it was compiled from")
    kind: Literal["function", "data", "object"]
    before: int | None = Field(description="bytes; null where it does not exist")
    after: int | None = Field(description="bytes; null where it does not exist")
    amount: int = Field(description="instructions that one has and the other has not; 0 for data")


class CodeRecord(Record):
    """The comparison of one cell's code; sizes alone show less of it."""

    functions: int = Field(description="that were compared")
    objects: int = Field(description="data objects that were compared")
    changed_functions: int
    changed_objects: int = Field(description="data objects, and object files that could not be read")
    resized: int = Field(description="functions that differ in size, are new or are gone: what sizes show")
    files: int = Field(description="source files with a difference")
    changes: tuple[CodeChangeRecord, ...] = Field(default=(), description="the most changed first; not all where many")
    unread: tuple[str, ...] = Field(
        default=(), description="object files of which nothing is known; not all where many"
    )
    more_unread: int = Field(default=0, description="object files of which nothing is known, beside those in `unread`")
    more_than: int = Field(
        default=0, description="functions and data objects that differ, where so many do that none is counted or named"
    )

    @property
    def same(self) -> bool:
        """Whether everything was compared, and nothing differs."""
        return not (self.changed_functions or self.changed_objects or self.unread or self.more_than)
