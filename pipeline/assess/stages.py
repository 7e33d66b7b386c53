"""The result of a stage in a few lines, printed when it ends; later stages add to it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from pipeline.assess.coverage import covered_files, removed_words
from pipeline.assess.findings import failures, warnings
from pipeline.assess.words import location
from pipeline.kernel.commands import is_kconfig, is_makefile
from pipeline.record import CellRecord, DiagnosticRecord, RunRecord, TouchedFileRecord
from pipeline.record.neutral import neutral
from pipeline.system.text import count, cut

MOST_SHOWN = 3
"""Diagnostics of one finding."""
MOST_LEFT_OUT = 5


def objects_cells(record: RunRecord) -> list[CellRecord]:
    """Cells of which only objects are compiled."""
    return [cell for cell in record.cells if cell.stage == "objects"]


def compiled_words(record: RunRecord) -> str:
    """`5 of 6 touched files compiled, 40 of 42 changed lines, 3 of 5 removed lines`; empty where no objects
    were asked for.
    """
    files: dict[tuple[str, str], bool] = {}
    for cell in objects_cells(record):
        for file in filter(_is_compiled, cell.files):
            files[cell.tree, file.path] = files.get((cell.tree, file.path), False) or file.compiled
    if not files:
        return ""
    lines = sum(len(file.changed) for file in covered_files(record))
    kept = lines - sum(len(file.dropped) for file in covered_files(record))
    words = f"{sum(files.values())} of {count(len(files), 'touched file')} compiled"
    changed = f"{kept} of {count(lines, 'changed line')}" if lines else ""
    return ", ".join(filter(None, [words, changed, removed_words(record)]))


def touched(record: RunRecord) -> dict[tuple[str, str], str]:
    """Files of code that the series touches, by tree and path: why no cell compiles them; nothing where one does,
    and where a patch is to blame.
    """
    reasons: dict[tuple[str, str], list[str]] = {}
    for cell in objects_cells(record):
        for file in filter(_is_compiled, cell.files):
            reasons.setdefault((cell.tree, file.path), []).append(file.reason)
    # Of several reasons, `needs arch/NAME` tells least.
    return {
        key: "" if "" in file_reasons else _most_telling(file_reasons) for key, file_reasons in sorted(reasons.items())
    }


def objects_verdict(record: RunRecord, seconds: float) -> list[str]:
    """The verdict of the stage, as lines for the console.

    Args:
        seconds: since the run began.
    """
    record = neutral(record)
    cells = objects_cells(record)
    if not cells:
        return [f"Objects ({seconds:.0f} s): the series touches nothing that could be compiled"]
    broken, warned = failures(record), warnings(record)
    number = sum(len(finding.diagnostics) for finding in warned)
    compiled = any(file.compiled for cell in cells for file in cell.files)
    parts = [_what(record, cells, len(broken))]
    if number or compiled:
        # Warnings are not mentioned where nothing was compiled.
        parts.append(count(number, "new warning") if number else "no new warnings")
    sentence = "; ".join(filter(None, [", ".join(parts), compiled_words(record)]))
    return [
        f"Objects{_where(cells)} ({seconds:.0f} s): {sentence}",
        *(
            line
            for finding in broken
            for line in _finding(f"does not compile with {finding.blame}", finding.diagnostics)
        ),
        *(line for finding in warned for line in _finding(f"new warning with {finding.blame}", finding.diagnostics)),
        *(f"  not compiled: {line}" for line in left_out(record)),
        *(f"  {cell.id}: {cell.reason}" for cell in cells if cell.reason),
    ]


def _where(cells: Sequence[CellRecord]) -> str:
    """` of x86_64, i386`: the architectures of which objects were compiled."""
    archs = ", ".join(dict.fromkeys(cell.arch for cell in cells if cell.states))
    return f" of {archs}" if archs else ""


def _what(record: RunRecord, cells: Sequence[CellRecord], broken: int) -> str:
    patches = len(record.series.patches)
    every = f"{'all ' if patches > 1 else ''}{count(patches, 'patch')}"
    if broken:
        return count(broken, "failure")
    if not any(cell.states for cell in cells):
        return "nothing was compiled"
    if files := [file for cell in cells for file in cell.files]:
        if not any(file.compiled for file in files):
            return "nothing of the series was compiled"
        return f"{every} compile{'s' if patches == 1 else ''}"
    return f"kconfig takes {every}, and there is nothing to compile"


def left_out(record: RunRecord) -> list[str]:
    """Touched files that no cell compiles, each with the reason; the first few."""
    lines = [f"{cut(path, 100)}: {cut(reason, 200)}" for (_, path), reason in touched(record).items() if reason]
    more = len(lines) - MOST_LEFT_OUT
    return [*lines[:MOST_LEFT_OUT], *([f"{count(more, 'file')} more"] if more > 0 else [])]


def counts(path: str) -> bool:
    """Whether a file is compiled itself: makefiles and options are read by what is compiled by them."""
    return not is_makefile(path) and not is_kconfig(path)


def _is_compiled(file: TouchedFileRecord) -> bool:
    return file.touched and counts(file.path)


def _finding(title: str, diagnostics: Sequence[DiagnosticRecord]) -> Iterable[str]:
    yield f"  {title}"
    for diagnostic in diagnostics[:MOST_SHOWN]:
        yield f"    {cut(location(diagnostic), 200)}"
    if len(diagnostics) > MOST_SHOWN:
        yield f"    and {len(diagnostics) - MOST_SHOWN} more"


def _most_telling(reasons: Sequence[str]) -> str:
    return next((reason for reason in reasons if not reason.startswith("needs arch/")), reasons[0])
