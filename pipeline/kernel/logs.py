"""Parses make's output in a process of its own: a series' makefiles can print what they like."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import astuple
from typing import TYPE_CHECKING, Any

from pipeline.kernel import diagnostics
from pipeline.kernel.diagnostics import Complaints
from pipeline.model import Diagnostic
from pipeline.system.confined import UnreadableError

if TYPE_CHECKING:
    from pipeline.kernel.make import Make

# `  CC [M]  a.o`, `  RUSTC L rust/kernel.o`.
_STEP = re.compile(r"  [A-Z][A-Z0-9_+-]*(?: \[[A-Z]+\]| [A-Z]{1,2}(?= ))? +(?P<target>\S+)")
_NO_RULE = re.compile(r"(?:No rule to make target|don't know how to make) [`'\"](?P<target>[^'\"]+)['\"]")
OTHERS = ""
"""In place of a target: what make printed outside of the steps of those that were asked for."""


def complaints_of(make: Make, compiler: str, log: bytes) -> tuple[Complaints, bool]:
    """Complaints of the tools, and whether the log could be read; where it could not, that is the error.

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
    complaints = diagnostics.read(log.decode("utf-8", "replace"), prefixes, compiler)
    return [
        [astuple(diagnostic) for diagnostic in kind]
        for kind in (complaints.warnings, complaints.errors, complaints.last_words)
    ]


def complaints_by_target(make: Make, compiler: str, sources: Mapping[str, str], log: bytes) -> dict[str, Complaints]:
    """Complaints by target; those of no target are under `OTHERS`.

    kbuild names a step before its tools speak, and prints both at once. What names the source of a target is of that
    one, wherever it stands.

    Args:
        compiler: the name of what compiles C.
        sources: of the targets that make was asked for.
        log: what make printed.

    Raises:
        UnreadableError: it cannot be read.
    """
    by_target = make.read_apart(read_by_target, make.source_prefixes, compiler, dict(sources), data=log)
    return {
        target: Complaints(*(tuple(Diagnostic(*fields) for fields in kind) for kind in kinds))
        for target, kinds in by_target.items()
    }


def read_by_target(
    prefixes: Sequence[str], compiler: str, sources: Mapping[str, str], log: bytes
) -> dict[str, list[list[tuple[Any, ...]]]]:
    parts: dict[str, list[str]] = defaultdict(list)
    current = OTHERS
    for line in log.decode("utf-8", "replace").split("\n"):
        if step := _STEP.match(line):
            current = step["target"] if step["target"] in sources else OTHERS
        parts[current].append(line)
    owners = {source: target for target, source in sources.items()}
    by_target: dict[str, list[list[tuple[Any, ...]]]] = {target: [[], [], []] for target in (OTHERS, *sources)}
    for part, lines in parts.items():
        complaints = diagnostics.read("\n".join(lines), prefixes, compiler)
        for at, kind in enumerate((complaints.warnings, complaints.errors, complaints.last_words)):
            for diagnostic in kind:
                rule = _NO_RULE.search(diagnostic.message)
                named = rule["target"] if rule and rule["target"] in sources else diagnostic.path
                by_target[owners.get(named, named if named in sources else part)][at].append(astuple(diagnostic))
    return by_target
