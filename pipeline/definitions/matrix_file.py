"""The format of a matrix file, before and after its axes are multiplied."""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Sequence
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, field_validator, model_validator

from pipeline.definitions.files import Definition, Identifier
from pipeline.kernel.kconfig.facts import check_condition
from pipeline.probes import probe
from pipeline.system.errors import UsageError
from pipeline.system.numbers import Count

UNREACHABLE = "unreachable"


class ExpectationDefinition(Definition):
    """The expected result of a cell: `"unreachable"`, or a table of measured values.

    Args:
        when: condition on tree and configuration, see `pipeline.kernel.kconfig.facts`.
    """

    when: str = ""
    unreachable: bool = False
    struct_page: Count | None = Field(default=None, description="bytes")
    vmemmap: bool | None = None

    @model_validator(mode="before")
    @classmethod
    def _word(cls, value: Any) -> Any:
        keys = set(value) - {"when"} if isinstance(value, dict) else set()
        if keys == {UNREACHABLE} and value[UNREACHABLE] is True and value.get("when"):
            return value
        if keys and UNREACHABLE not in keys:
            return value
        if value == UNREACHABLE:
            return {"unreachable": True}
        raise ValueError(
            'an expectation is "unreachable", or a table such as { struct_page = 64, vmemmap = true } or '
            '{ when = "!64BIT", unreachable = true }'
        )

    @field_validator("when")
    @classmethod
    def _condition(cls, condition: str) -> str:
        if condition:
            try:
                check_condition(condition)
            except UsageError as error:
                raise ValueError(f"{error.message} ({error.hint})") from error
        return condition


def _always_several(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


def _several_expectations(value: Any) -> Any:
    return [value] if isinstance(value, str | dict | ExpectationDefinition) else value


def _in_order(expectations: tuple[ExpectationDefinition, ...]) -> tuple[ExpectationDefinition, ...]:
    """Refuses what comes after an expectation that always holds: it would never be asked."""
    if any(not expectation.when for expectation in expectations[:-1]):
        raise ValueError("of several expectations only the last may do without `when`: the first that holds counts")
    return expectations


Expectations = Annotated[
    tuple[ExpectationDefinition, ...],
    BeforeValidator(_several_expectations),
    Field(min_length=1),
    AfterValidator(_in_order),
]
"""One expectation or several; the first whose `when` holds counts."""


Condition = dict[Identifier, Annotated[tuple[Identifier, ...], BeforeValidator(_always_several), Field(min_length=1)]]
"""Axis to the values that it holds for; it holds where every axis that it names has one of these."""


class SettingsDefinition(Definition):
    """Settings of a cell that defaults, values of axes and includes can give; others may give those that are absent.

    Args:
        arch: kbuild's ARCH.
        toolchain: `gcc`, `gcc-12`, `clang-14`, `llvm-14`, a cross compiler's whole name.
        cross: prefix of the cross tools (`riscv64-linux-gnu-`), for toolchains named without one.
        base: a make target (`tinyconfig`, `defconfig`).
        fragments: added to those that are there already.
        boot: names of boot scenarios, added likewise.
        about: a few words; those of several axes are joined.
        steps: of a full build, for the first estimate.
    """

    arch: Identifier | None = None
    toolchain: Identifier | None = None
    cross: Identifier | None = None
    base: Identifier | None = None
    fragments: tuple[Identifier, ...] = ()
    boot: tuple[Identifier, ...] = ()
    about: str | None = None
    steps: Count | None = None
    expect: Expectations | None = None


class OwnCellDefinition(SettingsDefinition):
    """A cell that is no product of axes; defaults hold for it as well."""

    id: Identifier


class IncludeDefinition(SettingsDefinition):
    """Settings that are added to, or replace, those of the axes in the cells that `when` holds for."""

    when: Condition
    id: Identifier | None = None


class ExcludeDefinition(Definition):
    """Products that are no cells of the matrix."""

    when: Condition
    reason: Annotated[str, Field(min_length=1)]


def _known_probe(name: str) -> str:
    try:
        probe(name)
    except UsageError as error:
        raise ValueError(f"{error.message} ({error.hint})") from error
    return name


Probes = tuple[Annotated[str, AfterValidator(_known_probe)], ...]
"""Names of probes, as `pipeline.probes` has them."""


Choice = Literal["all", "needed"]
"""Which cells of a matrix are built: every one, or those that the series needs."""


def _pattern(words: str) -> str:
    try:
        re.compile(words)
    except (re.error, OverflowError) as error:
        raise ValueError(f"{words!r} is no regular expression: {error}") from error
    return words


class AlsoDefinition(Definition):
    """Another matrix, whose cells are built as well for series that touch what it asks about.

    Args:
        matrix: its name, beside this file or of those that ship.
        reason: why, in a few words that a report can show.
        files: shell patterns of paths.
        names: regular expressions of identifiers, looked for in the lines of code that a series changes.
    """

    matrix: Identifier
    reason: Annotated[str, Field(min_length=1, max_length=200)]
    files: Annotated[tuple[Annotated[str, Field(max_length=200)], ...], Field(max_length=100)] = ()
    names: Annotated[
        tuple[Annotated[str, Field(max_length=100), AfterValidator(_pattern)], ...], Field(max_length=20)
    ] = ()


class MatrixFile(Definition):
    """A matrix as it is written: axes, whose products are cells, cells of their own, and other matrices' cells.

    Args:
        extends: names of matrices, beside this file or of those that ship; their cells are this one's as well, as they
            are there.
        probes: what is asked of every kernel, and shown in columns of its own.
        choice: `needed` where a series decides which cells are built: the first whose architecture it concerns, with
            what its files need of kconfig, and those of `also`.
    """

    title: str
    probes: Probes = ()
    choice: Choice = "all"
    also: Annotated[tuple[AlsoDefinition, ...], Field(max_length=20)] = ()
    extends: tuple[Identifier, ...] = ()
    defaults: SettingsDefinition = SettingsDefinition()
    axes: dict[Identifier, dict[Identifier, SettingsDefinition]] = Field(default_factory=dict)
    include: tuple[IncludeDefinition, ...] = ()
    exclude: tuple[ExcludeDefinition, ...] = ()
    cells: tuple[OwnCellDefinition, ...] = ()


class CellDefinition(Definition):
    """One kernel: `base` is a make target (`tinyconfig`, `defconfig`), fragments are merged onto it in order."""

    id: Identifier
    arch: Identifier
    toolchain: Identifier = "gcc"
    base: Identifier
    fragments: tuple[Identifier, ...] = ()
    about: str = ""
    steps: Count | None = Field(default=None, description="steps of a full build, for the first ETA")
    boot: tuple[Identifier, ...] = Field(default=(), description="boot scenarios that the kernel runs")
    expect: Expectations | None = None


class ExcludedDefinition(Definition):
    """Products of the axes that were left out for one reason."""

    ids: tuple[str, ...]
    reason: str


class AlsoCells(Definition):
    """Cells of another matrix that are added for some series, and the condition."""

    when: AlsoDefinition
    cells: tuple[CellDefinition, ...]


class MatrixDefinition(Definition):
    """A matrix as it is used: every cell in full."""

    title: str
    cells: tuple[CellDefinition, ...]
    excluded: tuple[ExcludedDefinition, ...] = ()
    probes: Probes = ()
    choice: Choice = "all"
    also: tuple[AlsoCells, ...] = ()

    @property
    def chosen(self) -> bool:
        """Whether the cells are chosen once the series is known."""
        return self.choice == "needed"

    def without_series(self) -> MatrixDefinition:
        """The matrix where no series decides: of cells that are chosen from the first is what counts."""
        if not self.chosen:
            return self
        return self.model_copy(update={"cells": self.cells[:1], "choice": "all", "also": ()})

    def joined(self, other: MatrixDefinition) -> MatrixDefinition:
        """This matrix with another's cells after its own; a cell that is the same in both is there once.

        Raises:
            UsageError: two different cells have one id.
        """
        own = {cell.id: cell for cell in self.cells}
        added = [cell for cell in other.cells if own.get(cell.id) != cell]
        for exclusion in added:
            if exclusion.id in own:
                raise UsageError(
                    f"two cells are called {exclusion.id!r}, and are not the same",
                    hint="Let an [[include]] name one's `id`.",
                )
        excluded = [exclusion for exclusion in other.excluded if exclusion not in self.excluded]
        probes = tuple(dict.fromkeys([*self.probes, *other.probes]))
        return self.model_copy(
            update={"cells": (*self.cells, *added), "excluded": (*self.excluded, *excluded), "probes": probes}
        )

    def narrowed(self, globs: Sequence[str]) -> MatrixDefinition:
        """Only the cells (and excluded products) that match one of `globs`; all of them without.

        Raises:
            UsageError: no cell matches.
        """
        if not globs:
            return self

        def matches(name: str) -> bool:
            return any(fnmatch.fnmatchcase(name, glob) for glob in globs)

        cells = tuple(cell for cell in self.cells if matches(cell.id))
        if not cells:
            known = ", ".join(cell.id for cell in self.cells)
            raise UsageError(f"no cell of the matrix matches {' '.join(globs)}", hint=f"Cells: {known}.")
        excluded = [
            exclusion.model_copy(update={"ids": ids})
            for exclusion in self.excluded
            if (ids := tuple(filter(matches, exclusion.ids)))
        ]
        return self.model_copy(update={"cells": cells, "excluded": tuple(excluded)})
