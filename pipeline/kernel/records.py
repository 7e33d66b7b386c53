"""Summaries of kbuild's records, read in a process of their own: the summaries are small, the records are not.

The functions whose names begin with `read_` run there (`pipeline.system.confined`); they take and return JSON.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipeline.kernel import assembled
from pipeline.kernel.commands import (
    Recorded,
    in_tree,
    is_code,
    linked,
    listed,
    preprocess_command,
    read_all,
    read_below,
    read_of_tree,
    read_targets,
)
from pipeline.kernel.programs import Programs, programs_of

if TYPE_CHECKING:
    # The process that reads the records would spend most of its time on importing it.
    from pipeline.kernel.make import Make

_RUST, _CRATES = ".rs", "rust"
MOST_PREPROCESSED = 300
"""Objects that are preprocessed for one cell; the lines of what is left of a tree-wide series are not looked at."""


@dataclass(frozen=True)
class BuildRecords:
    """A summary of the records of a whole build.

    Args:
        sources: of the objects that the kernel was linked of, by target.
        read: every path of the source tree that the build read.
        assembled: what assemblers opened and kbuild did not record, targets, each with a blank and a path behind it.
    """

    sources: Mapping[str, str]
    read: frozenset[str]
    assembled: frozenset[str]


@dataclass(frozen=True)
class Reading:
    """Which of some paths a build compiled, and what to ask the preprocessor of them.

    Args:
        compiled: those that it read for an object of the kernel.
        commands: of the preprocessor, each with the paths that it shows.
    """

    compiled: frozenset[str]
    commands: tuple[tuple[tuple[str, ...], tuple[str, ...]], ...]


def of_build(make: Make) -> BuildRecords:
    """Raises UnreadableError where the records of the build in a cell's folder cannot be read."""
    answer = make.read_apart(read_build, str(make.folder.path), make.source_prefixes)
    return BuildRecords(answer["sources"], frozenset(answer["read"]), frozenset(answer["assembled"]))


def of_assemblers(make: Make) -> frozenset[str]:
    """What assemblers opened in a cell's folder and kbuild did not record, as in `BuildRecords`.

    Raises:
        UnreadableError: the records cannot be read.
    """
    return frozenset(make.read_apart(read_assembled, str(make.folder.path), make.source_prefixes))


def programs(make: Make) -> Programs:
    """Raises UnreadableError where the records of the build in a cell's folder cannot be read."""
    folders = str(make.folder.path), str(make.source_dir)
    by_gnu_as = assembled.is_recorded(make.cell.toolchain.name)
    by_name = make.read_apart(read_programs, *folders, make.source_prefixes, by_gnu_as)
    return Programs(**{name: frozenset(paths) for name, paths in by_name.items()})


def preprocessing(make: Make, sources: Collection[str]) -> Mapping[str, tuple[str, tuple[str, ...]]]:
    """Source and command of the preprocessor by target, of objects of the kernel that were compiled from `sources`.

    Raises:
        UnreadableError: the records cannot be read.
    """
    commands = make.read_apart(read_preprocessing, str(make.folder.path), make.source_prefixes, sorted(sources))
    return {target: (source, tuple(words)) for target, source, words in commands}


def of_objects(make: Make, targets: Collection[str], paths: Sequence[str]) -> tuple[dict[str, frozenset[str]], Reading]:
    """Summaries of the records of single objects: the files that each read of the tree, and how `paths` show.

    Raises:
        UnreadableError: they cannot be read.
    """
    asked = (str(make.folder.path), make.source_prefixes, sorted(targets), paths)
    answer = make.read_apart(read_objects, *asked)
    commands = tuple((tuple(words), tuple(shown)) for words, shown in answer["commands"])
    read = {target: frozenset(names) for target, names in answer["read"].items()}
    return read, Reading(frozenset(answer["compiled"]), commands)


def of_paths(make: Make, paths: Sequence[str]) -> Reading:
    """Raises UnreadableError where the records of the build in a cell's folder cannot be read."""
    answer = make.read_apart(read_paths, str(make.folder.path), make.source_prefixes, paths)
    commands = tuple((tuple(words), tuple(shown)) for words, shown in answer["commands"])
    return Reading(frozenset(answer["compiled"]), commands)


def read_build(build: str, prefixes: Sequence[str]) -> dict[str, Any]:
    recorded = read_all(Path(build), tuple(prefixes))
    words = _assembled(Path(build), recorded, tuple(prefixes))
    assembled_of_tree = {in_tree(word.partition(" ")[2], tuple(prefixes)) for word in words} - {""}
    return {
        "sources": {unit.target: unit.source for unit in compiled_units(recorded)},
        "read": sorted(read_of_tree(recorded.values(), tuple(prefixes)) | assembled_of_tree),
        "assembled": sorted(words),
    }


def read_assembled(build: str, prefixes: Sequence[str]) -> list[str]:
    recorded = read_all(Path(build), tuple(prefixes))
    return sorted(_assembled(Path(build), recorded, tuple(prefixes)))


def read_programs(build: str, source: str, prefixes: Sequence[str], by_gnu_as: bool) -> dict[str, list[str]]:
    recorded = read_all(Path(build), tuple(prefixes))
    words = _assembled(Path(build), recorded, tuple(prefixes))
    if by_gnu_as and next(listed(Path(build), assembled.SUFFIX), None) is None:
        raise ValueError("no assembler left a record")
    of_build = programs_of(recorded.values(), Path(source), tuple(prefixes), words)
    return {name: sorted(getattr(of_build, name)) for name in ("kernel", "units", "asked", "others", "assembled")}


def _assembled(build: Path, recorded: Mapping[str, Recorded], prefixes: tuple[str, ...]) -> frozenset[str]:
    unrecorded = assembled.unrecorded(build, listed(build, assembled.SUFFIX), recorded, prefixes)
    return frozenset(f"{target} {word}" for target, words in unrecorded.items() for word in words)


def read_preprocessing(
    build: str, prefixes: Sequence[str], sources: Collection[str]
) -> list[tuple[str, str, Sequence[str]]]:
    commands: list[tuple[str, str, Sequence[str]]] = []
    for unit in compiled_units(read_all(Path(build), tuple(prefixes))):
        if unit.source in sources and unit.target.endswith(".o"):
            try:
                commands.append((unit.target, unit.source, preprocess_command(unit)))
            except ValueError:
                continue
    return commands


def read_objects(build: str, prefixes: Sequence[str], targets: Sequence[str], paths: Sequence[str]) -> dict[str, Any]:
    recorded = read_targets(Path(build), tuple(prefixes), targets)
    units = _with_crates(Path(build), tuple(prefixes), [unit for unit in recorded.values() if is_code(unit.source)])
    read = {unit.target: sorted({unit.source, *unit.dependencies}) for unit in units}
    return {"read": read, **_shown(units, paths)}


def _with_crates(build: Path, prefixes: tuple[str, ...], units: Sequence[Recorded]) -> tuple[Recorded, ...]:
    """Units, those of Rust with all that the tree's own crates are made of, their macros and bindings among them.

    rustc names a crate by the file that it was compiled to, which says nothing of its sources.
    """
    if not any(unit.source.endswith(_RUST) for unit in units):
        return tuple(units)
    crates = read_below(build, prefixes, _CRATES).values()
    of_crates = tuple(sorted({path for crate in crates for path in (crate.source, *crate.dependencies) if path}))
    return tuple(
        replace(unit, dependencies=(*unit.dependencies, *of_crates)) if unit.source.endswith(_RUST) else unit
        for unit in units
    )


def read_paths(build: str, prefixes: Sequence[str], paths: Sequence[str]) -> dict[str, Any]:
    return _shown(compiled_units(read_all(Path(build), tuple(prefixes))), paths)


def _shown(compiled: Sequence[Recorded], paths: Sequence[str]) -> dict[str, Any]:
    units = readers(compiled, paths)
    commands = []
    for unit in units_to_preprocess(units)[:MOST_PREPROCESSED]:
        try:
            words = preprocess_command(unit)
        except ValueError:
            # The author of this record hides what the preprocessor kept.
            continue
        commands.append((words, [path for path in paths if unit.reads(path)]))
    return {"compiled": [path for path in paths if units[path]], "commands": commands}


def compiled_units(recorded: Mapping[str, Recorded]) -> tuple[Recorded, ...]:
    """Units that were compiled into the kernel; programs of the build itself are left out."""
    return tuple(unit for unit in linked(recorded) if is_code(unit.source))


def readers(units: Sequence[Recorded], paths: Collection[str]) -> dict[str, tuple[Recorded, ...]]:
    """The units that each of `paths` went into."""
    by_path: dict[str, list[Recorded]] = {path: [] for path in paths}
    for unit in units:
        for path in by_path.keys() & {unit.source, *unit.dependencies}:
            by_path[path].append(unit)
    return {path: tuple(reading) for path, reading in by_path.items()}


def units_to_preprocess(reading: Mapping[str, Sequence[Recorded]]) -> tuple[Recorded, ...]:
    """The units that show every path, as few as possible: sources themselves, then includers; none is of Rust.

    An includer in C is preferred (assembly sees little of a header), and of these the one that reads the least.

    Args:
        reading: by path, the units that it went into.
    """
    wanted = {
        path: [unit for unit in units if not unit.source.endswith(_RUST)]
        for path, units in reading.items()
        if not path.endswith(_RUST)
    }
    chosen = {unit.target: unit for path, units in wanted.items() for unit in units if unit.source == path}
    for path, units in wanted.items():
        if not any(unit.target in chosen and unit.source.endswith(".c") for unit in units):
            includers = [unit for unit in units if unit.source != path]
            includers.sort(key=lambda unit: (not unit.source.endswith(".c"), len(unit.dependencies), unit.target))
            chosen.update({unit.target: unit for unit in includers[:1]})
    return tuple(chosen.values())
