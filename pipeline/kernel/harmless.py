"""Which changes of a source tree leave nothing of their own making in a build folder.

A series that changes C alone is compiled by the tree's own makefiles and programs: what it leaves are objects that make
knows how to judge. One that changes what runs during the build could leave behind anything.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from pipeline.kernel.commands import Recorded
from pipeline.kernel.staleness import NEVER_READ, TEXTS, TOOLS
from pipeline.system import beneath

_COMPILED = frozenset({".c", ".h", ".S"})
# What can make kconfig run a program (Documentation/kbuild/kconfig-macro-language.rst), or read another file.
_KCONFIG_RUNS = re.compile(r"\$|^\s*[^\s\"']+\s*(?:=|:=|\+=)|\b[or]*source\b", re.MULTILINE)


@dataclass(frozen=True)
class Programs:
    """What the programs of a build were made of.

    Args:
        sources: paths of the source tree that they were compiled from.
        probes: paths of what was compiled as kernel code for their sake: of what the compiler says of
            scripts/mod/devicetable-offsets.c a header of scripts/mod/modpost is made.
        headers: SHA-256 of headers that were generated and compiled into them, by path in the build folder.
    """

    sources: frozenset[str]
    probes: frozenset[str]
    headers: Mapping[str, str]


@dataclass(frozen=True)
class Harm:
    """What a series can do to what runs while a kernel is built.

    Args:
        possible: it may change what runs.
        headers: those that must come out as they were for nothing else to run; SHA-256 by path in the build folder.
    """

    possible: bool
    headers: Mapping[str, str] = field(default_factory=dict)


def judge(changes: Mapping[str, str], programs: Programs, kconfig_lines: str = "") -> Harm:
    """What changes of the source tree can do.

    A file that is added or removed can be found in place of another, by a program's compiler, too.

    Args:
        changes: path to git's letter of what became of it: `M` modified, `A` added, `D` deleted.
        programs: of the tree before.
        kconfig_lines: all that is added to or removed from Kconfig files.
    """
    runs = _KCONFIG_RUNS.search(kconfig_lines)
    if runs or not all(_is_harmless(path, letter, programs.sources) for path, letter in changes.items()):
        return Harm(possible=True)
    return Harm(possible=False, headers=programs.headers if changes.keys() & programs.probes else {})


def is_kconfig(path: str) -> bool:
    """Whether it is a Kconfig file by its name."""
    return PurePosixPath(path).name == "Kconfig" or PurePosixPath(path).name.startswith("Kconfig.")


def _is_harmless(path: str, letter: str, sources: Collection[str]) -> bool:
    place = PurePosixPath(path)
    if path in NEVER_READ or (place.parts[0] == "Documentation" and place.suffix in TEXTS):
        return True
    if place.parts[0] in TOOLS or path in sources or letter != "M":
        return False
    if is_kconfig(path):
        return True
    # A linker script names files to read and to write.
    return place.suffix in _COMPILED and not path.endswith(".lds.S")


def programs_of(recorded: Iterable[Recorded], folder: Path) -> Programs:
    """What the programs of a build were made of.

    Programs are what is compiled without the kernel's own macro. Objects of kernel code in the folders of tools run
    nowhere; what else is made of kernel code there might.

    Args:
        recorded: by kbuild.
        folder: the build's.
    """
    sources, probes, headers = set[str](), set[str](), set[str]()
    for one in recorded:
        if "-D__KERNEL__" not in one.command.split():
            sources.update(one.dependencies, (one.source,))
            headers.update(one.generated)
        elif PurePosixPath(one.target).parts[0] in TOOLS:
            kept = probes if one.target.endswith((".o", ".s")) else sources
            kept.update(one.dependencies, (one.source,))
    return Programs(frozenset(sources - {""}), frozenset(probes - {""}), digests(folder, headers))


def digests(folder: Path, paths: Iterable[str]) -> dict[str, str]:
    """SHA-256 of files below a folder; what is none is left out."""
    found = {}
    for path in sorted(paths):
        with suppress(OSError):
            found[path] = hashlib.sha256(beneath.read(folder, path)).hexdigest()
    return found
