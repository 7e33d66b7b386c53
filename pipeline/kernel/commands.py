"""kbuild's records of a build: a `.NAME.cmd` file beside each target (scripts/Kbuild.include, fixdep).

The files come from a build folder that a patched tree wrote: whatever they hold is read as text, never run here.
"""

from __future__ import annotations

import posixpath
import re
import shlex
import stat
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path, PurePosixPath

from pipeline.system import untrusted, untrusted_dir
from pipeline.system.untrusted import Budget

LONGEST_PATH = 4096
"""Characters; Linux opens no longer one (PATH_MAX)."""
_PATHS_KEPT = 1 << 16
"""Of those that records name: a real kernel's are 340,000 names of 4,000 headers."""

_COMMAND = re.compile(r"^(?:saved)?cmd_(?P<target>\S+) := (?P<command>.*)$", re.MULTILINE)
_SOURCE = re.compile(r"^source_\S+ := (?P<source>\S+)$", re.MULTILINE)
_DEPENDENCIES = re.compile(r"^deps_\S+ := \\\n", re.MULTILINE)
_GENERATED = "\0"
"""No character of a path."""
_ENDS = frozenset({";", "&&", "||", "|"})
_WORD = re.compile(r"[^\s\"'`;&|()]+")

_SUFFIXES = frozenset({".c", ".h", ".S", ".rs"})
_NOT_THE_KERNEL = frozenset({"Documentation", "LICENSES", "scripts", "tools"})

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


class _Words(dict[str, str]):
    """Meanings of the words in a list of dependencies: a path of the tree, a mark and a generated header, or nothing.

    A kernel's records name each of its headers a thousand times, so that each word is looked at once.
    """

    def __init__(self, prefixes: tuple[str, ...]) -> None:
        self._prefixes = prefixes

    def __missing__(self, word: str) -> str:
        generated = word.endswith(".h") and not word.startswith("/")
        self[word] = path = _GENERATED + word if generated else in_tree(word, self._prefixes)
        return path


def parse(text: str, prefixes: tuple[str, ...]) -> Recorded | None:
    """Parse a `.cmd` file.

    Args:
        text: what it holds.
        prefixes: how paths of the source tree begin (`/src/`); other dependencies are generated and left out.

    Returns:
        None where it records no command.
    """
    return _parse(text, prefixes, _Words(prefixes))


def _parse(text: str, prefixes: tuple[str, ...], known: _Words) -> Recorded | None:
    match = _COMMAND.search(text)
    if match is None or len(match["target"]) > LONGEST_PATH:
        return None
    source, listed = _SOURCE.search(text), _DEPENDENCIES.search(text)
    paths: list[str] = []
    if listed:
        # fixdep leaves an empty line behind the list.
        end = text.find("\n\n", listed.end())
        words = text[listed.end() : end if end >= 0 else len(text)].replace("\\\n", " ").split()
        paths = [path for path in map(known.__getitem__, words) if path]
    return Recorded(
        posixpath.normpath(match["target"]),
        match["command"].replace("$$", "$").replace("$(pound)", "#").replace("\\#", "#"),
        in_tree(source["source"], prefixes) if source else "",
        tuple(path for path in paths if path[0] != _GENERATED),
        tuple(path[1:] for path in paths if path[0] == _GENERATED),
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
    """kbuild's records of everything in a build folder, by target.

    Raises:
        TooMuchError: there is more than any kernel leaves.
    """
    return _read(build, prefixes, sorted(listed(build, ".cmd")))


def read_targets(build: Path, prefixes: tuple[str, ...], targets: Iterable[str]) -> dict[str, Recorded]:
    """kbuild's records of some targets of a build folder.

    Raises:
        TooMuchError: as `read_all`.
    """
    places = (PurePosixPath(target) for target in targets)
    return _read(build, prefixes, [str(place.with_name(f".{place.name}.cmd")) for place in places])


def read_below(build: Path, prefixes: tuple[str, ...], folder: str) -> dict[str, Recorded]:
    """What kbuild recorded in a folder of a build folder, and below it.

    Raises:
        TooMuchError: as `read_all`.
    """
    return _read(build, prefixes, sorted(path for path in listed(build, ".cmd") if path.startswith(f"{folder}/")))


def _read(build: Path, prefixes: tuple[str, ...], paths: Iterable[str]) -> dict[str, Recorded]:
    by_target: dict[str, Recorded] = {}
    known = _Words(prefixes)
    size, names, words = (
        Budget(limit) for limit in (untrusted.RECORDS, untrusted.RECORD_NAMES, untrusted.RECORD_WORDS)
    )
    for path in paths:
        try:
            content = untrusted_dir.read(build, path, untrusted.RECORD.most)
        except OSError:
            continue
        size.spend(len(content))
        recorded = _parse(content.decode("utf-8", "replace"), prefixes, known)
        if recorded:
            names.spend(len(recorded.dependencies) + len(recorded.generated))
            words.spend(recorded.command.count(" "))
            by_target[recorded.target] = recorded
    return by_target


def listed(build: Path, suffix: str) -> Iterator[str]:
    """Paths of the hidden files below a folder whose names end so.

    Raises:
        TooMuchError: there is more than any kernel leaves.
    """
    folders, files = Budget(untrusted.RECORD_FOLDERS), Budget(untrusted.RECORD_FILES)
    # A makefile that hides a folder hides only its own records.
    with suppress(OSError):
        for path, about in untrusted_dir.entries(build):
            name = path.rpartition("/")[2]
            if stat.S_ISDIR(about.st_mode):
                folders.spend()
            elif name.startswith(".") and name.endswith(suffix):
                files.spend()
                yield path.removeprefix(f"{build}/")


def read_of_tree(recorded: Iterable[Recorded], prefixes: tuple[str, ...]) -> frozenset[str]:
    """Paths of the source tree that kbuild's records name, as a source, as a dependency or in a command."""
    paths: set[str] = set()
    for record in recorded:
        paths.update(record.dependencies, (record.source,))
        paths.update(path for word in _WORD.findall(record.command) if (path := in_tree(word, prefixes)))
    return frozenset(paths - {""})


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


def _named(record: Recorded) -> Iterable[str]:
    """Objects and archives that a command may mean: older kernels name members in full, newer ones by their folder."""
    folder = posixpath.dirname(record.target)
    for word in dict.fromkeys(_WORD.findall(record.command)):
        if word.endswith((".o", ".a")):
            yield posixpath.normpath(word)
            yield posixpath.normpath(posixpath.join(folder, word))


def is_code(path: str) -> bool:
    """Whether a kernel may be compiled from `path`: C, headers, assembly (linker scripts too) and Rust.

    Makefiles, Kconfig, documents, and the programs under scripts/ and tools/ are not.
    """
    return PurePosixPath(path).suffix in _SUFFIXES and is_of_kernel(path)


def is_makefile(path: str) -> bool:
    """Whether kbuild reads it to learn how the files beside it are compiled."""
    return PurePosixPath(path).name in ("Makefile", "Kbuild")


def is_kconfig(path: str) -> bool:
    """Whether kconfig reads options from it."""
    return PurePosixPath(path).name.startswith("Kconfig")


def is_of_kernel(path: str) -> bool:
    """Whether it lies in a folder that kernels are made from; the others make other programs, or none."""
    return path.partition("/")[0] not in _NOT_THE_KERNEL


def preprocess_command(record: Recorded) -> tuple[str, ...]:
    """The command that prints what the preprocessor makes of a target's source, line markers included.

    Raises:
        ValueError: the recorded command is none of a compiler.
    """
    words: list[str] = []
    skip = False
    for word in shlex.split(record.command):
        if word in _ENDS or word.endswith(";"):
            break
        if skip:
            skip = False
        elif word == "-o":
            skip = True
        elif word not in ("-c", "-S", "-E", "-P") and not word.startswith(("-Wp,-MMD", "-Wp,-MD")):
            words.append(word)
    if len(words) < 2 or not record.source or not words[-1].endswith(record.source):
        raise ValueError(f"the command of {record.target} compiles no source")
    # The warnings were reported when it was compiled.
    return (*words[:-1], "-E", "-w", words[-1])


def neutral_command(preprocess: Sequence[str], output: str) -> tuple[str, ...]:
    """The command that compiles a source to the object `output` with every `__LINE__` alike.

    Args:
        preprocess: what `preprocess_command` gives for the source.
    """
    *words, _, _, source = preprocess
    # -w: a warning that a macro of the compiler is redefined is expected here.
    return (*words, "-D__LINE__=0", "-w", "-c", "-o", output, source)
