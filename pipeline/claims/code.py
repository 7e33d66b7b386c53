"""Differences in code, in the words of a verdict on a claim."""

from __future__ import annotations

from collections.abc import Sequence

from pipeline.record import CodeRecord
from pipeline.system.text import count

FILES_SHOWN = 5


def how_much(codes: Sequence[CodeRecord]) -> str:
    """How much several comparisons differ, in words; a record names the most changed ones only, where many are."""
    if many := max(code.more_than for code in codes):
        return f"the code of more than {_symbols(many)} differs"
    changed = {(change.path, change.name, change.kind) for code in codes for change in code.changes}
    counted = [code.changed_functions + code.changed_objects for code in codes]
    whole = all(number == len(code.changes) for number, code in zip(counted, codes, strict=True))
    least = max(len(changed), *counted)
    return (
        f"the code of {'' if whole else 'at least '}{_symbols(least)} differs"
        if least
        else "not all code could be read"
    )


def differences(code: CodeRecord) -> str:
    """Functions and data that differ, the most changed first."""
    names = [f"{change.name}()" if change.kind == "function" else change.name for change in code.changes]
    hidden = code.changed_functions + code.changed_objects - len(names[:FILES_SHOWN])
    words = ", ".join([*names[:FILES_SHOWN], *([f"{hidden} more"] if hidden > 0 else [])])
    files = ", ".join(dict.fromkeys(change.path for change in code.changes[:FILES_SHOWN]))
    many = f"more than {_symbols(code.more_than)} differ" if code.more_than else ""
    number = len(code.unread) + code.more_unread
    unread = f"{count(number, 'object file')} could not be read" if number else ""
    return "; ".join(part for part in (f"{words} ({files})" if words else "", many, unread) if part)


def _symbols(number: int) -> str:
    return "1 function or data object" if number == 1 else f"{number} functions and data objects"
