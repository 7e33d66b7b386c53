"""C: gcc and clang, and programs that print as they do: sparse, smatch, and Sphinx of documents."""

from __future__ import annotations

import re

from pipeline.kernel.diagnostics.log import Kind, Line, Log, Report, kind_of, shortened
from pipeline.kernel.diagnostics.place import function_of
from pipeline.model import Diagnostic

_COMPILER = re.compile(
    r"(?P<tool>cc1(?:plus)?|lto1|lto-wrapper|collect2|(?:[\w.]+-)*(?:gcc|clang|g\+\+|clang\+\+))(?:-[\d.]+)?$"
)
_SMATCH = re.compile(
    r"(?P<path>[^\s:]+):(?P<line>\d{1,9}) (?P<function>[^\s()]{1,200}|\(null\))(?:\(\))? (?P<kind>warn|warning|error): "
    r"(?P<text>.+)$"
)
_PASSED_ON = re.compile(r"ld returned \d+ exit status|(?:linker|assembler) command failed")
_TYPE = re.compile(r"[^\s:]+:\d{1,9}(?::\d{1,9})?: {3,9}((?:expected|got) .{1,300})$")
# The source as gcc and clang 16 show it: "   12 |         int x;". Other lines of the excerpt have no number.
_EXCERPT = re.compile(r" {0,9}(?P<line>\d{0,9}) \|(?: (?P<source>.*))?$")
_CARET = re.compile(r"[ \t]*[~^][~^ \t]*$")


def in_a_file(line: Line, log: Log) -> Report | None:
    """`path:line:column: warning: text`, which other tools print as well."""
    if not line.path or (parsed := kind_of(line.rest)) is None:
        return None
    kind, _, text = parsed
    source = _source(line, log)
    inside = log.function or function_of(source)
    tool = "sparse" if log.step == "CHECK" else "sphinx" if line.path.endswith(".rst") else log.compiler
    place = log.relative(line.path)
    if tool == "sparse":
        # Both types, each on a line of its own.
        types = log.indented(lambda text: _TYPE.match(text) and text.startswith(f"{line.path}:{line.number}:"))
        text = " ".join([text, *(match[1] for match in filter(None, map(_TYPE.match, types)))])
        return Report(kind, Diagnostic(place, line.number, text, tool, inside), line.column, len(types))
    return Report(kind, Diagnostic(place, line.number, text, tool, inside, shortened(source)), line.column)


def of_the_driver(line: Line, _log: Log) -> Report | None:
    """A compiler's word on its command line, which has no place in the source."""
    if not (match := _COMPILER.match(line.program)) or (parsed := kind_of(line.words)) is None:
        return None
    kind, _, text = parsed
    if _PASSED_ON.match(text):
        kind = Kind.LAST_WORD
    return Report(kind, Diagnostic(match["tool"], 0, text, match["tool"]))


def of_smatch(line: Line, log: Log) -> Report | None:
    """`path:line function() warn: text`."""
    if not (match := _SMATCH.match(line.text)):
        return None
    kind = Kind.ERROR if match["kind"] == "error" else Kind.WARNING
    function = match["function"].removeprefix("(null)")
    return Report(kind, Diagnostic(log.relative(match["path"]), int(match["line"]), match["text"], "smatch", function))


def _source(line: Line, log: Log) -> str:
    """The text of the line that a compiler complains of, where it shows it."""
    following = log.following()
    first = next(following, "")
    if not _EXCERPT.match(first):
        # Older versions of clang show the line as it is, and a caret below.
        return first if _CARET.match(next(following, "")) and not _CARET.match(first) else ""
    for shown in (first, *following):
        if not (excerpt := _EXCERPT.match(shown)):
            break
        if excerpt["line"] and int(excerpt["line"]) == line.number:
            return excerpt["source"] or ""
    return ""


FORMS = (of_smatch, of_the_driver, in_a_file)
