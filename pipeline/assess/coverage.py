"""Coverage of the series by all cells of a run together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pipeline.record import CellRecord, RunRecord, TouchedFileRecord, line_numbers
from pipeline.system.text import count


@dataclass(frozen=True)
class Covered:
    """One file of code that the series changes, on one tree.

    Args:
        cells: those that compile it.
        asked: cells of the tree in which this was measured.
        changed: lines of code that the series adds or changes.
        kept: those that the preprocessor kept in any cell; None where no cell could say.
        broken: cells in which a patch keeps it from compiling; what they would keep is not known.
    """

    path: str
    tree: str
    cells: tuple[CellRecord, ...]
    asked: int
    changed: frozenset[int]
    kept: frozenset[int] | None
    broken: tuple[CellRecord, ...] = ()

    @property
    def covered(self) -> bool:
        """Compiled, and not all of its changes dropped by the preprocessor."""
        return bool(self.cells) and (self.kept is None or bool(self.kept) or not self.changed)

    @property
    def dropped(self) -> frozenset[int]:
        """Changed lines that no cell that compiles the file keeps."""
        return self.changed - (self.changed if self.kept is None else self.kept)


def measured_cells(record: RunRecord) -> list[CellRecord]:
    return [cell for cell in record.cells if cell.coverage is not None]


def covered_files(record: RunRecord) -> list[Covered]:
    """Every file of code that the series changes, in the order of trees and paths."""
    cells = measured_cells(record)
    files = sorted({(cell.tree, file.path) for cell in cells for file in cell.coverage or ()})
    return [_covered(tree, path, [cell for cell in cells if cell.tree == tree]) for tree, path in files]


def _covered(tree: str, path: str, cells: Sequence[CellRecord]) -> Covered:
    covering = [(cell, file) for cell in cells for file in cell.coverage or () if file.path == path]
    compiled = [(cell, file) for cell, file in covering if file.compiled]
    kept = [line_numbers(file.kept) for _, file in compiled if file.kept is not None]
    return Covered(
        path,
        tree,
        tuple(cell for cell, _ in compiled),
        len(cells),
        frozenset[int]().union(*(line_numbers(file.lines) for _, file in covering)),
        frozenset[int]().union(*kept) if kept or not compiled else None,
        tuple(cell for cell in cells if any(file.path == path and is_broken(file) for file in cell.files)),
    )


def is_broken(file: TouchedFileRecord) -> bool:
    """Whether a patch is to blame that a file of a cell was not compiled at last."""
    return bool(file.objects) and not file.compiled and not file.reason


def removed_lines(record: RunRecord) -> tuple[int, int]:
    """Lines of code that the series removes: those that a cell compiled on the base, and all that were looked for."""
    removed: dict[tuple[str, str], frozenset[int]] = {}
    compiled: dict[tuple[str, str], frozenset[int]] = {}
    for cell in record.cells:
        for file in cell.removed or ():
            lines, at = line_numbers(file.lines), (cell.tree, file.path)
            removed[at] = removed.get(at, frozenset()) | lines
            kept = (lines if file.kept is None else line_numbers(file.kept)) if file.compiled else frozenset[int]()
            compiled[at] = compiled.get(at, frozenset()) | kept
    return sum(map(len, compiled.values())), sum(map(len, removed.values()))


def removed_words(record: RunRecord) -> str:
    """`3 of 5 removed lines`, where some were not compiled on the base, or nothing else is changed; or nothing."""
    compiled, removed = removed_lines(record)
    only = not any(file.changed for file in covered_files(record))
    return f"{compiled} of {count(removed, 'removed line')}" if removed and (only or compiled < removed) else ""


def not_covered(record: RunRecord) -> bool:
    """Whether the series changes code, and no cell compiled any of it."""
    files = covered_files(record)
    return bool(files) and not any(file.covered for file in files)
