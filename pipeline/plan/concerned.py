"""Files of a series that kernels are made of, and the architectures that they concern; pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import PurePosixPath

from pipeline.kernel.architectures import ARCHITECTURES
from pipeline.kernel.commands import is_code, is_makefile, is_of_kernel

_C = (".c", ".h", ".S")
X86_64 = "x86_64"
WIDTHS = ("i386", "s390")
"""Another width of a word, another order of its bytes: what is right on x86_64 may be wrong there."""
FURTHER = (*WIDTHS, *(name for name in ARCHITECTURES if name not in (X86_64, *WIDTHS)))
"""Where lines are looked for that x86_64 leaves out."""


def objects_cell_id(arch: str) -> str:
    """The name of the cell in which objects of an architecture are compiled."""
    return f"{arch}-objects"


def rust_cell_id(arch: str) -> str:
    """What the cell is called in which Rust is compiled."""
    return f"{objects_cell_id(arch)}-rust"


def code_files(touched: Iterable[str]) -> tuple[str, ...]:
    """Touched paths that are code, in order."""
    return tuple(sorted(path for path in touched if is_code(path)))


def makefiles(touched: Iterable[str]) -> tuple[str, ...]:
    """Touched makefiles and Kbuild files, in order; not the topmost one, which says how no single file is compiled."""
    return tuple(sorted(path for path in touched if is_makefile(path) and "/" in path and is_of_kernel(path)))


def architectures(code: Sequence[str]) -> tuple[str, ...]:
    """The architectures that a series concerns: x86_64, unless all of its code is of others, and those it touches."""
    touched = dict.fromkeys(PurePosixPath(path).parts[1] for path in code if path.startswith("arch/"))
    by_folder = {known.folder: name for name, known in reversed(ARCHITECTURES.items())}
    named = [by_folder[folder] for folder in touched if folder in by_folder]
    elsewhere = any(not path.startswith("arch/") or path.startswith("arch/x86/") for path in code)
    # If no architecture of the series is known here, the cell of x86_64 gives the reason.
    return tuple(dict.fromkeys([*([X86_64] if elsewhere or not named else []), *named]))


def widths(code: Sequence[str]) -> tuple[str, ...]:
    """The architectures of `WIDTHS` that can have code of a series: there is some that is no other architecture's."""
    folders = {PurePosixPath(path).parts[1] if path.startswith("arch/") else "" for path in code if path.endswith(_C)}
    return tuple(name for name in WIDTHS if folders & {"", ARCHITECTURES[name].folder})
