"""The protocol of a probe: a question that a matrix asks of every kernel, with columns of its own in reports."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from pipeline.model import StructPage

UNKNOWN = "-"
"""What a column holds where nothing is known."""


@dataclass(frozen=True)
class Facts:
    """Facts on a kernel at one source state.

    Args:
        vmemmap: whether the memmap is virtual; None where the configuration is not known.
        struct_page: None where it was not compiled.
        structs: sizes in bytes of structs that were compiled, by name.
    """

    vmemmap: bool | None = None
    struct_page: StructPage | None = None
    structs: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class StructQuestion:
    """A struct whose layout a probe needs.

    Args:
        name: without the word `struct`.
        header: that declares it, a path in the tree; empty where the headers of every layout do.
    """

    name: str
    header: str = ""


class Probe(Protocol):
    """A question that a matrix asks.

    Args:
        columns: titles of what is shown.
        structs: what must be compiled for it.
    """

    @property
    def columns(self) -> tuple[str, ...]: ...

    @property
    def structs(self) -> tuple[StructQuestion, ...]: ...

    def read(self, facts: Facts) -> tuple[str, ...]:
        """The answer for one kernel: a word for each column, `UNKNOWN` where there is none."""
        ...
