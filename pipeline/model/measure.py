"""Values measured of a build: text size, coverage of the series, layout of structs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


@dataclass(frozen=True)
class ChangedFile:
    """A file of kernel code that a series adds or changes.

    Args:
        path: in the tree.
        source: what it holds after the last patch.
        lines: numbers of the lines that the series adds or changes, after the last patch.
        structs: those whose definition it touches.
    """

    path: str
    source: str = field(repr=False)
    lines: tuple[int, ...]
    structs: tuple[str, ...] = ()


@dataclass(frozen=True)
class FileCoverage:
    """The coverage, by a cell, of a file that the series changes.

    Args:
        lines: changed lines that are code: neither blank, nor comment, nor preprocessor directive.
        kept: those of `lines` that the preprocessor kept, or of Rust `#[cfg(…)]`; None where nobody could say.
    """

    path: str
    compiled: bool
    lines: tuple[int, ...] = ()
    kept: tuple[int, ...] | None = ()


@dataclass(frozen=True)
class Coverage:
    """The coverage of a series by a cell; empty when the series changes no code."""

    files: tuple[FileCoverage, ...]


@dataclass(frozen=True)
class Member:
    """A member of a struct, those of its anonymous structs and unions included; offset and size in bits."""

    name: str
    offset: int
    size: int


@dataclass(frozen=True)
class Layout:
    """A struct as a cell compiles it, `size` in bytes; `path` is where the series touches it, else empty."""

    struct: str
    size: int
    members: tuple[Member, ...]
    path: str = ""


@dataclass(frozen=True)
class SymbolDelta:
    """One line of bloat-o-meter's table; `-` in its columns is None here."""

    name: str
    old: int | None
    new: int | None
    delta: int


@dataclass(frozen=True)
class TextDelta:
    """bloat-o-meter's output as data, sizes in bytes, and `verbatim` as it came.

    Args:
        kinds: what of the change is text, rodata, data and bss.
    """

    add: int
    remove: int
    grow: int
    shrink: int
    up: int
    down: int
    delta: int
    before: int
    after: int
    symbols: tuple[SymbolDelta, ...]
    verbatim: str
    kinds: Mapping[str, int] = field(default_factory=dict, hash=False)

    @property
    def summary(self) -> str:
        """The line that cover letters quote."""
        return (
            f"add/remove: {self.add}/{self.remove} grow/shrink: {self.grow}/{self.shrink} "
            f"up/down: {self.up}/{-self.down} ({self.delta})"
        )


class CodeKind(StrEnum):
    """A kind of thing with code of its own: a function, a data object, or an object file that could not be read."""

    FUNCTION = "function"
    DATA = "data"
    OBJECT = "object"


@dataclass(frozen=True)
class CodeChange:
    """Code that differs between two builds.

    Args:
        name: of the symbol, without what compilers append; `[SECTION]` for data without a name.
        path: of the source file that it was compiled from.
        before, after: bytes; None where it does not exist.
        amount: instructions that one of them has and the other has not; 0 for data, and where only their order differs.
    """

    name: str
    path: str
    kind: CodeKind
    before: int | None
    after: int | None
    amount: int


@dataclass(frozen=True)
class CodeDelta:
    """The differences in the code of two builds, relocations kept symbolic; most changed first.

    Args:
        functions, objects: that were compared, as the second build has them.
        unread: object files that could not be read at all, so that nothing is known of them.
        more_than: functions and data objects that differ, where so many do that none of them is told; else 0.
    """

    functions: int
    objects: int
    changes: tuple[CodeChange, ...]
    unread: tuple[str, ...] = ()
    more_than: int = 0


@dataclass(frozen=True)
class NoiseFloor:
    """Two clean builds of one source state (A/A).

    Args:
        text: what bloat-o-meter says of the two.
        sections: those that differ: name, bytes in the first, bytes in the second.
    """

    text: TextDelta
    sections: tuple[tuple[str, int, int], ...]
