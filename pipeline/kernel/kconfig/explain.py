"""Reasons for which kconfig answered otherwise than it was asked."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from pipeline.kernel.kconfig.expression import (
    YES,
    Expression,
    Literal,
    Macro,
    Option,
    Tristate,
    all_of,
    conjuncts,
    evaluate,
    options_in,
)
from pipeline.kernel.kconfig.options import Definition, Kconfig

NO_SUCH_OPTION = "no such option in this tree"
MAX_NAMES = 3
"""Options that a sentence lists before it only counts."""


def explain(kconfig: Kconfig, option: str, asked: str, values: Mapping[str, str]) -> str:
    """Why a request did not survive: `selected by X86_64`; empty when the Kconfig files do not tell.

    Args:
        kconfig: of the cell's architecture.
        option: without the prefix `CONFIG_`.
        asked: its value in the fragment.
        values: options and values of the final configuration.
    """
    definitions = kconfig.definitions.get(option, ())
    if not definitions:
        return NO_SUCH_OPTION
    got = values.get(option, "n")
    if asked in ("n", "m") and got in ("y", "m"):
        return _why_not_less(kconfig, option, asked, values)
    if asked in ("y", "m"):
        return _why_not_more(kconfig, option, asked, values)
    visible = any(
        definition.prompt is not None and _reached(_visibility(definition), values) for definition in definitions
    )
    return "" if visible else _first(_unsettable(kconfig, definitions, values))


def _why_not_less(kconfig: Kconfig, option: str, asked: str, values: Mapping[str, str]) -> str:
    definitions = kconfig.definitions[option]
    level = Tristate.M if asked == "n" else Tristate.Y
    selecting = [
        selection.selector + ("" if selection.condition == YES else f" if {selection.condition}")
        for selection in kconfig.selections.get(option, ())
        if evaluate(all_of(Option(selection.selector), selection.condition), values) >= level
    ]
    if selecting:
        return f"selected by {_listed(list(dict.fromkeys(selecting)))}"
    if asked == "m" and "tristate" not in {definition.kind for definition in definitions}:
        return "it cannot be a module"
    if asked == "m" and values.get("MODULES", "n") == "n":
        return "MODULES is n"
    if all(definition.prompt is None or not _reached(_visibility(definition), values) for definition in definitions):
        return _first(_unsettable(kconfig, definitions, values))
    if any(definition.choice is not None for definition in definitions):
        return "nothing else of its choice is y"
    return ""


def _why_not_more(kconfig: Kconfig, option: str, asked: str, values: Mapping[str, str]) -> str:
    definitions = kconfig.definitions[option]
    level = Tristate.Y if asked == "y" else Tristate.M
    # Where there are several blocks, one with a prompt is what the request was meant for; and what is known to be unmet
    # comes before what only a program of the tree can tell.
    for definition in sorted(definitions, key=lambda definition: definition.prompt is None):
        for unknown in (Tristate.Y, Tristate.N):
            for dependency in conjuncts(all_of(*definition.depends)):
                if evaluate(dependency, values, unknown) < level:
                    return _unmet("depends on", dependency, kconfig, values)
    return _first(_unsettable(kconfig, definitions, values)) or _first(_of_choice(kconfig, definitions, values))


def _unsettable(kconfig: Kconfig, definitions: Sequence[Definition], values: Mapping[str, str]) -> Iterator[str]:
    """The reason why a user cannot set an option whose dependencies are met."""
    prompts = [definition.prompt for definition in definitions if definition.prompt is not None]
    if not prompts:
        defaults = [default for each in definitions for default in each.defaults]
        followed = [
            f"it follows from {default.value}" for default in defaults if not isinstance(default.value, Literal)
        ]
        conditions = [
            f"it is {default.value} if {default.condition}" for default in defaults if default.condition != YES
        ]
        constant = [f"it is always {default.value}" for default in defaults]
        selectors = list(
            dict.fromkeys(selection.selector for selection in kconfig.selections.get(definitions[0].option, ()))
        )
        selected = [f"it is for {_listed(selectors)} to select"] if selectors else []
        why = (*followed, *conditions, *(constant if not selected else ()), *selected, "nothing selects it")
        yield f"has no prompt: {why[0]}"
    for prompt in prompts:
        for condition in conjuncts(prompt):
            if evaluate(condition, values) == Tristate.N:
                yield _unmet("its prompt needs", condition, kconfig, values)


def _of_choice(kconfig: Kconfig, definitions: Sequence[Definition], values: Mapping[str, str]) -> Iterator[str]:
    for definition in definitions:
        if definition.choice is not None:
            for other in kconfig.choices[definition.choice]:
                if values.get(other) == "y" and other != definition.option:
                    yield f"its choice is {other}"


def _unmet(words: str, condition: Expression, kconfig: Kconfig, values: Mapping[str, str]) -> str:
    """A condition that does not hold, and how it stands with the options in it."""
    if isinstance(condition, Macro):
        return f"{words} {condition}, which a program of the tree answers"
    names = list(dict.fromkeys(options_in(condition)))
    if isinstance(condition, Option):
        if condition.name not in kconfig.definitions:
            return f"{words} {condition}, which this architecture does not have"
        return f"{words} {condition}, which is {values.get(condition.name, 'n')}"
    states = ", ".join(f"{name} is {values.get(name, 'n')}" for name in names)
    return f"{words} {condition} ({states})" if states else f"{words} {condition}"


def _visibility(definition: Definition) -> Expression:
    return all_of(*definition.depends, definition.prompt or YES)


def _reached(condition: Expression, values: Mapping[str, str]) -> bool:
    return evaluate(condition, values, unknown=Tristate.Y) > Tristate.N


def _listed(names: Sequence[str]) -> str:
    if len(names) <= MAX_NAMES:
        return " and ".join(filter(None, (", ".join(names[:-1]), names[-1])))
    return f"{', '.join(names[:MAX_NAMES])} and {len(names) - MAX_NAMES} more"


def _first(reasons: Iterator[str]) -> str:
    return next(reasons, "")
