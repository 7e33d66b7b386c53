"""The HTML report: one file that needs no network, no server and no script; with a script, tables sort and filter."""

from __future__ import annotations

from collections.abc import Sequence

from pipeline.assess.answer import LONGEST as LONGEST_MATTER
from pipeline.assess.answer import answer, matters
from pipeline.assess.reported import compared
from pipeline.assess.verdict import remarks, verdict
from pipeline.assess.words import label
from pipeline.record import RunRecord
from pipeline.record.neutral import neutral
from pipeline.render.html import cells, findings, page
from pipeline.render.html.bars import BarChart, Tone, stacked
from pipeline.render.html.checks import checks
from pipeline.render.html.links import evidence, message
from pipeline.render.html.matrix import KEY, matrix
from pipeline.render.html.review import review
from pipeline.render.html.sizes import anchors, sizes
from pipeline.render.html.symbols import Totals, totals, without_the_small
from pipeline.render.html.tables import LONGEST, Item, items, table
from pipeline.render.html.trimming import Limits, trimmed
from pipeline.render.measured import first
from pipeline.render.reproduction import reproduction
from pipeline.render.text_report import about, facts, tools
from pipeline.system.text import cut, duration

MOST_BYTES = 2 << 20
"""A page that opens at once, on a phone, too."""

COMMAND_COLUMNS = 100
SENTENCES = 100
LONGEST_LABEL = 40

_TONES: dict[str, Tone] = {"OK": "ok", "PROBLEM": "failed", "NO VERDICT": "warn", "NOT COVERED": "warn"}
_SIGNS = {"ok": "✓", "failed": "✗", "warn": "!"}


LIMITS = (
    Limits(4000, 1200, 60),
    Limits(1000, 1200, 60),
    Limits(200, 300, 20, rows=200, words=300),
    Limits(0, 100, 5, rows=40, words=120),
)
"""Tried in this order until the page is small enough: symbols go first, all of them are in run.json."""


def render_html(record: RunRecord, linked: bool = True) -> str:
    """The report as a page.

    Args:
        linked: the page lies in the run's folder, and links to the logs beside it; else it names them.
    """
    counted = [totals(cell.text) if cell.text else None for cell in record.cells]
    filled = ""
    for limits in LIMITS:
        filled = _render(neutral(without_the_small(record, limits.symbols)), counted, linked, limits)
        if len(filled.encode()) <= MOST_BYTES:
            break
    return filled


def _render(record: RunRecord, counted: Sequence[Totals | None], linked: bool, limits: Limits) -> str:
    """The page of a record that is neutral, and has the largest symbols only."""
    judged, most = verdict(record), matters(record)
    tone = _TONES[judged.word]
    rest = [problem for problem in judged.problems if cut(problem, LONGEST_MATTER) not in most]
    accounts = findings.accounts(record, linked)
    series = record.series
    places = anchors(record, limits.parts, evidence("run.json", linked))
    view = {
        "verdict": judged,
        "answer": answer(record),
        "matters": most,
        "sign": _SIGNS[tone],
        "title": cut(series.title, LONGEST),
        "about": _about(record),
        "problems": _short(rest),
        "remarks": _short(remarks(record)),
        "accounts": accounts,
        "wrong": bool(rest or accounts),
        "matrix": matrix(record, linked, limits.squares),
        "key": KEY,
        "trees": cells.trees(record),
        "cells": cells.cells(record, linked, places),
        "claims": findings.claims(record, places),
        "sizes": sizes(record, counted, linked, limits.parts),
        "code": _parts(cells.code(record), limits.parts),
        "checks": _parts(checks(record), limits.parts),
        "boots": _parts(cells.boots(record, linked), limits.parts),
        "coverage": cells.coverage(record),
        "layouts": _parts(cells.layouts(record), limits.parts),
        "review": review(record.review, compared(record)),
        "patches": cells.patches(record),
        "promised": _short(series.follow_ups),
        "facts": facts(record),
        "times": _times(record),
        "tools": table("Tools", ("tool", "version"), (items(*row) for row in tools(record))),
        "run": record.id,
    }
    return page.fill(
        tone=tone,
        command="\n".join(reproduction(record, COMMAND_COLUMNS, indent=0)),
        record_link=evidence("run.json", linked),
        **{name: trimmed(value, limits) for name, value in view.items()},
    )


def _about(record: RunRecord) -> list[tuple[str, Item]]:
    """Rows of facts on the series; its source is linked to the letter."""
    letter = message(record.series.cover.message_id)
    return [
        (name, Item(cut(text, LONGEST), letter if text == record.series.source else ""))
        for name, text in about(record)
        if text != record.series.title
    ]


def _parts(parts: Sequence[cells.Part], most: int) -> list[cells.Part]:
    """The first parts of a section, and a last one that says how many there are more."""
    more = [cells.Part("", (), f"And {len(parts) - most} more, in run.json.")] if len(parts) > most else []
    return [*parts[:most], *more]


def _short(sentences: Sequence[str]) -> list[str]:
    return [cut(sentence, 2 * LONGEST) for sentence in first(sentences, SENTENCES)]


def _times(record: RunRecord) -> BarChart | None:
    """CPU time of builds and time of boots, by cell; what came from the store cost nothing this time."""
    rows = []
    for cell in record.cells:
        builds = [state for state in cell.states if not state.cached]
        parts: list[tuple[float, Tone]] = [
            (sum(state.cpu_seconds for state in builds), "built"),
            (sum(boot.seconds for boot in cell.boots if not boot.cached), "booted"),
            (sum(state.cpu_seconds for state in cell.states if state.cached), "stored"),
        ]
        words = [
            f"{duration(seconds)} {what}"
            for (seconds, _), what in zip(parts, ("building", "booting", "from the store"), strict=True)
            if seconds
        ]
        if words:
            rows.append((cut(label(record, cell), LONGEST_LABEL), ", ".join(words), parts))
    return stacked("Time spent by cell", rows)
