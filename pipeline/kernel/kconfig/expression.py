"""Expressions of the Kconfig language and their values (Documentation/kbuild/kconfig-language.rst).

A macro such as `$(cc-option,-mfoo)` is answered by a program of the tree. None is run here: its value is unknown, and
whoever evaluates says what to take it for.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import TypeAlias

from pipeline.system import untrusted


class Tristate(IntEnum):
    N = 0
    M = 1
    Y = 2


@dataclass(frozen=True)
class Option:
    """The value of an option, named without the prefix `CONFIG_`."""

    name: str

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True)
class Literal:
    """`y`, `m`, `n`, a number, or the text of a string."""

    text: str

    def __str__(self) -> str:
        return self.text if self.text in TRISTATES or NUMBER.fullmatch(self.text) else f'"{self.text}"'


@dataclass(frozen=True)
class Macro:
    """A value that only a program of the tree or the environment could tell."""

    text: str

    def __str__(self) -> str:
        return self.text


Term: TypeAlias = Option | Literal | Macro


@dataclass(frozen=True)
class Comparison:
    left: Term
    operator: str
    right: Term

    def __str__(self) -> str:
        return f"{self.left}{self.operator}{self.right}"


class _Compound:
    """An expression of others, which knows what it costs to go through it.

    Parts are shared, so that thirty lines can make a billion of them: what is hashed, written or evaluated one by one
    needs a limit on how many there are. It is kept where each part can be asked at once.
    """

    size: int
    depth: int
    _hash: int

    def _measure(self, *parts: Expression) -> None:
        size, depth = 1 + sum(map(size_of, parts)), 1 + max(map(_depth_of, parts), default=0)
        untrusted.EXPRESSION.check(size)
        untrusted.EXPRESSION_DEPTH.check(depth)
        values = {"size": size, "depth": depth, "_hash": hash((type(self).__name__, parts))}
        for name, value in values.items():
            object.__setattr__(self, name, value)

    def __hash__(self) -> int:
        return self._hash


@dataclass(frozen=True)
class Not(_Compound):
    operand: Expression

    def __post_init__(self) -> None:
        self._measure(self.operand)

    def __hash__(self) -> int:
        return self._hash

    def __str__(self) -> str:
        return f"!{_bracketed(self.operand)}"


@dataclass(frozen=True)
class AllOf(_Compound):
    operands: tuple[Expression, ...]

    def __post_init__(self) -> None:
        self._measure(*self.operands)

    def __hash__(self) -> int:
        return self._hash

    def __str__(self) -> str:
        return " && ".join(
            _bracketed(operand) if isinstance(operand, AnyOf) else str(operand) for operand in self.operands
        )


@dataclass(frozen=True)
class AnyOf(_Compound):
    operands: tuple[Expression, ...]

    def __post_init__(self) -> None:
        self._measure(*self.operands)

    def __hash__(self) -> int:
        return self._hash

    def __str__(self) -> str:
        return " || ".join(str(operand) for operand in self.operands)


Expression: TypeAlias = Term | Comparison | Not | AllOf | AnyOf

YES = Literal("y")
NO = Literal("n")

# No number of Kconfig has more than 64 bits, and int() refuses to read one of thousands of digits.
NUMBER = re.compile(r"-?(?:0[xX][0-9a-fA-F]{1,32}|[0-9]{1,32})")
TRISTATES = {"n": Tristate.N, "m": Tristate.M, "y": Tristate.Y}


def size_of(expression: Expression) -> int:
    """Parts of an expression, each as often as it is written."""
    return expression.size if isinstance(expression, _Compound) else 1


def _depth_of(expression: Expression) -> int:
    return expression.depth if isinstance(expression, _Compound) else 1


def all_of(*operands: Expression) -> Expression:
    """The conjunction, as flat as can be."""
    parts = dict.fromkeys(part for operand in operands for part in conjuncts(operand))
    if NO in parts:
        return NO
    return AllOf(tuple(parts)) if len(parts) > 1 else next(iter(parts), YES)


def any_of(*operands: Expression) -> Expression:
    """The disjunction, as flat as can be."""
    parts: dict[Expression, None] = {}
    for operand in operands:
        if operand == YES:
            return YES
        if operand != NO:
            parts.update(dict.fromkeys(operand.operands if isinstance(operand, AnyOf) else (operand,)))
    return AnyOf(tuple(parts)) if len(parts) > 1 else next(iter(parts), NO)


def negated(operand: Expression) -> Expression:
    """The opposite, without a `!` where one can do without."""
    match operand:
        case Literal("y"):
            return NO
        case Literal("n"):
            return YES
        case Comparison(left, "=" | "!=" as operator, right):
            return Comparison(left, "!=" if operator == "=" else "=", right)
        case Not(inner):
            return inner
    return Not(operand)


def conjuncts(expression: Expression) -> tuple[Expression, ...]:
    """Parts of an expression that must all hold; none for `y`."""
    if expression == YES:
        return ()
    return expression.operands if isinstance(expression, AllOf) else (expression,)


def evaluate(expression: Expression, values: Mapping[str, str], unknown: Tristate = Tristate.N) -> Tristate:
    """The value of an expression in a configuration.

    Args:
        values: of the options, as a `.config` has them; one that is not there is `n`.
        unknown: what macros are taken for. With `Y` the result is the largest that there can be, with `N` the least.
    """
    match expression:
        case Option(name):
            return TRISTATES.get(values.get(name, "n"), Tristate.N)
        case Literal(text):
            return TRISTATES.get(text, Tristate.N)
        case Macro():
            return unknown
        case Comparison():
            return _compared(expression, values, unknown)
        case Not(operand):
            return Tristate(Tristate.Y - evaluate(operand, values, Tristate(Tristate.Y - unknown)))
        case AllOf(operands):
            return min((evaluate(operand, values, unknown) for operand in operands), default=Tristate.Y)
        case AnyOf(operands):
            return max((evaluate(operand, values, unknown) for operand in operands), default=Tristate.N)


def options_in(expression: Expression) -> Iterator[str]:
    """Names of the options that an expression mentions, from left to right."""
    match expression:
        case Option(name):
            yield name
        case Comparison(left, _, right):
            yield from options_in(left)
            yield from options_in(right)
        case Not(operand):
            yield from options_in(operand)
        case AllOf(operands) | AnyOf(operands):
            for operand in operands:
                yield from options_in(operand)


def _bracketed(expression: Expression) -> str:
    return str(expression) if isinstance(expression, Option | Literal | Macro | Not) else f"({expression})"


def _compared(comparison: Comparison, values: Mapping[str, str], unknown: Tristate) -> Tristate:
    if isinstance(comparison.left, Macro) or isinstance(comparison.right, Macro):
        return unknown
    texts = [_text(side, values) for side in (comparison.left, comparison.right)]
    # A string or number that is not set is empty, a tristate is `n`; only the other side tells which it is.
    missing = "n" if set(texts) & set(TRISTATES) else ""
    left, right = (missing if text is None else text for text in texts)
    order = (left > right) - (left < right)
    if NUMBER.fullmatch(left) and NUMBER.fullmatch(right):
        numbers = [int(side, 0) if "x" in side.lower() else int(side) for side in (left, right)]
        order = (numbers[0] > numbers[1]) - (numbers[0] < numbers[1])
    elif left in TRISTATES and right in TRISTATES:
        order = TRISTATES[left] - TRISTATES[right]
    holds = {"=": order == 0, "!=": order != 0, "<": order < 0, ">": order > 0, "<=": order <= 0, ">=": order >= 0}
    return Tristate.Y if holds[comparison.operator] else Tristate.N


def _text(term: Term, values: Mapping[str, str]) -> str | None:
    if isinstance(term, Option):
        value = values.get(term.name)
        return value.removeprefix('"').removesuffix('"') if value is not None else None
    return term.text
