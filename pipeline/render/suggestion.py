"""The text of a suggestion: files of a series that a matrix compiles, and fragments ready to be saved."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping

from pipeline.model import Cell
from pipeline.plan.suggest import Proposal, Suggestion
from pipeline.system.text import count, visible

COLUMNS = 78


def render_suggestion(suggestion: Suggestion, where: str) -> str:
    """Lines for a terminal; the fragments in them can be saved as they are.

    Args:
        where: the matrix and tree that it is about.
    """
    return "\n".join(line.rstrip() for line in _lines(suggestion, where)) + "\n"


def _lines(suggestion: Suggestion, where: str) -> Iterator[str]:
    brought = sum(len(proposal.files) for proposal in suggestion.proposals)
    total = len(suggestion.compiled) + brought + len(suggestion.unreached)
    yield from _wrapped(f"{where}: {_balance(suggestion, total, brought)}")
    if suggestion.headers:
        yield from _wrapped(f"Headers ({len(suggestion.headers)}) count as compiled, with what includes them.")
    if suggestion.others:
        yield from _wrapped(
            f"Other files ({len(suggestion.others)}), such as {suggestion.others[0]}, are not compiled."
        )
    for proposal in suggestion.proposals:
        yield from _proposal(proposal)
    if suggestion.proposals:
        yield ""
        yield from _wrapped(
            "Tried with olddefconfig: kconfig keeps every line. Promises about struct page are checked by `pipeline "
            "plan` with the new cells."
        )
    if suggestion.unreached:
        yield from ("", "Not reached:")
    for path, reasons in suggestion.unreached.items():
        yield f"  {path}"
        for reason in _reasons(reasons):
            yield from _wrapped(visible(reason), "    ")


def _balance(suggestion: Suggestion, total: int, brought: int) -> str:
    if not total:
        return "the series touches no code files, so there is nothing to compile."
    parts = [f"of {count(total, 'code file')} that the series touches, {len(suggestion.compiled)} compiled by a cell"]
    if brought:
        parts.append(f"{brought} could be")
    if suggestion.unreached:
        parts.append(f"{len(suggestion.unreached)} out of reach")
    return f"{', '.join(parts)}."


def _proposal(proposal: Proposal) -> Iterator[str]:
    fragment = proposal.fragment
    yield from ("", f"Save as kconfigs/{fragment.name}.config:", "", *fragment.text.splitlines(), "")
    yield from (f"Add to the matrix, a cell like {proposal.origin}:", "", *_cell(proposal.cell, proposal.origin))


def _cell(cell: Cell, origin: str) -> Iterator[str]:
    yield "[[cells]]"
    yield f'id = "{cell.id}"'
    yield f'about = "{origin}, and what {cell.fragments[-1].name}.config brings in"'
    yield f'arch = "{cell.arch}"'
    yield f'toolchain = "{cell.toolchain.name}"'
    yield f'base = "{cell.base}"'
    names = ", ".join(f'"{fragment.name}"' for fragment in cell.fragments)
    yield from textwrap.wrap(f"fragments = [{names}]", COLUMNS, subsequent_indent="    ", break_on_hyphens=False)


def _reasons(reasons: Mapping[str, str]) -> list[str]:
    """The reasons without duplicates, with the cells that each holds for where they differ."""
    if not reasons:
        return ["no cell of the matrix can be reached"]
    cells: dict[str, list[str]] = {}
    for cell, reason in reasons.items():
        cells.setdefault(reason, []).append(cell)
    return list(cells) if len(cells) == 1 else [f"{', '.join(names)}: {reason}" for reason, names in cells.items()]


def _wrapped(text: str, indentation: str = "") -> list[str]:
    return textwrap.wrap(
        text,
        COLUMNS,
        initial_indent=indentation,
        subsequent_indent=indentation,
        break_on_hyphens=False,
        break_long_words=False,
    )
