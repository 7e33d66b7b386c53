"""Splits tables without symbols into entries, each of which belongs to the function that it refers to."""

from __future__ import annotations

import re
from collections.abc import Sequence

from pipeline.measure.code.elf import ObjectFile, Section

BUG_TABLE = "__bug_table"
# Tables whose entries refer to two places in the same way: they belong together (struct exception_table_entry).
_REFERENCES = {BUG_TABLE: 2, "__ex_table": 2, ".static_call_sites": 2}
_SOURCE_NAME = re.compile(rb"[\w./+-]+\.(?:[chS]|rs)")


def strides(elf: ObjectFile, section: Section) -> list[tuple[int, int]]:
    """Positions of the entries of a table: by the period of its relocations, or at the ends of strings."""
    size = section.size
    relocations = elf.relocations.get(section.number, [])
    if not relocations:
        content = elf.bytes_of(section)
        ends = [match.end() for match in re.finditer(rb"\0+", content)]
        return list(zip([0, *ends], [*ends, size], strict=False)) if ends and ends[-1] == size else [(0, size)]
    fields: dict[int, tuple[int, ...]] = {}
    for relocation in relocations:
        fields[relocation.offset] = (*fields.get(relocation.offset, ()), relocation.kind)
    pattern, least = list(fields.items()), _REFERENCES.get(section.name, 1)
    for count in range(len(pattern) // least, 0, -1):
        if len(pattern) % count or size % count:
            continue
        stride, each = size // count, len(pattern) // count
        if all(
            (offset - at // each * stride, kinds) == pattern[at % each] for at, (offset, kinds) in enumerate(pattern)
        ):
            return [(start, start + stride) for start in range(0, size, stride)]
    return [(0, size)]


def without_line(words: Sequence[bytes]) -> list[bytes]:
    """A bug entry without the file and line of its source (struct bug_entry: line and flags follow the addresses)."""
    kept = []
    for word in words:
        kind, _, value = word.partition(b" ")
        if kind.isdigit() and value.startswith(b'"') and _SOURCE_NAME.fullmatch(value[1:]):
            word = kind
        kept.append(word)
    if kept and len(kept[-1]) >= 4:
        kept[-1] = kept[-1][:-4] + kept[-1][-2:]
    return kept
