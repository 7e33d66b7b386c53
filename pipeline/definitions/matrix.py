"""A matrix by its name, with the folder of its fragments."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pipeline.definitions.expansion import expand
from pipeline.definitions.files import in_time, load, nearest
from pipeline.definitions.matrix_file import AlsoCells, MatrixDefinition, MatrixFile
from pipeline.system import resources, untrusted
from pipeline.system.errors import UsageError
from pipeline.system.untrusted import Budget

DEFAULT_MATRIX = "quick"
"""Where neither the user nor a tracked series names another, and no series decides."""
CHOSEN_MATRIX = "auto"
"""Likewise, for a series: its cells are chosen once that is known."""

_LONGEST = 1000
"""Characters of a mistake, which names what is known."""


def load_matrix(name: str) -> tuple[MatrixDefinition, Path]:
    """A matrix by name (under kconfigs/) or file, and the folder that it lies in, with fragments of its own.

    Raises:
        UsageError: there is no such matrix, or it holds a mistake.
    """
    path = Path(name)
    if path.suffix != ".toml":
        path = _find(name, resources.folder("kconfigs"))
    elif not path.is_file():
        raise _unknown(name, resources.folder("kconfigs"))
    with in_time(f"reading {path}"):
        return _load(path, (), Budget(untrusted.MATRICES)), path.resolve().parent


def _load(path: Path, extending: tuple[Path, ...], files: Budget) -> MatrixDefinition:
    """A matrix with those that it extends.

    Args:
        extending: files that led here, each extending the next.
        files: what is left of their number.
    """
    if path.resolve() in extending:
        chain = " extends ".join(extended.name for extended in (*extending[extending.index(path.resolve()) :], path))
        raise UsageError(f"a matrix extends itself: {chain}")
    with _mistakes_in(path):
        files.spend()
    file = load(path, MatrixFile)
    with _mistakes_in(path):
        matrix = expand(file)
        folders = (path.resolve().parent, resources.folder("kconfigs"))
        others = [_find(name, *folders) for name in file.extends]
        beside = [(when, _find(when.matrix, *folders)) for when in file.also]
    for other in others:
        loaded = _load(other, (*extending, path.resolve()), files)
        with _mistakes_in(path):
            matrix = matrix.joined(loaded)
    also = [
        AlsoCells(when=when, cells=_load(other, (*extending, path.resolve()), files).cells) for when, other in beside
    ]
    return matrix.model_copy(update={"also": tuple(also)})


@contextmanager
def _mistakes_in(path: Path) -> Iterator[None]:
    """Says which file a mistake is in, in words of a length that can be shown."""
    try:
        yield
    except UsageError as error:
        raise UsageError(f"{path}: {error.message[:_LONGEST]}", hint=error.hint[:_LONGEST]) from error


def _find(name: str, *folders: Path) -> Path:
    """The file of a matrix, in the first of `folders` that has it."""
    for folder in folders:
        if (folder / f"{name}.toml").is_file():
            return folder / f"{name}.toml"
    raise _unknown(name, *folders)


def _unknown(name: str, *folders: Path) -> UsageError:
    known = sorted({path.stem for folder in folders for path in folder.glob("*.toml")})
    return UsageError(
        f"there is no matrix {name!r}",
        hint=f"Known: {', '.join(known)}; or name a .toml file.{nearest(name, known)}",
    )
