"""Parses a build's log into warnings and errors, and compares those of two builds.

A tool's form is a function that looks at a line and at what follows it; the forms of a family of tools are one module.
To teach the parser a tool, write its form there and name it in the module's `FORMS`, or add a module to `FAMILIES`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from pipeline.kernel.diagnostics import (
    assembler,
    compilers,
    device_tree,
    kconfig,
    kernel_tools,
    linkers,
    make,
    rust,
    scripts,
)
from pipeline.kernel.diagnostics.compare import new_ones
from pipeline.kernel.diagnostics.log import Complaints, Form, Kind, Line, Log, Report
from pipeline.kernel.diagnostics.place import LARGEST_FILE, in_source
from pipeline.model import Diagnostic

__all__ = ["FAMILIES", "LARGEST_FILE", "VERSION", "Complaints", "in_source", "new_ones", "parse", "read"]

VERSION = 3
"""Raised whenever the same log comes to be read another way: the logs of builds that are stored are then read again."""

FAMILIES: tuple[tuple[Form, ...], ...] = (
    kernel_tools.FORMS,
    kconfig.FORMS,
    make.FORMS,
    device_tree.FORMS,
    rust.FORMS,
    assembler.FORMS,
    linkers.FORMS,
    compilers.FORMS,
    scripts.FORMS,
)
"""In the order in which a line is offered to them: forms that fit nearly anything come last."""

MOST_DIAGNOSTICS = 50_000
"""Of one kind in one log: a series can make a build print what it likes."""


def read(log: str, prefixes: Sequence[str], compiler: str = "cc") -> Complaints:
    """Takes a build's output apart.

    A diagnostic that is printed again counts once, as that of a header does for each file that includes it: the place
    down to its column, the message and the function that it is about are then the same.

    Args:
        log: what make printed.
        prefixes: how paths of the source tree begin (`/src/`); removed, as are leading `./` and `../`.
        compiler: the name of what compiles C.
    """
    lines = Log(log, prefixes, compiler)
    kept: dict[Kind, dict[tuple[Diagnostic, int], Diagnostic]] = {kind: {} for kind in Kind}
    while (line := lines.next()) is not None:
        report = _report(line, lines)
        if report is None:
            continue
        lines.skip(report.more)
        says = report.kind is not Kind.NOTHING and report.diagnostic.path and report.diagnostic.message.strip()
        if not says or len(kept[report.kind]) >= MOST_DIAGNOSTICS:
            continue
        # Of two copies one can come without the text of its line, which compilers show where they can.
        identity = replace(report.diagnostic, tool="", source="")
        kept[report.kind].setdefault((identity, report.column), report.diagnostic)
    return Complaints(*(tuple(kept[kind].values()) for kind in (Kind.WARNING, Kind.ERROR, Kind.LAST_WORD)))


def parse(
    log: str, prefixes: Sequence[str], compiler: str = "cc"
) -> tuple[tuple[Diagnostic, ...], tuple[Diagnostic, ...]]:
    """Takes the output of a build that failed apart; arguments are those of `read`.

    Returns:
        Warnings and errors, in order. Where no error explains a failure, the linker's or make's own words are the
        errors.
    """
    complaints = read(log, prefixes, compiler)
    return complaints.warnings, complaints.errors or complaints.last_words


def _report(line: Line, lines: Log) -> Report | None:
    for family in FAMILIES:
        for form in family:
            if report := form(line, lines):
                return report
    return None
