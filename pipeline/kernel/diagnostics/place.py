"""Where in a source file a diagnostic is: the function around a line, by the rule of git's hunk headers."""

from __future__ import annotations

import re
from collections.abc import Callable, Container, Iterator, Sequence
from dataclasses import replace

from pipeline.kernel.diagnostics.log import LONGEST_LINE, LONGEST_SOURCE, shortened
from pipeline.model import Diagnostic

LARGEST_FILE = 4 << 20
MOST_BYTES = 256 << 20
"""Of all files that are looked at for one log."""
MOST_FILES = 10_000
"""That are looked at for one log; a log can name another one in each of its lines."""

_LANGUAGES = (".c", ".h", ".S", ".rs")
_NAMING = frozenset({"kernel-doc", "make", "objtool"})
"""Tools whose messages name what they are about: the text of a line would only tell apart what is the same."""

# What begins in the first column: a function, a struct, an option; neither a label nor a directive.
_HEADING = re.compile(r"(?!\w+:\s*(?:$|/[/*]))[A-Za-z_$]")
_NAME = re.compile(
    r"(?<!\w)(?!__(?:attribute__|printf|scanf|aligned|section|acquires|releases|must_hold)\b)(?P<name>[A-Za-z_]\w*) ?\("
)


# Rust's functions are mostly within something else.
_FN = re.compile(r"\s*(?:pub(?:\([\w: ]*\))? )?(?:(?:const|async|unsafe|extern(?: \"\w*\")?) )*fn (?P<name>\w+)")


def function_of(source: str) -> str:
    """The name of the function that a line in the first column begins; empty of any other line."""
    if fn := _FN.match(source[:LONGEST_LINE]):
        return fn["name"][:LONGEST_SOURCE]
    if not _HEADING.match(source):
        return ""
    name = _NAME.search(source[:LONGEST_LINE])
    # SYSCALL_DEFINE3(read, …) and its like are told apart by what they define.
    return name["name"][:LONGEST_SOURCE] if name and not name["name"].isupper() else shortened(source)


def in_source(diagnostics: Sequence[Diagnostic], read: Callable[[str], bytes | None]) -> tuple[Diagnostic, ...]:
    """Diagnostics of compilers with the function and the text of their line, where they did not say them.

    Args:
        read: the content of a file of the source tree; None where there is no such file.
    """
    wanted: dict[str, set[int]] = {}
    for diagnostic in diagnostics:
        if _is_placed(diagnostic) and not (diagnostic.function and diagnostic.source):
            wanted.setdefault(diagnostic.path, set()).add(diagnostic.line)
    places: dict[tuple[str, int], tuple[str, str]] = {}
    left = MOST_BYTES
    for opened, (path, lines) in enumerate(wanted.items()):
        content = read(path) if left > 0 and opened < MOST_FILES else None
        left -= len(content or b"")
        places |= {(path, line): place for line, place in _places(content or b"", lines)}
    placed = []
    for diagnostic in diagnostics:
        place = (diagnostic.path, diagnostic.line) if _is_placed(diagnostic) else ("", 0)
        function, source = places.get(place, ("", ""))
        placed.append(replace(diagnostic, function=diagnostic.function or function, source=diagnostic.source or source))
    return tuple(placed)


def _is_placed(diagnostic: Diagnostic) -> bool:
    return diagnostic.line > 0 and diagnostic.path.endswith(_LANGUAGES) and diagnostic.tool not in _NAMING


def _places(content: bytes, wanted: Container[int]) -> Iterator[tuple[int, tuple[str, str]]]:
    """The function around each of the lines that are wanted, and its text."""
    if len(content) > LARGEST_FILE:
        return
    function = ""
    for number, line in enumerate(content.decode("utf-8", "replace").split("\n"), 1):
        function = function_of(line) or function
        if number in wanted:
            yield number, (function, shortened(line[:LONGEST_LINE]))
        # The end of a body, or of a declaration that has none.
        if line.startswith("}") or (line[:1].isalpha() and line.rstrip().endswith(";")):
            function = ""
