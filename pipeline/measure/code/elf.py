"""The tables of an object file (System V ABI, chapter 4: ELF): sections, symbols, relocations.

The standard library alone: this runs inside the sandbox, by the system's own Python (see `program`).
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import NamedTuple

EM_386, EM_S390, EM_ARM, EM_X86_64 = 3, 22, 40, 62
SHF_MERGE, SHF_STRINGS = 0x10, 0x20
SHT_NOBITS = 8
STT_SECTION, STT_FILE, _STT_FUNC = 3, 4, 2

_SHT_SYMTAB, _SHT_RELA, _SHT_REL, _SHT_SYMTAB_SHNDX = 2, 4, 9, 18
# PROGBITS, NOBITS, and arrays of constructors.
_LOADED = frozenset({1, SHT_NOBITS, 14, 15, 16})
_SHF_ALLOC, _SHF_EXECINSTR = 2, 4
_SHN_LORESERVE, _SHN_XINDEX = 0xFF00, 0xFFFF

_ARM_BRANCHES, _ARM_MOVES, _ARM_WORDS = frozenset({1, 28, 29}), frozenset({43, 44, 45, 46}), frozenset({2, 3, 38, 42})


class Section(NamedTuple):
    number: int
    name: str
    kind: int
    flags: int
    offset: int
    size: int
    link: int
    info: int
    entry_size: int

    @property
    def executable(self) -> bool:
        return bool(self.flags & _SHF_EXECINSTR)

    @property
    def loaded(self) -> bool:
        return bool(self.flags & _SHF_ALLOC) and self.kind in _LOADED


class Symbol(NamedTuple):
    name: str
    kind: int
    local: bool
    section: int
    value: int
    size: int


class Relocation(NamedTuple):
    offset: int
    kind: int
    symbol: int
    addend: int


class ObjectFile:
    """The tables of an ELF object.

    Raises:
        ValueError: it is none, or is damaged.
    """

    def __init__(self, content: bytes) -> None:
        self.content = content
        if content[:4] != b"\x7fELF" or len(content) < 52:
            raise ValueError("it is no ELF object")
        self.wide = content[4] == 2
        self.order = "<" if content[5] == 1 else ">"
        self.machine = self._unpacked("H", 18)[0]
        self.sections = self._sections()
        self.symbols = self._symbols()
        self.relocations = {
            section.info: sorted(self._relocations(section))
            for section in self.sections
            if section.kind in (_SHT_REL, _SHT_RELA) and self._counts(section.info)
        }

    def bytes_of(self, section: Section) -> bytes:
        if section.kind == SHT_NOBITS:
            return b""
        return self.content[section.offset : section.offset + section.size]

    def _unpacked(self, form: str, offset: int) -> tuple[int, ...]:
        return struct.unpack_from(self.order + form, self.content, offset)

    def _counts(self, index: int) -> bool:
        return 0 < index < len(self.sections) and self.sections[index].loaded

    def _sections(self) -> list[Section]:
        start = self._unpacked("Q", 40)[0] if self.wide else self._unpacked("I", 32)[0]
        entry_size, count, names = self._unpacked("HHH", 58 if self.wide else 46)
        form = "IIQQQQIIQQ" if self.wide else "IIIIIIIIII"
        if not start or entry_size < struct.calcsize(self.order + form):
            raise ValueError("it has no sections")
        first = self._unpacked(form, start)
        # More sections than the header's fields can count: the first section has the number (System V ABI, 4).
        count, names = count or first[5], first[6] if names == 0xFFFF else names
        if count * entry_size > len(self.content):
            raise ValueError("it has more sections than bytes")
        rows = [self._unpacked(form, start + index * entry_size) for index in range(count)]
        strings = rows[names][4] if names < len(rows) else 0
        return [
            Section(at, self._string(strings + row[0]), row[1], row[2], row[4], row[5], row[6], row[7], row[9])
            for at, row in enumerate(rows)
        ]

    def _string(self, offset: int) -> str:
        end = self.content.find(b"\0", offset, offset + 4096)
        return self.content[offset : max(end, offset)].decode("utf-8", "replace")

    def _symbols(self) -> list[Symbol]:
        tables = [section for section in self.sections if section.kind == _SHT_SYMTAB]
        if not tables:
            return []
        table = tables[0]
        strings = self.sections[table.link].offset if table.link < len(self.sections) else 0
        extended = [
            section for section in self.sections if section.kind == _SHT_SYMTAB_SHNDX and section.link == table.number
        ]
        content = self.bytes_of(table)
        form = struct.Struct(self.order + ("IBBHQQ" if self.wide else "IIIBBH"))
        symbols = []
        for at, row in enumerate(form.iter_unpack(content[: len(content) // form.size * form.size])):
            name, info, section, value, size = (
                (row[0], row[1], row[3], row[4], row[5]) if self.wide else (row[0], row[3], row[5], row[1], row[2])
            )
            if section == _SHN_XINDEX and extended:
                section = self._unpacked("I", extended[0].offset + 4 * at)[0]
            elif section >= _SHN_LORESERVE:
                section = 0
            if self.machine == EM_ARM and info & 15 == _STT_FUNC:
                # The lowest bit says that it is Thumb code (ELF for the ARM architecture, section 5.5.3).
                value &= ~1
            symbols.append(Symbol(self._string(strings + name), info & 15, info >> 4 == 0, section, value, size))
        return symbols

    def _relocations(self, table: Section) -> Iterator[Relocation]:
        with_addend = table.kind == _SHT_RELA
        form = struct.Struct(self.order + ("QQq" if self.wide else "IIi")[: 3 if with_addend else 2])
        target = self.bytes_of(self.sections[table.info])
        content = self.bytes_of(table)
        shift, mask = (32, 0xFFFFFFFF) if self.wide else (8, 0xFF)
        for row in form.iter_unpack(content[: len(content) // form.size * form.size]):
            kind = row[1] & mask
            addend = row[2] if with_addend else self._addend_in_place(target, row[0], kind)
            yield Relocation(row[0], kind, row[1] >> shift, addend)

    def _addend_in_place(self, content: bytes, offset: int, kind: int) -> int:
        """The addend that a REL relocation keeps in the field itself (ELF for the ARM architecture, 5.6; i386 ABI)."""
        if offset + 4 > len(content):
            return 0
        signed: int = struct.unpack_from(self.order + "i", content, offset)[0]
        if self.machine != EM_ARM or kind in _ARM_WORDS:
            return signed
        if kind in _ARM_BRANCHES:
            return (((signed & 0xFFFFFF) ^ 0x800000) - 0x800000) * 4 + 8
        if kind in _ARM_MOVES:
            return (((signed >> 4 & 0xF000) | (signed & 0xFFF)) ^ 0x8000) - 0x8000
        return 0
