"""What make printed, read in a process of its own: a series' makefiles can print what they like."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import astuple
from typing import TYPE_CHECKING, Any

from pipeline.kernel import diagnostics
from pipeline.kernel.diagnostics import Complaints
from pipeline.model import Diagnostic
from pipeline.system.confined import UnreadableError

if TYPE_CHECKING:
    from pipeline.kernel.buildhost import Make


def complaints_of(make: Make, compiler: str, log: bytes) -> tuple[Complaints, bool]:
    """What the tools complained of, and whether the log could be read; where it could not, that is the error.

    Args:
        compiler: the name of what compiles C.
        log: what make printed.
    """
    try:
        kinds = make.read_apart(read_log, make.source_prefixes, compiler, data=log)
    except UnreadableError as error:
        return Complaints((), (Diagnostic("make", 0, str(error)),), ()), False
    return Complaints(*(tuple(Diagnostic(*fields) for fields in kind) for kind in kinds)), True


def read_log(prefixes: Sequence[str], compiler: str, log: bytes) -> list[list[tuple[Any, ...]]]:
    found = diagnostics.read(log.decode("utf-8", "replace"), prefixes, compiler)
    return [[astuple(one) for one in kind] for kind in (found.warnings, found.errors, found.last_words)]
