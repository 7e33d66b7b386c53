"""Compares the code of two builds, function by function, with symbolic relocations: it decides "no functional change".

Sizes of symbols do not show a changed constant. `program` runs in the sandbox and prints a digest of every function and
data object; `table` parses, keeps and compares these digests.

A line that moves changes every `__LINE__` below it, which is no change of code. So the sources that a series touches
are compiled a second time with one value for every `__LINE__` (`neutral_code`).
"""

from __future__ import annotations

import io
import posixpath
import zipfile
from collections.abc import Collection, Mapping, Sequence
from functools import cache
from importlib import resources
from pathlib import Path

from pipeline.kernel import commands, records
from pipeline.kernel.make import Make
from pipeline.kernel.toolchain import ToolchainName
from pipeline.measure.code.table import CodeTable, UnitCode, compare, packed, parse_printed, unpacked, with_neutral
from pipeline.model import Build, CodeDelta
from pipeline.system import untrusted_dir
from pipeline.system.confined import UnreadableError

__all__ = [
    "CodeTable",
    "UnitCode",
    "both_codes",
    "code_delta",
    "code_deltas",
    "code_table",
    "neutral_code",
    "packed",
    "program",
    "stored_table",
]

_PACKAGE = "pipeline.measure.code"
_MODULES = ("elf", "disassembly", "parts", "entries", "reader", "program")
_PROGRAM, _LISTED = ".pipeline-code.pyz", ".pipeline-code.list"


def code_table(make: Make, sources: Mapping[str, str], known: CodeTable) -> dict[str, UnitCode]:
    """Read the code of all objects that a build linked into the kernel.

    Args:
        sources: the source file of each object, by target, from kbuild's records.
        known: the table of an earlier build; objects that did not change since are not read again.

    Returns:
        The code by target. An object that could not be read has neither items nor a digest.

    Raises:
        InfrastructureError: the program ran out of time, or the machine failed.
    """
    units = {target: source for target, source in sources.items() if target.endswith((".o", ".lds"))}
    return _read(make, units, known)


def stored_table(file: Path | None) -> dict[str, UnitCode]:
    """Read a table from the store; empty where there is no file, or the file cannot be read."""
    try:
        return unpacked(file.read_bytes()) if file else {}
    except (OSError, ValueError):
        return {}


def code_delta(before: Build, after: Build) -> CodeDelta | None:
    """The differences in the code of two builds; None where the code of one was not recorded."""
    if before.code is None or after.code is None:
        return None
    tables = (stored_table(file) for file in (before.code, before.neutral, after.code, after.neutral))
    return compare(*with_neutral(*tables))


def code_deltas(builds: Mapping[int, Build]) -> dict[int, CodeDelta]:
    """The differences that each patch makes, by patch number, for patches that were built before and after.

    Args:
        builds: the builds of one cell by patch number; 0 is the base.
    """
    pairs = {patch: (builds[patch - 1], after) for patch, after in builds.items() if patch - 1 in builds}
    deltas = {patch: code_delta(before, after) for patch, (before, after) in pairs.items()}
    return {patch: delta for patch, delta in deltas.items() if delta}


def neutral_code(make: Make, sources: Collection[str]) -> dict[str, UnitCode]:
    """Compile `sources` again with one value for every `__LINE__`, and read the code.

    Objects that do not compile this way are left out.

    Raises:
        InfrastructureError: a compiler ran out of time.
    """
    return both_codes(make, {}, {}, sources)[1]


def both_codes(
    make: Make, objects: Mapping[str, str], known: CodeTable, sources: Collection[str]
) -> tuple[dict[str, UnitCode], dict[str, UnitCode]]:
    """The code of objects as `code_table` reads it, and that of sources as `neutral_code` does, in one go.

    Args:
        objects: the source file of each, by target.
        known: the table of an earlier build.
        sources: to be compiled again.

    Raises:
        InfrastructureError: a compiler or the program ran out of time, or the machine failed.
    """
    compiled = _compiled_again(make, sources) if sources else {}
    outputs = {output: source for output, (_, source) in compiled.items()}
    table = _read(make, {**objects, **outputs}, known) if objects or outputs else {}
    for output in compiled:
        untrusted_dir.discard(make.folder.path, output)
    neutral = {target: table.pop(output) for output, (target, _) in compiled.items() if output in table}
    return table, neutral


def _compiled_again(make: Make, sources: Collection[str]) -> dict[str, tuple[str, str]]:
    """Target and source by the object that has one value for every `__LINE__`."""
    folder = make.folder.path
    try:
        units = records.preprocessing(make, sources)
    except UnreadableError:
        return {}
    compiled: dict[str, tuple[str, str]] = {}
    for target, (source, preprocess) in units.items():
        output = f".pipeline-neutral-{len(compiled)}.o"
        untrusted_dir.discard(folder, output)
        done = make.tool(*commands.neutral_command(preprocess, output))
        if done.ok and untrusted_dir.is_file(folder, output):
            compiled[output] = target, source
    return compiled


def _read(make: Make, units: Mapping[str, str], known: CodeTable) -> dict[str, UnitCode]:
    """Run the program on objects, given with the source of each by path."""
    folder = make.folder.path
    lines = (f"{known[path].digest if path in known else ''}\t{path}\n" for path in units if "\n" not in path)
    untrusted_dir.write(folder, _PROGRAM, program())
    untrusted_dir.write(folder, _LISTED, "".join(lines).encode("utf-8", "surrogateescape"))
    objdump = ToolchainName.parse(make.cell.toolchain.name).binary_tool("objdump")
    done = make.tool("python3", "-I", _PROGRAM, objdump, _LISTED)
    make.check_failure(done)
    try:
        if not done.ok:
            raise ValueError(done.stderr.decode("utf-8", "replace").strip()[-300:])
        return parse_printed(done.stdout.decode("utf-8", "replace"), units, known)
    except ValueError as error:
        # A stranger made these objects, and may have made them to break the program that reads them.
        return {path: UnitCode(source, "", problem=str(error)) for path, source in units.items()}


@cache
def program() -> bytes:
    """The program and its modules as a zip file that Python can run (PEP 441)."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name in _parents(_PACKAGE):
            archive.writestr(zipfile.ZipInfo(posixpath.join(*name.split("."), "__init__.py")), "")
        for name in _MODULES:
            source = resources.files(_PACKAGE).joinpath(f"{name}.py").read_text()
            archive.writestr(zipfile.ZipInfo(posixpath.join(*_PACKAGE.split("."), f"{name}.py")), source)
        start = f"import sys\nfrom {_PACKAGE}.program import main\nmain(*sys.argv[1:])\n"
        archive.writestr(zipfile.ZipInfo("__main__.py"), start)
    return file.getvalue()


def _parents(package: str) -> Sequence[str]:
    words = package.split(".")
    return [".".join(words[:count]) for count in range(1, len(words) + 1)]
