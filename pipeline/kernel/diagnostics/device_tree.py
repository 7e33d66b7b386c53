"""dtc, and programs that check device trees and their bindings: dt-schema and yamllint."""

from __future__ import annotations

import re

from pipeline.kernel.diagnostics.log import Kind, Line, Log, Report, kind_of
from pipeline.model import Diagnostic

# A place, a range within a line or over several: "5.8", "5.8-12", "5.8-7.3".
_RANGE = r"(?P<line>\d{1,9})\.(?P<column>\d{1,9})(?:-\d{1,9}(?:\.\d{1,9})?)?"
_DTC = re.compile(rf"(?P<path>[^\s:]+):{_RANGE}: (?P<rest>\S.*)$")
_SYNTAX = re.compile(rf"(?:(?:Lexical )?[Ee]rror|ERROR|Warning|WARNING): (?P<path>[^\s:]+):{_RANGE} (?P<text>\S.*)$")
_FATAL = re.compile(r"FATAL ERROR: (?P<text>.+)$")
_SCHEMA_FILE = re.compile(r".*\.(?:dtb|dtbo|yaml)$")
_FROM_SCHEMA = re.compile(r"\s+from schema \$id: ")
_WITHOUT_SCHEMA = re.compile(r"warning: (?P<text>no schema found in file: (?P<path>\S+))$")
_YAMLLINT = re.compile(r"\[(?P<kind>warning|error)\] (?P<text>\S.*)$")


def of_dtc(line: Line, log: Log) -> Report | None:
    """`path:5.8-12: Warning (check): text`, `path: Warning (check): text`, `Error: path:5.8-12 syntax error`."""
    if match := _SYNTAX.match(line.text):
        kind = Kind.WARNING if line.text.lower().startswith("warning") else Kind.ERROR
        return _report(log, kind, match["path"], match["line"], match["text"], match["column"])
    if fatal := _FATAL.match(line.text):
        return Report(Kind.ERROR, Diagnostic("dtc", 0, fatal["text"], "dtc"))
    match = _DTC.match(line.text)
    parsed = kind_of(match["rest"] if match else line.words)
    if parsed is None or not (match or (line.head and parsed[1])):
        return None
    kind, check, text = parsed
    text = f"{text} ({check})" if check else text
    if match is None:
        return _report(log, kind, line.head, "0", text, "0")
    return _report(log, kind, match["path"], match["line"], text, match["column"])


def of_a_schema(line: Line, log: Log) -> Report | None:
    """`path.dtb: node: text`, then `from schema $id: …`; a text of several lines is known by its first."""
    if match := _WITHOUT_SCHEMA.match(line.text):
        return Report(Kind.WARNING, Diagnostic(log.relative(match["path"]), 0, match["text"], "dt-schema"))
    path, text = (line.path, line.rest) if line.path else (line.head, line.words)
    if not _SCHEMA_FILE.match(path):
        return None
    details = log.indented(lambda text: text.startswith("\t"))
    schema = next((at for at, text in enumerate(details, 1) if _FROM_SCHEMA.match(text)), 0)
    text = (kind_of(text) or (None, "", text))[2].strip()
    diagnostic = Diagnostic(log.relative(path), line.number, text, "dt-schema")
    return Report(Kind.WARNING, diagnostic, line.column, more=schema) if text else None


def of_yamllint(line: Line, log: Log) -> Report | None:
    """`path:line:column: [warning] text (rule)`."""
    if not line.column or not (match := _YAMLLINT.match(line.rest)):
        return None
    kind = Kind.WARNING if match["kind"] == "warning" else Kind.ERROR
    place = log.relative(line.path)
    return Report(kind, Diagnostic(place, line.number, match["text"], "yamllint"), line.column)


def _report(log: Log, kind: Kind, path: str, line: str, text: str, column: str) -> Report:
    return Report(kind, Diagnostic(log.relative(path), int(line), text, "dtc"), int(column))


FORMS = (of_dtc, of_yamllint, of_a_schema)
