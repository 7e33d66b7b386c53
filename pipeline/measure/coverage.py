"""The files and lines of a series that a cell compiled: those that a green cell proves something of.

A file is compiled when kbuild's records of the build name it as a source or a dependency. Of its changed lines those
count that are code, and of them those that the preprocessor kept, asked with the recorded command of the object (for a
header: of an object that includes it). Rust has no preprocessor: its files are compiled or not.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence

from pipeline.kernel import preprocessor, records
from pipeline.kernel.make import Make
from pipeline.model import ChangedFile, Coverage, FileCoverage
from pipeline.system.confined import UnreadableError

_AT_ONCE = 16 << 20
"""Bytes of preprocessors' output that one process reads."""


def measure_coverage(make: Make, changed: Sequence[ChangedFile], reading: records.Reading | None = None) -> Coverage:
    """The coverage of `changed` by the build in a cell's folder; the worktree is at the same state.

    Args:
        reading: what to ask the preprocessor; of the whole build where this is None.

    Raises:
        UnreadableError: kbuild's records cannot be read.
        InfrastructureError: the preprocessor ran out of time, or printed without end.
    """
    reading = reading or records.of_paths(make, [file.path for file in changed])
    printed: dict[str, set[int]] = {}
    for outputs in _at_once(_preprocessed(make, reading)):
        asked = [(len(output), paths) for output, paths in outputs]
        try:
            numbers_by_path = make.read_apart(
                preprocessor.read_printed, asked, make.source_prefixes, data=b"".join(output for output, _ in outputs)
            )
        except UnreadableError:
            # Then the lines of these files are unknown, as they are without a preprocessor.
            continue
        for path, numbers in numbers_by_path.items():
            printed.setdefault(path, set()).update(numbers)
    return Coverage(tuple(file_coverage(file, file.path in reading.compiled, printed) for file in changed))


def _preprocessed(make: Make, reading: records.Reading) -> Iterator[tuple[bytes, tuple[str, ...]]]:
    """The preprocessor's outputs, each with the paths to look for in it."""
    for command, paths in reading.commands:
        done = make.tool(*command)
        if done.ok:
            yield done.stdout, paths


def _at_once(
    outputs: Iterator[tuple[bytes, tuple[str, ...]]],
) -> Iterator[list[tuple[bytes, tuple[str, ...]]]]:
    """Outputs in groups, none much larger than one process reads."""
    group: list[tuple[bytes, tuple[str, ...]]] = []
    for output in outputs:
        group.append(output)
        if sum(len(content) for content, _ in group) >= _AT_ONCE:
            yield group
            group = []
    if group:
        yield group


def file_coverage(changed: ChangedFile, compiled: bool, printed: Mapping[str, Collection[int]]) -> FileCoverage:
    """The coverage of one file; `printed` has lines by path, for every file that the preprocessor was asked about."""
    lines = preprocessor.scan(changed.source)
    code = tuple(number for number in changed.lines if number in lines.code)
    if not compiled:
        return FileCoverage(changed.path, False, code)
    if changed.path not in printed:
        return FileCoverage(changed.path, True, code, None)
    kept = lines.kept(printed[changed.path])
    return FileCoverage(changed.path, True, code, tuple(number for number in code if number in kept))
