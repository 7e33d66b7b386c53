"""Diffstats in a text, as `git diff --stat` prints them: a line for each file, and the line that sums them up."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from pipeline.mail.diff import unquoted
from pipeline.model import Diffstat, FileStat

_SUM = re.compile(
    r" *(?P<files>[0-9]{1,6}) files? changed(?:, (?P<insertions>[0-9]{1,9}) insertions?\(\+\))?"
    r"(?:, (?P<deletions>[0-9]{1,9}) deletions?\(-\))?\s*"
)
_CHANGE = re.compile(r"\s*(?P<change>[0-9]{1,9}|Bin(?: [0-9]{1,15} -> [0-9]{1,15} bytes)?) *[+-]*\s*")
# What `--compact-summary` writes behind a name instead of lines below the diffstat.
_SUMMARY = re.compile(r" \((?:new|gone|(?:new|mode) [+-][lx])\)$")
LONGEST_LINE = 10_000


def diffstats(text: str) -> Iterator[tuple[str, Diffstat]]:
    """Every diffstat of a text, in order, with its last line.

    Its files are read upwards from its last line. Where they are fewer than that line says (a mailer broke a line, or
    `--stat-count` left some out), the diffstat has no files: what is left of them says nothing.
    """
    lines = text.split("\n")
    for at, line in enumerate(lines):
        if match := _SUM.fullmatch(line[:LONGEST_LINE]):
            total = int(match["files"])
            files = _files_above(lines, at, total)
            insertions, deletions = (int(match[name] or 0) for name in ("insertions", "deletions"))
            yield line.strip(), Diffstat(total, insertions, deletions, files if len(files) == total else ())


def _files_above(lines: Sequence[str], at: int, most: int) -> tuple[FileStat, ...]:
    """The files of the lines before line `at`, no more than `most`, in their order."""
    stats: list[FileStat] = []
    while at > 0 and len(stats) < most and (file := _file(lines[at - 1])):
        stats.append(file)
        at -= 1
    return tuple(reversed(stats))


def _file(line: str) -> FileStat | None:
    """A file's line: its name can hold anything, ` | ` and ` => ` too; what comes last is its change."""
    name, bar, rest = line[:LONGEST_LINE].rpartition(" |")
    change = _CHANGE.fullmatch(rest)
    name = _SUMMARY.sub("", name.strip())
    return FileStat(name, change["change"]) if bar and name and change else None


def paths(name: str) -> tuple[str, ...]:
    """The paths that a diffstat's name can mean: of `dir/{old => new}/x.c` both, for a name may hold ` => ` itself."""
    old, arrow, new = name.partition(" => ")
    if not arrow:
        return tuple(dict.fromkeys([name, unquoted(name)]))
    folder, opened, old_part = old.rpartition("{")
    new_part, closed, rest = new.partition("}")
    if opened and closed:
        # Of `a/{ => b}/x.c` the old path is a/x.c.
        old, new = (f"{folder}{part}{rest}".replace("//", "/") for part in (old_part, new_part))
    return name, unquoted(old), unquoted(new)
