"""Makes the content of a page smaller: fewer rows, shorter words. For runs that would fill one beyond measure."""

from __future__ import annotations

import sys
from dataclasses import dataclass, fields, is_dataclass, replace
from typing import Any

from pipeline.render.html.tables import Table
from pipeline.system.text import cut


@dataclass(frozen=True)
class Limits:
    """How much is shown.

    Args:
        symbols: rows of all symbol tables together.
        squares: of the verdict matrix.
        parts: of a section that has one for each cell or struct.
        rows: of a table; as many as there are by default.
        words: characters of a text; as many as there are by default.
    """

    symbols: int
    squares: int
    parts: int
    rows: int = sys.maxsize
    words: int = sys.maxsize


def trimmed(value: Any, limits: Limits) -> Any:
    """A value of the page, and all that is in it, with tables and texts no longer than they may be."""
    if limits.rows == limits.words == sys.maxsize:
        return value
    if isinstance(value, str):
        return cut(value, limits.words)
    if isinstance(value, Table) and len(value.rows) > limits.rows:
        left_out = len(value.rows) - limits.rows
        return trimmed(replace(value, rows=value.rows[: limits.rows], more=value.more + left_out), limits)
    if isinstance(value, list | tuple):
        return tuple(trimmed(inner, limits) for inner in value)
    if is_dataclass(value) and not isinstance(value, type):
        return replace(value, **{field.name: trimmed(getattr(value, field.name), limits) for field in fields(value)})
    return value
