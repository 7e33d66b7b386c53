"""Calls of the compiler's runtime library: an object that makes them compiles, and links into no kernel.

What a processor has no instruction for, such as a division of 64 bits on 32, compilers leave to functions of libgcc
(https://gcc.gnu.org/onlinedocs/gccint/Libgcc.html). Kernels are linked without it, and have few of them of their own.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

from pipeline.kernel.architectures import architecture
from pipeline.kernel.make import Make
from pipeline.kernel.toolchain import ToolchainName
from pipeline.model import Diagnostic
from pipeline.system.command import OutputLimitError

_INTEGER = (
    *("ashl", "ashr", "lshr", "div", "udiv", "mod", "umod", "divmod", "udivmod", "mul", "neg", "cmp", "ucmp"),
    *("absv", "addv", "subv", "mulv", "negv", "clz", "ctz", "clrsb", "ffs", "parity", "popcount", "bswap"),
)
_FLOATING = (
    *("add", "sub", "mul", "div", "neg", "powi", "cmp", "unord", "eq", "ne", "ge", "lt", "le", "gt"),
    *("extend", "trunc", "fix", "fixuns", "float", "floatun"),
)
# Modes: si, di and ti are integers of 4, 8 and 16 bytes; sf, df, xf and tf floating; a digit counts operands.
_RUNTIME = re.compile(
    rf"__(?:{'|'.join(_INTEGER)})[sdt]i[234]?|__(?:{'|'.join(_FLOATING)})(?:[sdxt]f|[sdt]i){{1,2}}[23]?"
    r"|__aeabi_(?:u?[li]div(?:mod)?|[fd](?:add|sub|mul|div|cmp\w\w)|[fdil]2\w+|lmul|ll[sl]l|lasr|u?lcmp)"
)
_DIVIDES = re.compile(r"__u?(?:div|mod|divmod)di[34]|__aeabi_u?ldivmod")
_FUNCTION = re.compile(r"[0-9a-f]+ <(?P<name>[^>]+)>:")
_RELOCATION = re.compile(r"\s+[0-9a-f]+: R_\w+\s+(?P<symbol>[\w.]+)")
MOST_FUNCTIONS = 3
"""That are named for one symbol."""


def unresolved(make: Make, sources: Mapping[str, str]) -> dict[str, tuple[Diagnostic, ...]]:
    """Objects with calls of the runtime library that the kernel has no function for, each with one error a symbol.

    Args:
        make: of the cell, in the folder of the objects.
        sources: of the objects that are there, by target.

    Raises:
        InfrastructureError: the machine failed.
    """
    objects = [target for target in sources if target.endswith(".o")]
    if not objects:
        return {}
    nm = ToolchainName.parse(make.cell.toolchain.name).binary_tool("nm")
    listed = _printed(make, nm, "--undefined-only", "--print-file-name", *objects)
    symbols = runtime_symbols(listed.splitlines())
    own = {symbol: _has(make, symbol) for symbol in sorted({name for names in symbols.values() for name in names})}
    found: dict[str, tuple[Diagnostic, ...]] = {}
    for target, names in symbols.items():
        lacking = [name for name in names if not own[name]]
        if lacking and target in sources:
            calling = _callers_in(make, target)
            # A symbol can be left over of code that the compiler took out: the linker does not miss it.
            missed = [name for name in lacking if name in calling] or lacking
            found[target] = tuple(_error(sources[target], name, calling.get(name, ())) for name in missed)
    return found


def runtime_symbols(lines: Iterable[str]) -> dict[str, list[str]]:
    """Undefined symbols of libgcc by object.

    Args:
        lines: as `nm --undefined-only --print-file-name` prints them: `lib/a.o:         U __udivdi3`.
    """
    symbols: dict[str, list[str]] = {}
    for line in lines:
        target, _, rest = line.partition(":")
        words = rest.split()
        if words and _RUNTIME.fullmatch(words[-1]):
            symbols.setdefault(target, []).append(words[-1])
    return symbols


def callers(lines: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """Functions by the symbols that they refer to.

    Args:
        lines: as `objdump -dr` prints them.
    """
    found: dict[str, dict[str, None]] = {}
    function = ""
    for line in lines:
        if match := _FUNCTION.match(line):
            function = match["name"]
        elif function and (match := _RELOCATION.match(line)):
            found.setdefault(match["symbol"], {})[function] = None
    return {symbol: tuple(functions) for symbol, functions in found.items()}


def _error(source: str, symbol: str, functions: Sequence[str]) -> Diagnostic:
    """The linker's error, with the functions that call; a single caller is the error's own place."""
    named = ", ".join(f"{name}()" for name in functions[:MOST_FUNCTIONS])
    where = f" in {named}" if named else ""
    words = f'undefined reference to "{symbol}"{where}'
    if _DIVIDES.fullmatch(symbol):
        words += "; the kernel divides 64 bits by <linux/math64.h>"
    return Diagnostic(source, 0, words, tool="ld", function=functions[0] if len(functions) == 1 else "")


def _callers_in(make: Make, target: str) -> dict[str, tuple[str, ...]]:
    """`callers` of an object; nothing where its code is too long to be read."""
    objdump = ToolchainName.parse(make.cell.toolchain.name).binary_tool("objdump")
    try:
        return callers(_printed(make, objdump, "-dr", "--no-show-raw-insn", target).splitlines())
    except OutputLimitError:
        return {}


def _has(make: Make, symbol: str) -> bool:
    """Whether the tree has a word for a symbol where such functions are: arm has `__ashldi3` of its own, say."""
    places = (f"arch/{architecture(make.cell.arch).folder}", "lib")
    done = make.tool("grep", "-rqsw", "--include=*.[chS]", "-e", symbol, *(f"{{src}}/{place}" for place in places))
    make.check_failure(done)
    return done.ok


def _printed(make: Make, *argv: str) -> str:
    done = make.tool(*argv)
    make.check_failure(done)
    return done.stdout.decode("utf-8", "replace") if done.ok else ""
