"""The files and lines of a series that a cell compiled: those that a green cell proves something of.

A file is compiled when kbuild's records of the build name it as a source or a dependency. Of its changed lines those
count that are code, and of them those that the preprocessor kept, asked with the recorded command of the object (for a
header: of an object that includes it). Rust has no preprocessor: of a file that is compiled those lines count which no
`#[cfg(CONFIG_…)]` takes out in the cell's configuration.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence

from pipeline.kernel import kconfig, preprocessor, records, rust_source
from pipeline.kernel.kconfig.expression import YES, Tristate, evaluate
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
    of_rust = any(file.path.endswith(".rs") for file in changed)
    values = kconfig.parse_config(make.folder.config()) if of_rust else {}
    return Coverage(tuple(file_coverage(file, file.path in reading.compiled, printed, values) for file in changed))


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


def file_coverage(
    changed: ChangedFile, compiled: bool, printed: Mapping[str, Collection[int]], values: Mapping[str, str]
) -> FileCoverage:
    """The coverage of one file.

    Args:
        printed: lines by path, for every file that the preprocessor was asked about.
        values: of the configuration's options, for Rust.
    """
    if changed.path.endswith(".rs"):
        return _rust_coverage(changed, compiled, values)
    lines = preprocessor.scan(changed.source)
    code = tuple(number for number in changed.lines if number in lines.code)
    if not compiled:
        return FileCoverage(changed.path, False, code)
    if changed.path not in printed:
        return FileCoverage(changed.path, True, code, None)
    kept = lines.kept(printed[changed.path])
    return FileCoverage(changed.path, True, code, tuple(number for number in code if number in kept))


def _rust_coverage(changed: ChangedFile, compiled: bool, values: Mapping[str, str]) -> FileCoverage:
    """Of a Rust file: what is no option is taken for a condition that holds."""
    lines = rust_source.scan(changed.source)
    code = tuple(number for number in changed.lines if number in lines.code)
    kept = (number for number in code if evaluate(lines.guards.get(number, YES), values, Tristate.Y) >= Tristate.M)
    return FileCoverage(changed.path, compiled, code, tuple(kept) if compiled else ())
