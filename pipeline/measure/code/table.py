"""The code of a build as a table, and the differences between two of them; pure."""

from __future__ import annotations

import re
import zlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import zip_longest
from typing import NamedTuple

from pipeline.model import CodeChange, CodeDelta, CodeKind
from pipeline.system import untrusted
from pipeline.system.untrusted import inflated

_UNIT = re.compile(
    r"(?P<mark>[@=?])\t(?P<digest>(?:[0-9a-f]{64})?)\t(?P<path>[^\t\n]+)(?:\t(?P<rest>[^\n]*))?\n"
    r"(?P<items>(?:[FD]\t[0-9]{1,20}\t[0-9a-f]{20}\t(?:[0-9a-f]{2})*\t[^\t\n]+\n)*)"
)
"""A line about an object, and after it one for each of its items."""
MOST_CHANGES = 100_000
"""Items of one side that differ; a header that changes everything in a large kernel comes near it."""


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
    """Parse the reader's output on several objects.

    Args:
        printed: see `pipeline.measure.code.program.main`.
        sources: source paths by object.
        known: a table whose units hold where the reader says so.

    Raises:
        ValueError: it is not what the reader prints.
    """
    units: dict[str, UnitCode] = {}
    for unit in _units(printed):
        path, rest = unit["path"], unit["rest"] or ""
        if path not in (known if unit["mark"] == "=" else sources):
            raise ValueError(f"code of an object that nobody asked about: {path[:80]!r}")
        if unit["mark"] == "=":
            units[path] = known[path]
        else:
            problem = rest if unit["mark"] == "?" else ""
            units[path] = UnitCode(sources[path], unit["digest"], unit["items"].rstrip("\n"), problem)
    return units


def _units(text: str) -> Iterator[re.Match[str]]:
    """The parts of a text, one for each unit, nothing between them."""
    at = 0
    while at < len(text):
        unit = _UNIT.match(text, at)
        if unit is None:
            raise ValueError(f"no line of a table of code: {text[at : at + 80]!r}")
        yield unit
        at = unit.end()


def packed(table: CodeTable) -> bytes:
    """A table as bytes for the store."""
    parts = []
    for path, unit in sorted(table.items()):
        items = f"{unit.items}\n" if unit.items else ""
        problem = unit.problem.replace("\t", " ").replace("\n", " ")
        parts.append(f"@\t{unit.digest}\t{path}\t{unit.source}\t{problem}\n{items}")
    return zlib.compress("".join(parts).encode("utf-8", "replace"))


def unpacked(content: bytes) -> dict[str, UnitCode]:
    """A table out of the store.

    Raises:
        ValueError: these are no bytes of a table, or it is too large.
    """
    table = {}
    for unit in _units(inflated(content, untrusted.CODE_TABLE).decode()):
        source, _, problem = (unit["rest"] or "").partition("\t")
        table[unit["path"]] = UnitCode(source, unit["digest"], unit["items"].rstrip("\n"), problem)
    return table


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
    """The differences between the code of two builds.

    A function that is found with the same code in another file has moved, and has not changed.
    """
    differing = [path for path in sorted({*before, *after}) if _words(before.get(path)) != _words(after.get(path))]
    counts = Counter(line[0] for unit in after.values() for line in unit.items.split("\n") if line)
    unread = tuple(sorted({path for table in (before, after) for path, unit in table.items() if not unit.digest}))
    sides: tuple[list[_Item], list[_Item]] = ([], [])
    for path in differing:
        for side, items in zip(sides, _different(before.get(path), after.get(path), path), strict=True):
            side += items
        if max(map(len, sides)) > MOST_CHANGES:
            return CodeDelta(counts["F"], counts["D"], (), unread, MOST_CHANGES)
    left, right = _unpaired(*sides)
    changes = [change for key in sorted({*left, *right}) for change in _changes(left.get(key, []), right.get(key, []))]
    return CodeDelta(
        functions=counts["F"],
        objects=counts["D"],
        changes=tuple(sorted(changes, key=lambda change: (-change.amount, change.path, change.name))),
        unread=unread,
    )


def _words(unit: UnitCode | None) -> tuple[str, str] | None:
    """The text by which a unit is compared: its items, or its bytes where they could not be read."""
    return None if unit is None else (unit.items, unit.digest if unit.problem else "")


def _different(before: UnitCode | None, after: UnitCode | None, path: str) -> tuple[list[_Item], list[_Item]]:
    """The items of a unit that are not alike on both sides."""
    lines = [Counter(unit.items.split("\n") if unit and not unit.problem else ()) for unit in (before, after)]
    alone = (lines[0] - lines[1], lines[1] - lines[0])
    old, new = (
        [_item(line, unit.source) for line in side.elements() if line and unit]
        + ([_Item("O", path, unit.digest, 0, "", unit.source)] if unit and unit.problem else [])
        for unit, side in zip((before, after), alone, strict=True)
    )
    return old, new


def _item(line: str, source: str) -> _Item:
    kind, size, digest, shape, name = line.split("\t")
    return _Item(kind, name, digest, int(size), shape, source)


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
            yield _change(waiting[after.source].pop(), after)
        else:
            come.append(after)
    unmatched = [before for items in waiting.values() for before in items]
    for pair in zip_longest(unmatched, come):
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
