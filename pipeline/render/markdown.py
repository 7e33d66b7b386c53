"""Markdown for `$GITHUB_STEP_SUMMARY`: GitHub Flavored Markdown, https://github.github.com/gfm/.

Words of strangers stand in code spans, the one place where GitHub looks for no links, mentions, images or HTML. Above
1 MiB GitHub drops a whole summary, so parts are left out first, beginning with symbols.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cache
from itertools import groupby

from jinja2 import Environment

from pipeline.assess.cases import Outcome, cases
from pipeline.assess.checks import check_rows, patch_findings
from pipeline.assess.findings import Finding, boot_failures, failures, warnings
from pipeline.assess.verdict import remarks, verdict
from pipeline.assess.words import label, location
from pipeline.record import CellRecord, RunRecord
from pipeline.record.public import for_others
from pipeline.render.code import code_words, compared_cells
from pipeline.render.page import templates
from pipeline.render.reproduction import reproduction
from pipeline.render.sizes import legend, size_rows
from pipeline.render.text_report import cell_rows, measured, summary, tree_row
from pipeline.render.words import one_line, with_largest_symbols

BUDGET = 1000 * 1000
"""Bytes of UTF-8; GitHub's limit for a step is 1 MiB."""

MOST_SYMBOLS = (200, 40, 10, 0)
MOST_OTHERS = (1000, 100, 20, 5, 1)
"""Limits that are tried in turn until the summary fits: first on symbols of a cell, then on every other list."""

_MARKS = {"OK": "✅", "PROBLEM": "❌"}


def render_markdown(record: RunRecord, budget: int = BUDGET) -> str:
    """The summary, in at most `budget` bytes."""
    steps = [(symbols, MOST_OTHERS[0]) for symbols in MOST_SYMBOLS] + [(0, others) for others in MOST_OTHERS[1:]]
    record = for_others(with_largest_symbols(record, MOST_SYMBOLS[0]))
    text = ""
    for symbols, others in steps:
        text = _render(record, symbols, others)
        if len(text.encode()) <= budget:
            return text
    short = f"{text.encode()[: max(0, budget - 100)].decode(errors='ignore').rpartition(chr(10))[0]}\n"
    return f"{short}\nThe rest does not fit here.\n"


def code(text: str, *, table: bool = False, most: int = 300) -> str:
    """A code span: nothing in it is markup. In a table a pipe would end the cell even there.

    Args:
        most: characters.
    """
    words = one_line(text, most).strip() or "-"
    if table:
        # `\\|` is read in more than one way.
        words = words.replace("|", "¦" if "\\" in words else r"\|")
    longest = max((len([*run]) for tick, run in groupby(words) if tick == "`"), default=0)
    fence = "`" * (longest + 1)
    return f"{fence} {words} {fence}" if longest else f"{fence}{words}{fence}"


def table(rows: Sequence[Sequence[str]], plain: Iterable[int] = (), right: Iterable[int] = ()) -> list[str]:
    """A table, its first row the header; every cell a code span but those of columns that hold our own words."""
    plain, right = set(plain), set(right)
    header = rows[0]
    lines = [
        f"| {' | '.join(header)} |",
        f"| {' | '.join('--:' if at in right else '---' for at in range(len(header)))} |",
    ]
    for row in rows[1:]:
        words = (text if at in plain else code(text, table=True) for at, text in enumerate(row))
        lines.append(f"| {' | '.join(words)} |")
    return lines


@cache
def _templates() -> Environment:
    jinja = templates()
    jinja.filters.update(code=code)
    return jinja


def _render(record: RunRecord, symbols: int, others: int) -> str:
    judged = verdict(record)
    sizes = size_rows(record, [label(record, cell) for cell in record.cells])
    header, *rows = cell_rows(record)
    columns = [*header[:2], *(code(title, table=True) for title in header[2:-1]), header[-1], "new failures"]
    rows = [_cell_row(record, cell, row) for cell, row in zip(record.cells[:others], rows[:others], strict=True)]
    return (
        _templates()
        .get_template("summary.md.j2")
        .render(
            mark=_MARKS.get(judged.word, "⚠️"),
            verdict=judged,
            problems=_first(judged.problems, others),
            remarks=_first(remarks(record), others),
            series=record.series,
            patches=len(record.series.patches),
            trees=table(
                [("tree", "version", "result"), *(tree_row(record, tree) for tree in record.trees[:others])], plain={2}
            ),
            cells=table(
                [columns, *rows],
                plain={len(header) - 1, len(header)},
                right={len(header) - 1},
            ),
            hidden_cells=max(0, len(record.cells) - others),
            checks=_checks(record, others),
            check_findings=[(title, _first(lines, min(5, others))) for title, lines in patch_findings(record)[:others]],
            failures=_findings(failures(record), others),
            warnings=_findings(warnings(record), others),
            boots=_findings([finding for finding, _ in boot_failures(record)], others),
            claims=[(claim.verdict, measured(claim), claim.text) for claim in record.claims[:others]],
            code=[
                (label(record, cell), code_words(compared)) for cell, compared in list(compared_cells(record))[:others]
            ],
            sizes=table(sizes[: others + 1], plain=range(1, len(sizes[0])), right=range(1, len(sizes[0]))),
            legend=legend(sizes[0]),
            texts=[_text(record, cell, symbols) for cell in record.cells[:others] if cell.text],
            command="\n".join(one_line(line, 2000).replace("```", "'''") for line in reproduction(record, 100)),
            notes=record.notes[:others],
            facts=(one_line(record.id), record.started, record.matrix, record.sandbox),
        )
    )


def _first(items: Sequence[str], most: int) -> list[str]:
    return [*items[:most], *([f"and {len(items) - most} more"] if len(items) > most else [])]


def _cell_row(record: RunRecord, cell: CellRecord, row: Sequence[str]) -> tuple[str, ...]:
    case_list = cases(record.model_copy(update={"cells": (cell,)}))
    decided = (Outcome.PASS, Outcome.FAIL)
    own = [case for case in case_list if case.outcome in decided and case.number is None]
    failed = sum(case.outcome is Outcome.FAIL and not case.known for case in own)
    return (*row, f"{failed} of {len(own)}")


def _checks(record: RunRecord, others: int) -> list[str]:
    """A row for each check and patch; empty where nothing was checked."""
    rows = [(str(row.patch), row.check, row.word, row.reason or row.tree or "-") for row in check_rows(record)]
    return table([("patch", "check", "result", "why"), *rows[:others]], plain={0, 2}, right={0}) if rows else []


def _findings(findings: Sequence[Finding], others: int) -> list[tuple[str, list[str]]]:
    return [
        (
            f"With {finding.blame}, in {', '.join(finding.cells)}",
            _first([location(line) for line in finding.diagnostics], min(5, others)),
        )
        for finding in findings[:others]
    ]


def _text(record: RunRecord, cell: CellRecord, most: int) -> tuple[str, str, list[str], int]:
    assert cell.text is not None
    largest = sorted(cell.text.symbols, key=lambda symbol: (-abs(symbol.delta), symbol.name))[:most]
    rows = [(symbol.name, _size(symbol.old), _size(symbol.new), f"{symbol.delta:+d}") for symbol in largest]
    lines = table([("symbol", "old", "new", "delta"), *rows], plain={1, 2, 3}, right={1, 2, 3}) if rows else []
    return label(record, cell), summary(cell.text), lines, len(largest)


def _size(number: int | None) -> str:
    return "-" if number is None else str(number)
