"""ld, ld.lld and the other programs of binutils."""

from __future__ import annotations

import re

from pipeline.kernel.diagnostics.log import Kind, Line, Log, Report
from pipeline.model import Diagnostic

_LINKER = re.compile(r"(?:[\w.]+-)*ld(?:\.\w+)?(?:-[\d.]+)?$")
_TOOL = re.compile(r"(?:(?:[\w.]+-)*|llvm-)(?P<tool>objcopy|objdump|strip|ar|nm|ranlib|readelf)(?:-[\d.]+)?$")
_UNDEFINED = ": undefined reference to "


def of_the_linker(line: Line, _log: Log) -> Report | None:
    """`ld: warning: text`; what else it says explains a failure where nothing better does."""
    if not _LINKER.match(line.program) or line.words.startswith("NOTE: "):
        return None
    kind = Kind.WARNING if "warning:" in line.words else Kind.LAST_WORD
    return Report(kind, Diagnostic("ld", 0, line.words.removeprefix("error: "), "ld"))


def of_a_reference(line: Line, _log: Log) -> Report | None:
    """`file.c:(.text+0x5): undefined reference to 'name'`, below a line of the linker's."""
    if _UNDEFINED not in line.text:
        return None
    return Report(Kind.LAST_WORD, Diagnostic("ld", 0, line.text.strip(), "ld"))


def of_binutils(line: Line, _log: Log) -> Report | None:
    """`objcopy: vmlinux: warning: text`."""
    if not (match := _TOOL.match(line.program)):
        return None
    kind = Kind.WARNING if "warning:" in line.words.lower() else Kind.LAST_WORD
    return Report(kind, Diagnostic(match["tool"], 0, line.words, match["tool"]))


FORMS = (of_a_reference, of_the_linker, of_binutils)
