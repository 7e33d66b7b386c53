"""Hypothetical configurations: values that differ from a real one, and the requests that make them differ."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from pipeline.kernel.kconfig.expression import Expression, Tristate, evaluate


class Values(Mapping[str, str]):
    """A configuration, and what is different in it: at each step little is, and it has ten thousand options."""

    def __init__(self, base: Mapping[str, str], changes: Mapping[str, str] | None = None) -> None:
        self._base = base
        self._changes = {} if changes is None else changes

    def __getitem__(self, option: str) -> str:
        return self._changes[option] if option in self._changes else self._base[option]

    def __contains__(self, option: object) -> bool:
        return option in self._changes or option in self._base

    def __iter__(self) -> Iterator[str]:
        return iter(self.whole())

    def __len__(self) -> int:
        return len(self.whole())

    def whole(self) -> dict[str, str]:
        return {**self._base, **self._changes}

    def changed(self, changes: Mapping[str, str]) -> Values:
        return Values(self._base, {**self._changes, **changes})

    @property
    def cost(self) -> int:
        """The cost of a copy, in steps of a search."""
        return len(self._changes) // 10


@dataclass(frozen=True)
class State:
    """A configuration as it would be, and the requests that would make it so."""

    values: Values
    requests: Mapping[str, str] = field(default_factory=dict)

    def holds(self, condition: Expression) -> bool:
        return evaluate(condition, self.values, unknown=Tristate.Y) == Tristate.Y

    def fails(self, condition: Expression) -> bool:
        return evaluate(condition, self.values, unknown=Tristate.N) == Tristate.N
