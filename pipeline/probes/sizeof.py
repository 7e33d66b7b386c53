"""The probe `sizeof:STRUCT` or `sizeof:STRUCT@HEADER`: the size of any struct, in bytes."""

from __future__ import annotations

from dataclasses import dataclass

from pipeline.probes.probe import UNKNOWN, Facts, StructQuestion


@dataclass(frozen=True)
class SizeofProbe:
    """The probe for one struct.

    Args:
        question: which one.
    """

    question: StructQuestion

    @property
    def columns(self) -> tuple[str, ...]:
        return (f"struct {self.question.name}",)

    @property
    def structs(self) -> tuple[StructQuestion, ...]:
        return (self.question,)

    def read(self, facts: Facts) -> tuple[str, ...]:
        size = facts.structs.get(self.question.name)
        return (UNKNOWN if size is None else str(size),)
