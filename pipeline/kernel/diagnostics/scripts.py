"""Messages that no other module knows: of the kernel's scripts, and of programs that write `name: warning: text`."""

from __future__ import annotations

import re

from pipeline.kernel.diagnostics.log import Kind, Line, Log, Report, kind_of
from pipeline.model import Diagnostic

TOOL = "kbuild"

_SCRIPT = re.compile(r"(?P<kind>WARNING|Warning|warning|ERROR|Error|error): (?P<text>\S.*)$")


def of_a_script(line: Line, _log: Log) -> Report | None:
    """`WARNING: text`; an error of this form explains a failure where nothing better does."""
    if not (match := _SCRIPT.match(line.text)):
        return None
    kind = Kind.WARNING if match["kind"].upper() == "WARNING" else Kind.LAST_WORD
    return Report(kind, Diagnostic(TOOL, 0, match["text"].strip(), TOOL))


def of_a_program(line: Line, log: Log) -> Report | None:
    """`name: warning: text`, of a program or of a file."""
    if not line.head or (parsed := kind_of(line.words)) is None:
        return None
    kind = parsed[0] if parsed[0] is Kind.WARNING else Kind.LAST_WORD
    tool = "" if "/" in line.head or "." in line.head else line.head
    return Report(kind, Diagnostic(log.relative(line.head), 0, parsed[2], tool))


FORMS = (of_a_script, of_a_program)
