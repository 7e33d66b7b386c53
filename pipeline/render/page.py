"""Plain text on a page: untrusted words made harmless, wrapping and tables by display columns, templates.

A record holds the words of strangers (mail, compilers, symbol names); it passes one door, `neutral`, before anything
looks at it.
"""

from __future__ import annotations

import operator
import unicodedata
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Any, TypeVar

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from pydantic import BaseModel
from rich.cells import cell_len, chop_cells
from rich.style import Style

from pipeline.record import RunRecord, SymbolRecord
from pipeline.render.public import for_others
from pipeline.system.resources import folder
from pipeline.system.visible import INVISIBLE, no_command, visible

AnyRecord = TypeVar("AnyRecord", bound=BaseModel)

_COLOURS = {
    **dict.fromkeys(("OK", "ok", "builds", "applies", "confirmed"), "green"),
    **dict.fromkeys(("PROBLEM", "FAIL", "FAILS", "HANGS", "refuted"), "red"),
    **dict.fromkeys(("NO VERDICT", "WARN", "base FAILS", "unreachable", "incomplete", "not measured"), "yellow"),
    **dict.fromkeys(("not confirmed", "not checked"), "yellow"),
    **dict.fromkeys(("answered", "touched", "unchanged", "message only"), "green"),
    **dict.fromkeys(("unanswered", "disputed", "not touched", "dropped", "not carried"), "red"),
    **dict.fromkeys(("promised", "volunteered", "undecided", "as before", "names no symbol"), "yellow"),
    **dict.fromkeys(("NOT COVERED", "applies, 3-way", "already merged", "flaky", "missing"), "yellow"),
}
_FIELDS_WITH_LINES = ("body", "verbatim", "log")


def blanked(text: str) -> str:
    """Text with a blank for each such character, where an escape would be out of place."""
    return "".join(" " if unicodedata.category(char) in INVISIBLE else char for char in text)


def neutral(record: AnyRecord) -> AnyRecord:
    """The record with every string `visible`, and a run's `for_others`; line ends stay in fields that have lines."""
    clean: AnyRecord = _clean(for_others(record) if isinstance(record, RunRecord) else record)
    return clean


def _clean(value: Any, key: str = "") -> Any:
    """A value of a field of that name; the same object where there is nothing to clean, as in all but all of them."""
    if isinstance(value, str):
        if value.isprintable():
            return value
        return "\n".join(map(visible, value.split("\n") if key in _FIELDS_WITH_LINES else [value]))
    if isinstance(value, tuple):
        items = tuple([_clean(item, key) for item in value])
        return value if all(map(operator.is_, items, value)) else items
    if isinstance(value, SymbolRecord):
        printable = value.name.isprintable() and value.path.isprintable()
        return value if printable else replace(value, name=visible(value.name), path=visible(value.path))
    if isinstance(value, BaseModel):
        fields = {name: (old, _clean(old, name)) for name, old in value}
        changed = {name: new for name, (old, new) in fields.items() if new is not old}
        return value.model_copy(update=changed) if changed else value
    if isinstance(value, dict):
        return {visible(name): _clean(inner, name) for name, inner in value.items()}
    return value


def cut(text: str, columns: int) -> str:
    """At most so many columns of a text, and no heap of combining characters; `…` says that there was more."""
    return text if _fits(text, columns) else chop_cells(f"{text[: 2 * columns]} ", columns - 1)[0].rstrip() + "…"


def wrap(text: str, columns: int, most: int = 4) -> list[str]:
    """At most so many lines of so many columns; only a word longer than a line is broken."""
    considered = text[: 2 * columns * most]
    lines: list[str] = []
    for word in considered.split():
        for piece in filter(None, chop_cells(word, columns)):
            if lines and _fits(f"{lines[-1]} {piece}", columns):
                lines[-1] += f" {piece}"
            else:
                lines.append(cut(piece, columns))
    if len(lines) > most or considered != text:
        last = lines[:most][-1:] or [""]
        lines = [*lines[: most - 1], cut(last[0], columns - 1).rstrip("…") + "…"]
    return lines or [""]


@dataclass(frozen=True)
class Page:
    """What a template is laid out on.

    Args:
        columns: its width in display columns.
        colour: verdict words are painted with ANSI sequences.
    """

    columns: int = 78
    colour: bool = False

    def paint(self, word: str) -> str:
        colour = _COLOURS.get(word) if self.colour else None
        return Style(color=colour, bold=True).render(word) if colour else word

    def link(self, text: str, address: str) -> str:
        """A text that a terminal opens the address of; a text as it is where there are no colours."""
        return Style(link=address, dim=True).render(text) if self.colour and address else text

    def hang(self, text: str, indent: int, most: int = 4) -> str:
        """Wrapped text whose first line the template indents, and whose other lines this does."""
        return ("\n" + " " * indent).join(wrap(text, self.columns - indent, most))

    def fits(self, rows: Sequence[Sequence[str]], gap: int) -> bool:
        """Whether a table needs nothing cut."""
        return sum(_widths(rows)) + gap * (len(rows[0]) - 1) <= self.columns - 2

    def table(self, rows: Sequence[Sequence[str]], right: Collection[int] = (), gap: int = 2) -> list[str]:
        """Aligned lines, indented by 2; what is too wide is cut in the widest column.

        Args:
            rows: the first is the header.
            right: columns that are aligned to the right.
            gap: blanks between columns.
        """
        widths = [min(width, self.columns) for width in _widths(rows)]
        while sum(widths) + gap * (len(widths) - 1) > self.columns - 2:
            widths[widths.index(max(widths))] -= 1
        return ["  " + self._row(row, widths, right, " " * gap) for row in rows]

    def _row(self, row: Sequence[str], widths: Sequence[int], right: Collection[int], gap: str) -> str:
        cells = []
        for at, (text, width) in enumerate(zip(row, widths, strict=True)):
            short = cut(text, width)
            blank = " " * (width - cell_len(short))
            word = self.paint(short) if at else short
            cells.append(blank + word if at in right else word + blank)
        return gap.join(cells).rstrip()

    def fill(self, template: str, **view: object) -> str:
        """A template of `templates/`, filled in; no line of it is a command of GitHub's or Azure's runner."""
        text = _templates(self).get_template(template).render(view)
        return no_command(text)


@cache
def _templates(page: Page) -> Environment:
    """One environment for each kind of page: compiling a template takes longer than all the rest."""
    jinja = templates()
    jinja.filters.update(hang=page.hang, paint=page.paint)
    return jinja


def templates() -> Environment:
    """An environment for templates whose target has no escaping of its own: whoever fills them in guards its reader."""
    return Environment(
        loader=FileSystemLoader(folder("templates")),
        autoescape=False,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )


def _fits(text: str, columns: int) -> bool:
    """Columns limit what a reader sees, characters how high combining ones can pile up."""
    return len(text) <= 2 * columns and cell_len(text) <= columns


def _widths(rows: Sequence[Sequence[str]]) -> list[int]:
    return [max(cell_len(row[at]) for row in rows) for at in range(len(rows[0]))]
