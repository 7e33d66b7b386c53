"""What a matrix file says."""

from __future__ import annotations

from pydantic import Field

from pipeline.definitions.files import Definition, Identifier


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
