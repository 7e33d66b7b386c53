"""What the thread reports of builds, mostly robots, beside what this run saw of the same files."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

from pipeline.kernel.diagnostics.words import names_in, option_of, plain
from pipeline.record import CellRecord, DiagnosticRecord, RunRecord, StateRecord
from pipeline.review.record import PointRecord

MOST = 20
"""Reported lines that are compared."""
LONGEST_LINE = 1000
"""Characters of a line that are read: a record can be anybody's."""

_OF_A_COMPILER = re.compile(
    r"(?:>> ?)?(?P<path>[\w.+-]+(?:/[\w.+-]+)+):(?P<line>\d{1,9}):(?:\d+:)? (?:sparse: )*"
    r"(?:(?P<kind>fatal error|error|warning): )?(?P<text>\S.*)"
)
_OF_A_LINKER = re.compile(
    r"(?:>> ?)?(?:ERROR: modpost: (?P<symbol>\"\w+\") \[(?P<module>[\w./+-]+)\] undefined|"
    r"(?:\S*ld\S*: )?(?P<object>[\w./+-]+\.[coa]):.*\bundefined reference to (?P<other>[`'\"]\w+['\"]))"
)


@dataclass(frozen=True)
class Report:
    """A line of a report, as a compiler or linker printed it.

    Args:
        path: of a source, an object or a module.
        names: that it quotes, such as a variable.
        option: that switches the warning on; empty where none is named.
    """

    path: str
    text: str
    names: frozenset[str]
    option: str = ""

    def is_of(self, path: str) -> bool:
        """Whether it is about a file of the tree: a module is known by its folder."""
        mine, _, suffix = self.path.rpartition(".")
        if suffix == "ko":
            return mine.rpartition("/")[0] == path.rpartition("/")[0]
        return mine == path.rpartition(".")[0] if suffix in ("o", "a") else self.path == path

    def is_told_by(self, diagnostic: DiagnosticRecord) -> bool:
        """Whether a diagnostic says the same, in the words of whatever compiler."""
        if not self.is_of(diagnostic.path):
            return False
        other = _report(diagnostic.path, diagnostic.message)
        if self.option and other.option:
            return self.option == other.option and bool(self.names & other.names or not self.names)
        return bool(self.names & other.names) or self.text == other.text


@dataclass(frozen=True)
class Compared:
    """A reported line and what this run saw.

    Args:
        point: of the thread, that has the line.
        line: as it was reported.
        fate: `not tried` where nothing of the file was compiled.
        patch: with which it was seen first; 0 where it was not.
        cells: that have it; where none has, those that compiled the file.
    """

    point: PointRecord
    line: str
    fate: Literal["seen", "not seen", "not tried"]
    patch: int
    cells: tuple[CellRecord, ...]


def compared(record: RunRecord) -> list[Compared]:
    """What the thread reports of builds, line by line; lines that are no compiler's are left out."""
    found = list[Compared]()
    for point in record.review.points if record.review else ():
        for line in dict.fromkeys(point.text):
            if report := parsed(line):
                found.append(_compared(record, point, line, report))
            if len(found) == MOST:
                return found
    return found


def parsed(line: str) -> Report | None:
    """A line of a compiler or linker, taken apart; None for any other."""
    line = line[:LONGEST_LINE].strip()
    if match := _OF_A_LINKER.match(line):
        symbol = match["symbol"] or match["other"]
        return _report(match["module"] or match["object"], f"undefined reference to {symbol}")
    if (match := _OF_A_COMPILER.match(line)) and (match["kind"] or line.startswith(">>")):
        return _report(match["path"], match["text"])
    return None


def _report(path: str, text: str) -> Report:
    text = plain(text)
    return Report(path, text, frozenset(names_in(text)), option_of(text))


def _compared(record: RunRecord, point: PointRecord, line: str, report: Report) -> Compared:
    hits = [(state.patch, cell) for cell in record.cells for state in cell.states if _has(report, state)]
    if hits:
        first = min(patch for patch, _ in hits)
        return Compared(point, line, "seen", first, _distinct(cell for _, cell in hits))
    compiled = _distinct(cell for cell in record.cells if any(_compiles(cell, report)))
    return Compared(point, line, "not seen" if compiled else "not tried", 0, compiled)


def _has(report: Report, state: StateRecord) -> bool:
    return state.patch > 0 and any(map(report.is_told_by, (*state.errors, *state.new_warnings)))


def _compiles(cell: CellRecord, report: Report) -> Iterator[bool]:
    yield from (bool(file.objects) for file in cell.files if report.is_of(file.path))
    yield from (file.compiled for file in cell.coverage or () if report.is_of(file.path))


def _distinct(cells: Iterable[CellRecord]) -> tuple[CellRecord, ...]:
    return tuple({(cell.tree, cell.id): cell for cell in cells}.values())
