"""Which lines of a source file are code, and which of them a preprocessor kept.

The preprocessor keeps or drops whole groups: what stands between two conditional directives of one level. A group
counts as kept when the preprocessor printed any of its lines, so that a macro's arguments, which are printed on
another line than they were written on, are not taken for dropped.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from pipeline.kernel.commands import in_tree

# A quote that nothing closes ends with the line: to look for its end at each one takes the square of the line's length.
_TOKEN = re.compile(r"""/\*|//|"(?:[^"\\]|\\.)*(?:"|\\?$)|'(?:[^'\\]|\\.)*(?:'|\\?$)""")
_DIRECTIVE = re.compile(r"\s*#\s*(?P<name>\w*)")
_MARKER = re.compile(rb'^# (?P<line>[0-9]{1,9}) "(?P<path>[^"\n]{0,4096})"', re.MULTILINE)


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
        text, inside_comment = without_comments(line, inside_comment)
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


def without_comments(line: str, inside: bool) -> tuple[str, bool]:
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
    printed: dict[str, set[int]] = {path: set() for path in wanted}
    known: dict[bytes, str] = {}
    markers = _MARKER.finditer(output)
    marker = next(markers, None)
    while marker:
        after = next(markers, None)
        # Of megabytes of headers, only what lies behind a marker of a wanted file is looked at line by line.
        name = marker["path"]
        if name not in known:
            path = name.decode("utf-8", "replace")
            # Compilers that map prefixes (-ffile-prefix-map) may name the file as the tree does.
            known[name] = in_tree(path, prefixes) or path
        if known[name] in printed:
            first = output.find(b"\n", marker.end()) + 1
            end = after.start() if after else len(output)
            lines = printed[known[name]]
            for at, line in enumerate(output[first:end].split(b"\n") if first else (), int(marker["line"])):
                if line.strip():
                    lines.add(at)
        marker = after
    return printed


def read_printed(
    asked: Sequence[tuple[int, Sequence[str]]], prefixes: Sequence[str], outputs: bytes
) -> dict[str, list[int]]:
    """The same of several outputs, one behind the other; runs in a process of its own.

    Args:
        asked: the length of each, and paths to look for in it.
    """
    printed: dict[str, set[int]] = {}
    at = 0
    for length, paths in asked:
        for path, numbers in printed_lines(outputs[at : at + length], tuple(prefixes), paths).items():
            printed.setdefault(path, set()).update(numbers)
        at += length
    return {path: sorted(numbers) for path, numbers in printed.items()}
