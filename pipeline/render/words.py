"""Puts words of strangers on one line without anything that a terminal, a log of GitHub Actions or XML would obey.

Each renderer escapes the markup of its own format.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from pipeline.record import CellRecord, RunRecord
from pipeline.system.text import visible

MOST = 1000
"""Characters; longer words say nothing that their beginning does not."""

_NOT_XML = re.compile("[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What XML 1.0 has no way to hold: https://www.w3.org/TR/xml/#charsets."""
_RUNNER_COMMAND = re.compile(r"^\s*::|##(?=\[|vso\[)")
"""`::set-output …` begins a line, `##[…]` is looked for all over it."""


def one_line(text: str, most: int = MOST) -> str:
    """The text without controls, line ends and commands of a CI runner, and no longer than `most` characters."""
    short = text if len(text) <= most else f"{text[: most - 1]}…"
    if short.isascii() and short.isprintable() and "##" not in short and "::" not in short:
        return short
    words = _NOT_XML.sub("?", visible(short))
    return _RUNNER_COMMAND.sub(lambda match: f"{match[0]} " if "#" in match[0] else ": :", words)


def with_largest_symbols(record: RunRecord, most: int) -> RunRecord:
    """The record with so many symbols in each cell, those that changed most: reports show few, all take time."""
    return record.model_copy(update={"cells": tuple(_with_largest(cell, most) for cell in record.cells)})


def _with_largest(cell: CellRecord, most: int) -> CellRecord:
    if cell.text is None or len(cell.text.symbols) <= most:
        return cell
    kept: Sequence[object] = sorted(cell.text.symbols, key=lambda symbol: (-abs(symbol.delta), symbol.name))[:most]
    text = cell.text.model_copy(update={"symbols": tuple(kept), "verbatim": cell.text.verbatim.partition("\n")[0]})
    return cell.model_copy(update={"text": text})
