"""The code of a build as a table, and what differs between two of them; pure."""

from __future__ import annotations

import json
import zlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import astuple, dataclass, replace
from itertools import zip_longest
from typing import NamedTuple

from pipeline.model import CodeChange, CodeDelta, CodeKind

LARGEST_TABLE = 256 << 20
"""Bytes of a table that are unpacked; one of a kernel with every driver has a tenth of it."""


@dataclass(frozen=True)
class UnitCode:
    """The code of one object.

    Args:
        source: path in the tree of what it was compiled from.
        digest: SHA-256 of the object file.
        items: lines as the reader prints them: kind, size in bytes, digest, shape, name, with a TAB between them.
        problem: why the object could not be read; then its digest is all that is known of it, if that.
    """

    source: str
    digest: str
    items: str = ""
    problem: str = ""


CodeTable = Mapping[str, UnitCode]
"""Units by the object's path in the build folder."""


class _Item(NamedTuple):
    kind: str
    name: str
    digest: str
    size: int
    shape: str
    source: str


def parse_printed(printed: str, sources: Mapping[str, str], known: CodeTable) -> dict[str, UnitCode]:
    """What the reader printed of several objects.

    Args:
        printed: see `pipeline.measure.code.reader.main`.
        sources: source paths by object.
        known: a table whose units hold where the reader says so.

    Raises:
        ValueError: it is not what the reader prints.
    """
    units: dict[str, UnitCode] = {}
    lines: dict[str, list[str]] = {}
    current = ""
    for line in printed.splitlines():
        mark, *fields = line.split("\t")
        if mark in ("@", "=", "?") and len(fields) >= 2 and fields[1] in (known if mark == "=" else sources):
            digest, current = fields[0], fields[1]
            problem = fields[2] if mark == "?" and len(fields) > 2 else ""
            units[current] = UnitCode(sources[current], digest, problem=problem)
            if mark == "=":
                units[current] = known[current]
        elif mark in ("F", "D") and len(fields) == 4 and fields[0].isdigit() and current:
            lines.setdefault(current, []).append(line)
        else:
            raise ValueError(f"no line of a table of code: {line[:80]!r}")
    return {
        path: replace(unit, items="\n".join(lines[path])) if path in lines else unit for path, unit in units.items()
    }


def packed(table: CodeTable) -> bytes:
    """A table as bytes for the store."""
    rows = [[path, *astuple(unit)] for path, unit in sorted(table.items())]
    return zlib.compress(json.dumps(rows).encode())


def unpacked(content: bytes) -> dict[str, UnitCode]:
    """A table out of the store.

    Raises:
        ValueError: these are no bytes of a table, or it is too large.
    """
    unpacker = zlib.decompressobj()
    try:
        text = unpacker.decompress(content, LARGEST_TABLE)
        if unpacker.unconsumed_tail:
            raise ValueError(f"the table has more than {LARGEST_TABLE >> 20} MiB")
        return {path: UnitCode(*map(str, unit)) for path, *unit in json.loads(text)}
    except (zlib.error, TypeError) as error:
        raise ValueError(f"no table of code: {error}") from error


def with_neutral(
    before: CodeTable, neutral_before: CodeTable, after: CodeTable, neutral_after: CodeTable
) -> tuple[CodeTable, CodeTable]:
    """Two tables in which units that were compiled once more, with every `__LINE__` alike, are given in that form.

    A unit that both sides have is taken in the same form on both.
    """
    left, right = dict(before), dict(after)
    for path in {*neutral_before, *neutral_after}:
        sides = [(left, neutral_before), (right, neutral_after)]
        present = [(table, neutral) for table, neutral in sides if path in table]
        if all(path in neutral and not neutral[path].problem for _, neutral in present):
            for table, neutral in present:
                table[path] = neutral[path]
    return left, right


def compare(before: CodeTable, after: CodeTable) -> CodeDelta:
    """What differs between the code of two builds.

    A function that is found with the same code in another file has moved, and has not changed.
    """
    differing = [path for path in sorted({*before, *after}) if _words(before.get(path)) != _words(after.get(path))]
    left, right = _unpaired(
        *(
            [item for path in differing if path in table for item in _items(table[path], path)]
            for table in (before, after)
        )
    )
    changes = [change for key in sorted({*left, *right}) for change in _changes(left.get(key, []), right.get(key, []))]
    counts = Counter(line[0] for unit in after.values() for line in unit.items.split("\n") if line)
    return CodeDelta(
        functions=counts["F"],
        objects=counts["D"],
        changes=tuple(sorted(changes, key=lambda change: (-change.amount, change.path, change.name))),
        unread=tuple(sorted({path for table in (before, after) for path, unit in table.items() if not unit.digest})),
    )


def _words(unit: UnitCode | None) -> tuple[str, str, str] | None:
    """What of a unit is compared: its items, or its bytes where they could not be read."""
    return None if unit is None else (unit.source, unit.items, unit.digest if unit.problem else "")


def _items(unit: UnitCode, path: str) -> tuple[_Item, ...]:
    if unit.problem:
        return (_Item("O", path, unit.digest, 0, "", unit.source),)
    rows = (line.split("\t") for line in unit.items.split("\n") if line)
    return tuple(_Item(kind, name, digest, int(size), shape, unit.source) for kind, size, digest, shape, name in rows)


Unpaired = dict[tuple[str, str], list[_Item]]


def _unpaired(old: Iterable[_Item], new: Iterable[_Item]) -> tuple[Unpaired, Unpaired]:
    """Items by kind and name that have no equal on the other side; equals in one file go together first."""
    left, right = list(old), list(new)
    for with_source in (True, False):
        left, right = _without_equals(left, right, with_source=with_source)
    return _by_name(left), _by_name(right)


def _without_equals(
    old: Iterable[_Item], new: Iterable[_Item], *, with_source: bool
) -> tuple[list[_Item], list[_Item]]:
    waiting: dict[tuple[str, ...], list[_Item]] = defaultdict(list)
    for item in old:
        waiting[_identity(item, with_source)].append(item)
    right = []
    for item in new:
        if equals := waiting.get(_identity(item, with_source)):
            equals.pop()
        else:
            right.append(item)
    return [item for items in waiting.values() for item in items], right


def _identity(item: _Item, with_source: bool) -> tuple[str, ...]:
    return item.kind, item.name, item.digest, item.source if with_source else ""


def _by_name(items: Iterable[_Item]) -> Unpaired:
    named: Unpaired = defaultdict(list)
    for item in items:
        named[item.kind, item.name].append(item)
    return named


_KINDS = {"F": CodeKind.FUNCTION, "D": CodeKind.DATA, "O": CodeKind.OBJECT}


def _changes(old: Iterable[_Item], new: Iterable[_Item]) -> Iterator[CodeChange]:
    """Changes of one name: those within a file go together first."""
    waiting: dict[str, list[_Item]] = defaultdict(list)
    for item in old:
        waiting[item.source].append(item)
    come = []
    for after in new:
        if waiting[after.source]:
            yield _change(waiting[after.source].pop(0), after)
        else:
            come.append(after)
    gone = [before for items in waiting.values() for before in items]
    for pair in zip_longest(gone, come):
        yield _change(*pair)


def _change(before: _Item | None, after: _Item | None) -> CodeChange:
    item = after or before
    assert item is not None
    return CodeChange(
        name=item.name,
        path=item.source,
        kind=_KINDS[item.kind],
        before=before.size if before else None,
        after=after.size if after else None,
        amount=_amount(before.shape if before else "", after.shape if after else ""),
    )


def _amount(before: str, after: str) -> int:
    """Instructions that one shape has and the other has not, whatever their order."""
    old, new = (Counter(bytes.fromhex(shape)) for shape in (before, after))
    return max((old - new).total(), (new - old).total())
