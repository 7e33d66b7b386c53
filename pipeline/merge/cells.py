"""Cells of several runs: chooses the result that counts, and places its files; pure but for links that are followed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from pipeline.definitions import Identifier
from pipeline.kernel.diagnostics import new_ones
from pipeline.record import CellRecord, DiagnosticRecord, RunRecord
from pipeline.runs.names import config_name, console_name, log_name
from pipeline.system.errors import UsageError

_NAME = TypeAdapter(Identifier)


@dataclass(frozen=True)
class Part:
    """A run to be merged, `name` as the user gave it."""

    name: str
    folder: Path
    record: RunRecord


@dataclass(frozen=True)
class File:
    """A log, console or configuration: where it lies, and what it is called in the merged run."""

    source: Path
    name: str


def chosen(parts: Sequence[Part]) -> tuple[list[tuple[Part, CellRecord]], list[str]]:
    """One result for each cell, with the run that it is from, and notes for the reader."""
    cells: dict[tuple[str, str], tuple[Part, CellRecord]] = {}
    notes = []
    for part in parts:
        for cell in part.record.cells:
            first, known = cells.setdefault((cell.tree, cell.id), (part, cell))
            if first is part or cell.status == "missing":
                continue
            if known.status == "missing":
                cells[cell.tree, cell.id] = (part, cell)
                if known.toolchain_digest != cell.toolchain_digest:
                    notes.append(
                        f"{cell.id} on {cell.tree} was built with another toolchain than planned: {cell.toolchain}."
                    )
                continue
            if differing := _differing(known, cell):
                raise UsageError(
                    f"two results of the cell {cell.id} on {cell.tree} are not the same ({', '.join(differing)}): "
                    f"{first.name} and {part.name}",
                    hint="Leave one of the two out.",
                )
            if known.lost is None and cell.lost is not None:
                # A plan marks duplicates; the promises of a duplicate are checked where its kernel is built.
                cells[cell.tree, cell.id] = (part, cell)
            if cell.states:
                notes.append(f"{cell.id} on {cell.tree} was built twice, alike.")
    return list(cells.values()), notes


def _differing(cell: CellRecord, other: CellRecord) -> list[str]:
    """Names of the parts in which two results of a cell differ; time and consoles are never the same."""
    first, second = _outcome(cell), _outcome(other)
    differing = [name for name in first if first[name] != second[name]]
    if None not in (cell.lost, other.lost) and cell.lost != other.lost:
        differing.append("promises")
    if "builds" not in differing:
        states = list(zip(cell.states, other.states, strict=True))
        differing += (
            ["errors"]
            if any(_differ(one_state.errors, other_state.errors) for one_state, other_state in states)
            else []
        )
        warnings = any(_differ(one_state.new_warnings, other_state.new_warnings) for one_state, other_state in states)
        differing += ["warnings"] if warnings else []
    return differing


def _outcome(cell: CellRecord) -> dict[str, object]:
    return {
        "status": cell.status,
        "reason": cell.reason,
        "same kernel": cell.same_as,
        "toolchain": cell.toolchain_digest if cell.states else "",
        "struct page": cell.struct_page if cell.states else None,
        "builds": [(state.patch, state.status) for state in cell.states],
        "text size": (cell.text, cell.sections),
        "code": cell.code,
        "layouts": cell.layouts,
        "coverage": (cell.coverage, cell.removed),
        "boots": [
            (boot.patch, boot.scenario, boot.status, [(check.name, check.status) for check in boot.checks])
            for boot in cell.boots
        ],
    }


def _differ(diagnostics: Sequence[DiagnosticRecord], other: Sequence[DiagnosticRecord]) -> bool:
    return bool(new_ones(diagnostics, other) or new_ones(other, diagnostics))


def placed(part: Part, cell: CellRecord, numbers: dict[str, int]) -> tuple[CellRecord, list[File]]:
    """A cell whose files are named as in a run with all the trees, and those files."""
    if cell.tree not in numbers:
        raise UsageError(f"{part.name} has a cell on {cell.tree}, which is no tree of that run")
    tree, files = f"tree{numbers[cell.tree]}", list[File]()
    for name in (cell.id, *(boot.scenario for boot in cell.boots)):
        try:
            _NAME.validate_python(name)
        except ValidationError:
            raise UsageError(f"{part.name} has a cell or scenario with a bad name: {name!r}") from None

    def place(old: str, new: str) -> str:
        if old:
            files.append(File(_within(part, old), new))
        return new if old else ""

    states = [
        state.model_copy(update={"log": place(state.log, log_name(cell.id, tree, state.patch))})
        for state in cell.states
    ]
    boots = [
        boot.model_copy(update={"console": place(boot.console, console_name(cell.id, tree, boot.patch, boot.scenario))})
        for boot in cell.boots
    ]
    config = place(cell.config, config_name(cell.id, tree))
    return cell.model_copy(update={"states": tuple(states), "boots": tuple(boots), "config": config}), files


def _within(part: Part, name: str) -> Path:
    """A file of a run. Raises UsageError when its name, or a link, leads out of the run's folder."""
    path = (part.folder / name).resolve()
    if not path.is_relative_to(part.folder.resolve()):
        raise UsageError(f"{part.name} names a file outside its own folder: {name!r}")
    return path
