"""Files that a series touches and no compiler reads (documents, options, makefiles, scripts), with what read each."""

from __future__ import annotations

from pathlib import PurePosixPath

from pipeline.kernel.architectures import ARCHITECTURES
from pipeline.kernel.commands import is_code, is_makefile, is_of_kernel
from pipeline.record import CellRecord, RunRecord

_SCRIPTS = "scripts"


def touches_code(record: RunRecord) -> bool:
    """Whether any file of the series is one that kernels are compiled from."""
    return any(is_code(path) for patch in record.series.patches for path in patch.files)


def other_files(record: RunRecord) -> dict[str, str]:
    """For each touched file that is no code, what read it, in a few words; empty where nothing did.

    A document or a script counts where a check read it, an option where kconfig answered with all patches, a device
    tree where it was compiled, a makefile where something was compiled by it.
    """
    paths = sorted({path for patch in record.series.patches for path in patch.files if not is_code(path)})
    readers: dict[str, str] = {}
    for check in record.checks:
        if check.status == "checked":
            readers |= {path: check.check for path in check.read if path not in readers}
    built = [cell for cell in record.cells if cell.status == "built" and cell.states]
    return {path: readers.get(path) or _by_cell(path, built) for path in paths}


def unread(record: RunRecord) -> list[str]:
    """Touched files that are no code and that nothing read."""
    return [path for path, reader in other_files(record).items() if not reader]


def _by_cell(path: str, cells: list[CellRecord]) -> str:
    """The id of a cell whose configuration or makefiles include a file; empty where none does."""
    file = PurePosixPath(path)
    for cell in cells:
        known = ARCHITECTURES.get(cell.arch)
        if file.parts[:1] == ("arch",) and (known is None or file.parts[1:2] != (known.folder,)):
            continue
        if any(each.path == path and each.compiled for each in cell.files):
            return cell.id
        if file.name.startswith("Kconfig") and (is_of_kernel(path) or str(file.parent) == _SCRIPTS):
            return cell.id
        if is_makefile(file.name.partition(".")[0]) and _made_by(file, cell):
            return cell.id
    return ""


def _made_by(makefile: PurePosixPath, cell: CellRecord) -> bool:
    """Whether a cell compiled something that lies beside a makefile, or is a kernel, for which the topmost are read."""
    folder = str(makefile.parent)
    if cell.stage == "kernels" and (len(makefile.parts) <= 2 or str(makefile.parent.parent) == "arch"):
        return folder == _SCRIPTS or is_of_kernel(str(makefile))
    compiled = [file.path for file in cell.coverage or () if file.compiled]
    compiled += [file.path for file in cell.files if file.compiled]
    return any(str(PurePosixPath(path).parent) == folder for path in compiled)
