"""Selections of a tree that turn on an option whose dependencies nothing guarantees ("unmet direct dependencies").

kconfig warns of them in configurations that show them, and these can be rare. Here it is asked what must hold wherever
an option is on: what it depends on, all that these depend on, and what they turn on. What is not in that, but in the
dependencies of what is selected, can be off. Alternatives and comparisons count as met where one of them may be.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping

from pipeline.kernel.kconfig.expression import AllOf, AnyOf, Expression, Option
from pipeline.kernel.kconfig.options import Kconfig
from pipeline.kernel.kconfig.source import read

ARCHITECTURE = "x86"
"""Whose top file is read; what depends on options of another is passed over."""


class Guarantees:
    """Conditions that hold wherever an option is on."""

    def __init__(self, kconfig: Kconfig) -> None:
        self._kconfig = kconfig
        self._known: dict[str, frozenset[str] | None] = {}

    def of(self, option: str) -> frozenset[str] | None:
        """Options that are on wherever this one is, itself among them; None where it can never be on."""
        if option not in self._known:
            self._known[option] = frozenset((option,))
            self._known[option] = self._of(option)
        return self._known[option]

    def _of(self, option: str) -> frozenset[str] | None:
        definitions = self._kconfig.definitions.get(option, ())
        holds = {option}
        # What one of several definitions asks for need not hold for the others.
        if len(definitions) != 1:
            return frozenset(holds) if definitions else None
        (definition,) = definitions
        for depend in definition.depends:
            for name in _conjuncts(depend):
                below = self.of(name)
                if below is None:
                    return None
                holds |= below
        holds |= self._selected(option, frozenset(holds), set())
        return frozenset(holds)

    def alternatives(self, options: Iterable[str]) -> Iterator[AnyOf]:
        """Dependencies of options, and of what these depend on, of which some alternative holds.

        What an option selects is on as well, but its dependencies need not be met.
        """
        left, seen = [*options], set[str]()
        while left:
            option = left.pop()
            definitions = self._kconfig.definitions.get(option, ())
            if option in seen or len(definitions) != 1:
                continue
            seen.add(option)
            for depend in definitions[0].depends:
                left += _conjuncts(depend)
                yield from (part for part in _parts(depend) if isinstance(part, AnyOf))

    def with_all(self, expression: Expression, holds: frozenset[str]) -> frozenset[str] | None:
        """What holds where an expression holds as well; None where it never does."""
        for name in _conjuncts(expression):
            below = self.of(name)
            if below is None:
                return None
            holds |= below
        return holds

    def _selected(self, option: str, holds: frozenset[str], seen: set[str]) -> set[str]:
        """Options that an option turns on, whether their dependencies hold or not."""
        definitions = self._kconfig.definitions.get(option, ())
        for selection in definitions[0].selects if len(definitions) == 1 else ():
            name, condition = str(selection.value), selection.condition
            if name not in seen and set(_conjuncts(condition)) <= holds and not _alternatives(condition):
                seen.add(name)
                self._selected(name, holds, seen)
        return seen


def unmet(texts: Mapping[str, str]) -> dict[tuple[str, str], tuple[tuple[str, ...], str]]:
    """Dependencies that can be unmet, and the place of the selector, by selector and selected option.

    Args:
        texts: Kconfig files by path.

    Raises:
        UsageError: a file cannot be read.
    """
    kconfig = read(texts, {"SRCARCH": ARCHITECTURE, "ARCH": ARCHITECTURE})
    guarantees = Guarantees(kconfig)
    answers: dict[tuple[str, str], tuple[tuple[str, ...], str]] = {}
    for selector, definitions in kconfig.definitions.items():
        holds = guarantees.of(selector)
        for definition in definitions if holds is not None and len(definitions) == 1 else ():
            for selection in definition.selects:
                selected = str(selection.value)
                conditions = [guarantees.of(name) for name in _conjuncts(selection.condition)]
                if None in conditions:
                    continue
                here = (holds or frozenset()).union(*(condition or () for condition in conditions))
                asked = [selector, *_conjuncts(selection.condition)]
                lacking = tuple(_lacking(kconfig, guarantees, selected, here, asked))
                if lacking:
                    answers[selector, selected] = (lacking, definition.place)
    return answers


def _lacking(
    kconfig: Kconfig, guarantees: Guarantees, selected: str, holds: frozenset[str], asked: Collection[str]
) -> Iterator[str]:
    definitions = kconfig.definitions.get(selected, ())
    if len(definitions) == 1:
        for depend in dict.fromkeys(definitions[0].depends):
            if not _may_hold(depend, holds, kconfig) and not any(
                _holds_with_each(depend, condition, holds, kconfig, guarantees)
                for condition in guarantees.alternatives(asked)
            ):
                yield str(depend)


def _holds_with_each(
    expression: Expression, condition: AnyOf, holds: frozenset[str], kconfig: Kconfig, guarantees: Guarantees
) -> bool:
    """Whether an expression holds whichever alternative of a condition does, as in a menu that both options are in."""
    each = [guarantees.with_all(alternative, holds) for alternative in condition.operands]
    return all(more is None or _may_hold(expression, more, kconfig) for more in each)


def _may_hold(expression: Expression, holds: frozenset[str], kconfig: Kconfig) -> bool:
    """Whether an expression holds with these options, as far as that can be told."""
    match expression:
        case Option(name):
            return name in holds
        case AllOf(operands):
            return all(_may_hold(operand, holds, kconfig) for operand in operands)
        case AnyOf(operands):
            return any(_may_hold(operand, holds, kconfig) for operand in operands)
        case _:
            return True


def _conjuncts(expression: Expression) -> Iterator[str]:
    """Options that must be on for an expression to hold."""
    match expression:
        case Option(name):
            yield name
        case AllOf(operands):
            for operand in operands:
                yield from _conjuncts(operand)
        case _:
            return


def _parts(expression: Expression) -> Iterator[Expression]:
    """The expressions that must all hold for one to hold."""
    match expression:
        case AllOf(operands):
            for operand in operands:
                yield from _parts(operand)
        case _:
            yield expression


def _alternatives(expression: Expression) -> bool:
    """Whether more than its options must hold for an expression."""
    match expression:
        case Option(_):
            return False
        case AllOf(operands):
            return any(map(_alternatives, operands))
        case _:
            return str(expression) != "y"
