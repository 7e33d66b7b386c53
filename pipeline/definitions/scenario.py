"""Boot scenarios: the machine, the kernel's command line, and what is checked inside.

TOML under kconfigs/boot/, or beside a tracked series, in its boot/.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from pipeline.definitions.files import Definition, Identifier, load
from pipeline.system.errors import UsageError

CheckName = Literal[
    "machine",
    "pool",
    "walk",
    "memmap",
    "saved",
    "selftest",
    "stress",
    "dax",
    "hotplug",
    "ptdump",
]


class CheckDefinition(Definition):
    """One check of the guest (`pipeline/boot/guest/`); parameters that are left out have the guest's own defaults."""

    check: CheckName
    name: Identifier | None = Field(default=None, description="what the report calls it; the check's name by default")
    size: Annotated[int, Field(ge=1, le=1 << 32)] | None = Field(default=None, description="MiB of a huge page")
    pages: Annotated[int, Field(ge=1, le=1 << 32)] | None = Field(default=None, description="huge pages")
    rounds: Annotated[int, Field(ge=1, le=1 << 32)] | None = None
    blocks: Annotated[int, Field(ge=1, le=1 << 32)] | None = Field(default=None, description="memory blocks to add")
    reserved: bool | None = Field(default=None, description="use the pages that the command line set aside")

    @property
    def label(self) -> str:
        return self.name or self.check

    def line(self) -> str:
        """The check as a line for the guest: `LABEL CHECK key=number …`."""
        parameters = self.model_dump(exclude={"check", "name"}, exclude_none=True)
        return " ".join([self.label, self.check, *(f"{key}={int(value)}" for key, value in parameters.items())])


class ScenarioDefinition(Definition):
    about: str
    command_line: Annotated[str, Field(pattern=r"^[\x20-\x7e]*$")] = ""
    memory: Annotated[int, Field(ge=32, le=1 << 20)] = Field(default=2048, description="MiB")
    cpus: Annotated[int, Field(ge=1, le=64)] = 2
    nodes: Annotated[int, Field(ge=1, le=8)] = Field(default=1, description="NUMA nodes")
    machine: Identifier | None = Field(default=None, description="QEMU's -machine; `pc` or `virt` by default")
    cpu: Identifier | None = Field(default=None, description="QEMU's -cpu")
    limit: Annotated[float, Field(gt=0, le=86400, allow_inf_nan=False)] = Field(
        default=300.0, description="seconds until the boot counts as hung"
    )
    arch: tuple[Identifier, ...] = Field(default=(), description="architectures that it is for; all without")
    checks: tuple[CheckDefinition, ...] = ()


@dataclass(frozen=True)
class Scenario:
    """A scenario by name."""

    name: str
    definition: ScenarioDefinition


def load_scenarios(names: Iterable[str], folders: Sequence[Path]) -> Mapping[str, Scenario]:
    """Scenarios by name; the first of `folders` that has one wins.

    Raises:
        UsageError: there is none of that name, it holds a mistake, or two of its checks have one name.
    """
    return {name: _load(name, folders) for name in dict.fromkeys(names)}


def _load(name: str, folders: Sequence[Path]) -> Scenario:
    for folder in folders:
        path = folder / f"{name}.toml"
        if path.is_file():
            definition = load(path, ScenarioDefinition)
            labels = Counter(check.label for check in definition.checks)
            for repeated in (label for label, times in labels.items() if times > 1):
                raise UsageError(f"{path}: two checks are called {repeated!r}", hint="Give one a `name`.")
            return Scenario(name, definition)
    known = sorted({path.stem for folder in folders for path in folder.glob("*.toml")})
    raise UsageError(
        f"there is no boot scenario {name!r}",
        hint=f"Known: {', '.join(known) or 'none'}; looked in {', '.join(map(str, folders))}.",
    )
