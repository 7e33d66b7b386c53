"""Probes, with which a matrix asks every kernel for values: `probes = ["struct-page", "sizeof:hstate"]`.

Each probe is a file with a class; a new one has a line in `probe`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from pipeline.probes.probe import UNKNOWN, Facts, Probe, StructQuestion
from pipeline.probes.sizeof import SizeofProbe
from pipeline.probes.struct_page import StructPageProbe
from pipeline.system.errors import UsageError

__all__ = ["UNKNOWN", "Facts", "Probe", "StructQuestion", "probe", "structs_of"]

_SIZEOF = re.compile(r"sizeof:(?P<name>[A-Za-z_]\w{0,99})(?:@(?P<header>(?!.*\.\.)[\w+,-][\w+,./-]{0,199}\.h))?")


def structs_of(names: Iterable[str]) -> tuple[StructQuestion, ...]:
    """Structs that must be compiled for probes of these names."""
    return tuple(dict.fromkeys(struct for name in names for struct in probe(name).structs))


def probe(name: str) -> Probe:
    """The probe of that name, as a matrix has it.

    Raises:
        UsageError: there is none.
    """
    if name == "struct-page":
        return StructPageProbe()
    if asked := _SIZEOF.fullmatch(name):
        return SizeofProbe(StructQuestion(asked["name"], asked["header"] or ""))
    raise UsageError(
        f"there is no probe {name!r}", hint='Say "struct-page", "sizeof:STRUCT" or "sizeof:STRUCT@path/of/header.h".'
    )
