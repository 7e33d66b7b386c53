"""make: its own messages on makefiles, and those of makefiles by `$(warning …)` and `$(error …)`."""

from __future__ import annotations

import re

from pipeline.kernel.diagnostics.log import Kind, Line, Log, Report, kind_of
from pipeline.model import Diagnostic

TOOL = "make"

_PROGRAM = re.compile(r"g?make(?:\[\d+\])?$")
_MAKEFILE = re.compile(r"(?:GNUmakefile|[Mm]akefile|Kbuild)(?:[._-].*)?$|.*\.(?:mk|make|cmd)$")
_ERROR = re.compile(r"\*\*\* (?P<text>.+)$")
_WARNING = re.compile(r"[Ww]arning: +(?P<text>.+)$|(?P<dropped>Circular .+ dependency dropped\.)$")
# Of the machine's clock, not of the source.
_CLOCK = re.compile(r"Clock skew detected|File '.*' has modification time ")


def of_make(line: Line, _log: Log) -> Report | None:
    """`make[1]: warning: text`, `make: *** text`: the latter explains a failure where nothing better does."""
    if not _PROGRAM.match(line.program):
        return None
    if error := _ERROR.match(line.words):
        return Report(Kind.LAST_WORD, Diagnostic(TOOL, 0, error["text"], TOOL))
    if (match := _WARNING.match(line.words)) is None:
        return None
    text = match["text"] or match["dropped"]
    return Report(Kind.NOTHING if _CLOCK.match(text) else Kind.WARNING, Diagnostic(TOOL, 0, text, TOOL))


def in_a_makefile(line: Line, log: Log) -> Report | None:
    """`Makefile:12: warning: text`; `Makefile:12: text` by `$(warning …)`, `Makefile:12: *** text` by `$(error …)`."""
    if not _MAKEFILE.match(line.name) or line.column:
        return None
    kind, text = Kind.WARNING, line.rest
    if parsed := kind_of(line.rest):
        kind, _, text = parsed
    elif error := _ERROR.match(line.rest):
        kind, text = Kind.ERROR, error["text"].removesuffix("  Stop.")
    return Report(kind, Diagnostic(log.relative(line.path), line.number, text, TOOL))


FORMS = (of_make, in_a_makefile)
