"""rustc, and what prints in its form: clippy and rustdoc."""

from __future__ import annotations

import re

from pipeline.kernel.diagnostics.log import Kind, Line, Log, Report, kind_of, shortened
from pipeline.kernel.diagnostics.place import function_of
from pipeline.model import Diagnostic

TOOL = "rustc"

_FIRST = re.compile(r"(?P<kind>warning|error)(?:\[(?P<code>\w+)\])?: (?P<text>\S.*)$")
_ARROW = re.compile(r" *--> (?P<path>[^:]+):(?P<line>\d{1,9}):(?P<column>\d{1,9})$")
_EXCERPT = re.compile(r" {0,9}(?P<line>\d{0,9}) {1,9}[|=](?: (?P<source>.*))?$")
_CRASHED = "internal compiler error: "
_SUMMARY = re.compile(r"(?:\d+ warnings? emitted|aborting due to |could not compile )")
_STEPS = ("RUSTC", "RUSTDOC", "CLIPPY", "BINDGEN", "HOSTRUSTC")


def over_several_lines(line: Line, log: Log) -> Report | None:
    """`warning: text`, then ` --> path:line:column` and an excerpt of the source."""
    if not (match := _FIRST.match(line.text)):
        return None
    kind = Kind.WARNING if match["kind"] == "warning" else Kind.ERROR
    text = f"{match['text'].strip()} [{match['code']}]" if match["code"] else match["text"].strip()
    arrow = _ARROW.match(next(log.following(), ""))
    if arrow is None:
        bare = bool(_EXCERPT.match(next(log.following(), "")))
        if _SUMMARY.match(match["text"]):
            return Report(Kind.NOTHING, Diagnostic(TOOL, 0, text, TOOL))
        if not (bare or log.step.startswith(_STEPS) or match["text"].startswith(_CRASHED)):
            return None
        return Report(kind, Diagnostic(TOOL, 0, text, TOOL))
    number, source, more = int(arrow["line"]), "", 1
    for shown in list(log.following())[1:]:
        if not (excerpt := _EXCERPT.match(shown)):
            break
        more += 1
        if excerpt["line"] and int(excerpt["line"]) == number:
            source = source or excerpt["source"] or ""
    path = log.relative(arrow["path"])
    diagnostic = Diagnostic(path, number, text, TOOL, function_of(source), shortened(source))
    return Report(kind, diagnostic, int(arrow["column"]), more)


def on_one_line(line: Line, log: Log) -> Report | None:
    """`path:line:column: warning: text`, by `--error-format=short`."""
    if not line.path.endswith(".rs") or (parsed := kind_of(line.rest)) is None:
        return None
    kind, _, text = parsed
    return Report(kind, Diagnostic(log.relative(line.path), line.number, text, TOOL), line.column)


FORMS = (over_several_lines, on_one_line)
