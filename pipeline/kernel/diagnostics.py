"""Warnings and errors in what make, gcc and clang print (GNU Coding Standards, "Formatting Error Messages")."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from pipeline.model import Diagnostic

_DIAGNOSTIC = re.compile(
    r"^(?P<path>[^\s:][^:\n]*):(?P<line>\d{1,9}):(?:\d{1,9}:)? (?P<kind>warning|error|fatal error): (?P<text>.+)$"
)
_DRIVER = re.compile(
    r"^(?:\S*/)?(?P<tool>cc1|\S*?(?:gcc|clang))(?:-[\d.]+)?: (?P<kind>warning|error|fatal error): (?P<text>.+)$"
)
_MODPOST = re.compile(r"^(?P<kind>WARNING|ERROR): modpost: (?P<text>.+)$")
_LINKER = re.compile(r"^(?:\S*[/-])?ld(?:\.\w+)?(?:-[\d.]+)?: (?:error: )?(?P<text>.+)$")
_UNDEFINED = re.compile(r"^(?P<text>.*: undefined reference to .+)$")
_MAKE = re.compile(r"^make(?:\[\d+\])?: \*\*\* (?P<text>.+)$")

_LONGEST_LINE = 4096
"""Characters of a line that are looked at. A series' makefiles can print what they like, and what looks like the name
of a program costs time by the square of its length."""


def parse(log: str, prefixes: Sequence[str]) -> tuple[tuple[Diagnostic, ...], tuple[Diagnostic, ...]]:
    """Takes a build's output apart.

    Args:
        log: what make printed.
        prefixes: how paths of the source tree begin (`/src/`); removed, as are leading `./` and `../`.

    Returns:
        Warnings and errors, each once, in order. Where no compiler error explains a failure, the linker's or make's
        own words are the errors.
    """
    warnings: dict[Diagnostic, None] = {}
    errors: dict[Diagnostic, None] = {}
    fallback: dict[Diagnostic, None] = {}
    for line in (whole[:_LONGEST_LINE] for whole in log.splitlines()):
        if match := _DIAGNOSTIC.match(line):
            found = Diagnostic(_relative(match["path"], prefixes), int(match["line"]), match["text"].strip())
            (warnings if match["kind"] == "warning" else errors)[found] = None
        elif match := _DRIVER.match(line):
            # A compiler's word on its command line, which has no place in the source.
            (warnings if match["kind"] == "warning" else errors)[Diagnostic(match["tool"], 0, match["text"])] = None
        elif match := _MODPOST.match(line):
            (warnings if match["kind"] == "WARNING" else errors)[Diagnostic("modpost", 0, match["text"])] = None
        elif match := _UNDEFINED.match(line):
            fallback[Diagnostic("ld", 0, match["text"].strip())] = None
        elif match := _LINKER.match(line):
            text = match["text"]
            if "warning:" in text:
                warnings[Diagnostic("ld", 0, text)] = None
            else:
                fallback[Diagnostic("ld", 0, text)] = None
        elif match := _MAKE.match(line):
            fallback[Diagnostic("make", 0, match["text"])] = None
    return tuple(warnings), tuple(errors or fallback)


def new_ones(found: Iterable[Diagnostic], before: Iterable[Diagnostic]) -> tuple[Diagnostic, ...]:
    """Diagnostics that were not there before, whatever their line numbers."""
    known = {diagnostic.identity for diagnostic in before}
    return tuple(diagnostic for diagnostic in found if diagnostic.identity not in known)


def _relative(path: str, prefixes: Sequence[str]) -> str:
    for prefix in prefixes:
        path = path.removeprefix(prefix)
    while path.startswith(("./", "../")):
        path = path.split("/", 1)[1]
    return path
