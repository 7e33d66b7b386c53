"""Conditions of makefiles on options: `ifdef CONFIG_X`, `ifeq ($(CONFIG_X),y)`, and what is usual besides."""

from __future__ import annotations

import re
from collections.abc import Mapping

from pipeline.kernel.kconfig.expression import (
    NO,
    YES,
    Comparison,
    Expression,
    Literal,
    Macro,
    Not,
    Option,
    all_of,
    any_of,
    negated,
    size_of,
)
from pipeline.system import untrusted
from pipeline.system.untrusted import Budget

BITS: Mapping[str, Expression] = {"32": Not(Option("64BIT")), "64": Option("64BIT")}
"""When the variable BITS, which the architectures' makefiles set, has a value."""

_OPTION = re.compile(r"\$[({]CONFIG_(\w+)[)}]")
_OPTIONS = re.compile(r"(?:\s*\$[({]CONFIG_\w+[)}])+\s*")
_FUNCTION = re.compile(r"\$[({](filter|or|and)\s(.*)[)}]")
_WORD = re.compile(r"[\w.-]*")
_QUOTED = re.compile(r"([\"'])([^\"']*)\1\s*([\"'])([^\"']*)\3")


class Conditions:
    """Puts conditions together, and counts what that takes over all makefiles of a tree."""

    def __init__(self) -> None:
        self.budget = Budget(untrusted.MAKE_STEPS)

    def all_of(self, *operands: Expression) -> Expression:
        self.budget.spend(1 + sum(map(size_of, operands)))
        return all_of(*operands)

    def any_of(self, *operands: Expression) -> Expression:
        self.budget.spend(1 + sum(map(size_of, operands)))
        return any_of(*operands)


def parse(line: str, variables: Mapping[str, str]) -> Expression:
    """The condition of a line that begins with ifdef, ifndef, ifeq or ifneq; a `Macro` where it is of other things.

    Args:
        variables: of make, already put in where the line has them in brackets.
    """
    keyword = next((word for word in ("ifdef", "ifndef", "ifeq", "ifneq") if line.startswith(word)), "")
    rest = line.removeprefix(keyword).strip()
    if keyword in ("ifdef", "ifndef"):
        name = rest.removeprefix("CONFIG_")
        condition: Expression = Macro(line)
        if name != rest:
            condition = Comparison(Option(name), "!=", NO)
        elif rest in variables:
            condition = YES if variables[rest] else NO
    else:
        condition = (_equal(rest) if keyword else None) or Macro(line)
    if isinstance(condition, Macro):
        return condition
    return negated(condition) if keyword in ("ifndef", "ifneq") else condition


def _equal(rest: str) -> Expression | None:
    """The condition under which the two arguments of ifeq are the same; None where that cannot be told."""
    sides = _sides(rest)
    if sides is None:
        return None
    left, right = sides
    if not _WORD.fullmatch(right):
        left, right = right, left
    if not _WORD.fullmatch(right):
        return None
    if left == "$(BITS)" and right in ("32", "64"):
        return BITS[right]
    if _WORD.fullmatch(left):
        return YES if left == right else NO
    if _OPTIONS.fullmatch(left):
        return _options_equal(_OPTION.findall(left), right)
    return _function_equal(left, right)


def _options_equal(names: list[str], text: str) -> Expression | None:
    """The condition under which options, one after the other, make up a text: `$(CONFIG_A)$(CONFIG_B)` and `yy`."""
    if len(names) == 1:
        return Comparison(Option(names[0]), "=", Literal(text) if text else NO)
    if not text:
        return all_of(*(Comparison(Option(name), "=", NO) for name in names))
    if len(text) == len(names) and set(text) <= {"y", "m"}:
        return all_of(*(Comparison(Option(name), "=", Literal(value)) for name, value in zip(names, text, strict=True)))
    return None


def _function_equal(left: str, right: str) -> Expression | None:
    """`filter`, `or` and `and` over options, compared with nothing or with `y`."""
    match = _FUNCTION.fullmatch(left)
    if match is None or right not in ("", "y"):
        return None
    function, arguments = match.groups()
    wanted = ["y", "m"]
    if function == "filter":
        pattern, _, arguments = arguments.partition(",")
        wanted = pattern.split()
    if not set(wanted) <= {"y", "m"} or not _OPTIONS.fullmatch(arguments.replace(",", " ")):
        return None
    options = [
        any_of(*(Comparison(Option(name), "=", Literal(value)) for value in wanted))
        for name in _OPTION.findall(arguments)
    ]
    holds = all_of(*options) if function == "and" else any_of(*options)
    return holds if right else negated(holds)


def _sides(rest: str) -> tuple[str, str] | None:
    if rest.startswith("("):
        depth = 0
        for at, character in enumerate(rest):
            depth += {"(": 1, ")": -1}.get(character, 0)
            if character == "," and depth == 1:
                return rest[1:at].strip(), rest[at + 1 :].rstrip().removesuffix(")").strip()
        return None
    # No quote within quotes: to find out where they end would take the square of the line's length.
    quoted = _QUOTED.fullmatch(rest)
    return (quoted[2], quoted[4]) if quoted else None
