"""Words of a mail to a list: kernels by architecture and compiler, trees by what others call them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from pipeline.assess.words import label
from pipeline.record import CellRecord, RunRecord, TreeRecord, line_ranges

OPTIONS_NAMED = 2
"""Of a configuration, where several are of one architecture and compiler."""

_PROGRAM = re.compile(r"(?:\S*-)?(gcc|clang|rustc|cc)\b")
_VERSION = re.compile(r"\d+(?:\.\d+)+")


def listed(words: Iterable[str]) -> str:
    """`a, b and c`."""
    *first, last = list(dict.fromkeys(words)) or [""]
    return f"{', '.join(first)} and {last}" if first else last


def compiler(toolchain: str, *, short: bool = True) -> str:
    """`gcc 12.2` from what `gcc --version` prints; all of the number where it is not `short`."""
    # clang's own version stands before the parenthesis, and gcc's behind it.
    versions = _VERSION.findall(toolchain.split("(")[0]) or _VERSION.findall(toolchain)
    program = _PROGRAM.search(toolchain)
    if not program or not versions:
        return toolchain
    number = versions[-1]
    return f"{program[1]} {'.'.join(number.split('.')[:2]) if short else number}"


def kernels(cells: Sequence[CellRecord], program: str = "") -> str:
    """Several kernels in a few words: `x86_64 (2 configurations) and i386, with gcc 12.2`.

    Args:
        program: that says something of them, where that is not their compiler.
    """
    by_compiler: dict[str, dict[str, int]] = {}
    for cell in cells:
        archs = by_compiler.setdefault(program or compiler(cell.toolchain), {})
        archs[cell.arch] = archs.get(cell.arch, 0) + 1
    parts = []
    for name, archs in by_compiler.items():
        words = [f"{arch} in {number} configurations" if number > 1 else arch for arch, number in archs.items()]
        parts.append(f"{listed(words)} ({name})")
    return listed(parts)


def kernel(record: RunRecord, cell: CellRecord) -> str:
    """The words for a kernel, as many as tell it from the others of the run."""
    alike = [other for other in record.cells if other.arch == cell.arch]
    words = cell.arch
    if len({compiler(cell.toolchain) for cell in alike}) > 1:
        words += f", {compiler(cell.toolchain)}"
        alike = [other for other in alike if compiler(other.toolchain) == compiler(cell.toolchain)]
    configurations = [other for other in alike if other.tree == cell.tree]
    if len(configurations) > 1:
        words += f", {_configuration(cell, configurations)}"
    if len({cell.tree for cell in alike}) > 1:
        words += f", {cell.tree}"
    return words


def _configuration(cell: CellRecord, others: Sequence[CellRecord]) -> str:
    if cell.base and sum(other.base == cell.base for other in others) == 1:
        return cell.base
    shared = set.intersection(*(set(other.requests or ()) for other in others))
    own = [request for request in cell.requests or () if request not in shared]
    if own:
        more = " …" if len(own) > OPTIONS_NAMED else ""
        return f"{', '.join(f'CONFIG_{option}' for option in own[:OPTIONS_NAMED])}{more}"
    return f"configuration {others.index(cell) + 1} of {len(others)}"


def spoken(record: RunRecord, text: str) -> str:
    """A sentence of a report without names that are ours."""
    names = {name: kernel(record, cell) for cell in record.cells for name in (cell.id, label(record, cell))}
    if names:
        longest = "|".join(map(re.escape, sorted(names, key=len, reverse=True)))
        text = re.sub(rf"(?<![\w-])(?:{longest})(?![\w-])", lambda match: names[match[0]], text)
    # Where objects are compiled and nothing is linked, there is no kernel to speak of.
    noun = "configuration" if any(cell.stage == "objects" for cell in record.cells) else "kernel"
    text = re.sub(r"\bno cell (is|was)\b", rf"no {noun} \1", text)
    text = re.sub(r"\bno cell\b", f"no {noun} here", text)
    text = re.sub(r" \([\w.-]+\.config\)|; [\w.-]+\.config promises [^;]*", "", text)
    text = re.sub(r";? ?\(?run with --per-patch to find the first\)?|;? ?--per-patch [^.;,)]*", "", text)
    return re.sub(r"\bcell(s?)\b", rf"{noun}\1", text)


def patches(numbers: Sequence[int], total: int) -> str:
    """`Patch 2` or `Patches 1-3`; that of a series of one is `This patch`."""
    if total == 1:
        return "This patch"
    return f"Patch{'es' if len(numbers) > 1 else ''} {line_ranges(numbers).replace(',', ', ')}"


def tree(record: TreeRecord) -> str:
    """A tree as others find it."""
    kind, _, rest = record.name.partition(":")
    if kind == "debian":
        return f"Debian's {rest} {record.version.removeprefix(f'{rest} ')}"
    name = rest.partition("#")[0] if kind in ("git", "tar") else record.name
    if record.commit:
        # The name of a tree that only this machine has contains its commit already.
        name = name.removesuffix(f" ({record.commit[:12]})")
    return (
        f"{name}, commit {record.commit}" if record.commit else f"{name}, {record.version}" if record.version else name
    )
