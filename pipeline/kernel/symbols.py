"""The source file of each symbol of objects, from the output of `nm`; runs in a process of its own."""

from __future__ import annotations

import re
from collections.abc import Mapping

# GNU nm and llvm-nm print "FILE:SIZE TYPE NAME" and "FILE: SIZE TYPE NAME" for -A.
_LINE = re.compile(r"^(?P<object>[^:\n]+): ?[0-9a-f]+ [A-Za-z] (?P<name>\S+)$", re.MULTILINE)
_NUMBER = re.compile(r"\.[0-9]+")


def without_numbers(name: str) -> str:
    """A symbol as scripts/bloat-o-meter names it: `.NUMBER`, which compilers append to clones, is dropped."""
    return _NUMBER.sub("", name)


def parse_origins(printed: str, sources: Mapping[str, str]) -> dict[str, str]:
    """Symbol to source file, from what `nm -A --size-sort` printed.

    Args:
        printed: by nm, of several objects.
        sources: of objects.

    Returns:
        Names that several files define (`static` functions often are) are left out: bloat-o-meter adds them up.
    """
    return {name: path for name, path in sorted(_origins(printed, sources).items()) if path}


def read_origins(sources: Mapping[str, str], printed: bytes) -> dict[str, str]:
    """The same, with nothing for the path of what several files define: others may come with the next objects."""
    return _origins(printed.decode("utf-8", "replace"), sources)


def joined(origins: dict[str, str], more: Mapping[str, str]) -> None:
    """Adds what was read of other objects to `origins`."""
    for name, path in more.items():
        if origins.setdefault(name, path) != path:
            origins[name] = ""


def _origins(printed: str, sources: Mapping[str, str]) -> dict[str, str]:
    origins: dict[str, str] = {}
    # A build can leave millions of lines: each is looked at once, and no more of it than is needed.
    for line in _LINE.finditer(printed):
        made, name = line.groups()
        source = sources.get(made)
        if not source:
            continue
        if "." in name:
            name = without_numbers(name)
        if origins.setdefault(name, source) != source:
            origins[name] = ""
    return origins
