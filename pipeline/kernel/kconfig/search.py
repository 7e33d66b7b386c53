"""The search for values of options with which a condition holds: one state of a configuration after the other."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial

from pipeline.kernel.kconfig.expression import (
    NO,
    YES,
    AllOf,
    AnyOf,
    Comparison,
    Expression,
    Literal,
    Macro,
    Not,
    Option,
    Tristate,
    all_of,
    evaluate,
    options_in,
    size_of,
)
from pipeline.kernel.kconfig.hypothetical import State, Values
from pipeline.kernel.kconfig.options import Definition, Kconfig
from pipeline.system.untrusted import Budget, TooMuchError

MAX_STEPS = 2_000
"""Options looked at for one condition; those of Linux take at most 200."""
MAX_DEPTH = 100
"""Options that ask for one another."""
MAX_SELECTORS = 12
"""Options tried where one can only be had by what selects it."""


class UnreachableError(Exception):
    """A part of the condition cannot be had; says why."""


class _TangledError(UnreachableError):
    """The search took too long: no other way is tried."""


class Search:
    def __init__(self, kconfig: Kconfig, asked: Mapping[str, str], budget: Budget) -> None:
        self._kconfig = kconfig
        self._asked = asked
        self._budget = budget
        self._steps = 0
        self._mending = set[str]()

    def _spend(self, steps: int) -> None:
        try:
            self._budget.spend(steps)
        except TooMuchError:
            raise _TangledError("what the files of the series depend on is too tangled") from None

    def hold(self, condition: Expression, state: State, above: tuple[str, ...]) -> State:
        """The state in which a condition is `y`; `above` are the options that this is for.

        Raises:
            UnreachableError: there is none.
        """
        self._spend(2 * size_of(condition))
        if state.holds(condition):
            return state
        match condition:
            case AllOf(operands):
                for operand in operands:
                    state = self.hold(operand, state, above)
                # The last request may have undone the first.
                for operand in operands:
                    if not state.holds(operand):
                        raise UnreachableError(f"{operand} does not go with the rest of {condition}")
                return state
            case AnyOf(operands):
                return self._first([partial(self.hold, operand, state, above) for operand in operands])
            case Not(operand):
                return self._fail(operand, state, above)
            case Option(name):
                return self._set(name, state, above)
            case Comparison(Option(name), "=" | "!=" as operator, Literal(text)) if text in ("y", "n"):
                if (operator == "=") == (text == "y"):
                    return self._set(name, state, above)
                return self._unset(name, state, above)
        names = [f"{name} is {state.values.get(name, 'n')}" for name in options_in(condition)]
        needs = f"{above[-1]} needs {condition}" if above else f"{condition} is needed"
        raise UnreachableError(needs + (f" ({', '.join(names)})" if names else ", which does not hold"))

    def kept(self, state: State, above: tuple[str, ...]) -> State:
        """The state in which earlier requests can still be had; what was asked for last may have undone their needs.

        Raises:
            UnreachableError: they do not go together.
        """
        # What a fragment asks for in vain is nobody's need.
        asked = [option for option, value in self._asked.items() if value == "y" and state.values.get(option) == "y"]
        for option in (*asked, *(option for option, value in state.requests.items() if value == "y")):
            needs = self._prompts(option)
            if option in self._mending or not needs or any(state.holds(need) for need in needs):
                continue
            self._mending.add(option)
            try:
                state = self._first([partial(self.hold, need, state, above) for need in needs])
            except _TangledError:
                raise
            except UnreachableError:
                words = f"{option} depends on {needs[0]}, which does not go with the rest"
                raise UnreachableError(words) from None
            finally:
                self._mending.remove(option)
        return state

    def _prompts(self, option: str) -> list[Expression]:
        """What must hold for an option to be asked about, at each place where it can be."""
        definitions = self._kconfig.definitions.get(option, ())
        self._spend(sum(size_of(need) for definition in definitions for need in definition.depends))
        return [
            all_of(*definition.depends, definition.prompt)
            for definition in definitions
            if definition.prompt is not None
        ]

    def _fail(self, condition: Expression, state: State, above: tuple[str, ...]) -> State:
        """The state in which a condition is `n`."""
        self._spend(size_of(condition))
        if state.fails(condition):
            return state
        match condition:
            case AllOf(operands):
                return self._first([partial(self._fail, operand, state, above) for operand in operands])
            case AnyOf(operands):
                for operand in operands:
                    state = self._fail(operand, state, above)
                return state
            case Not(operand):
                return self.hold(operand, state, above)
            case Option(name):
                return self._unset(name, state, above)
            case Comparison(left, "=" | "!=" as operator, right):
                return self.hold(Comparison(left, {"=": "!=", "!=": "="}[operator], right), state, above)
            case Macro():
                return state
        raise UnreachableError(f"{condition} holds")

    def _enter(self, name: str, above: tuple[str, ...]) -> None:
        self._steps += 1
        if self._steps > MAX_STEPS or len(above) > MAX_DEPTH:
            raise _TangledError(f"what {name} depends on is too tangled")
        if name in above:
            raise UnreachableError(f"{name} depends on itself")

    def _set(self, name: str, state: State, above: tuple[str, ...]) -> State:
        """The state in which an option is `y`."""
        self._enter(name, above)
        definitions = self._kconfig.definitions.get(name, ())
        if not definitions:
            raise UnreachableError(f"{name} is no option of this architecture")
        if not {definition.kind for definition in definitions} & {"bool", "tristate"}:
            raise UnreachableError(f"{name} is not a matter of y and n")
        asked = self._asked.get(name) or state.requests.get(name, "y")
        if asked != "y":
            raise UnreachableError(f"{name}={asked} is asked for already")
        return self._first(list(self._ways(name, definitions, state, (*above, name))), f"{name} has no prompt")

    def _ways(
        self, name: str, definitions: Sequence[Definition], state: State, above: tuple[str, ...]
    ) -> Iterator[Callable[[], State]]:
        """How an option can become `y`: asked for, by its defaults, selected."""
        for definition in definitions:
            if definition.prompt is not None:
                yield partial(self._ask, definition, all_of(*definition.depends, definition.prompt), state, above)
        for definition in definitions:
            if definition.prompt == YES:
                continue
            # Where nobody can be asked, the default counts.
            unasked = () if definition.prompt is None else (Not(definition.prompt),)
            for default in definition.defaults:
                if default.value != NO:
                    needs = all_of(*definition.depends, *unasked, default.condition, default.value)
                    yield partial(self._follow, name, needs, state, above)
        if all(definition.prompt is None for definition in definitions):
            yield partial(self._select, name, state, above)

    def _follow(self, name: str, needs: Expression, state: State, above: tuple[str, ...]) -> State:
        return self._became(name, self.hold(needs, state, above))

    def _ask(self, definition: Definition, needs: Expression, state: State, above: tuple[str, ...]) -> State:
        state = self.hold(needs, state, above)
        if definition.choice is not None:
            others = [other for other in self._kconfig.choices[definition.choice] if other != definition.option]
            for other in others:
                if "y" in (self._asked.get(other), state.requests.get(other)):
                    raise UnreachableError(f"{definition.option} excludes {other}, which is asked for already")
            self._spend(len(others) + state.values.cost)
            state = replace(state, values=state.values.changed(dict.fromkeys(others, "n")))
        state = self._became(definition.option, replace(state, requests={**state.requests, definition.option: "y"}))
        return self.kept(state, above)

    def _became(self, name: str, state: State) -> State:
        """The state with an option that is `y`, and all that it selects."""
        changes: dict[str, str] = {}
        # It is read later, with what is added to `changes` below.
        values = Values(state.values, changes)
        waiting = [name]
        while waiting:
            option = waiting.pop()
            if option in changes:
                continue
            changes[option] = "y"
            for definition in self._kconfig.definitions.get(option, ()):
                self._spend(1 + sum(1 + size_of(selected.condition) for selected in definition.selects))
                waiting += [
                    str(selected.value)
                    for selected in definition.selects
                    if values.get(str(selected.value)) != "y" and evaluate(selected.condition, values) == Tristate.Y
                ]
        self._spend(state.values.cost + len(changes))
        return replace(state, values=state.values.changed(changes))

    def _select(self, name: str, state: State, above: tuple[str, ...]) -> State:
        """The state in which something selects an option: that which takes the fewest requests."""
        selections = self._kconfig.selections.get(name, ())
        states: list[State] = []
        reasons: list[str] = []
        for selection in selections[:MAX_SELECTORS]:
            try:
                states.append(self.hold(all_of(Option(selection.selector), selection.condition), state, above))
            except _TangledError:
                raise
            except UnreachableError as error:
                reasons.append(str(error).partition(", and what selects it")[0])
        if not states:
            because = f", and what selects it is out of reach ({reasons[0]})" if reasons else ", and nothing selects it"
            raise UnreachableError(f"{name} has no prompt{because}")
        return self._became(name, min(states, key=lambda state: len(state.requests)))

    def _unset(self, name: str, state: State, above: tuple[str, ...]) -> State:
        """The state in which an option is `n`."""
        self._enter(name, above)
        asked = self._asked.get(name) or state.requests.get(name, "n")
        if asked != "n":
            raise UnreachableError(f"{name}={asked} is asked for already")
        for selection in self._kconfig.selections.get(name, ()):
            self._spend(1 + size_of(selection.condition))
            if not state.fails(all_of(Option(selection.selector), selection.condition)):
                raise UnreachableError(f"{name} is selected by {selection.selector}")
        definitions = self._kconfig.definitions.get(name, ())
        if any(definition.prompt is not None and state.holds(definition.prompt) for definition in definitions):
            return replace(state, values=state.values.changed({name: "n"}), requests={**state.requests, name: "n"})
        defaults = [
            all_of(*definition.depends, default.condition, default.value)
            for definition in definitions
            for default in definition.defaults
        ]
        if any(definition.prompt is not None or not definition.defaults for definition in definitions) or not all(
            any(options_in(given)) for given in defaults
        ):
            raise UnreachableError(f"{name} is y, and has no prompt by which it could be n")
        for given in defaults:
            state = self._fail(given, state, (*above, name))
        return replace(state, values=state.values.changed({name: "n"}))

    def _first(self, ways: Sequence[Callable[[], State]], otherwise: str = "nothing makes it hold") -> State:
        """The first way that leads somewhere; the reason why none does is that of the first one."""
        reasons = []
        for way in ways:
            try:
                return way()
            except _TangledError:
                raise
            except UnreachableError as error:
                reasons.append(str(error))
        raise UnreachableError((reasons or [otherwise])[0])
