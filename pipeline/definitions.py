"""The TOML files that a maintainer edits: matrices under kconfigs/, tracked series under series/."""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Literal, TypeVar, get_args

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from pipeline.system import resources
from pipeline.system.errors import UsageError

Identifier = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._+-]*$", max_length=64)]


class Definition(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


Loaded = TypeVar("Loaded", bound=Definition)


class CellDefinition(Definition):
    """One kernel: `base` is a make target (`tinyconfig`, `defconfig`), fragments are merged onto it in order."""

    id: Identifier
    arch: Identifier
    toolchain: Identifier = "gcc"
    base: Identifier
    fragments: tuple[Identifier, ...] = ()
    about: str = ""
    steps: int | None = Field(default=None, description="steps of a full build, for the first ETA")
    boot: tuple[Identifier, ...] = Field(default=(), description="boot scenarios that the kernel runs")


class MatrixDefinition(Definition):
    title: str
    cells: tuple[CellDefinition, ...]


class VersionDefinition(Definition):
    """Where one revision comes from: a folder of patches beside series.toml, or a message-id."""

    number: Annotated[int, Field(ge=1)]
    patches: str = ""
    message_id: str = ""


class ClaimDefinition(Definition):
    text: str
    kind: Literal["text-delta"] = "text-delta"
    cell: str = Field(description="glob over cell ids")
    claimed: int = Field(description="bytes")
    version: int | None = Field(default=None, description="the revision whose letter says so; all of them without")
    relation: Literal["at-most", "equal"] = "at-most"


class SeriesDefinition(Definition):
    title: str
    versions: tuple[VersionDefinition, ...]
    trees: tuple[str, ...] = ()
    matrix: str = "quick"
    claims: tuple[ClaimDefinition, ...] = ()
    follow_ups: tuple[str, ...] = ()

    def claims_of(self, version: int) -> tuple[ClaimDefinition, ...]:
        """What the letter of that revision claims."""
        return tuple(claim for claim in self.claims if claim.version in (None, version))

    def newest(self, number: int | None) -> VersionDefinition:
        """The version of that number, the newest by default.

        Raises:
            UsageError: there is none.
        """
        known = {version.number: version for version in self.versions}
        if number is None and known:
            number = max(known)
        if number is None or number not in known:
            raise UsageError(
                f"{self.title!r} has no version {number}",
                hint=f"Versions: {', '.join(f'v{one}' for one in known) or 'none'}.",
            )
        return known[number]


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
            hint=f"Known: {', '.join(known)}; or name a .toml file.{_nearest(name, known)}",
        )
    matrix = _load(path, MatrixDefinition)
    ids = [cell.id for cell in matrix.cells]
    for repeated in {one for one in ids if ids.count(one) > 1}:
        raise UsageError(f"{path}: two cells are called {repeated!r}")
    # A matrix of one's own may use the fragments that ship with the pipeline.
    beside = path.resolve().parent
    return matrix, beside if any(beside.glob("*.config")) else resources.folder("kconfigs")


def find_series(name: str) -> Path | None:
    """The folder of a tracked series, by name or path; None when `name` is something else."""
    for folder in (Path(name), resources.folder("series") / name):
        if (folder / "series.toml").is_file():
            return folder
    return None


def load_series(folder: Path) -> SeriesDefinition:
    """Raises UsageError when series.toml holds a mistake."""
    return _load(folder / "series.toml", SeriesDefinition)


def _load(path: Path, kind: type[Loaded]) -> Loaded:
    try:
        return kind.model_validate(tomllib.loads(path.read_text()))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"{path} is not valid TOML: {error}") from error
    except ValidationError as error:
        raise UsageError(f"{path}: {_first_mistake(error, kind)}") from error


def _first_mistake(error: ValidationError, kind: type[Definition]) -> str:
    """A sentence for the first thing that pydantic found, with the nearest valid key for a misspelt one."""
    # A misspelt key that is required is two mistakes to pydantic; the misspelling explains the other.
    found = min(error.errors(), key=lambda one: one["type"] != "extra_forbidden")
    place = ".".join(str(part) for part in found["loc"])
    if found["type"] != "extra_forbidden":
        return f"{place}: {found['msg']}"
    key = str(found["loc"][-1])
    valid = _keys_at(kind, found["loc"][:-1])
    return f"unknown key {place!r}; valid keys: {', '.join(valid)}.{_nearest(key, valid)}"


def _keys_at(kind: type[Definition], place: tuple[int | str, ...]) -> list[str]:
    for part in place:
        if isinstance(part, int):
            continue
        inner = [one for one in get_args(kind.model_fields[part].annotation) if isinstance(one, type)]
        kind = next((one for one in inner if issubclass(one, Definition)), kind)
    return list(kind.model_fields)


def _nearest(word: str, known: Sequence[str]) -> str:
    close = difflib.get_close_matches(word, known, n=1)
    return f" Did you mean {close[0]!r}?" if close else ""
