"""The code of a build, function by function, relocations kept symbolic: what "no functional change" is judged by.

The sizes of symbols say nothing of a constant that differs. `program` runs in the sandbox and prints a digest for every
function and data object; `table` keeps and compares what it printed.

A line that moves changes every `__LINE__` below it, which is no change of code. So the sources that a series touches
are compiled once more with all of them alike (`neutral_code`).
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
    """The code of everything that the build in a cell's folder compiled into the kernel.

    Args:
        sources: of the objects, by target; from kbuild's records.
        known: of an earlier build; objects that are still the same are not read again.

    Returns:
        Objects of which nothing could be learnt have neither items nor a digest.

    Raises:
        InfrastructureError: the program ran out of time, or the machine failed.
    """
    units = {target: source for target, source in sources.items() if target.endswith((".o", ".lds"))}
    return _read(make, units, known)


def stored_table(file: Path | None) -> dict[str, UnitCode]:
    """A table out of the store; empty where there is none, or none that can be read."""
    try:
        return unpacked(file.read_bytes()) if file else {}
    except (OSError, ValueError):
        return {}


def code_delta(before: Build, after: Build) -> CodeDelta | None:
    """What differs in the code of two builds; None where it was not read, as in builds of earlier versions."""
    if before.code is None or after.code is None:
        return None
    tables = (stored_table(file) for file in (before.code, before.neutral, after.code, after.neutral))
    return compare(*with_neutral(*tables))


def code_deltas(builds: Mapping[int, Build]) -> dict[int, CodeDelta]:
    """What each patch changed, where it and the state before it were built, by patch number.

    Args:
        builds: one cell's, by patch number; 0 is the base.
    """
    pairs = {patch: (builds[patch - 1], after) for patch, after in builds.items() if patch - 1 in builds}
    deltas = {patch: code_delta(before, after) for patch, (before, after) in pairs.items()}
    return {patch: delta for patch, delta in deltas.items() if delta}


def neutral_code(make: Make, sources: Collection[str]) -> dict[str, UnitCode]:
    """The code of what was compiled from `sources`, compiled once more with every `__LINE__` alike.

    Objects that cannot be compiled so are left out.

    Raises:
        InfrastructureError: a compiler ran out of time.
    """
    folder = make.folder.path
    try:
        units = records.preprocessing(make, sources)
    except UnreadableError:
        return {}
    compiled: dict[str, str] = {}
    for target, (_, preprocess) in units.items():
        output = f".pipeline-neutral-{len(compiled)}.o"
        untrusted_dir.discard(folder, output)
        done = make.tool(*commands.neutral_command(preprocess, output))
        if done.ok and untrusted_dir.is_file(folder, output):
            compiled[output] = target
    outputs = {output: units[target][0] for output, target in compiled.items()}
    table = _read(make, outputs, {}) if outputs else {}
    for output in compiled:
        untrusted_dir.discard(folder, output)
    return {compiled[output]: code for output, code in table.items()}


def _read(make: Make, units: Mapping[str, str], known: CodeTable) -> dict[str, UnitCode]:
    """What the program says of objects, given as path to source."""
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
        # The objects are a stranger's, and so is what they do to a program that reads them.
        return {path: UnitCode(source, "", problem=str(error)) for path, source in units.items()}


@cache
def program() -> bytes:
    """The program with its modules, as the system's Python runs it (PEP 441)."""
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
