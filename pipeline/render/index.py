"""A page over many runs, for a web server that serves files: what each series needs, and the trend of its size."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from pipeline.assess.answer import answer, files_compiled, person, waits
from pipeline.assess.verdict import verdict
from pipeline.record import RunRecord
from pipeline.record.neutral import neutral
from pipeline.render.html.page import fill
from pipeline.render.words import one_line, with_largest_symbols
from pipeline.system.text import count, cut

TEMPLATE = "index.html.j2"
REPORTS = ("report.html", "report.txt", "run.json")
"""What a run is linked by: the first that lies in its folder."""

WIDTH, HEIGHT, MARGIN = 560, 150, 24
"""Of a chart's drawing, in its own units; around the line."""

WAITS_SHOWN = 3


@dataclass(frozen=True)
class IndexedRun:
    """The entry of a run in the index.

    Args:
        url: of its report, relative; empty where the page links to none.
        deltas: of all symbols, in bytes, by tree and cell.
        moment: when it started, to the second; `started` is to the minute.
        answer: whether the series may be applied; empty for a run without one.
        step: what is to be done next.
        yours: whether it is for the maintainer to do.
        coverage: how much of the series was compiled.
        waits: who waits for whom.
    """

    id: str
    url: str
    started: str
    series: str
    version: int
    word: str
    headline: str
    deltas: Mapping[tuple[str, str], int]
    moment: str = ""
    answer: str = ""
    step: str = ""
    yours: bool = False
    coverage: str = ""
    waits: Sequence[tuple[str, str]] = ()

    @property
    def who_waits(self) -> str:
        """The first pairs, in words."""
        pairs = [f"{waiting} waits for {waiting_for}" for waiting, waiting_for in self.waits[:WAITS_SHOWN]]
        more = len(self.waits) - WAITS_SHOWN
        return "; ".join([*pairs, *([f"{more} more"] if more > 0 else [])])

    @property
    def tone(self) -> str:
        """A class of the style sheet."""
        return {"OK": "ok", "PROBLEM": "failed"}.get(self.word, "warn")


@dataclass(frozen=True)
class Point:
    """A run on a chart; `first` is the first of its revision, which is named there."""

    x: float
    y: float
    delta: int
    run: IndexedRun
    first: bool


@dataclass(frozen=True)
class Trend:
    """The change of the size by a series in one cell, revision by revision and run by run.

    Args:
        cell: what it is called.
        zero: where nothing changes, from the top.
    """

    cell: str
    points: Sequence[Point]
    zero: float

    @property
    def line(self) -> str:
        """The points of an SVG polyline."""
        return " ".join(f"{point.x:.1f},{point.y:.1f}" for point in self.points)

    @property
    def description(self) -> str:
        first, last = self.points[0], self.points[-1]
        runs = count(len(self.points), "run")
        return f"{runs}, from {first.delta:+d} bytes (v{first.run.version}) to {last.delta:+d} (v{last.run.version})"


@dataclass(frozen=True)
class IndexedSeries:
    """A series, its runs in order of revision and time, and a trend for each cell with two measured revisions."""

    title: str
    runs: Sequence[IndexedRun]
    trends: Sequence[Trend]

    @property
    def newest(self) -> IndexedRun:
        """The newest run of the newest revision: what counts today."""
        return self.runs[-1]


def indexed(record: RunRecord, folder: str | None, files: Collection[str]) -> IndexedRun:
    """The entry of a run in the index, so that its record need not stay in memory.

    Args:
        folder: relative URL of the run's folder, with a slash at its end; None where the page must not link to it.
        files: names of files in it.
    """
    record = neutral(with_largest_symbols(record, 0))
    judged, answered = verdict(record), answer(record)
    report = next((name for name in REPORTS if name in files), REPORTS[-1])
    return IndexedRun(
        one_line(record.id),
        "" if folder is None else f"{folder}{report}",
        one_line(record.started[:16]).replace("T", " "),
        cut(one_line(record.series.title), 140),
        record.series.version,
        judged.word,
        judged.headline,
        {(one_line(cell.tree, 200), one_line(cell.id, 200)): cell.text.delta for cell in record.cells if cell.text},
        record.started,
        answered.word if answered else "",
        answered.step if answered else "",
        answered is not None and answered.yours,
        files_compiled(record),
        [(one_line(waiting), one_line(waiting_for)) for waiting, waiting_for in waits(record)],
    )


def render_index(runs: Sequence[IndexedRun], reader: str = "") -> str:
    """The whole page; series in order of their newest run.

    Args:
        reader: whose work the page is about, `Name <address>`; who waits for them needs them.
    """
    newest = sorted((_read_by(run, person(reader)) for run in runs), key=lambda run: run.moment, reverse=True)
    series = [_series(title, newest) for title in dict.fromkeys(run.series for run in newest)]
    needing = [each for each in series if each.newest.yours]
    return fill(TEMPLATE, series=series, needing=needing, runs=count(len(runs), "run"), width=WIDTH, height=HEIGHT)


def _read_by(run: IndexedRun, reader: str) -> IndexedRun:
    """The run as it is for a reader: somebody who waits for them is answered first."""
    waiting = [who for who, waiting_for in run.waits if reader and waiting_for == reader]
    if not waiting or run.yours:
        return run
    return replace(run, step=f"answer {', '.join(waiting[:WAITS_SHOWN])}", yours=True)


def _series(title: str, runs: Sequence[IndexedRun]) -> IndexedSeries:
    own = sorted((run for run in runs if run.series == title), key=lambda run: (run.version, run.moment))
    cells = dict.fromkeys(cell for run in own for cell in run.deltas)
    several = len({tree for tree, _ in cells}) > 1
    trends = [
        _trend(
            f"{name} on {tree}" if several else name, (tree, name), [run for run in own if (tree, name) in run.deltas]
        )
        for tree, name in cells
        # One dot is no trend, and neither is one revision that was built twice.
        if len({run.version for run in own if (tree, name) in run.deltas}) > 1
    ]
    return IndexedSeries(title, own, trends)


def _trend(title: str, cell: tuple[str, str], runs: Sequence[IndexedRun]) -> Trend:
    deltas = [run.deltas[cell] for run in runs]
    low, high = min(0, *deltas), max(0, *deltas)
    scale = (HEIGHT - 2 * MARGIN) / ((high - low) or 1)
    step = (WIDTH - 2 * MARGIN) / max(1, len(runs) - 1)
    points = [
        Point(
            MARGIN + at * step,
            MARGIN + (high - deltas[at]) * scale,
            deltas[at],
            run,
            at == 0 or runs[at - 1].version != run.version,
        )
        for at, run in enumerate(runs)
    ]
    return Trend(title, points, MARGIN + high * scale)
