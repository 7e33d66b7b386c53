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
    printed: dict[str, set[int]] = {}
    for unit in units_to_preprocess(units, [one.path for one in changed])[:MOST_PREPROCESSED]:
        done = make.tool(*commands.preprocess_command(unit))
        if done.ok:
            wanted = [one.path for one in changed if unit.reads(one.path)]
            lines = preprocessor.printed_lines(done.stdout.decode("utf-8", "replace"), prefixes, wanted)
            for path, numbers in lines.items():
                printed.setdefault(path, set()).update(numbers)
    return Coverage(tuple(file_coverage(one, units, printed) for one in changed))


def compiled_units(recorded: Mapping[str, Recorded]) -> tuple[Recorded, ...]:
    """What was compiled into the kernel; programs of the build itself are left out."""
    return tuple(one for one in commands.linked(recorded) if is_code(one.source))


def units_to_preprocess(units: Sequence[Recorded], paths: Collection[str]) -> tuple[Recorded, ...]:
    """The units that show every path of `paths`, as few as possible: sources themselves, then includers.

    An includer in C is preferred (assembly sees little of a header), and of these the one that reads the least.
    """
    wanted = [path for path in paths if not path.endswith(".rs")]
    chosen = [unit for unit in units if unit.source in wanted]
    for path in wanted:
        if any(unit.reads(path) and unit.source.endswith(".c") for unit in chosen):
            continue
        includers = [unit for unit in units if path in unit.dependencies]
        includers.sort(key=lambda unit: (not unit.source.endswith(".c"), len(unit.dependencies), unit.target))
        chosen += includers[:1]
    return tuple(dict.fromkeys(chosen))


def file_coverage(
    changed: ChangedFile, units: Sequence[Recorded], printed: Mapping[str, Collection[int]]
) -> FileCoverage:
    """What is known of one file; `printed` has lines by path, for every file that the preprocessor was asked about."""
    lines = preprocessor.scan(changed.source)
    code = tuple(number for number in changed.lines if number in lines.code)
    if not any(unit.reads(changed.path) for unit in units):
        return FileCoverage(changed.path, False, code)
    if changed.path not in printed:
        return FileCoverage(changed.path, True, code, None)
    kept = lines.kept(printed[changed.path])
    return FileCoverage(changed.path, True, code, tuple(number for number in code if number in kept))
