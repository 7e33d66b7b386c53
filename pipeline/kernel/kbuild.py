"""Arguments for kbuild, and names of the files that it leaves (Documentation/kbuild/ in the tree)."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from pipeline.kernel import sparse, toolchain
from pipeline.model import Cell
from pipeline.system import untrusted, untrusted_dir
from pipeline.system.sandbox import Job

BUILD_TIMEOUT = 4 * 3600.0
PREPARE_TIMEOUT = 1800.0

PINNED = {
    # Not empty: scripts/mkcompile_h and init/Makefile fall through to date(1) then.
    "KBUILD_BUILD_TIMESTAMP": "Sat Jan  1 00:00:00 UTC 2000",
    "KBUILD_BUILD_USER": "pipeline",
    "KBUILD_BUILD_HOST": "pipeline",
    "KBUILD_BUILD_VERSION": "1",
    "LOCALVERSION": "",
}
"""Everything that would make two builds of the same source differ."""

PROBE = """\
#include <linux/kbuild.h>
#include <linux/mm_types.h>
int main(void);
int main(void)
{
	DEFINE(PIPELINE_STRUCT_PAGE, sizeof(struct page));
	return 0;
}
"""
"""Compiled with the flags of asm-offsets.c, and read the same way: from the assembler output."""

PROBE_SOURCE = ".pipeline-probe.c"
PROBE_OUTPUT = ".pipeline-probe.s"

LAYOUT_SOURCE = ".pipeline-layout.c"
LAYOUT_OUTPUT = ".pipeline-layout.o"

_STEP = re.compile(rb"^  [A-Z][A-Z0-9_\[\]+-]* +\S", re.MULTILINE)
_SAVED_COMMAND = re.compile(r"^(?:saved)?cmd_(\S+) := (.*)$", re.MULTILINE)
_PROBED = re.compile(r"->PIPELINE_STRUCT_PAGE \$?#?(\d+)")


def variables(cell: Cell) -> dict[str, str]:
    """make variables of a cell; part of the key of its results."""
    checker = sparse.VARIABLES if cell.checker else {}
    return {"ARCH": cell.arch, **toolchain.make_variables(cell.toolchain.name), **checker, **PINNED}


def make(
    cell: Cell,
    *targets: str,
    environment: Mapping[str, str] | None = None,
    makeflags: str = "",
    descriptors: tuple[int, ...] = (),
    timeout: float = PREPARE_TIMEOUT,
) -> Job:
    """`make` in a cell's box, under a jobserver when its MAKEFLAGS and descriptors are given."""
    words = [f"{name}={value}" for name, value in variables(cell).items()]
    return Job(
        # clang writes a diagnostic in pieces, and those of two compilers at once would make lines that nobody can read.
        ("make", "-C", "{src}", "O={build}", "--output-sync=line", *words, *targets),
        environment={**(environment or {}), **({"MAKEFLAGS": makeflags} if makeflags else {})},
        timeout=timeout,
        pass_fds=descriptors,
    )


def count_steps(output: bytes) -> int:
    """Steps in kbuild's short output: lines such as `  CC      mm/util.o`."""
    return len(_STEP.findall(output))


def probe_command(saved: str) -> tuple[str, ...]:
    """The command that compiles the probe, from the one that kbuild recorded for asm-offsets.s.

    Args:
        saved: text of `.asm-offsets.s.cmd`.

    Raises:
        ValueError: it holds no command that can be used.
    """
    match = _SAVED_COMMAND.search(saved)
    if match is None:
        raise ValueError("no command in .asm-offsets.s.cmd")
    target, line = match[1], match[2].replace("$$", "$").replace("\\#", "#")
    words = shlex.split(line.split(" ; ")[0])
    source = target.removesuffix(".s") + ".c"
    command = []
    for word in words:
        if word.startswith(("-Wp,-MMD", "-Wp,-MD")):
            continue
        if word == target:
            word = PROBE_OUTPUT
        elif word.endswith(source) and not word.startswith("-"):
            word = PROBE_SOURCE
        command.append(word)
    if PROBE_OUTPUT not in command or PROBE_SOURCE not in command:
        raise ValueError("the command in .asm-offsets.s.cmd names other files")
    return tuple(command)


def layout_probe(headers: Sequence[str], file: str, structs: Sequence[str]) -> str:
    """A source file whose debug information describes `structs`, those that there are.

    Args:
        headers: as in `#include <…>`; they may be missing.
        file: a file to include after them, as the compiler sees it; none when empty.
    """
    includes = [f"#if __has_include(<{name}>)\n#include <{name}>\n#endif\n" for name in headers]
    includes += [f'#include "{file}"\n'] if file else []
    # A pointer is enough where the struct is not defined, and makes compilers describe it where it is.
    return "".join([*includes, *(f"struct {name} *pipeline_layout_{at};\n" for at, name in enumerate(structs))])


def layout_probe_command(saved: str) -> tuple[str, ...]:
    """The command that compiles a layout probe to an object with debug information, from that of asm-offsets.s.

    Args:
        saved: text of `.asm-offsets.s.cmd`.

    Raises:
        ValueError: it holds no command that can be used.
    """
    replaced = {PROBE_OUTPUT: LAYOUT_OUTPUT, PROBE_SOURCE: LAYOUT_SOURCE, "-S": "-c"}
    words = [
        replaced.get(word, word)
        for word in probe_command(saved)
        # The cell's own debug options: the object must hold all of it, uncompressed.
        if not re.match(r"-g(?!nu)|-Wa,.*compress-debug|-fverbose-asm$", word)
    ]
    return (*words, "-gdwarf-4", "-fno-lto", "-w")


def read_probe_command(build: str) -> tuple[str, ...]:
    """`probe_command` of a prepared O= folder, read in a process of its own: a word of a megabyte takes minutes.

    Raises:
        OSError, ValueError: the folder is not prepared, or its record cannot be used.
    """
    return probe_command(saved_offsets_command(Path(build)))


def read_layout_command(build: str) -> tuple[str, ...]:
    """`layout_probe_command` of a prepared O= folder, as `read_probe_command`."""
    return layout_probe_command(saved_offsets_command(Path(build)))


def saved_offsets_command(build: Path) -> str:
    """Text of the one `.asm-offsets.s.cmd` in a prepared O= folder.

    Raises:
        OSError: the folder is not prepared, or the file is not one.
    """
    for arch in sorted((build / "arch").iterdir()):
        with suppress(FileNotFoundError, NotADirectoryError):
            path = arch.relative_to(build) / "kernel/.asm-offsets.s.cmd"
            return untrusted_dir.read(build, path, untrusted.RECORD.most).decode("utf-8", "replace")
    raise FileNotFoundError(f"{build}/arch/*/kernel/.asm-offsets.s.cmd")


def probed_size(assembler: str) -> int:
    """`sizeof(struct page)` in bytes, from the compiled probe.

    Raises:
        ValueError: the probe's marker is not there.
    """
    match = _PROBED.search(assembler)
    if match is None:
        raise ValueError("the compiled probe holds no size")
    return int(match[1])
