"""The options that a tree's Kconfig files declare, and their dependencies."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from pipeline.kernel.kconfig.expression import Expression


@dataclass(frozen=True)
class Conditional:
    """A value (an option that is selected, a default) and the condition under which it counts."""

    value: Expression
    condition: Expression


@dataclass(frozen=True)
class Definition:
    """One `config` block; an option may have several.

    Args:
        option: without the prefix `CONFIG_`.
        place: `FILE:LINE`.
        kind: `bool`, `tristate`, `string`, `int`, `hex`; empty where another block says it.
        prompt: when a user can set it; None when there is no prompt.
        depends: its own dependencies and those of the blocks around it, all of which must hold.
        choice: number of the choice that it belongs to.
    """

    option: str
    place: str
    kind: str
    prompt: Expression | None
    depends: tuple[Expression, ...]
    defaults: tuple[Conditional, ...]
    selects: tuple[Conditional, ...]
    implies: tuple[Conditional, ...]
    choice: int | None


@dataclass(frozen=True)
class Selection:
    """An option that selects another, and the condition (its dependencies left out: where it is `y`, they hold)."""

    selector: str
    condition: Expression


@dataclass(frozen=True)
class Kconfig:
    """All options of one architecture.

    Args:
        definitions: by option.
        selections: by the option that is selected.
        choices: options of each choice, by its number.
    """

    definitions: Mapping[str, tuple[Definition, ...]]
    selections: Mapping[str, tuple[Selection, ...]]
    choices: Mapping[int, tuple[str, ...]]
