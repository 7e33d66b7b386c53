"""Neutralizes a record: the words of strangers in it pass through here before a report uses them.

A record holds mail, compilers' messages and symbol names as they came.
"""

from __future__ import annotations

import operator
from dataclasses import replace
from typing import Any, TypeVar
from weakref import WeakValueDictionary

from pydantic import BaseModel

from pipeline.record import RunRecord, SymbolRecord
from pipeline.record.public import for_others
from pipeline.system.text import visible, visible_code

AnyRecord = TypeVar("AnyRecord", bound=BaseModel)

_made: WeakValueDictionary[int, BaseModel] = WeakValueDictionary()
"""Records that are neutral, by their ids: every judgement asks for one, of a record that a report made so before."""
_FIELDS_WITH_LINES = ("body", "verbatim", "log", "diff")
_FIELDS_WITH_TABS = ("diff", "body")


def neutral(record: AnyRecord) -> AnyRecord:
    """The record with every string `visible`, and a run's `for_others`; line ends stay in fields that have lines.

    One that was made so is returned as it is.
    """
    if _made.get(id(record)) is record:
        return record
    clean: AnyRecord = _clean(for_others(record) if isinstance(record, RunRecord) else record)
    _made[id(clean)] = clean
    return clean


def _clean(value: Any, key: str = "") -> Any:
    """A value of a field of that name; the same object where there is nothing to clean, as in all but all of them."""
    if isinstance(value, str):
        if value.isprintable():
            return value
        clean = visible_code if key in _FIELDS_WITH_TABS else visible
        return "\n".join(map(clean, value.split("\n") if key in _FIELDS_WITH_LINES else [value]))
    if isinstance(value, tuple):
        items = tuple([_clean(item, key) for item in value])
        return value if all(map(operator.is_, items, value)) else items
    if isinstance(value, SymbolRecord):
        printable = value.name.isprintable() and value.path.isprintable()
        return value if printable else replace(value, name=visible(value.name), path=visible(value.path))
    if isinstance(value, BaseModel):
        fields = {name: (old, _clean(old, name)) for name, old in value}
        changed = {name: new for name, (old, new) in fields.items() if new is not old}
        return value.model_copy(update=changed) if changed else value
    if isinstance(value, dict):
        return {visible(name): _clean(inner, name) for name, inner in value.items()}
    return value
