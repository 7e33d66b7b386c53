"""The page over many runs: order, trends, links; and no words of strangers that act."""

from __future__ import annotations

import os
import re
from collections import Counter
from html.parser import HTMLParser
from pathlib import Path

import pytest

from pipeline import runs
from pipeline.record import RunRecord
from pipeline.render.index import HEIGHT, MARGIN, WIDTH, IndexedRun, _series, indexed, render_index
from pipeline.review.record import ReviewRecord
from tests.support import records
from tests.support.command_line import call
from tests.support.comments import point
from tests.support.markup_payloads import PAYLOADS
from tests.support.sample_runs import everything, flooded


class Elements(HTMLParser):
    """Elements and attributes of a page, and every address in it."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.counted: Counter[str] = Counter()
        self.urls: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.counted[tag] += 1
        self.counted.update(f"{tag} {name}" for name, _ in attrs)
        self.urls += [value or "" for name, value in attrs if name in ("href", "src")]


def run(version: int, started: str, delta: int = -100, title: str = "mm: x") -> RunRecord:
    cell = records.cell("small", text=records.text(delta=delta))
    series = records.series(version=version, title=title)
    return records.run(id=f"run-{version}-{started}", started=started, cells=(cell,), series=series)


def indexed_run(record: RunRecord, *files: str) -> IndexedRun:
    return indexed(record, f"{record.id}/", files)


def test_runs_come_by_revision_and_time() -> None:
    indexed_runs = [indexed_run(run(2, "2026-02")), indexed_run(run(1, "2026-03")), indexed_run(run(1, "2026-01"))]
    series = _series("mm: x", indexed_runs)
    assert [(each.version, each.started) for each in series.runs] == [(1, "2026-01"), (1, "2026-03"), (2, "2026-02")]
    assert [point.first for point in series.trends[0].points] == [True, False, True]


def test_a_trend_is_drawn_to_scale() -> None:
    (trend,) = _series(
        "mm: x",
        [indexed_run(run(1, "2026-01", -100)), indexed_run(run(1, "2026-02", 0)), indexed_run(run(2, "2026-03", 100))],
    ).trends
    assert [point.x for point in trend.points] == [MARGIN, WIDTH / 2, WIDTH - MARGIN]
    assert [point.y for point in trend.points] == [HEIGHT - MARGIN, HEIGHT / 2, MARGIN]
    assert trend.zero == HEIGHT / 2
    assert trend.description == "3 runs, from -100 bytes (v1) to +100 (v2)"


def test_one_run_is_no_trend() -> None:
    assert _series("mm: x", [indexed_run(run(1, "2026-01", 0))]).trends == []
    (trend,) = _series("mm: x", [indexed_run(run(1, "2026-01", 0)), indexed_run(run(2, "2026-02", 0))]).trends
    assert [point.y for point in trend.points] == [MARGIN, MARGIN]


def test_trees_are_told_apart_where_there_are_several() -> None:
    other = run(1, "2026-02")
    moved = other.model_copy(update={"cells": (other.cells[0].model_copy(update={"tree": "path:/x#y"}),)})
    runs = [run(1, "2026-01"), moved, run(2, "2026-03"), moved.model_copy(update={"series": run(2, "x").series})]
    assert [trend.cell for trend in _series("mm: x", [indexed_run(record) for record in runs]).trends] == [
        "small on debian:linux-source-6.12",
        "small on path:/x#y",
    ]


@pytest.mark.parametrize(
    ("files", "report"),
    [(("report.html", "report.txt"), "report.html"), (("report.txt",), "report.txt"), ((), "run.json")],
)
def test_a_run_is_linked_by_its_best_report(files: tuple[str, ...], report: str) -> None:
    assert indexed_run(run(1, "2026-01"), *files).url == f"run-1-2026-01/{report}"


def test_the_page_is_complete_and_asks_for_nothing() -> None:
    runs = [
        run(number, f"2026-0{number + later}", title=title)
        for title, later in (("a: b", 0), ("mm: x", 2))
        for number in (1, 2)
    ]
    page = render_index([indexed_run(record) for record in runs])
    elements = Elements(page)
    assert elements.counted["svg"] == 2
    assert elements.counted["tbody"] == 1 + 2
    assert page.index(">mm: x<") < page.index(">a: b<"), "the newest first"
    assert not [url for url in elements.urls if ":" in url or url.startswith("/")]
    assert "default-src &#39;none&#39;" in page


def rows_of(page: str) -> list[list[str]]:
    """The texts of the first table's rows."""
    (table,) = re.findall(r"<tbody>(.*?)</tbody>", page, re.DOTALL)[:1]
    cells = [re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row, re.DOTALL) for row in table.split("</tr>")[:-1]]
    return [[re.sub(r"<[^>]*>", "", cell) for cell in row] for row in cells]


def waiting(record: RunRecord, waiting: str, waiting_for: str) -> RunRecord:
    comment = point(waiting=waiting, waiting_for=waiting_for)
    return record.model_copy(update={"review": ReviewRecord(version=1, messages=1, points=(comment,))})


def test_the_page_opens_with_what_each_series_needs() -> None:
    broken = run(1, "2026-01-01T10:00:01", title="mm: broken").model_copy(update={"cells": (records.broken("x"),)})
    asked = waiting(run(1, "2026-01-01T10:00:02", title="mm: asked"), "Frank <f@x.org>", "Kiryl")
    first = run(1, "2026-01-01T10:00:03", title="mm: good")
    second = run(2, "2026-01-01T10:00:00", title="mm: good").model_copy(update={"cells": (records.broken("x"),)})
    page = render_index([indexed_run(record) for record in (broken, asked, first, second)])
    assert [row[:3] + row[5:7] for row in rows_of(page)] == [
        ["mm: good", "● send what was found", "No", "-", "v2"],
        ["mm: asked", "wait for Kiryl", "Not yet", "Frank waits for Kiryl", "v1"],
        ["mm: broken", "● send what was found", "No", "-", "v1"],
    ], "the newest run first, and of each series its newest revision"
    assert "2 of 3 series need you" in page


def test_a_series_that_waits_for_the_reader_needs_the_reader() -> None:
    indexed_runs = [indexed_run(waiting(run(1, "2026-01", title="mm: asked"), "Frank <f@x.org>", "Kiryl <k@x.org>"))]
    page = render_index(indexed_runs, "Kiryl")
    assert rows_of(page)[0][1:3] == ["● answer Frank", "Not yet"]
    assert "1 of 1 series needs you" in page
    assert "No series needs you today" in render_index(indexed_runs, "Somebody Else")


@pytest.mark.parametrize("payload", PAYLOADS)
def test_hostile_words_do_nothing(payload: str) -> None:
    page = render_index([indexed(flooded(everything(), payload), "x/", ()), indexed_run(run(1, "2026-01"))])
    benign = render_index([indexed(flooded(everything(), "benign"), "x/", ()), indexed_run(run(1, "2026-01"))])
    assert Elements(page).counted == Elements(benign).counted
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\u200b\ufeff]", page)


def test_runs_below_a_folder_are_found_and_linked(tmp_path: Path) -> None:
    for name in ("a", "deep/down b"):
        folder = tmp_path / name
        folder.mkdir(parents=True)
        (folder / "run.json").write_text(run(1, "2026-01").to_json())
    (tmp_path / "a/report.txt").write_text("x")
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken/run.json").write_text("{}")
    assert [(os.path.relpath(place, tmp_path), record is None) for place, record in runs.below(tmp_path)] == [
        ("a", False),
        ("broken", True),
        ("deep/down b", False),
    ]
    result = call("index", str(tmp_path))
    assert result.exit_code == 0, result.output
    assert "broken was not recorded by this version" in " ".join(result.output.split())
    urls = Elements((tmp_path / "index.html").read_text()).urls
    assert {"a/report.txt", "deep/down%20b/run.json"} <= {*urls}


def test_a_page_links_to_nothing_outside_of_its_folder(tmp_path: Path) -> None:
    (tmp_path / "runs/a").mkdir(parents=True)
    (tmp_path / "runs/a/run.json").write_text(run(1, "2026-01").to_json())
    (tmp_path / "page").mkdir()
    pages = [tmp_path / "page/index.html", tmp_path / "index.html"]
    for page in pages:
        result = call("index", str(tmp_path / "runs"), "-o", str(page))
        assert result.exit_code == 0, result.output
        assert ("links only to runs below its folder" in " ".join(result.output.split())) == (page == pages[0])
    beside, above = (Elements(page.read_text()).urls for page in pages)
    assert not [url for url in beside if not url.startswith("#")]
    assert "runs/a/run.json" in above
    assert "runs/a" not in pages[0].read_text()


def test_a_folder_without_runs_is_an_error(tmp_path: Path) -> None:
    result = call("index", str(tmp_path))
    assert result.exit_code == 2
    assert not (tmp_path / "index.html").exists()
