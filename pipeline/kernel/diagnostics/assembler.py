"""GNU as; what clang says of assembly it says in the form of a compiler."""

from __future__ import annotations

import re

from pipeline.kernel.diagnostics.log import Line, Log, Report, kind_of
from pipeline.model import Diagnostic

TOOL = "as"

# What gcc hands to the assembler, under another name each time or through a pipe: "/tmp/ccyfWavp.s".
_TEMPORARY = re.compile(r"/tmp/cc\w{6}\.s$|\{standard input\}$")
_WHOLE_FILE = re.compile(r"(?P<path>\{standard input\}|[^\s:]+\.[sS]): (?P<rest>(?:Warning|Error|Fatal error): .+)$")
_KIND = re.compile(r"(?:Warning|Error|Fatal error|Internal error): ")
_PROGRAM = re.compile(r"(?:[\w.]+-)*as$")


def in_a_file(line: Line, log: Log) -> Report | None:
    """`path:line: Error: text`, `path: Error: text`, below a line `path: Assembler messages:`."""
    path, rest = line.path, line.rest
    if not path and (whole := _WHOLE_FILE.match(line.text)):
        path, rest = whole["path"], whole["rest"]
    if not path or not _KIND.match(rest) or (parsed := kind_of(rest)) is None:
        return None
    kind, _, text = parsed
    if _TEMPORARY.match(path):
        # Its line numbers are those of the compiler's output, which nobody sees.
        return Report(kind, Diagnostic(log.target or TOOL, 0, text, TOOL), line.number)
    return Report(kind, Diagnostic(log.relative(path), line.number, text, TOOL), line.column)


def of_the_program(line: Line, _log: Log) -> Report | None:
    if not _PROGRAM.match(line.program) or (parsed := kind_of(line.words)) is None:
        return None
    return Report(parsed[0], Diagnostic(TOOL, 0, parsed[2], TOOL))


FORMS = (in_a_file, of_the_program)
