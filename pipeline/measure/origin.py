"""The source file of each symbol of vmlinux, by `nm` of the objects that it was linked from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pipeline.kernel import symbols
from pipeline.kernel.make import Make
from pipeline.kernel.toolchain import ToolchainName
from pipeline.system import untrusted

OBJECTS_AT_ONCE = 500
"""Of one `nm` command: its arguments stay far below Linux's limit on them (execve(2))."""


def symbol_origins(make: Make, sources: Mapping[str, str]) -> dict[str, str]:
    """Path of the source file by symbol, for what the build in a cell's folder linked.

    Args:
        sources: of the objects, by target; from kbuild's records.

    Raises:
        ValueError: what nm printed cannot be read, or there is too much of it.
        InfrastructureError: `nm` ran out of time.
    """
    objects = [target for target in sources if target.endswith(".o")]
    tool = ToolchainName.parse(make.cell.toolchain.name).binary_tool("nm")
    origins: dict[str, str] = {}
    for first in range(0, len(objects), OBJECTS_AT_ONCE):
        asked = objects[first : first + OBJECTS_AT_ONCE]
        # An object that nm cannot read has no symbols here; nm prints those of the others all the same.
        done = make.tool(tool, "-A", "--size-sort", "--", *asked)
        own = {target: sources[target] for target in asked}
        symbols.joined(origins, make.read_apart(symbols.read_origins, own, data=done.stdout))
        untrusted.SYMBOLS.check(len(origins))
    return {name: path for name, path in sorted(origins.items()) if path}


def origins_of(names: Sequence[str], *known: Mapping[str, str]) -> dict[str, str]:
    """The source file of each of `names` in the first of `known` that has it; empty where none has."""
    return {name: next((source[name] for source in known if name in source), "") for name in names}
