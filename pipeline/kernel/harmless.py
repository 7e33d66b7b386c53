"""Which changes of a source tree leave nothing of their own making in a build folder.

A series that changes C alone is compiled by the tree's own makefiles and programs: what it leaves are objects that make
knows how to judge. One that changes what runs during the build could leave behind anything.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from pathlib import PurePosixPath

from pipeline.kernel.commands import Recorded
from pipeline.kernel.staleness import NEVER_READ, TEXTS, TOOLS

_COMPILED = frozenset({".c", ".h", ".S"})
# What can make kconfig run a program (Documentation/kbuild/kconfig-macro-language.rst), or read another file.
_KCONFIG_RUNS = re.compile(r"\$|^\s*[^\s\"']+\s*(?:=|:=|\+=)|\b[or]*source\b", re.MULTILINE)


def is_harmless(changes: Mapping[str, str], read_by_programs: Collection[str], kconfig_lines: str = "") -> bool:
    """Whether nothing that runs while a kernel is built is changed.

    A file that is added or removed can be found in place of another, by a program's compiler, too.

    Args:
        changes: path to git's letter of what became of it: `M` modified, `A` added, `D` deleted.
        read_by_programs: paths of the source tree that programs of the build itself were made from.
        kconfig_lines: all that is added to or removed from Kconfig files.
    """
    if _KCONFIG_RUNS.search(kconfig_lines):
        return False
    return all(_is_harmless(path, letter, read_by_programs) for path, letter in changes.items())


def is_kconfig(path: str) -> bool:
    """Whether it is a Kconfig file by its name."""
    return PurePosixPath(path).name == "Kconfig" or PurePosixPath(path).name.startswith("Kconfig.")


def _is_harmless(path: str, letter: str, read_by_programs: Collection[str]) -> bool:
    place = PurePosixPath(path)
    if path in NEVER_READ or (place.parts[0] == "Documentation" and place.suffix in TEXTS):
        return True
    if place.parts[0] in TOOLS or path in read_by_programs or letter != "M":
        return False
    if is_kconfig(path):
        return True
    # A linker script names files to read and to write.
    return place.suffix in _COMPILED and not path.endswith(".lds.S")


def read_by_programs(recorded: Iterable[Recorded]) -> frozenset[str]:
    """Paths of the source tree that programs of the build were compiled from.

    Those are what is compiled without the kernel's own macro, and all in the folders of tools: headers for
    scripts/mod/modpost are made from what the compiler says of scripts/mod/devicetable-offsets.c.
    """
    found: set[str] = set()
    for one in recorded:
        if "-D__KERNEL__" not in one.command.split() or PurePosixPath(one.target).parts[0] in TOOLS:
            found.update(one.dependencies, (one.source,))
    return frozenset(found - {""})
