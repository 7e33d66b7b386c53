"""Decides which changes of a source tree cannot change what was built from it.

kbuild's `.cmd` files name every source and header that the compiler read. They do not name what a makefile, a script
or kconfig read, so that only files that a compiler alone reads can be judged by them.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import PurePosixPath

_COMPILED = frozenset({".c", ".h", ".S"})
TEXTS = frozenset({".rst", ".txt", ".yaml", ".svg", ".md"})
# CONFIG_IKHEADERS packs every header into the kernel (kernel/gen_kheaders.sh).
_TAKES_ALL_HEADERS = "kernel/kheaders.c"
# Programs of the build itself and of the self-test; what reads their sources leaves no record in kbuild's form.
TOOLS = frozenset({"scripts", "tools", "usr", "certs"})
NEVER_READ = frozenset({"MAINTAINERS", "CREDITS", "COPYING", "README", ".mailmap"})


def is_stale(changes: Mapping[str, str], dependencies: Collection[str] | None) -> bool:
    """Whether a build may come out other than before.

    Args:
        changes: path to git's letter of what happened to it: `M` modified, `A` added, `D` deleted.
        dependencies: paths that the build read before; None where its records cannot be believed.
    """
    if dependencies is None:
        return not all(is_text(path) for path in changes)
    return any(_matters(path, letter, dependencies) for path, letter in changes.items())


def _matters(path: str, letter: str, dependencies: Collection[str]) -> bool:
    place = PurePosixPath(path)
    if path in dependencies:
        return True
    if is_text(path):
        return False
    if place.parts[0] in TOOLS or place.suffix not in _COMPILED:
        return True
    if place.suffix == ".h" and _TAKES_ALL_HEADERS in dependencies:
        return True
    # A header that is new may be found in place of one that is further back on the search path.
    return letter != "M" and place.suffix != ".c"


def is_text(path: str) -> bool:
    """Whether it is for people alone."""
    place = PurePosixPath(path)
    return path in NEVER_READ or (place.parts[0] == "Documentation" and place.suffix in TEXTS)
