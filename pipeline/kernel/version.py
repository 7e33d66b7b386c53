"""The version of a kernel tree, as its Makefile spells it; pure."""

from __future__ import annotations

import re

_PART = re.compile(r"^(VERSION|PATCHLEVEL|SUBLEVEL|EXTRAVERSION)[ \t]*=[ \t]*([\w.+~-]*)", re.MULTILINE)


def kernel_version(makefile: str) -> str:
    """`6.12.3-rc1`, as `make kernelversion` says it; nothing where the text has none."""
    parts: dict[str, str] = {}
    for name, value in _PART.findall(makefile):
        parts.setdefault(name, value)
    numbers = [parts[name] for name in ("VERSION", "PATCHLEVEL", "SUBLEVEL") if parts.get(name)]
    return ".".join(numbers) + parts.get("EXTRAVERSION", "") if numbers else ""
