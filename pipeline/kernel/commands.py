"""What kbuild recorded of a build: a `.NAME.cmd` file beside each target (scripts/Kbuild.include, fixdep).

The files come from a build folder that a patched tree wrote: whatever they hold is read as text, never run here.
"""

from __future__ import annotations

import fnmatch
import posixpath
import re
import shlex
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from pipeline.system import beneath

LARGEST = 8 << 20
"""Bytes of a `.cmd` file that are read; the largest of a real kernel have a tenth of it."""
_PATHS_KEPT = 1 << 16
"""Of those that records name: a real kernel's are 340,000 names of 4,000 headers."""

_COMMAND = re.compile(r"^(?:saved)?cmd_(?P<target>\S+) := (?P<command>.*)$", re.MULTILINE)
_SOURCE = re.compile(r"^source_\S+ := (?P<source>\S+)$", re.MULTILINE)
_DEPENDENCIES = re.compile(r"^deps_\S+ := \\\n(?P<lines>(?:.+\\\n)*)", re.MULTILINE)
_ENDS = frozenset({";", "&&", "||", "|"})
_WORD = re.compile(r"[^\s\"'`;&|()]+")

# Linked by scripts/link-vmlinux.sh, whose recorded command does not name them.
_ROOTS = frozenset({"vmlinux", "vmlinux.a", "vmlinux.o", "built-in.a", "init/version-timestamp.o"})


@dataclass(frozen=True)
class Recorded:
    """How one target was made.

    Args:
        target: path in the build folder.
        command: as the shell got it.
        source: what was compiled, a path in the source tree; empty for links and archives.
        dependencies: files of the source tree that the compiler read beside it; a tuple, of which a kernel's records
            take a third of the memory of sets.
        generated: files of the build folder that the compiler read, as far as it calls them by such a path.
    """

    target: str
    command: str
    source: str = ""
    dependencies: tuple[str, ...] = ()
    generated: tuple[str, ...] = ()

    def reads(self, path: str) -> bool:
        """Whether `path` went into the target."""
        return path == self.source or path in self.dependencies


def parse(text: str, prefixes: tuple[str, ...]) -> Recorded | None:
    """One `.cmd` file.

    Args:
        text: what it holds.
        prefixes: how paths of the source tree begin (`/src/`); other dependencies are generated and left out.

    Returns:
        None where it records no command.
    """
    found = _COMMAND.search(text)
    if found is None:
        return None
    source, listed = _SOURCE.search(text), _DEPENDENCIES.search(text)
    words = listed["lines"].split() if listed else []
    return Recorded(
        posixpath.normpath(found["target"]),
        found["command"].replace("$$", "$").replace("$(pound)", "#").replace("\\#", "#"),
        in_tree(source["source"], prefixes) if source else "",
        tuple(path for word in words if (path := in_tree(word, prefixes))),
        tuple(word for word in words if word.endswith(".h") and not word.startswith("/")),
    )


@lru_cache(_PATHS_KEPT)
def in_tree(path: str, prefixes: tuple[str, ...]) -> str:
    """A compiler's path relative to the source tree, empty where it lies outside."""
    for prefix in prefixes:
        if path.startswith(prefix):
            inside = posixpath.normpath(path.removeprefix(prefix))
            return "" if inside.startswith(("../", "/")) else inside
    return ""


def read_all(build: Path, prefixes: tuple[str, ...]) -> dict[str, Recorded]:
    """Everything that kbuild recorded in a build folder, by target."""
    found: dict[str, Recorded] = {}
    listed = list[Path]()
    # Whoever hides a folder hides his own records.
    with suppress(OSError):
        for name, _ in beneath.entries(build):
            if fnmatch.fnmatchcase(name.rpartition("/")[2], ".*.cmd"):
                listed.append(Path(name))
    for path in sorted(listed):
        try:
            text = beneath.read(build, path.relative_to(build), LARGEST).decode("utf-8", "replace")
        except OSError:
            continue
        recorded = parse(text, prefixes)
        if recorded:
            found[recorded.target] = recorded
    return found


def read_of_tree(recorded: Iterable[Recorded], prefixes: tuple[str, ...]) -> frozenset[str]:
    """Every path of the source tree that kbuild's records name, as a source, as a dependency or in a command."""
    found: set[str] = set()
    for one in recorded:
        found.update(one.dependencies, (one.source,))
        found.update(path for word in _WORD.findall(one.command) if (path := in_tree(word, prefixes)))
    return frozenset(found - {""})


def linked(recorded: Mapping[str, Recorded]) -> tuple[Recorded, ...]:
    """Compiled targets that are part of what was built, in order of their names.

    Objects of an earlier configuration or of an earlier makefile stay in a build folder, and so do their records. What
    counts is what is named by the link, by an archive that is itself named, or by the link of another program (a vDSO,
    the real-mode code).
    """
    waiting = [target for target in recorded if target in _ROOTS or not target.endswith((".o", ".a"))]
    reached = set(waiting)
    while waiting:
        target = waiting.pop()
        for name in _named(recorded[target]):
            if name in recorded and name not in reached:
                reached.add(name)
                waiting.append(name)
    return tuple(recorded[target] for target in sorted(reached) if recorded[target].source)


def _named(one: Recorded) -> Iterable[str]:
    """Objects and archives that a command may mean: older kernels name members in full, newer ones by their folder."""
    folder = posixpath.dirname(one.target)
    for word in _WORD.findall(one.command):
        if word.endswith((".o", ".a")):
            yield posixpath.normpath(word)
            yield posixpath.normpath(posixpath.join(folder, word))


def preprocess_command(one: Recorded) -> tuple[str, ...]:
    """The command that prints what the preprocessor makes of a target's source, line markers included.

    Raises:
        ValueError: the recorded command is none of a compiler.
    """
    words: list[str] = []
    skip = False
    for word in shlex.split(one.command):
        if word in _ENDS or word.endswith(";"):
            break
        if skip:
            skip = False
        elif word == "-o":
            skip = True
        elif word not in ("-c", "-S", "-E", "-P") and not word.startswith(("-Wp,-MMD", "-Wp,-MD")):
            words.append(word)
    if len(words) < 2 or not one.source or not words[-1].endswith(one.source):
        raise ValueError(f"the command of {one.target} compiles no source")
    # Its warnings were seen when it was compiled.
    return (*words[:-1], "-E", "-w", words[-1])
