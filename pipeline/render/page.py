"""Plain text on a page: tables by display columns, colours of verdict words, templates."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cache

from jinja2 import Environment, FileSystemLoader, StrictUndefined, TemplateError
from rich.cells import cell_len
from rich.style import Style

from pipeline.system.errors import UsageError
from pipeline.system.resources import folder, own_templates
from pipeline.system.text import cut, no_command, wrap

_COLOURS = {
    **dict.fromkeys(("OK", "ok", "builds", "applies", "confirmed"), "green"),
    **dict.fromkeys(("PROBLEM", "FAIL", "FAILS", "HANGS", "refuted"), "red"),
    **dict.fromkeys(("NO VERDICT", "WARN", "base FAILS", "unreachable", "incomplete", "not measured"), "yellow"),
    **dict.fromkeys(("not confirmed", "not checked"), "yellow"),
    **dict.fromkeys(("answered", "touched", "unchanged", "message only"), "green"),
    **dict.fromkeys(("unanswered", "disputed", "not touched", "dropped", "not collected"), "red"),
    **dict.fromkeys(("promised", "volunteered", "undecided", "as before", "names no symbol"), "yellow"),
    **dict.fromkeys(("NOT COVERED", "applies, 3-way", "already merged", "flaky", "missing"), "yellow"),
}


@dataclass(frozen=True)
class Page:
    """The width of a page and whether it has colours, with the functions that lay text out on it.

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
        try:
            text = _templates(self).get_template(template).render(view)
        except TemplateError as error:
            raise UsageError(
                f"the template {template} cannot be filled in: {error.message}",
                hint=f"Is it your own? A file of that name in {own_templates()} comes before the one that ships.",
            ) from error
        return no_command(text)


@cache
def _templates(page: Page) -> Environment:
    """The template environment for a kind of page: compiling a template takes longer than all the rest."""
    jinja = templates()
    jinja.filters.update(hang=page.hang, paint=page.paint)
    return jinja


def templates() -> Environment:
    """An environment for templates whose target has no escaping of its own: whoever fills them in guards its reader."""
    return Environment(
        loader=FileSystemLoader([own_templates(), folder("templates")]),
        autoescape=False,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )


def _widths(rows: Sequence[Sequence[str]]) -> list[int]:
    return [max(cell_len(row[at]) for row in rows) for at in range(len(rows[0]))]
