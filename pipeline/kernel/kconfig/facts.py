"""Conditions on a tree and its configuration, in the Kconfig language: `ARCH_HAS_X && !$(prompt,SPARSEMEM)`.

Options have their values in the final configuration of the cell. Three functions ask what no configuration tells:
`$(defined,X)`, whether the tree has the option; `$(prompt,X)`, whether a user can set it at all; `$(since,6.18)`,
whether the kernel is that version or a later one, for what Kconfig cannot be asked.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from pipeline.kernel.kconfig.expression import Tristate, evaluate
from pipeline.kernel.kconfig.options import Kconfig
from pipeline.kernel.kconfig.syntax import parse_expression
from pipeline.system.errors import UsageError

_CALL = re.compile(r"\$\(([^()]*)\)")
_FUNCTION = re.compile(r"(?:(defined|prompt),(\w+)|(since),(\d+(?:\.\d+)*))")
_NUMBERS = re.compile(r"\d+(?:\.\d+)*")


@dataclass(frozen=True)
class Facts:
    """Facts on a tree and its configuration, for conditions.

    Args:
        values: of the options in the final configuration.
        kconfig: reads the options of the architecture, when they are asked for.
        version: of the kernel, as `7.3.4`; read when it is asked for.
    """

    values: Mapping[str, str]
    kconfig: Callable[[], Kconfig]
    version: Callable[[], str]


def check_condition(condition: str) -> None:
    """Raises UsageError when `condition` is none."""
    text = _CALL.sub(lambda call: _checked(call[1]), condition)
    if "$(" in text:
        raise UsageError(f"no question within another: {condition!r}", hint="Join questions by && and ||.")
    parse_expression(text)


def holds(condition: str, facts: Facts) -> bool:
    """Whether a condition holds of a cell on a tree."""
    text = _CALL.sub(lambda call: "y" if _answered(call[1], facts) else "n", condition)
    return evaluate(parse_expression(text), facts.values) > Tristate.N


def numbers(version: str) -> tuple[int, ...]:
    """The numbers that a version begins with, for comparing: `6.18-rc2` is (6, 18)."""
    match = _NUMBERS.match(version)
    return tuple(map(int, match[0].split("."))) if match else ()


def _checked(call: str) -> str:
    if not _FUNCTION.fullmatch(call):
        raise UsageError(
            f"no such question: $({call})",
            hint="There are $(defined,OPTION), $(prompt,OPTION) and $(since,VERSION).",
        )
    return "y"


def _answered(call: str, facts: Facts) -> bool:
    _checked(call)
    function, _, argument = call.partition(",")
    if function == "since":
        return numbers(facts.version()) >= numbers(argument)
    definitions = facts.kconfig().definitions.get(argument, ())
    return (
        bool(definitions) if function == "defined" else any(definition.prompt is not None for definition in definitions)
    )
