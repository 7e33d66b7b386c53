"""Tables as values: the text of each place, its link, and the meaning of its colour."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from pipeline.system.text import cut

LONG = 24
LONGEST = 300
"""Characters of one place in a table."""


@dataclass(frozen=True)
class Item:
    """A place in a table.

    Args:
        url: of the evidence, or empty.
        tone: a class of the style sheet, or empty.
    """

    text: str
    url: str = ""
    tone: str = ""

    @property
    def long(self) -> bool:
        """Needs a column of some width, where there is little room."""
        return len(self.text) > LONG


@dataclass(frozen=True)
class Table:
    """A table whose first column names the rows.

    Args:
        caption: what it shows.
        numbers: columns that hold numbers, aligned to the right.
        sortable: by a script, on a click on a column's head.
        filterable: by a script, to the rows that hold a text.
        more: rows that were left out.
    """

    caption: str
    header: tuple[str, ...]
    rows: tuple[tuple[Item, ...], ...]
    numbers: frozenset[int] = frozenset()
    sortable: bool = False
    filterable: bool = False
    more: int = 0


def items(*texts: str | Item) -> tuple[Item, ...]:
    return tuple(text if isinstance(text, Item) else Item(cut(text, LONGEST)) for text in texts)


def table(
    caption: str,
    header: tuple[str, ...],
    rows: Iterable[tuple[Item, ...]],
    numbers: Iterable[int] = (),
    *,
    most: int = 400,
    sortable: bool = False,
) -> Table | None:
    """A table of at most so many rows; None where there is none."""
    all_rows = tuple(rows)
    if not all_rows:
        return None
    return Table(caption, header, all_rows[:most], frozenset(numbers), sortable, more=max(len(all_rows) - most, 0))
