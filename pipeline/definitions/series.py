"""Tracked series: `series/NAME/series.toml`."""

from __future__ import annotations

import fnmatch
from pathlib import Path
from typing import Annotated, Literal, Self
from urllib.parse import unquote

from pydantic import Field, model_validator

from pipeline.definitions.files import Definition, Identifier, load
from pipeline.definitions.matrix import DEFAULT_MATRIX
from pipeline.system import resources
from pipeline.system.errors import UsageError
from pipeline.system.numbers import Count


class VersionDefinition(Definition):
    """Where one revision comes from: a folder of patches beside series.toml, or a message-id."""

    number: Annotated[int, Field(ge=1, le=1 << 32)]
    patches: str = ""
    message_id: str = Field(default="", description="of the cover letter, or of patch 1")
    thread: tuple[str, ...] = Field(default=(), description="further messages of its thread that stand for it")


class MeasurandDefinition(Definition):
    """A number that a check of a boot measures, after the last patch."""

    scenario: Identifier
    check: Identifier = Field(description="its name in the scenario")
    value: Identifier


class ClaimDefinition(Definition):
    text: str
    kind: Literal["text-delta", "boot"] = "text-delta"
    cell: str = Field(description="glob over cell ids")
    claimed: Count = Field(description="bytes; for a boot, what the measurand counts")
    version: Count | None = Field(default=None, description="the revision whose letter says so; all of them without")
    relation: Literal["at-most", "equal"] = "at-most"
    measurand: MeasurandDefinition | None = Field(default=None, description="of a boot")

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if (self.kind == "boot") != (self.measurand is not None):
            raise ValueError("a claim of kind `boot` has a measurand, and no other has")
        return self


class BootDefinition(Definition):
    """Boot scenarios that cells run for this series, beside those that the matrix names."""

    cell: str = Field(description="glob over cell ids")
    scenarios: tuple[Identifier, ...]


class SeriesDefinition(Definition):
    title: str
    versions: tuple[VersionDefinition, ...]
    trees: tuple[str, ...] = ()
    matrix: str = DEFAULT_MATRIX
    claims: tuple[ClaimDefinition, ...] = ()
    boots: tuple[BootDefinition, ...] = ()
    follow_ups: tuple[str, ...] = ()

    def claims_of(self, version: int) -> tuple[ClaimDefinition, ...]:
        """The claims in the letter of a revision."""
        return tuple(claim for claim in self.claims if claim.version in (None, version))

    def boots_of(self, cell_id: str) -> tuple[str, ...]:
        """Names of the boot scenarios that a cell runs for this series."""
        return tuple(name for boot in self.boots if fnmatch.fnmatchcase(cell_id, boot.cell) for name in boot.scenarios)

    def newest(self, number: int | None) -> VersionDefinition:
        """The version with a number, or the newest one for None.

        Raises:
            UsageError: there is no such version.
        """
        known = {version.number: version for version in self.versions}
        if number is None and known:
            number = max(known)
        if number is None or number not in known:
            raise UsageError(
                f"{self.title!r} has no version {number}",
                hint=f"Versions: {', '.join(f'v{number}' for number in known) or 'none'}.",
            )
        return known[number]

    def named_by(self, text: str) -> VersionDefinition | None:
        """The version with a message-id that `text` contains, its own or another one of its thread; None without."""
        plain = unquote(text)
        for version in self.versions:
            if any(identifier and identifier in plain for identifier in (version.message_id, *version.thread)):
                return version
        return None


def find_series(name: str) -> Path | None:
    """The folder of a tracked series, by name, path or a message-id; None when `name` is something else.

    Raises:
        UsageError: a series.toml, which is searched for a message-id, has a mistake.
    """
    for folder in (Path(name), resources.folder("series") / name):
        if (folder / "series.toml").is_file():
            return folder
    if "@" not in unquote(name) or Path(name).exists():
        return None
    for file in sorted(resources.folder("series").glob("*/series.toml")):
        if load_series(file.parent).named_by(name):
            return file.parent
    return None


def load_series(folder: Path) -> SeriesDefinition:
    """Read the `series.toml` of a folder.

    Raises:
        UsageError: the file has a mistake.
    """
    return load(folder / "series.toml", SeriesDefinition)
