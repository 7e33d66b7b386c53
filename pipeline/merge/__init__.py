"""**merge**: joins several runs of one series on the same trees, each with some of the cells, into one run.

What is merged may come from other machines: file names in it are checked, and what does not belong together is refused.
"""

from __future__ import annotations

import stat
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from pipeline import runs
from pipeline.claims import judged_again
from pipeline.merge.cells import File, Part, chosen, placed
from pipeline.orders import order
from pipeline.record import CellRecord, ClaimRecord, RunRecord, SeriesRecord, TreeRecord
from pipeline.render.formats import write_reports
from pipeline.runs import RECORD
from pipeline.system import untrusted
from pipeline.system.errors import UsageError
from pipeline.system.text import count
from pipeline.system.workspace import Workspace

_APART = "Only runs of one series, with one matrix and one sandbox, can be merged."


@dataclass(frozen=True)
class Merged:
    """The merged run. Its id is not set yet, and the notes on files that were left out are missing."""

    record: RunRecord
    files: tuple[File, ...]


def merge(workspace: Workspace, folders: Sequence[str], warn: Callable[[str], None]) -> tuple[RunRecord, Path]:
    """Read runs, merge them, and write the result into the workspace as a new run.

    Returns:
        The run's record and its folder.

    Raises:
        UsageError: no folder holds a run, or the runs do not belong together.
    """
    parts, broken = read(folders)
    merged = join(parts)
    absent = [file.name for file in merged.files if not _is_small(file.source)]
    lost = [f"Lost: {name}." for name in absent]
    for note in (*merged.record.notes[1:], *broken, *lost):
        warn(note)
    # Notes are part of the report, whose readers do not know the folders of this machine.
    unfinished = [f"Left out: {count(len(broken), 'run')} that did not finish."] if broken else []
    notes = (*merged.record.notes, *unfinished, *lost)
    for cell in merged.record.cells:
        if cell.status == "missing":
            warn(f"no result of the cell {cell.id} on {cell.tree}")
    with runs.begin(workspace, merged.record.series.title, datetime.fromisoformat(merged.record.started)) as run:
        record = merged.record.model_copy(update={"id": run.id, "notes": notes})
        for file in merged.files:
            if file.name not in absent:
                run.copy(file.name, file.source)
        write_reports(run, record)
    return record, run.folder


def _is_small(path: Path) -> bool:
    """Whether a path is a regular file of at most the allowed size: no FIFO, and nothing that fills the disk."""
    try:
        status = path.lstat()
    except OSError:
        return False
    return stat.S_ISREG(status.st_mode) and status.st_size <= untrusted.RUN_FILE.most


def read(folders: Sequence[str]) -> tuple[list[Part], list[str]]:
    """Read the runs; also returns a note on each folder without a run that can be read.

    Raises:
        UsageError: a folder does not exist, or no folder holds a run that can be read.
    """
    parts, broken = [], []
    for name in dict.fromkeys(folders):
        folder = Path(name)
        if not folder.is_dir():
            raise UsageError(f"there is no folder {name}", hint="Name folders that hold a run.json.")
        if not (folder / RECORD).is_file():
            broken.append(f"{name} holds no {RECORD}: that run did not finish, and is left out.")
            continue
        try:
            parts.append(Part(name, folder, runs.read(folder)))
        except UsageError as error:
            broken.append(f"{name} is left out: {error.message}.")
    if not parts:
        raise UsageError(
            f"no run to merge: {broken[0] if broken else 'no folder holds a run.json'}",
            hint="Name the folders of finished runs.",
        )
    return parts, broken


def join(parts: Sequence[Part]) -> Merged:
    """Join several runs into one: each cell is taken from the run that has its result.

    Raises:
        UsageError: the parts are of different series, trees, matrices or sandboxes, have different results of a cell,
            or name files outside their folders.
    """
    # A plan comes first: it has every cell in order, and notes on cells that were not chosen.
    parts = sorted(parts, key=lambda part: (not _is_plan(part.record), -len(part.record.cells)))
    plan_notes = [note for part in parts if _is_plan(part.record) for note in part.record.notes]
    lead = parts[0]
    for part in parts[1:]:
        _require_same_work(lead, part)
    trees = _trees(parts)
    results, notes = chosen(parts)
    numbers = {name: number for number, name in enumerate(trees, 1)}
    placed_cells = [placed(part, cell, numbers) for part, cell in results]
    # Without a plan each run knows some of the cells: sort them by tree.
    cells = sorted((cell for cell, _ in placed_cells), key=lambda cell: numbers[cell.tree])
    building = [part.record.command for part in parts if any(cell.states for cell in part.record.cells)]
    started, seconds = _duration(parts)
    record = lead.record.model_copy(
        update={
            "started": started.isoformat(timespec="seconds"),
            "seconds": seconds,
            "command": _command([*building, *(part.record.command for part in parts)]),
            "trees": tuple(trees.values()),
            "cells": tuple(cells),
            "checks": next((part.record.checks for part in parts if part.record.checks), ()),
            "claims": _claims(parts, cells),
            "tools": tuple(dict.fromkeys(tool for part in parts for tool in part.record.tools)),
            "notes": (f"Put together from {count(len(parts), 'run')}.", *plan_notes, *notes),
        }
    )
    return Merged(record, tuple(file for _, files in placed_cells for file in files))


def _is_plan(record: RunRecord) -> bool:
    """Whether a run is a plan: it lists cells, and nothing of them was built."""
    missing = any(cell.status == "missing" for cell in record.cells)
    return missing and not any(cell.states for cell in record.cells)


def _claims(parts: Sequence[Part], cells: Sequence[CellRecord]) -> tuple[ClaimRecord, ...]:
    """Judge each claim again with the cells of all runs, as the first run has it that could assign it to a cell."""
    texts = [claim.text for claim in parts[0].record.claims]
    all_claims = [part.record.claims for part in parts if [claim.text for claim in part.record.claims] == texts]
    known = [
        next((claim for claim in same if claim.about or claim.verdict != "not measured"), same[0])
        for same in zip(*all_claims, strict=True)
    ]
    patches = parts[0].record.series.patches
    return judged_again(known, cells, {patch.number: patch.files for patch in patches})


def _require_same_work(part: Part, other: Part) -> None:
    first, second = part.record, other.record
    for what, first_value, second_value in (
        ("series", _series(first.series), _series(second.series)),
        ("patch", *_other_patch(first.series, second.series)),
        ("matrix", first.matrix, second.matrix),
        ("sandbox", first.sandbox, second.sandbox),
    ):
        if first_value != second_value:
            raise UsageError(
                f"{part.name} and {other.name} are not of the same {what}: {first_value!r}, and {second_value!r}",
                hint=_APART,
            )


def _series(series: SeriesRecord) -> str:
    return f"{series.title}, v{series.version}, {count(len(series.patches), 'patch')} <{series.message_id}>"


def _other_patch(series: SeriesRecord, other: SeriesRecord) -> tuple[str, str]:
    """Names of the first patch that differs, in both series; empty where all are equal."""
    for patch_of_one, patch_of_other in zip(series.patches, other.patches, strict=False):
        words = [f"{patch.number} {patch.subject} <{patch.message_id}>" for patch in (patch_of_one, patch_of_other)]
        if words[0] != words[1]:
            return words[0], words[1]
    return "", ""


def _trees(parts: Sequence[Part]) -> dict[str, TreeRecord]:
    """Every tree by name, in the order of the runs.

    Raises:
        UsageError: two runs have different trees of one name, or applied different patches.
    """
    trees: dict[str, tuple[Part, TreeRecord]] = {}
    for part in parts:
        for tree in part.record.trees:
            first, known = trees.setdefault(tree.name, (part, tree))
            if known.tree_id != tree.tree_id:
                words = [
                    f"{tree_record.version} (git tree {tree_record.tree_id[:12]})" for tree_record in (known, tree)
                ]
                raise UsageError(
                    f"{tree.name} is {words[0]} in {first.name}, and {words[1]} in {part.name}",
                    hint="The tree moved on between the two runs. Name it by a commit, and build again.",
                )
            if (known.last_tree_id, known.applied) != (tree.last_tree_id, tree.applied):
                words = [
                    f"{tree_record.applied} (git tree {tree_record.last_tree_id[:12]})" for tree_record in (known, tree)
                ]
                raise UsageError(
                    f"applying to {tree.name} ended as {words[0]} in {first.name}, and {words[1]} in {part.name}",
                    hint="The series changed between the two runs. Build it again.",
                )
    return {name: tree for name, (_, tree) in trees.items()}


def _duration(parts: Sequence[Part]) -> tuple[datetime, float]:
    """The start of the first run, and the seconds from it to the end of the last one."""
    spans = []
    for part in parts:
        try:
            started = datetime.fromisoformat(part.record.started).astimezone(UTC)
            spans.append((started, started + timedelta(seconds=part.record.seconds)))
        except (ValueError, OverflowError):
            raise UsageError(f"{part.name} does not say when it started: {part.record.started!r}") from None
    first = min(started for started, _ in spans)
    return first, round((max(ended for _, ended in spans) - first).total_seconds(), 1)


def _command(commands: Sequence[str]) -> str:
    try:
        return order.joined(commands)
    except ValueError:
        return commands[0]
