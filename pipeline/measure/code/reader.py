"""A digest of the code of every function and data object of an object file, without what is not code.

A relocation stands for the name of what it refers to, never for a number: a function that has moved is the same. What
is not code by this reading: where a function lies, how far a jump is, padding, the numbers that compilers append to
names, the line and file of a `WARN()`, unwind tables. Strings and constants without a name are part of whoever uses
them; so are entries of tables that lead to a function (`__ex_table`, `__jump_table`, `.altinstructions`).

The standard library alone: this runs inside the sandbox, by the system's own Python (see `program`).
"""

from __future__ import annotations

import hashlib
import re
import struct
import zlib
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from pipeline.measure.code.disassembly import NOP, Instruction, by_index, without_addends
from pipeline.measure.code.elf import (
    EM_386,
    EM_ARM,
    SHF_MERGE,
    SHF_STRINGS,
    SHT_NOBITS,
    ObjectFile,
    Relocation,
    Section,
)
from pipeline.measure.code.entries import BUG_TABLE, strides, without_line
from pipeline.measure.code.parts import Part, Parts, Place, plain_name

# They say how to unwind or debug, and nothing of it is executed.
_DESCRIPTIVE = re.compile(r"\.(?:eh_frame|orc_|sframe|ARM\.ex|debug|note|comment|discard|llvm)|__patchable_function")
# REL, not RELA: the addend is in the field itself.
_IN_PLACE = (EM_386, EM_ARM)

_TARGET = re.compile(r"(?:0x)?(?P<address>[0-9a-f]+) <[^>]*>")
_COMMENT = re.compile(r"\s*(?:#|//|@|;) (?:0x)?(?P<address>[0-9a-f]+) <[^>]*>.*$")
_RIP = re.compile(r"-?0x[0-9a-f]+\(%[re]ip\)")


class Item(NamedTuple):
    """A function or data object as the reader prints it.

    Args:
        kind: `F` or `D`.
        size: in bytes.
        digest: of its code.
        shape: a byte for each instruction, to tell how much of a function changed.
    """

    kind: str
    size: int
    digest: str
    shape: str
    name: str


class Reader:
    """Reads the code of one object.

    Args:
        elf: the object.
        disassembly: its instructions by the section's index, in the order of addresses.
    """

    def __init__(self, elf: ObjectFile, disassembly: Mapping[int, Sequence[Instruction]]) -> None:
        self._elf = elf
        self._disassembly = disassembly
        self._parts = Parts(elf, disassembly)
        self._code: dict[Place, list[Instruction]] = {}
        for index, parts in self._parts.of.items():
            if elf.sections[index].executable:
                self._share_out(index, parts)
        self._addresses = {place: [instruction.address for instruction in code] for place, code in self._code.items()}
        self._nameless: dict[Place, bytes] = {}
        self._relocated: dict[int, list[int]] = {}

    def items(self) -> list[Item]:
        """The functions and data objects, ordered."""
        entries, tables = self._entries()
        items: list[Item] = []
        for index, parts in self._parts.of.items():
            section = self._elf.sections[index]
            if not _is_looked_at(section):
                continue
            named = [part for part in parts if part.name]
            if section.executable:
                # Code without any name is one nameless piece.
                items += [self._function(section, part, entries[Place(index, part.start)]) for part in named or parts]
            else:
                items += [self._data(section, part) for part in named]
        items += [_table(name, rows) for name, rows in tables.items()]
        return sorted(items)

    def _meant(self, index: int, relocation: Relocation) -> bytes:
        """The target of a relocation of section `index`, in words that stay the same when it moves."""
        parts = self._parts
        bias = parts.bias(index, relocation) - parts.distance_in_table(index, relocation)
        if place := parts.place(relocation, bias):
            return self._at(place)
        symbol = parts.symbol(relocation)
        if symbol is None:
            return b"?%d" % relocation.symbol
        offset = relocation.addend + bias
        if offset and symbol.section in parts.of and self._elf.sections[symbol.section].executable:
            return self._at(Place(symbol.section, symbol.value + offset))
        return f"{plain_name(symbol.name)}{offset:+d}".encode()

    def _at(self, place: Place) -> bytes:
        """The object at an offset: a name and the distance behind it, or the bytes themselves where they have none."""
        section, offset = self._elf.sections[place.section], place.offset
        if section.flags & SHF_MERGE and 0 <= offset < section.size:
            content, width = self._elf.bytes_of(section), max(section.entry_size, 1)
            if section.flags & SHF_STRINGS:
                end = content.find(bytes(width), offset)
                return b'"' + content[offset : end if end >= 0 else None]
            return b"=" + content[offset : offset + width]
        part = self._parts.at(place)
        if part is None:
            return f"[{section.name}]{offset:+d}".encode()
        name = part.name.encode() or self._nameless_digest(section, part)
        addresses = self._addresses.get(Place(place.section, part.start))
        if addresses is None:
            return name + b"%+d" % (offset - part.start)
        # Distances are counted in instructions: the assembler chooses the length of a jump.
        return name + (b"@%d" % bisect_left(addresses, offset) if offset < part.end else b"@end")

    def _nameless_digest(self, section: Section, part: Part) -> bytes:
        """A digest in place of the name of a stretch without one: of its content, not of its relocations' targets."""
        place = Place(section.number, part.start)
        if place not in self._nameless:
            # Two stretches without names may refer to each other.
            self._nameless[place] = b"[]"
            item = self._function(section, part, ()) if section.executable else self._data(section, part)
            self._nameless[place] = b"[%s]" % item.digest.encode()
        return self._nameless[place]

    def _share_out(self, index: int, parts: Sequence[Part]) -> None:
        """Gives each part of an executable section its instructions, padding left out."""
        instructions = self._disassembly.get(index, [])
        at = 0
        for part in parts:
            of_part = []
            while at < len(instructions) and instructions[at].address < part.end:
                if instructions[at].address >= part.start and not NOP.match(instructions[at].text):
                    of_part.append(instructions[at])
                at += 1
            self._code[Place(index, part.start)] = of_part

    def _from(self, index: int, start: int, end: int) -> Iterator[Relocation]:
        """The relocations of a stretch."""
        relocations = self._elf.relocations.get(index, [])
        for at in range(bisect_left(self._offsets(index), start), len(relocations)):
            if relocations[at].offset >= end:
                return
            yield relocations[at]

    def _offsets(self, index: int) -> list[int]:
        if index not in self._relocated:
            self._relocated[index] = [relocation.offset for relocation in self._elf.relocations.get(index, [])]
        return self._relocated[index]

    def _function(self, section: Section, part: Part, entries: Iterable[bytes]) -> Item:
        waiting = list(self._from(section.number, part.start, part.end))[::-1]
        code = _digest(section, part)
        shape = bytearray()
        for instruction in self._code[Place(section.number, part.start)]:
            relocations = []
            while waiting and waiting[-1].offset < instruction.end:
                relocation = waiting.pop()
                if relocation.offset >= instruction.address:
                    relocations.append(relocation)
            text = self._instruction(section.number, instruction, relocations)
            code.update(b"%d:" % len(text) + text)
            shape.append(zlib.crc32(text) & 0xFF)
        for words in sorted(entries):
            code.update(b"+%d:" % len(words) + words)
        return Item("F", part.end - part.start, code.hexdigest(), shape.hex(), part.name or f"[{section.name}]")

    def _instruction(self, index: int, instruction: Instruction, relocations: Sequence[Relocation]) -> bytes:
        text = instruction.text
        if not relocations and "<" not in text:
            return text.encode()
        comment = _COMMENT.search(text)
        if comment:
            text = _RIP.sub("(%rip)", text[: comment.start()])
        if relocations:
            text = _TARGET.sub("*", text)
            if self._elf.machine in _IN_PLACE:
                text = without_addends(text, relocations)
            words = (b"%d %s" % (relocation.kind, self._meant(index, relocation)) for relocation in relocations)
            return b" ".join((text.encode(), *words))
        if comment:
            return text.encode() + b" " + self._at(Place(index, int(comment["address"], 16)))
        return _TARGET.sub(lambda target: self._shown_at(index, int(target["address"], 16)), text).encode()

    def _shown_at(self, index: int, offset: int) -> str:
        return self._at(Place(index, offset)).decode("latin1")

    def _data(self, section: Section, part: Part) -> Item:
        code = _digest(section, part)
        for words in self._data_words(section, part.start, part.end):
            code.update(b"%d:" % len(words) + words)
        return Item("D", part.end - part.start, code.hexdigest(), "", part.name or f"[{section.name}]")

    def _data_words(self, section: Section, start: int, end: int) -> Iterator[bytes]:
        """Bytes of a stretch of data, relocations as what they refer to."""
        if section.kind == SHT_NOBITS:
            yield b"zero %d" % (end - start)
            return
        content = self._elf.bytes_of(section)
        width = 4 if self._elf.machine in _IN_PLACE else 0
        at = start
        for relocation in self._from(section.number, start, end):
            yield content[at : max(relocation.offset, at)]
            at = max(at, relocation.offset + width)
            yield b"%d %s" % (relocation.kind, self._meant(section.number, relocation))
        yield content[at:end]

    def _entries(self) -> tuple[Mapping[Place, list[bytes]], Mapping[str, list[bytes]]]:
        """Entries of nameless tables: by the function that they lead to; of those that lead to none, by the section."""
        owned, tables = defaultdict[Place, list[bytes]](list), defaultdict[str, list[bytes]](list)
        for index, parts in self._parts.of.items():
            section = self._elf.sections[index]
            if section.executable or section.kind == SHT_NOBITS or not _is_looked_at(section):
                continue
            # A nameless part that something refers to belongs to the code that refers to it.
            referred = self._parts.referred.get(index, frozenset())
            nameless = [part for part in parts if not part.name and part.start not in referred]
            stretches = [(part.start, part.end) for part in nameless]
            for start, end in strides(self._elf, section) if stretches == [(0, section.size)] else stretches:
                row, owner = self._entry(section, start, end)
                if owner:
                    owned[owner].append(section.name.encode() + b" " + row)
                elif row.strip(b"\0"):
                    tables[section.name].append(row)
        return owned, tables

    def _entry(self, section: Section, start: int, end: int) -> tuple[bytes, Place | None]:
        """An entry, and the function that its first reference to code leads to."""
        words = list(self._data_words(section, start, end))
        if section.name == BUG_TABLE:
            words = without_line(words)
        for relocation in self._from(section.number, start, end):
            place = self._parts.place(relocation) or self._parts.named_place(relocation)
            part = self._parts.at(place) if place else None
            if place and part and part.name and self._elf.sections[place.section].executable:
                return b"\0".join(words), Place(place.section, part.start)
        return b"\0".join(words), None


def _is_looked_at(section: Section) -> bool:
    """Whether a section's parts count by themselves; strings, constants and alternatives count where they are used."""
    nameless = section.flags & SHF_MERGE or section.name.startswith(".altinstr_replacement")
    return not nameless and not _DESCRIPTIVE.match(section.name)


def _digest(section: Section, part: Part) -> hashlib.blake2b:
    """A digest to be filled, of what has this name and place.

    Of a section's name counts what compilers do not choose: not the symbol's own, nor how often it may be run.
    """
    place = ".text" if section.name.startswith(".text") else section.name.removesuffix(f".{part.name}")
    return hashlib.blake2b(" ".join((place, *part.aliases)).encode(), digest_size=10)


def _table(name: str, rows: Sequence[bytes]) -> Item:
    """A table as a whole, whatever the order of its entries."""
    code = hashlib.blake2b(name.encode(), digest_size=10)
    for row in sorted(rows):
        code.update(b"%d:" % len(row) + row)
    return Item("D", sum(map(len, rows)), code.hexdigest(), "", f"[{name}]")


def code_of(content: bytes, sections: Sequence[tuple[str, list[Instruction]]]) -> list[Item]:
    """The functions and data objects of one object.

    Args:
        content: the object file.
        sections: its instructions, as `disassembled` has them.

    Raises:
        ValueError: it cannot be read.
    """
    try:
        elf = ObjectFile(content)
        return Reader(elf, by_index(elf, sections)).items()
    except (struct.error, IndexError, OverflowError, RecursionError, MemoryError) as error:
        raise ValueError(f"it is damaged: {type(error).__name__}") from error
