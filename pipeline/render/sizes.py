"""Sizes: a table that says of each column what it counts, and the symbols that change most."""

from __future__ import annotations

from collections.abc import Sequence

from pipeline.record import RunRecord, SymbolRecord
from pipeline.record.kinds import KINDS, kinds


def legend(columns: Sequence[str]) -> str:
    """The meaning of each column of a table of sizes.

    Args:
        columns: the header of `size_rows`.
    """
    kinds_shown = ", ".join(columns[2:])
    return f"size: every symbol, code and data, by bloat-o-meter; {kinds_shown}: symbols in such sections, by nm"


def size_rows(record: RunRecord, labels: Sequence[str]) -> list[tuple[str, ...]]:
    """A table of sizes by kind with its header, for cells that were measured; a kind that no cell moves is left out.

    Args:
        labels: of the record's cells.
    """
    rows = [
        (label, cell.text.delta, kinds(cell)) for label, cell in zip(labels, record.cells, strict=True) if cell.text
    ]
    moved = [name for name in KINDS if name == "text" or any(changes.get(name) for _, _, changes in rows)]
    return [
        ("cell", "size", *moved),
        *(
            (label, f"{delta:+d}", *(f"{changes[name]:+d}" if changes else "-" for name in moved))
            for label, delta, changes in rows
        ),
    ]


def largest_symbols(symbols: Sequence[SymbolRecord], most: int) -> list[SymbolRecord]:
    """The symbols that change most; growers and shrinkers in equal parts where there are enough of both.

    A buffer that is added must not hide that a function became a stub.
    """
    grown, shrunk = (
        sorted(
            (symbol for symbol in symbols if (symbol.delta > 0) is up),
            key=lambda symbol: (-abs(symbol.delta), symbol.name),
        )
        for up in (True, False)
    )
    half = most // 2
    kept = [*grown[: max(half, most - len(shrunk))], *shrunk[: max(half, most - len(grown))]]
    return sorted(kept, key=lambda symbol: (-abs(symbol.delta), symbol.name))
