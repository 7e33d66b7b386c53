"""The text of a reply: the verdict first, then what was measured, then answers under exactly the lines they answer."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from email.headerregistry import Address
from enum import StrEnum

from pipeline.assess.findings import failures, warnings
from pipeline.assess.verdict import changed_facts, remarks, verdict
from pipeline.assess.words import count, label, location
from pipeline.record import LetterRecord, RunRecord
from pipeline.record.kinds import KINDS, kinds, only_text_moves
from pipeline.record.neutral import neutral
from pipeline.record.public import tested_on
from pipeline.render import cell_rows, command_lines, summary, tree_row
from pipeline.render.page import Page
from pipeline.reply.answers import exchanges
from pipeline.reply.headers import message_id
from pipeline.reply.points import of_patch
from pipeline.reply.quoting import COLUMNS, LOG_COLUMNS
from pipeline.reply.suggestion import tested_by
from pipeline.system.text import cut

ROWS_SHOWN = 10
FINDINGS_SHOWN = 5
LINES_SHOWN = 3

_URGENT = ("FAILS", "base FAILS", "incomplete", "missing")
# What b4 takes for a trailer; a reply gives none, and what it reports may be worded by somebody who would like one.
_TRAILER = re.compile(r"^(?P<indent>\s*)(?P<line>(?P<name>\w\S*):\s+(?P<value>\S.*))$")
_NAMES = re.compile(r"cc|.*-(by|to|commit|id)|(bug)?link|closes|fixes|subject|date", re.IGNORECASE)


class Style(StrEnum):
    """How much a reply says."""

    SUMMARY = "summary"
    FULL = "full"


def text(record: RunRecord, letter: LetterRecord, author: Address, style: Style, link: str) -> str:
    """The body of an answer to `letter`: 72 columns, but for lines that a program printed, and for the link.

    Args:
        author: who replies.
        link: URL of the full report, or empty.
    """
    clean, page = neutral(record), Page(COLUMNS)
    found = [*failures(clean), *warnings(clean)][:FINDINGS_SHOWN]
    position = [record.series.cover, *record.series.messages].index(letter)
    answered = [clean.series.cover, *clean.series.messages][position]
    patches = [
        one.number for one in clean.series.patches if message_id(one.message_id) == message_id(letter.message_id)
    ]
    body = page.fill(
        "reply.txt.j2",
        verdict=verdict(clean),
        about=of_patch(clean, patches[0]) if patches and len(clean.series.patches) > 1 else [],
        words=[
            (item.cells[0], [cut(location(one), LOG_COLUMNS - 2) for one in item.diagnostics[:LINES_SHOWN]])
            for item in found
            if item.diagnostics
        ],
        trees=_trees(clean, page),
        cells=_cells(clean, page),
        more=count(len(clean.cells) - ROWS_SHOWN, "more cell") if len(clean.cells) > ROWS_SHOWN else "",
        full=style is Style.FULL,
        changes=changed_facts(clean),
        remarks=[remark for remark in remarks(clean) if remark not in changed_facts(clean)][:ROWS_SHOWN],
        deltas=[(label(clean, cell), cut(summary(cell.text), LOG_COLUMNS - 2)) for cell in clean.cells if cell.text],
        exchanges=exchanges(clean, answered, detailed=style is Style.FULL),
        command=command_lines(clean.command, COLUMNS) if clean.command else [],
        tested=tested_on(clean),
        link=link,
        suggestion=tested_by(clean, author),
    )
    return "\n".join(_guarded(body.split("\n")))


def _trees(record: RunRecord, page: Page) -> list[str]:
    rows = [tree_row(record, tree) for tree in record.trees]
    rows.sort(key=lambda row: row[2] != "FAILS")
    return page.table([("tree", "version", "result"), *rows[:ROWS_SHOWN]])


def _cells(record: RunRecord, page: Page) -> list[str]:
    """At most ten of the cells, in the order of the run, unless some are more urgent than others."""
    header, *cells = cell_rows(record)
    rows = list(zip(cells, map(kinds, record.cells), strict=True))
    if len(rows) > ROWS_SHOWN:
        rows.sort(key=lambda row: row[0][1] not in _URGENT)
    # What bloat-o-meter counts is not text alone where data moves.
    moved = [kind for kind in KINDS if any(not only_text_moves(cell) for cell in record.cells) and _moves(record, kind)]
    table = [
        (*row, *(f"{changes[kind]:+d}" if changes else "-" for kind in moved)) for row, changes in rows[:ROWS_SHOWN]
    ]
    return page.table([(*header, *moved), *table], right=range(len(header) - 1, len(header) + len(moved)))


def _moves(record: RunRecord, kind: str) -> bool:
    return any(kinds(cell).get(kind) for cell in record.cells)


def _guarded(lines: Sequence[str]) -> Iterable[str]:
    """Lines in which no program finds a trailer: one that looks like it gets a bar for its last two blanks."""
    for line in lines:
        found = _TRAILER.match(line)
        if found and ("@" in found["value"] or _NAMES.fullmatch(found["name"])):
            yield f"{found['indent'][:-2]}| {found['line']}"
        else:
            yield line
