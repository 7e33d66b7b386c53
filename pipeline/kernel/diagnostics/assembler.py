"""GNU as; what clang says of assembly it says in the form of a compiler."""

from __future__ import annotations

import re

from pipeline.kernel.diagnostics.log import Line, Log, Report, kind_of
from pipeline.model import Diagnostic

TOOL = "as"

# What gcc hands to the assembler, under another name each time: "/tmp/ccyfWavp.s".
_TEMPORARY = re.compile(r"/tmp/cc\w{6}\.s$")
_KIND = re.compile(r"(?:Warning|Error|Fatal error|Internal error): ")
_PROGRAM = re.compile(r"(?:[\w.]+-)*as$")


def in_a_file(line: Line, log: Log) -> Report | None:
    """`path:line: Error: text`, below a line `path: Assembler messages:`."""
    if not line.path or not _KIND.match(line.rest) or (parsed := kind_of(line.rest)) is None:
        return None
    kind, _, text = parsed
    if _TEMPORARY.match(line.path):
        # Its lines are those of the compiler's output, which nobody sees.
        return Report(kind, Diagnostic(log.target or TOOL, 0, text, TOOL), line.number)
    return Report(kind, Diagnostic(log.relative(line.path), line.number, text, TOOL), line.column)


def of_the_program(line: Line, _log: Log) -> Report | None:
    if not _PROGRAM.match(line.program) or (parsed := kind_of(line.words)) is None:
        return None
    return Report(parsed[0], Diagnostic(TOOL, 0, parsed[2], TOOL))


FORMS = (in_a_file, of_the_program)
