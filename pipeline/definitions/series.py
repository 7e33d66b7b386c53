"""Tracked series: `series/NAME/series.toml`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from pipeline.definitions.files import Definition, load
from pipeline.system import resources
from pipeline.system.errors import UsageError


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


def find_series(name: str) -> Path | None:
    """The folder of a tracked series, by name or path; None when `name` is something else."""
    for folder in (Path(name), resources.folder("series") / name):
        if (folder / "series.toml").is_file():
            return folder
    return None


def load_series(folder: Path) -> SeriesDefinition:
    """Raises UsageError when series.toml holds a mistake."""
    return load(folder / "series.toml", SeriesDefinition)
