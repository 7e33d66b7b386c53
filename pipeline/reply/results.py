"""Results in the words of a mail: what was built, booted and left out; only what was seen."""

from __future__ import annotations

from collections.abc import Sequence

from pipeline.assess.coverage import covered_files, measured_cells, not_covered
from pipeline.assess.words import result
from pipeline.record import CellRecord, RunRecord
from pipeline.render import wording
from pipeline.reply.quoting import COLUMNS
from pipeline.system.text import cut, wrap

FILES_SHOWN = 10


def outcome(record: RunRecord) -> list[str]:
    """Sentences that the series builds, where, and whether it was booted; what was not built."""
    cells = [cell for cell in record.cells if result(record, cell) == "builds"]
    lines = [*_built(record, cells), *_unbuilt(record)]
    if cells and without_code(record):
        which = wording.patches([patch.number for patch in record.series.patches], len(record.series.patches))
        verb = "changes" if len(record.series.patches) == 1 else "change"
        lines = [f"{which} {verb} nothing that is compiled.", _applied_to(record)]
    elif cells and not_covered(record):
        # A reader would take a build of other code for one of this code.
        lines = [f"I built {wording.kernels(cells)}.", not_compiled(record), _applied_to(record)]
    return [line for sentence in lines for line in wrap(sentence, COLUMNS, most=8)]


def without_code(record: RunRecord) -> bool:
    """Whether the series is known to change no code: that everything builds says nothing of it."""
    return bool(measured_cells(record)) and not covered_files(record)


def _built(record: RunRecord, cells: Sequence[CellRecord]) -> list[str]:
    if not cells:
        return ["I could not build it, so I cannot say anything."]
    numbers = [patch.number for patch in record.series.patches]
    kernels = [cell for cell in cells if cell.stage == "kernels"]
    apart = all({state.patch for state in cell.states} >= set(numbers) for cell in kernels)
    which = wording.patches(numbers, len(numbers))
    verb = "builds" if len(numbers) == 1 else "build" if apart else "build when all are applied,"
    words = f"{which} {verb} on {wording.kernels(kernels)}{_warned(kernels)}. {_booted(kernels)}"
    return [*([words] if kernels else []), *_objects(record, cells), _applied_to(record)]


def _applied_to(record: RunRecord) -> str:
    trees = wording.listed(wording.tree(tree) for tree in record.trees if tree.applied in ("clean", "three-way"))
    return f"Applied to {trees}."


def _warned(cells: Sequence[CellRecord]) -> str:
    return "" if any(state.new_warnings for cell in cells for state in cell.states) else ", no new warnings"


def _objects(record: RunRecord, cells: Sequence[CellRecord]) -> list[str]:
    """A sentence on the objects that were compiled, where no kernel was linked."""
    object_cells = [cell for cell in cells if cell.stage == "objects"]
    if not object_cells:
        return []
    numbers = [patch.number for patch in record.series.patches]
    which, files = wording.patches(numbers, len(numbers)), covered_files(record)
    touched = f"{which[0].lower()}{which[1:]} {'touches' if len(numbers) == 1 else 'touch'}"
    compiled = sum(file.covered for file in files)
    subject = f"{compiled} of the {len(files)} files"
    if compiled == len(files):
        subject = "The file" if compiled == 1 else "The files"
    verb = "compiles" if compiled == 1 else "compile"
    when = "" if len(numbers) == 1 else " after each of them"
    bases = wording.listed(dict.fromkeys(cell.base for cell in object_cells))
    linked = "" if len(object_cells) < len(cells) else " I linked no kernel, and booted none."
    where = f"on {wording.kernels(object_cells)}, {bases} with W=1"
    return [f"{subject} that {touched} {verb}{when} {where}{_warned(object_cells)}.{linked}"]


def _booted(cells: Sequence[CellRecord]) -> str:
    ran = [cell for cell in cells if any(boot.patch and boot.status == "pass" for boot in cell.boots)]
    return f"Booted in QEMU on {wording.kernels(ran)}." if ran else "Not booted."


def _unbuilt(record: RunRecord) -> list[str]:
    built = {cell.arch for cell in record.cells if result(record, cell) in ("builds", "FAILS")}
    left_out = {cell.arch: None for cell in record.cells if cell.arch not in built and not cell.expected_unreachable}
    lines = [f"I did not build {wording.listed(left_out)}, so I cannot say."] if left_out else []
    return lines + ([words] if (words := not_compiled(record)) else [])


def not_compiled(record: RunRecord) -> str:
    """Names the files of the series that nothing compiled."""
    paths = list(dict.fromkeys(file.path for file in covered_files(record) if not file.covered))
    named = [cut(path, 60) for path in paths[:FILES_SHOWN]]
    more = [f"{len(paths) - FILES_SHOWN} more files"] if len(paths) > FILES_SHOWN else []
    return f"Nothing that I built compiles {wording.listed([*named, *more])}, so I cannot say." if paths else ""
