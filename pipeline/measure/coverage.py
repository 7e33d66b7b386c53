"""Which of a series' files and lines a cell compiled: what a green cell speaks of.

A file is compiled when kbuild's records of the build name it as a source or a dependency. Of its changed lines those
count that are code, and of them those that the preprocessor kept, asked with the recorded command of the object (for a
header: of an object that includes it). Rust has no preprocessor: its files are compiled or not.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from pipeline.kernel import commands, preprocessor
from pipeline.kernel.buildhost import Make
from pipeline.kernel.commands import Recorded
from pipeline.measure.changes import is_code
from pipeline.model import ChangedFile, Coverage, FileCoverage

MOST_PREPROCESSED = 300
"""Objects that are preprocessed for one cell; the lines of what is left of a tree-wide series are not looked at."""


def measure_coverage(make: Make, changed: Sequence[ChangedFile]) -> Coverage:
    """What the build in a cell's folder compiled of `changed`; the worktree is at the same state.

    Raises:
        InfrastructureError: the preprocessor ran out of time, or printed without end.
    """
    prefixes = make.source_prefixes
    units = compiled_units(commands.read_all(make.folder.path, prefixes))
    reading = readers(units, [one.path for one in changed])
    printed: dict[str, set[int]] = {}
    for unit in units_to_preprocess(reading)[:MOST_PREPROCESSED]:
        done = make.tool(*commands.preprocess_command(unit))
        if done.ok:
            wanted = [one.path for one in changed if unit.reads(one.path)]
            lines = preprocessor.printed_lines(done.stdout, prefixes, wanted)
            for path, numbers in lines.items():
                printed.setdefault(path, set()).update(numbers)
    return Coverage(tuple(file_coverage(one, bool(reading[one.path]), printed) for one in changed))


def compiled_units(recorded: Mapping[str, Recorded]) -> tuple[Recorded, ...]:
    """What was compiled into the kernel; programs of the build itself are left out."""
    return tuple(one for one in commands.linked(recorded) if is_code(one.source))


def readers(units: Sequence[Recorded], paths: Collection[str]) -> dict[str, tuple[Recorded, ...]]:
    """The units that each of `paths` went into."""
    found: dict[str, list[Recorded]] = {path: [] for path in paths}
    for unit in units:
        for path in found.keys() & {unit.source, *unit.dependencies}:
            found[path].append(unit)
    return {path: tuple(reading) for path, reading in found.items()}


def units_to_preprocess(reading: Mapping[str, Sequence[Recorded]]) -> tuple[Recorded, ...]:
    """The units that show every path, as few as possible: sources themselves, then includers.

    An includer in C is preferred (assembly sees little of a header), and of these the one that reads the least.

    Args:
        reading: by path, the units that it went into.
    """
    wanted = {path: units for path, units in reading.items() if not path.endswith(".rs")}
    chosen = dict.fromkeys(unit for path, units in wanted.items() for unit in units if unit.source == path)
    for path, units in wanted.items():
        if not any(unit in chosen and unit.source.endswith(".c") for unit in units):
            includers = [unit for unit in units if unit.source != path]
            includers.sort(key=lambda unit: (not unit.source.endswith(".c"), len(unit.dependencies), unit.target))
            chosen.update(dict.fromkeys(includers[:1]))
    return tuple(chosen)


def file_coverage(changed: ChangedFile, compiled: bool, printed: Mapping[str, Collection[int]]) -> FileCoverage:
    """What is known of one file; `printed` has lines by path, for every file that the preprocessor was asked about."""
    lines = preprocessor.scan(changed.source)
    code = tuple(number for number in changed.lines if number in lines.code)
    if not compiled:
        return FileCoverage(changed.path, False, code)
    if changed.path not in printed:
        return FileCoverage(changed.path, True, code, None)
    kept = lines.kept(printed[changed.path])
    return FileCoverage(changed.path, True, code, tuple(number for number in code if number in kept))
