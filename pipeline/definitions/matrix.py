"""A matrix by its name, with the folder of its fragments."""

from __future__ import annotations

from pathlib import Path

from pipeline.definitions.expansion import expand
from pipeline.definitions.files import load, nearest
from pipeline.definitions.matrix_file import MatrixDefinition, MatrixFile
from pipeline.system import resources
from pipeline.system.errors import UsageError


def load_matrix(name: str) -> tuple[MatrixDefinition, Path]:
    """A matrix by name (under kconfigs/) or file, and the folder that holds its fragments.

    Raises:
        UsageError: there is no such matrix, or it holds a mistake.
    """
    path = Path(name)
    if path.suffix != ".toml":
        path = resources.folder("kconfigs") / f"{name}.toml"
    if not path.is_file():
        known = sorted(found.stem for found in resources.folder("kconfigs").glob("*.toml"))
        raise UsageError(
            f"there is no matrix {name!r}",
            hint=f"Known: {', '.join(known)}; or name a .toml file.{nearest(name, known)}",
        )
    file = load(path, MatrixFile)
    try:
        matrix = expand(file)
    except UsageError as error:
        raise UsageError(f"{path}: {error.message}", hint=error.hint) from error
    # A matrix of one's own may use the fragments that ship with the pipeline.
    beside = path.resolve().parent
    return matrix, beside if any(beside.glob("*.config")) else resources.folder("kconfigs")
