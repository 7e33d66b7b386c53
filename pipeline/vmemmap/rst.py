"""reStructuredText for the kernel's documents: text that is not markup, paragraphs and tables.

The format: https://docutils.sourceforge.io/docs/ref/rst/restructuredtext.html, section Escaping Mechanism.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Sequence

from tabulate import tabulate

from pipeline.system.text import visible

COLUMNS = 80
"""Documentation/doc-guide/sphinx.rst asks for lines that are not longer."""

_MARKUP = re.compile(r"(?<![A-Za-z0-9])[-.+~/,]|[-.+~/,](?![A-Za-z0-9])|[!-*:-@\[-`{-}]")
"""Punctuation, but for that within words such as `6.12-rc1`."""
_CONDITION = re.compile(r"[A-Z0-9_!(][A-Za-z0-9_ !&|()=]*[A-Za-z0-9_)]")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.+-]*")


def escaped(text: str) -> str:
    """Words of strangers as one line that docutils takes for plain text, whatever they are."""
    return _MARKUP.sub(r"\\\g<0>", " ".join(visible(text).split()))


def literal(text: str) -> str:
    """An identifier or a Kconfig condition in double backquotes; of anything else its ASCII, as plain text."""
    if _NAME.fullmatch(text) or _CONDITION.fullmatch(text):
        return f"``{text}``"
    return escaped(text.encode("ascii", "replace").decode()) or "-"


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A grid table, or nothing when there are no rows."""
    if not rows:
        return ""
    return tabulate(rows, header, tablefmt="grid", disable_numparse=True)


def paragraph(text: str, columns: int = COLUMNS) -> str:
    """Text filled to lines; literals with blanks in them are not taken apart, a word longer than a line is kept."""
    glued = re.sub(r"``[^`]*``", lambda match: match[0].replace(" ", "\0"), " ".join(text.split()))
    lines = textwrap.wrap(glued, columns, break_long_words=False, break_on_hyphens=False)
    return "\n".join(lines).replace("\0", " ")
