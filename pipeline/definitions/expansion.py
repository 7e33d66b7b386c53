"""From the axes of a matrix file to its cells: the product of the axes, less what is excluded; pure.

The settings of a product come from the defaults, from its value on each axis in the order of the file, and from every
include that holds for it. Fragments and boot scenarios of all of these are joined. Other settings of axes override the
defaults, and those of includes override both; two axes that disagree are an error.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from typing import Any

from pydantic import ValidationError

from pipeline.definitions.files import nearest
from pipeline.definitions.matrix_file import (
    CellDefinition,
    Condition,
    ExcludedDefinition,
    MatrixDefinition,
    MatrixFile,
    SettingsDefinition,
)
from pipeline.kernel.toolchain import ToolchainName, with_cross_prefix
from pipeline.system import untrusted
from pipeline.system.errors import UsageError
from pipeline.system.untrusted import Budget

Product = Mapping[str, str]
"""Axis to value."""

_SCALARS = ("arch", "toolchain", "cross", "base", "steps", "expect")
_LISTS = ("fragments", "boot")


def expand(file: MatrixFile) -> MatrixDefinition:
    """The cells of a matrix in full, those of the axes first; not those of matrices that it extends.

    Raises:
        UsageError: a condition names an unknown axis or value, or holds for no cell; axes disagree; a cell lacks a
            setting; or two cells have the same id.
    """
    untrusted.AXES.check(len(file.axes))
    for axis, values in file.axes.items():
        if not values:
            raise UsageError(f"axes.{axis}: has no values", hint="An axis without values makes no cells at all.")
    for place, when in _conditions(file):
        _check_names(file, place, when)
    products, excluded = _without_excluded(file, _products(file))
    for at, include in enumerate(file.include):
        if not any(holds(include.when, product) for product in products):
            raise UsageError(f"include.{at}: holds for no cell of the axes that is left: {_words(include.when)}")
    cells: dict[str, CellDefinition] = {}
    origins: dict[str, str] = {}
    names = Budget(untrusted.CELL_NAMES)
    for origin, cell in chain(_cells_of_axes(file, products), _cells_of_their_own(file)):
        names.spend(len(cell.fragments) + len(cell.boot))
        if cell.id in cells:
            raise UsageError(f"two cells are called {cell.id!r}: {origins[cell.id]}; and {origin}")
        cells[cell.id], origins[cell.id] = cell, origin
    if not cells and not file.extends:
        raise UsageError("the matrix has no cells", hint="Declare [axes.NAME], or cells of their own as [[cells]].")
    if file.also and file.choice == "all":
        raise UsageError("also: is for matrices whose cells are chosen", hint='Say choice = "needed", or extends.')
    return MatrixDefinition(
        title=file.title,
        cells=tuple(cells.values()),
        excluded=tuple(excluded),
        probes=file.probes,
        choice=file.choice,
    )


def holds(when: Condition, product: Product) -> bool:
    return all(product[axis] in values for axis, values in when.items())


def _conditions(file: MatrixFile) -> list[tuple[str, Condition]]:
    """Every condition, with its place in the file."""
    return [
        *((f"include.{at}", include.when) for at, include in enumerate(file.include)),
        *((f"exclude.{at}", exclude.when) for at, exclude in enumerate(file.exclude)),
    ]


def _check_names(file: MatrixFile, place: str, when: Condition) -> None:
    if not when:
        raise UsageError(f"{place}.when: names no axis", hint="What holds for every cell belongs to [defaults].")
    for axis, values in when.items():
        if axis not in file.axes:
            known = ", ".join(file.axes) or "none"
            raise UsageError(f"{place}.when: there is no axis {axis!r}; axes: {known}.{nearest(axis, file.axes)}")
        for value in values:
            if value not in file.axes[axis]:
                known = ", ".join(file.axes[axis])
                close = nearest(value, file.axes[axis])
                raise UsageError(f"{place}.when: axis {axis!r} has no value {value!r}; values: {known}.{close}")


def _products(file: MatrixFile) -> list[Product]:
    if not file.axes:
        return []
    # Ten axes of ten values are ten billion cells.
    untrusted.CELLS.check(math.prod(map(len, file.axes.values())))
    return [dict(zip(file.axes, values, strict=True)) for values in itertools.product(*file.axes.values())]


def _without_excluded(
    file: MatrixFile, products: Sequence[Product]
) -> tuple[Sequence[Product], list[ExcludedDefinition]]:
    excluded = []
    for at, rule in enumerate(file.exclude):
        out = [product for product in products if holds(rule.when, product)]
        if not out:
            raise UsageError(f"exclude.{at}: holds for nothing that is not excluded already: {_words(rule.when)}")
        excluded.append(ExcludedDefinition(ids=tuple(map(_joined, out)), reason=rule.reason))
        products = [product for product in products if not holds(rule.when, product)]
    return products, excluded


def _cells_of_axes(file: MatrixFile, products: Sequence[Product]) -> Iterator[tuple[str, CellDefinition]]:
    for product in products:
        origin = " ".join(f"{axis}={value}" for axis, value in product.items())
        values = {f"axes.{axis}.{value}": file.axes[axis][value] for axis, value in product.items()}
        includes = [include for include in file.include if holds(include.when, product)]
        names = [_joined(product), *(include.id for include in includes if include.id)]
        yield origin, _cell(origin, names[-1], _merged(file.defaults, values, includes))


def _cells_of_their_own(file: MatrixFile) -> Iterator[tuple[str, CellDefinition]]:
    for at, own in enumerate(file.cells):
        yield f"cells.{at}", _cell(f"cells.{at}", own.id, _merged(file.defaults, {}, [own]))


def _merged(
    defaults: SettingsDefinition, values: Mapping[str, SettingsDefinition], over: Sequence[SettingsDefinition]
) -> dict[str, Any]:
    """Settings of one cell, by key; a key that nobody sets is absent.

    Args:
        values: of axes, by their place in the file.
        over: has the last word, the last of them before the others.
    """
    merged: dict[str, Any] = {}
    for key in _SCALARS:
        of_axes, overriding = (
            _said(key, values),
            [getattr(override, key) for override in over if getattr(override, key) is not None],
        )
        if not overriding and any(said != next(iter(of_axes.values())) for said in of_axes.values()):
            raise UsageError(
                f"{' and '.join(of_axes)} disagree about {key}", hint=f"Let an [[include]] for both say {key}."
            )
        if said := [*_said(key, {"defaults": defaults}).values(), *of_axes.values(), *overriding]:
            merged[key] = said[-1]
    for key in _LISTS:
        several = itertools.chain.from_iterable(
            getattr(setting, key) for setting in (defaults, *values.values(), *over)
        )
        merged[key] = tuple(dict.fromkeys(several))
    words = [defaults.about, ", ".join(_said("about", values).values()), *(override.about for override in over)]
    return merged | {"about": next((some for some in reversed(words) if some), "")}


def _said(key: str, settings: Mapping[str, SettingsDefinition]) -> dict[str, Any]:
    return {place: getattr(setting, key) for place, setting in settings.items() if getattr(setting, key) is not None}


def _cell(origin: str, name: str, settings: Mapping[str, Any]) -> CellDefinition:
    values = {key: value for key, value in settings.items() if key != "cross"} | {"id": name}
    try:
        if "cross" in settings:
            values["toolchain"] = with_cross_prefix(values.get("toolchain", "gcc"), settings["cross"])
        cell = CellDefinition.model_validate(values)
        ToolchainName.parse(cell.toolchain)
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(map(str, first["loc"]))
        words = "is required, and nothing says it" if first["type"] == "missing" else first["msg"]
        raise UsageError(f"{origin}: {key} {words}") from error
    except UsageError as error:
        raise UsageError(f"{origin}: {error.message}", hint=error.hint) from error
    return cell


def _joined(product: Product) -> str:
    return "-".join(product.values())


def _words(when: Condition) -> str:
    return ", ".join(f"{axis} = {' or '.join(values)}" for axis, values in when.items())
