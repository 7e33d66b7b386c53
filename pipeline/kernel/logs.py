"""What make printed, read in a process of its own: a series' makefiles can print what they like."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import astuple
from typing import TYPE_CHECKING, Any

from pipeline.kernel import diagnostics
from pipeline.model import Diagnostic
from pipeline.system.confined import UnreadableError

if TYPE_CHECKING:
    from pipeline.kernel.buildhost import Make


def diagnostics_of(make: Make, log: bytes) -> tuple[tuple[Diagnostic, ...], tuple[Diagnostic, ...], bool]:
    """Warnings and errors, and whether the log could be read; where it could not, that is the error."""
    try:
        warnings, errors = make.read_apart(read_log, make.source_prefixes, data=log)
    except UnreadableError as error:
        return (), (Diagnostic("make", 0, str(error)),), False
    return tuple(Diagnostic(*one) for one in warnings), tuple(Diagnostic(*one) for one in errors), True


def read_log(prefixes: Sequence[str], log: bytes) -> list[list[tuple[Any, ...]]]:
    found = diagnostics.parse(log.decode("utf-8", "replace"), prefixes)
    return [[astuple(one) for one in kind] for kind in found]
