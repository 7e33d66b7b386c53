"""C files of options whose Kconfig entries a series changes.

An option that is allowed on more architectures, or that no longer selects another one, changes no line of code, and
breaks the files that it stands for.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from pipeline.kernel.kconfig.expression import options_in
from pipeline.kernel.sources import Sources

MOST_FILES = 5
"""Of the options of one Kconfig file."""
MOST_KCONFIGS = 4
"""Of a series, whose options' files are compiled."""

_ENTRY = re.compile(r"(?:menu)?config[ \t]+(?P<option>\w+)")
_END = re.compile(r"(?:choice|endchoice|menu|endmenu|if|endif|source|comment|mainmenu)\b")
_HELP = re.compile(r"\s+(?:help|---help---)\s*$")


def changed_options(before: str, after: str) -> tuple[str, ...]:
    """Options whose entries differ between two texts of a Kconfig file, or are new; help texts do not count."""
    known, now = _entries(before), _entries(after)
    return tuple(option for option, lines in now.items() if lines != known.get(option))


def files_of_options(sources: Sources, arch: str, kconfig: str, options: Sequence[str]) -> tuple[str, ...]:
    """C files beside a Kconfig file that kbuild compiles by one of some options, the first few.

    Args:
        sources: of the state that has the options.
        arch: whose makefiles are read.

    Raises:
        UsageError: the tree's makefiles cannot be read.
    """
    wanted, kbuild = set(options), sources.kbuild(arch)
    if not wanted:
        return ()
    files = []
    for path in sources.c_files(kconfig.rpartition("/")[0]):
        condition = kbuild.condition(path)
        if condition is not None and wanted.intersection(options_in(condition)):
            files.append(path)
    return tuple(sorted(files)[:MOST_FILES])


def _entries(text: str) -> Mapping[str, list[str]]:
    """Lines of every option's entries, without their help; an option can have several entries."""
    entries: dict[str, list[str]] = {}
    lines: list[str] | None = None
    helping = False
    for line in text.splitlines():
        if entry := _ENTRY.match(line):
            lines, helping = entries.setdefault(entry["option"], []), False
        elif _END.match(line):
            lines = None
        elif _HELP.match(line):
            helping = True
        elif lines is not None and not helping and line.strip():
            lines.append(" ".join(line.split()))
    return entries
