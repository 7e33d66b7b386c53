"""Which source file a symbol of vmlinux was compiled from, by `nm` of the objects that went into it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from pipeline.kernel.buildhost import Make
from pipeline.kernel.commands import Recorded
from pipeline.kernel.toolchain import ToolchainName
from pipeline.measure.coverage import compiled_units

OBJECTS_AT_ONCE = 500
"""Of one `nm` command: its arguments stay far below Linux's limit on them (execve(2))."""

# GNU nm and llvm-nm print "FILE:SIZE TYPE NAME" and "FILE: SIZE TYPE NAME" for -A.
_LINE = re.compile(r"^(?P<object>[^:\n]+): ?[0-9a-f]+ [A-Za-z] (?P<name>\S+)$", re.MULTILINE)
_NUMBER = re.compile(r"\.[0-9]+")


def without_numbers(name: str) -> str:
    """A symbol as scripts/bloat-o-meter names it: `.NUMBER`, which compilers append to clones, is dropped."""
    return _NUMBER.sub("", name)


def symbol_origins(make: Make, recorded: Mapping[str, Recorded]) -> dict[str, str]:
    """Path of the source file by symbol, for what the build in a cell's folder linked, `recorded` by kbuild.

    Raises:
        InfrastructureError: `nm` ran out of time.
    """
    units = compiled_units(recorded)
    sources = {unit.target: unit.source for unit in units}
    objects = [target for target in sources if target.endswith(".o")]
    tool = ToolchainName.parse(make.cell.toolchain.name).binary_tool("nm")
    printed = ""
    for first in range(0, len(objects), OBJECTS_AT_ONCE):
        # An object that nm cannot read has no symbols for us; the others' are printed all the same.
        done = make.tool(tool, "-A", "--size-sort", *objects[first : first + OBJECTS_AT_ONCE])
        printed += done.stdout.decode("utf-8", "replace")
    return parse_origins(printed, sources)


def parse_origins(printed: str, sources: Mapping[str, str]) -> dict[str, str]:
    """Symbol to source file, from what `nm -A --size-sort` printed.

    Args:
        printed: by nm, of several objects.
        sources: of objects.

    Returns:
        Names that several files define (`static` functions often are) are left out: bloat-o-meter adds them up.
    """
    found: dict[str, set[str]] = {}
    for line in _LINE.finditer(printed):
        if source := sources.get(line["object"]):
            found.setdefault(without_numbers(line["name"]), set()).add(source)
    return {name: min(paths) for name, paths in sorted(found.items()) if len(paths) == 1}


def origins_of(names: Sequence[str], *known: Mapping[str, str]) -> dict[str, str]:
    """The source file of each of `names` in the first of `known` that has it; empty where none has."""
    return {name: next((one[name] for one in known if name in one), "") for name in names}
