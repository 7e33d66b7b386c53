"""Which lines of a source file are code, and which of them a preprocessor kept.

The preprocessor keeps or drops whole groups: what stands between two conditional directives of one level. A group
counts as kept when the preprocessor printed any of its lines, so that a macro's arguments, which are printed on
another line than they were written on, are not taken for dropped.
"""

from __future__ import annotations

import io
import re
from collections.abc import Collection
from dataclasses import dataclass

from pipeline.kernel.commands import in_tree

_TOKEN = re.compile(r"""/\*|//|"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'""")
_DIRECTIVE = re.compile(r"\s*#\s*(?P<name>\w*)")
_MARKER = re.compile(r'# (?P<line>\d+) "(?P<path>(?:[^"\\]|\\.)*)"')


@dataclass(frozen=True)
class Lines:
    """A source file, line by line.

    Args:
        code: numbers of the lines that are neither blank nor comment nor directive (nor a directive's continuation).
        groups: for each line the number of the group that it stands in.
    """

    code: frozenset[int]
    groups: tuple[int, ...]

    def kept(self, printed: Collection[int]) -> frozenset[int]:
        """Code that stands in a group of which a line was printed."""
        groups = {self.groups[number - 1] for number in printed if 0 < number <= len(self.groups)}
        return frozenset(number for number in self.code if self.groups[number - 1] in groups)


def scan(source: str) -> Lines:
    """Tells code from the rest, in C and in preprocessed assembly, and finds the groups."""
    code: set[int] = set()
    groups: list[int] = []
    outer: list[int] = []
    group = newest = 0
    inside_comment = inside_directive = False
    for number, line in enumerate(source.split("\n"), 1):
        text, inside_comment = _without_comments(line, inside_comment)
        directive = None if inside_directive else _DIRECTIVE.match(text)
        if directive:
            name = directive["name"]
            if name in ("if", "ifdef", "ifndef"):
                outer.append(group)
            if name in ("if", "ifdef", "ifndef") or (name in ("elif", "elifdef", "elifndef", "else") and outer):
                newest += 1
                group = newest
            elif name == "endif" and outer:
                group = outer.pop()
        elif text.strip() and not inside_directive:
            code.add(number)
        groups.append(group)
        inside_directive = bool(directive or inside_directive) and line.rstrip().endswith("\\")
    return Lines(frozenset(code), tuple(groups))


def _without_comments(line: str, inside: bool) -> tuple[str, bool]:
    """A line's text outside comments, and whether a comment goes on after it."""
    kept: list[str] = []
    at = 0
    while True:
        if inside:
            end = line.find("*/", at)
            if end < 0:
                return "".join(kept), True
            at, inside = end + 2, False
        token = _TOKEN.search(line, at)
        if token is None:
            return "".join([*kept, line[at:]]), False
        kept.append(line[at : token.start()])
        if token[0] == "//":
            return "".join(kept), False
        inside = token[0] == "/*"
        if not inside:
            kept.append(token[0])
        at = token.end()


def printed_lines(output: bytes, prefixes: tuple[str, ...], wanted: Collection[str]) -> dict[str, set[int]]:
    """Lines that a preprocessor printed, by the file that they come from.

    Args:
        output: of the preprocessor, with line markers (`# 12 "/src/mm/util.c"`).
        prefixes: how paths of the source tree begin.
        wanted: paths in the tree; lines of other files are left out.
    """
    found: dict[str, set[int]] = {path: set() for path in wanted}
    here: set[int] | None = None
    number = 0
    # Megabytes of an object with many headers are not copied: BytesIO holds what it is given.
    for line in io.BytesIO(output):
        if line.startswith(b"#") and (marker := _MARKER.match(line.decode("utf-8", "replace"))):
            # Compilers that map prefixes (-ffile-prefix-map) may name the file as the tree does.
            here = found.get(in_tree(marker["path"], prefixes) or marker["path"])
            number = int(marker["line"]) - 1 if len(marker["line"]) < 10 else 0
            continue
        number += 1
        if here is not None and line.strip():
            here.add(number)
    return found
