"""The formats that a run is rendered in, by name; a new one is a renderer, imported here, and a line in `FORMATS`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from pipeline.record import RunRecord
from pipeline.render.html import render_html
from pipeline.render.junit import render_junit
from pipeline.render.kcidb import render_kcidb
from pipeline.render.markdown import render_markdown
from pipeline.render.symbols import render_code, render_symbols
from pipeline.render.text_report import render_text
from pipeline.runs import RunFolder


@dataclass(frozen=True)
class Source:
    """The run that a report is rendered from.

    Args:
        record: of the run.
        linked: the report lies in the run's folder, beside logs and consoles. A report elsewhere names them by their
            names within the run: a link to them would show others where the run lies.
    """

    record: RunRecord
    linked: bool = True


@dataclass(frozen=True)
class Format:
    """A format of reports.

    Args:
        file: its name in the run's folder.
        render: gives the whole file.
        printed: goes to standard output where no file is named, and otherwise to the run's folder.
    """

    file: str
    render: Callable[[Source], str]
    printed: bool = False


FORMATS: Mapping[str, Format] = {
    "text": Format("report.txt", lambda source: render_text(source.record), printed=True),
    "html": Format("report.html", lambda source: render_html(source.record, source.linked)),
    "markdown": Format("summary.md", lambda source: render_markdown(source.record)),
    "junit": Format("junit.xml", lambda source: render_junit(source.record)),
    "kcidb": Format("kcidb.json", lambda source: render_kcidb(source.record)),
    "csv": Format("symbols.csv", lambda source: render_symbols(source.record)),
    "code": Format("code.csv", lambda source: render_code(source.record)),
}

WRITTEN = ("text", "html")
"""Those that every run leaves in its folder."""


def write_reports(run: RunFolder, record: RunRecord) -> None:
    """Render what every run leaves in its folder, and finish the run."""
    for name in WRITTEN:
        run.write(FORMATS[name].file, FORMATS[name].render(Source(record)))
    run.finish(record)
