"""kconfig's conf, on Kconfig files and on configurations."""

from __future__ import annotations

import re

from pipeline.kernel.diagnostics.log import Kind, Line, Log, Report, kind_of
from pipeline.model import Diagnostic

TOOL = "kconfig"

_UNMET = re.compile(r"WARNING: (?P<text>unmet direct dependencies detected for (?P<symbol>\S+))$")
_OF_UNMET = re.compile(r"  (?:Depends on \[|Selected by \[|- )")
_RECURSIVE = re.compile(r"(?:(?P<path>[^\s:]+):(?P<line>\d{1,9}):)?error: (?P<text>recursive dependency detected!)$")
_OF_RECURSIVE = re.compile(r"(?:[^\s:]+:\d{1,9}:)?\t(?:symbol|choice) ")
_FILE = re.compile(r"Kconfig(?:[.\-_].*)?$|\.config$|.*defconfig$|.*\.config$|auto\.conf$|all\w+\.config$")


def of_a_dependency(line: Line, log: Log) -> Report | None:
    """`WARNING: unmet direct dependencies detected for NAME`, then what it depends on and what selects it."""
    if not (match := _UNMET.match(line.text)):
        return None
    details = log.indented(_OF_UNMET.match)
    # "Selected by [y]:" has a line for each symbol.
    reason = "; ".join(detail.strip() for detail in details).replace(":; - ", ": ").replace("; - ", ", ")
    text = f"{match['text']}: {reason}" if reason else match["text"]
    return Report(Kind.WARNING, Diagnostic(TOOL, 0, _cut(text), TOOL), more=len(details))


def of_a_circle(line: Line, log: Log) -> Report | None:
    """`error: recursive dependency detected!`, then the symbols of the circle."""
    if not (match := _RECURSIVE.match(line.text)):
        return None
    details = log.indented(_OF_RECURSIVE.match)
    text = " ".join([match["text"], ", ".join(detail.partition("\t")[2].strip() for detail in details)])
    place = log.relative(match["path"] or TOOL)
    diagnostic = Diagnostic(place, int(match["line"] or 0), _cut(text.strip()), TOOL)
    return Report(Kind.ERROR, diagnostic, more=len(details))


def in_a_file(line: Line, log: Log) -> Report | None:
    """`Kconfig:12:warning: text`; `Kconfig:12: text` of errors, and by `$(warning-if,…)`."""
    if not _FILE.match(line.name) or line.column:
        return None
    kind, text = Kind.ERROR, line.rest
    if parsed := kind_of(line.rest):
        kind, _, text = parsed
    return Report(kind, Diagnostic(log.relative(line.path), line.number, text, TOOL))


def _cut(text: str) -> str:
    return text[:4096]


FORMS = (of_a_dependency, of_a_circle, in_a_file)
