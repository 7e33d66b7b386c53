"""The cells of a matrix, their compilers identified and their fragments read."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from pipeline.definitions import MatrixDefinition
from pipeline.kernel import kconfig, toolchain
from pipeline.model import Cell, Expectation
from pipeline.system import resources
from pipeline.system.errors import UsageError
from pipeline.system.process import Processes


def select_cells(
    matrix: MatrixDefinition, fragments: Path, globs: Sequence[str], processes: Processes
) -> tuple[Cell, ...]:
    """The matrix' cells that match any of `globs` (all of them without), fragments and toolchains looked up.

    Args:
        fragments: folder of the matrix' own fragments; those that ship with the pipeline can be used beside them.

    Raises:
        UsageError: nothing matches, a fragment is missing, or fragments of a cell contradict each other.
        InfrastructureError: a toolchain is not installed.
    """
    chosen = matrix.narrowed(globs).cells
    shipped = resources.folder("kconfigs")
    compilers = {
        name: toolchain.identify(name, processes) for name in dict.fromkeys(defined.toolchain for defined in chosen)
    }
    cells = tuple(
        Cell(
            id=defined.id,
            arch=defined.arch,
            toolchain=compilers[defined.toolchain],
            base=defined.base,
            fragments=tuple(kconfig.load_fragment(fragments, name, shipped) for name in defined.fragments),
            about=defined.about,
            steps=defined.steps,
            boot=defined.boot,
            expectations=tuple(Expectation(**each.model_dump()) for each in defined.expect or ()),
        )
        for defined in chosen
    )
    for cell in cells:
        # Kconfig would keep one of the two, and the cell would look unreachable because of the other.
        if contradictions := kconfig.contradictions(cell.fragments):
            raise UsageError(f"fragments of the cell {cell.id} contradict each other: {'; '.join(contradictions)}")
    return cells
