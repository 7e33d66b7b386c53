"""Splits an object's sections at its symbols, and resolves its relocations to names.

The standard library alone: this runs inside the sandbox, by the system's own Python (see `program`).
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import NamedTuple

from pipeline.measure.code.disassembly import Instruction
from pipeline.measure.code.elf import (
    EM_386,
    EM_S390,
    EM_X86_64,
    STT_FILE,
    STT_SECTION,
    ObjectFile,
    Relocation,
    Section,
    Symbol,
)

# A field of an instruction that counts from the instruction's end: `sym - 4` means `sym`.
_X86_PC_RELATIVE = {EM_386: frozenset({2, 4}), EM_X86_64: frozenset({2, 4, 9, 41, 42})}
# s390x counts from the start of the instruction, two bytes before the field.
_S390_PC_RELATIVE = frozenset({16, 17, 18, 19, 20, 26})

_CLONE = re.compile(r"\.(?:constprop|isra|part|cold|lto_priv|llvm|localalias|cfi_jt)(?=\.|$)|\.\d+(?=\.|$)")
_UNIQUE = re.compile(r"(__UNIQUE_ID_\w*?)_?\d+$|(__initcall__\w*?__)\d+_\d+_|(_?_addressable_\w*?)\d+$")
_RUST_HASH = re.compile(r"17h[0-9a-f]{16}E$")
_LABEL = re.compile(r"\.L|\$[adtx](?:\.|$)")


def plain_name(name: str) -> str:
    """A symbol's name without what compilers and `__UNIQUE_ID()` append to it."""
    name = _RUST_HASH.sub("", _CLONE.sub("", name))
    return _UNIQUE.sub(lambda match: next(group for group in match.groups() if group), name)


class Part(NamedTuple):
    """A function, a data object, or a stretch without a name (`name` is empty) of a section."""

    start: int
    end: int
    name: str
    aliases: tuple[str, ...] = ()


class Place(NamedTuple):
    """A section by its index, and an offset in it."""

    section: int
    offset: int


class Parts:
    """The sections of an object that are loaded, cut into parts.

    Args:
        elf: the object.
        disassembly: its instructions by the section's index, in the order of addresses.
    """

    def __init__(self, elf: ObjectFile, disassembly: Mapping[int, Sequence[Instruction]]) -> None:
        self.elf = elf
        self._disassembly = disassembly
        self._addresses = {
            index: [instruction.address for instruction in instructions] for index, instructions in disassembly.items()
        }
        self._by_section: dict[int, list[Symbol]] = defaultdict(list)
        for symbol in elf.symbols:
            self._by_section[symbol.section].append(symbol)
        self.of = {section.number: self._cut(section) for section in elf.sections if section.loaded}
        self._starts = {index: [part.start for part in parts] for index, parts in self.of.items()}

    @cached_property
    def referred(self) -> Mapping[int, frozenset[int]]:
        """Where relocations by section, or by a label, lead to: offsets by the section's index."""
        places: dict[int, set[int]] = defaultdict(set)
        for index, relocations in self.elf.relocations.items():
            for relocation in relocations:
                place = self.place(relocation, self.bias(index, relocation))
                # A field that holds its own distance from something refers to nothing (RISC-V's SUB32).
                if place and (place.section != index or self.elf.sections[index].executable):
                    places[place.section].add(place.offset)
        return {index: frozenset(offsets) for index, offsets in places.items()}

    def at(self, place: Place) -> Part | None:
        """The part of a section that holds an offset, or ends there."""
        number = bisect_right(self._starts.get(place.section, []), place.offset) - 1
        if number < 0 or place.offset > self.of[place.section][number].end:
            return None
        return self.of[place.section][number]

    def symbol(self, relocation: Relocation) -> Symbol | None:
        """The symbol that a relocation names; None where it names none that exists."""
        symbols = self.elf.symbols
        return symbols[relocation.symbol] if relocation.symbol < len(symbols) else None

    def bias(self, index: int, relocation: Relocation) -> int:
        """The number to add to the addend of a relocation of section `index` for the place that is meant."""
        elf = self.elf
        if not elf.sections[index].executable:
            return 0
        if elf.machine == EM_S390 and relocation.kind in _S390_PC_RELATIVE:
            return -2
        if relocation.kind not in _X86_PC_RELATIVE.get(elf.machine, ()):
            return 0
        number = bisect_right(self._addresses.get(index, []), relocation.offset) - 1
        return self._disassembly[index][number].end - relocation.offset if number >= 0 else 4

    def place(self, relocation: Relocation, bias: int = 0) -> Place | None:
        """Where a relocation leads that has no lasting name to refer to; None where it has one."""
        symbol = self.symbol(relocation)
        if symbol is None or not 0 < symbol.section < len(self.elf.sections):
            return None
        nameless = symbol.kind == STT_SECTION or _LABEL.match(symbol.name) or not symbol.name
        if nameless or (symbol.local and not symbol.size):
            return Place(symbol.section, symbol.value + relocation.addend + bias)
        return None

    def named_place(self, relocation: Relocation) -> Place | None:
        """Where a relocation leads by the name of something that this object defines."""
        symbol = self.symbol(relocation)
        if symbol is None or not 0 < symbol.section < len(self.elf.sections):
            return None
        return Place(symbol.section, symbol.value + relocation.addend)

    def distance_in_table(self, index: int, relocation: Relocation) -> int:
        """How far a field of a jump table is from its start: compilers write `.long label - table` (gcc with -fPIC)."""
        section = self.elf.sections[index]
        if not section.name.startswith(".rodata") or relocation.kind not in _X86_PC_RELATIVE.get(self.elf.machine, ()):
            return 0
        part = self.at(Place(index, relocation.offset))
        return 0 if part is None or part.name else relocation.offset - part.start

    def _cut(self, section: Section) -> list[Part]:
        """A section cut at its symbols, and where it has none at what is referred to."""
        sized: dict[tuple[int, int], list[str]] = {}
        labels: set[int] = {0}
        names: dict[int, str] = {}
        for symbol in self._by_section[section.number]:
            if symbol.kind in (STT_SECTION, STT_FILE) or _LABEL.match(symbol.name) or not symbol.name:
                continue
            if symbol.size:
                sized.setdefault((symbol.value, symbol.value + symbol.size), []).append(symbol.name)
            elif symbol.value < section.size:
                labels.add(symbol.value)
                names[symbol.value] = symbol.name
        cuts = sorted(labels | self.referred.get(section.number, frozenset()))
        parts: list[Part] = []
        at = 0
        for (start, end), called in sorted(sized.items(), key=lambda row: (row[0][0], -row[0][1])):
            if start < at:
                continue
            parts += self._between(at, start, cuts, names)
            first, *others = sorted(map(plain_name, called))
            parts.append(Part(start, min(end, section.size), first, tuple(others)))
            at = end
        parts += self._between(at, section.size, cuts, names)
        return parts

    @staticmethod
    def _between(start: int, end: int, cuts: Sequence[int], names: dict[int, str]) -> list[Part]:
        """A stretch without sizes, cut at those of `cuts` (ascending) that lie in it."""
        cuts = [start, *cuts[bisect_right(cuts, start) : bisect_left(cuts, end)]] if start < end else []
        return [
            Part(at, then, plain_name(names[at]) if at in names else "")
            for at, then in zip(cuts, [*cuts[1:], end], strict=False)
        ]
