"""CSV of symbols whose size a series changes, and of code that it changes, in every cell. RFC 4180, in UTF-8."""

from __future__ import annotations

import csv
import io
import re

from pipeline.record import RunRecord
from pipeline.record.public import for_others
from pipeline.render.code import comparisons
from pipeline.render.words import one_line

CODE_COLUMNS = ("tree", "cell", "of", "patch", "kind", "name", "path", "old", "new", "instructions")
COLUMNS = ("tree", "cell", "symbol", "path", "old", "new", "delta")
_PLAIN = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_./-]{0,300}", re.ASCII)
"""Nearly every symbol and path, so that a hundred thousand take no second."""
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""What a spreadsheet takes for a formula, at the start of a field:
https://owasp.org/www-community/attacks/CSV_Injection."""


def render_symbols(record: RunRecord) -> str:
    """The whole file; a symbol that is not there on one side has an empty field."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    for cell in for_others(record).cells:
        place = (field(cell.tree), field(cell.id))
        for symbol in cell.text.symbols if cell.text else ():
            name, path = field(symbol.name), field(symbol.path)
            writer.writerow((*place, name, path, symbol.old, symbol.new, symbol.delta))
    return out.getvalue()


def render_code(record: RunRecord) -> str:
    """The whole file: what differs of the series and of each patch, as far as the record names it."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(CODE_COLUMNS)
    for cell in for_others(record).cells:
        for comparison in comparisons(cell):
            place = (field(cell.tree), field(cell.id), comparison.of, comparison.patch)
            for change in comparison.code.changes:
                named = (change.kind, field(change.name), field(change.path))
                writer.writerow((*place, *named, change.before, change.after, change.amount))
    return out.getvalue()


def field(text: str) -> str:
    """Text that no spreadsheet calculates with: an apostrophe in front of what could be a formula."""
    if _PLAIN.fullmatch(text):
        return text
    words = one_line(text)
    return f"'{words}" if words.lstrip().startswith(_FORMULA) else words
