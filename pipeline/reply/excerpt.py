"""The output of a build tool as it printed it: cut out of the log, `>>` before what is new."""

from __future__ import annotations

import re
from collections.abc import Sequence

from pipeline.record import DiagnosticRecord
from pipeline.reply.quoting import LONGEST_LINE
from pipeline.system.text import cut, visible_code

MOST_LINES = 16
"""Of one diagnostic."""

LONGEST_ASCII = 900
"""Columns of a line that a tool printed, each of one byte; 998 are the most that a mail has (RFC 5322, 2.1.1)."""

NEW, OLD = ">> ", "   "

_BEFORE = re.compile(r"In file included from |\s+from |[^:\s]+: In (?:member )?function |[^:\s]+: At top level")
_AFTER = re.compile(r" {0,9}\d{0,9} \||\s*[~^][~^ \t]*$|[^:\s]+:\d+:\d+: note: |.*: in function [`']")
_TREE = re.compile(r"(?<![\w/])(?:/src/|/build/|(?:\.\./)+(?=\w)|\./(?=\w))")


def excerpt(log: str, diagnostics: Sequence[DiagnosticRecord], kind: str, most: int = 3) -> list[str]:
    """The lines that a reply shows of diagnostics.

    Args:
        log: of the build, as far as it is there.
        kind: `error` or `warning`, for what the log does not show.
        most: how many diagnostics are shown.
    """
    lines = [_TREE.sub("", line) for line in log.split("\n")]
    shown: list[str] = []
    for diagnostic in diagnostics[:most]:
        at = _find(lines, diagnostic)
        excerpt_lines = _around(lines, at) if at is not None else _from_record(diagnostic, kind)
        shown += [line for line in excerpt_lines if line.startswith(NEW) or line not in shown]
    more = len(diagnostics) - most
    text = [_fit(visible_code(line).expandtabs()).rstrip() for line in shown]
    return [*text, *([f"{OLD}(and {more} more)"] if more > 0 else [])]


def _fit(line: str) -> str:
    """The whole line, as long as a mail can carry it: types that do not agree stand at its end."""
    return cut(line, LONGEST_ASCII if line.isascii() else LONGEST_LINE)


def _find(lines: Sequence[str], diagnostic: DiagnosticRecord) -> int | None:
    start = f"{diagnostic.path}:{diagnostic.line}" if diagnostic.line else ""
    for at, line in enumerate(lines):
        if diagnostic.message in line and (line.startswith((f"{start}:", f"{start} ")) if start else True):
            return at
    return None


def _around(lines: Sequence[str], at: int) -> list[str]:
    """The line, what introduces it, and what the tool shows below it."""
    first = at
    while first and at - first < MOST_LINES and _BEFORE.match(lines[first - 1]):
        first -= 1
    last = at + 1
    while last < len(lines) and last - at < MOST_LINES and _AFTER.match(lines[last]):
        last += 1
    return [f"{NEW if number == at else OLD}{lines[number]}" for number in range(first, last)]


def _from_record(diagnostic: DiagnosticRecord, kind: str) -> list[str]:
    """The excerpt as far as a record holds it: no column."""
    if not diagnostic.line:
        return [f"{NEW}{diagnostic.path}: {diagnostic.message}"]
    source = [f"{OLD}{diagnostic.line:5} | {diagnostic.source}"] if diagnostic.source else []
    return [f"{NEW}{diagnostic.path}:{diagnostic.line}: {kind}: {diagnostic.message}", *source]
