"""Structs from an object's debug information (DWARF version 4, section 5.5 on structure types).

The object was compiled from a patched tree, and headers can put what they like into any section: it is bytes from
outside, read with limits.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import asdict
from io import BytesIO
from itertools import islice
from math import prod
from pathlib import Path
from typing import Any

from elftools.dwarf.die import DIE
from elftools.elf.elffile import ELFFile
from elftools.elf.relocation import RelocationSection
from elftools.elf.sections import SymbolTableSection

from pipeline.model import Layout, Member
from pipeline.system import untrusted, untrusted_dir
from pipeline.system.untrusted import Budget

MOST_MEMBERS = 4096
LARGEST_TYPE = 1 << 40
DEEPEST = 64

# RISC-V's ELF psABI: a word that gets a symbol's value plus the addend, and its bytes.
_RISCV_WORDS = {1: 4, 2: 8}

_AGGREGATES = ("DW_TAG_structure_type", "DW_TAG_union_type")
_TRANSPARENT = (
    *("DW_TAG_typedef", "DW_TAG_const_type", "DW_TAG_volatile_type", "DW_TAG_atomic_type", "DW_TAG_restrict_type"),
)


def layouts(content: bytes, structs: Collection[str]) -> tuple[Layout, ...]:
    """Layouts of those of `structs` that an object file describes in full, in the order of their names.

    Raises:
        ValueError: this is no object with readable debug information, or there is too much of it.
    """
    untrusted.DEBUG_OBJECT.check(len(content))
    try:
        return _read(content, structs)
    except ValueError:
        raise
    except Exception as error:
        # pyelftools raises whatever its parsers meet in damaged bytes.
        raise ValueError(f"damaged debug information: {type(error).__name__}: {error}"[:200]) from error


def read_object(build: str, name: str, structs: Collection[str]) -> list[dict[str, Any]]:
    """The same of a file in a build folder, as JSON; runs in a process of its own."""
    content = untrusted_dir.read(Path(build), name, untrusted.DEBUG_OBJECT.most)
    return [asdict(layout) for layout in layouts(content, structs)]


def _read(content: bytes, structs: Collection[str]) -> tuple[Layout, ...]:
    elf = ELFFile(BytesIO(content))
    for section in elf.iter_sections():
        # The unpacked size of a few bytes is not known beforehand.
        if section.compressed or section.name.startswith(".zdebug"):
            raise ValueError(f"{section.name} is compressed")
    if not elf.has_dwarf_info():
        raise ValueError("the object has no debug information")
    # pyelftools knows the relocations of every architecture here but this one.
    riscv = elf["e_machine"] == "EM_RISCV"
    if riscv:
        elf = ELFFile(BytesIO(_relocated(content, elf)))
    by_name: dict[str, Layout] = {}
    units, entries = Budget(untrusted.DEBUG_UNITS), Budget(untrusted.DEBUG_ENTRIES)
    for unit in elf.get_dwarf_info(relocate_dwarf_sections=not riscv, follow_links=False).iter_CUs():
        units.spend()
        for entry in unit.get_top_DIE().iter_children():
            entries.spend()
            name = _name(entry) if entry.tag == "DW_TAG_structure_type" else ""
            if name in structs and name not in by_name and "DW_AT_byte_size" in entry.attributes:
                by_name[name] = Layout(name, _number(entry, "DW_AT_byte_size"), tuple(_members(entry)))
    return tuple(by_name[name] for name in sorted(by_name))


def _relocated(content: bytes, elf: ELFFile) -> bytes:
    """The object with references to names and sections filled in; those to code stay as they are, nobody reads them."""
    changed = bytearray(content)
    for section in elf.iter_sections():
        if not isinstance(section, RelocationSection) or section.name != ".rela.debug_info":
            continue
        symbols, target = elf.get_section(section["sh_link"]), elf.get_section(section["sh_info"])
        assert isinstance(symbols, SymbolTableSection)
        for relocation in section.iter_relocations():
            length = _RISCV_WORDS.get(relocation["r_info_type"], 0)
            at, inside = target["sh_offset"] + relocation["r_offset"], relocation["r_offset"] + length
            if length and inside <= target["sh_size"] and at + length <= len(content):
                value = symbols.get_symbol(relocation["r_info_sym"])["st_value"] + relocation["r_addend"]
                changed[at : at + length] = (value % (1 << 8 * length)).to_bytes(length, "little")
    return bytes(changed)


def _members(struct: DIE) -> list[Member]:
    """A struct's members, those of anonymous structs and unions at their own offsets."""
    members: list[Member] = []
    waiting = [(struct, 0, 0)]
    entries = 0
    while waiting:
        aggregate, base, depth = waiting.pop(0)
        if depth > DEEPEST:
            raise ValueError(f"structs are nested more than {DEEPEST} deep")
        for entry in aggregate.iter_children():
            entries += 1
            if entries > MOST_MEMBERS:
                raise ValueError(f"a struct of more than {MOST_MEMBERS} members")
            if entry.tag != "DW_TAG_member":
                continue
            offset = base + _offset(entry)
            name, kind = _name(entry), _resolved(entry)
            if not name and kind is not None and kind.tag in _AGGREGATES:
                waiting.append((kind, offset, depth + 1))
            else:
                size = _number(entry, "DW_AT_bit_size") or 8 * _size(kind)
                members.append(Member(name, offset, size))
    return sorted(members, key=lambda member: member.offset)


def _offset(member: DIE) -> int:
    """A member's offset in bits within the aggregate that it is declared in."""
    if "DW_AT_data_bit_offset" in member.attributes:
        return _number(member, "DW_AT_data_bit_offset")
    offset = 8 * _number(member, "DW_AT_data_member_location")
    if "DW_AT_bit_offset" not in member.attributes:
        return offset
    # DWARF 2 counts from the most significant bit of the storage unit.
    unit = 8 * (_number(member, "DW_AT_byte_size") or _size(_resolved(member)))
    first = _number(member, "DW_AT_bit_offset")
    return offset + (unit - first - _number(member, "DW_AT_bit_size") if _little_endian(member) else first)


def _little_endian(entry: DIE) -> bool:
    return bool(entry.dwarfinfo.config.little_endian)


def _size(kind: DIE | None) -> int:
    """A type's size in bytes; 0 where it has none, as a flexible array."""
    size = 1
    for _ in range(DEEPEST):
        if kind is None:
            return 0
        if "DW_AT_byte_size" in kind.attributes:
            return size * _number(kind, "DW_AT_byte_size")
        if kind.tag == "DW_TAG_pointer_type":
            return size * int(kind.cu["address_size"])
        if kind.tag != "DW_TAG_array_type":
            return 0
        size *= prod(_counts(kind))
        if size > LARGEST_TYPE:
            raise ValueError(f"a type of more than {LARGEST_TYPE} bytes")
        kind = _resolved(kind)
    raise ValueError(f"types are nested more than {DEEPEST} deep")


def _counts(array: DIE) -> Iterator[int]:
    """Elements in each dimension of an array."""
    for dimension in islice(array.iter_children(), DEEPEST):
        if dimension.tag == "DW_TAG_subrange_type":
            if "DW_AT_count" in dimension.attributes:
                yield _number(dimension, "DW_AT_count")
            elif "DW_AT_upper_bound" in dimension.attributes:
                yield _number(dimension, "DW_AT_upper_bound") + 1
            else:
                yield 0


def _resolved(entry: DIE) -> DIE | None:
    """The type of an entry below its typedefs and qualifiers; None for void."""
    for _ in range(DEEPEST):
        if "DW_AT_type" not in entry.attributes:
            return None
        entry = entry.get_DIE_from_attribute("DW_AT_type")
        if entry.tag not in _TRANSPARENT:
            return entry
    raise ValueError(f"types are nested more than {DEEPEST} deep")


def _name(entry: DIE) -> str:
    attribute = entry.attributes.get("DW_AT_name")
    return attribute.value.decode("utf-8", "replace")[:200] if attribute and isinstance(attribute.value, bytes) else ""


def _number(entry: DIE, attribute: str) -> int:
    """An attribute's value, 0 where there is none that is a plain number.

    Raises:
        ValueError: it is larger than any that a struct of a kernel has.
    """
    value = entry.attributes.get(attribute)
    if value is None or not isinstance(value.value, int):
        return 0
    if value.value > LARGEST_TYPE:
        raise ValueError(f"a type of more than {LARGEST_TYPE} bytes")
    return max(value.value, 0)
