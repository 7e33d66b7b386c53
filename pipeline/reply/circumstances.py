"""The circumstances of a finding, and instructions to reproduce it on another machine."""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence
from urllib.parse import urljoin

from pipeline.kernel import sparse
from pipeline.kernel.architectures import architecture
from pipeline.record import CellRecord, DiagnosticRecord, RunRecord, TreeRecord
from pipeline.render import wording
from pipeline.reply.headers import message_id
from pipeline.reply.quoting import COLUMNS
from pipeline.system.text import cut

MOST_REQUESTS = 19
"""Options that stand in a mail: it says `below 20 lines`."""

_REQUEST = re.compile(r'[A-Z0-9a-z_]{1,80}=(?:[ynm]|-?\w{1,40}|"[^"\n]{0,120}")')
_TARGET = re.compile(r"\w+config")
_SOURCE = re.compile(r"[\w+-][\w./+-]*\.[cSs]")
_COMMIT = re.compile(r"[0-9a-f]{12,40}")
_REMOTE = re.compile(r"(?:https?|git)://[\w.:@/~+%-]+", re.ASCII)


def circumstances(record: RunRecord, cell: CellRecord, link: str) -> list[str]:
    """Compiler, architecture, tree and configuration of a kernel, a line each."""
    tree = _tree(record, cell)
    rows = [
        ("compiler", cell.toolchain),
        ("architecture", cell.arch),
        *([("tree", wording.tree(tree))] if tree else []),
        *zip(("configuration", *[""] * MOST_REQUESTS), _configuration(cell, link), strict=False),
    ]
    return [f"  {name:13}  {cut(words, 2 * COLUMNS)}" for name, words in rows]


def reproducer(record: RunRecord, cell: CellRecord, applied: int, diagnostics: Sequence[DiagnosticRecord]) -> list[str]:
    """Commands that show the same elsewhere; none where something is missing that only this machine has.

    Args:
        applied: how many patches.
        diagnostics: what the compiler says.
    """
    later = len(record.series.patches) - applied if applied else 0
    tree, series = _tree(record, cell), message_id(record.series.message_id)
    checkout = _checkout(tree) if tree else []
    requests = cell.requests
    if not (series and checkout and requests is not None and _TARGET.fullmatch(cell.base)):
        return []
    if record.series.prerequisites or (tree and tree.prerequisites):
        # The command does not fetch the prerequisites of the series.
        return []
    if len(requests) > MOST_REQUESTS or not all(map(_REQUEST.fullmatch, requests)):
        return []
    make = ["make", *map(shlex.quote, (f"ARCH={cell.arch}", *_tools(cell)))]
    sources = dict.fromkeys(
        diagnostic.path for diagnostic in diagnostics if diagnostic.line and _SOURCE.fullmatch(diagnostic.path)
    )
    objects = [f"{path.rpartition('.')[0]}.o" for path in sources][:3]
    config = ["scripts/config", *(shlex.join(_option(request)) for request in requests)]
    # Without a number, b4 takes the newest revision of the thread.
    revision = [f"-v {record.series.version}"] if record.series.other_versions else []
    commands = [
        *checkout,
        ["b4", "shazam", *revision, shlex.quote(series)],
        *([["git", "checkout", f"HEAD~{later}"]] if later else []),
        [*make, cell.base],
        *([config, [*make, "olddefconfig"]] if requests else []),
        [*make, *_levels(cell, diagnostics), *map(shlex.quote, objects)],
    ]
    return [line for command in commands for line in _broken(command)]


def _levels(cell: CellRecord, diagnostics: Sequence[DiagnosticRecord]) -> list[str]:
    """The variables of make that bring the warnings."""
    if any(diagnostic.tool == sparse.PROGRAM for diagnostic in diagnostics):
        return ["C=2"]
    return [word for word in cell.words if word.startswith("W=")] if cell.stage == "objects" else []


def _tree(record: RunRecord, cell: CellRecord) -> TreeRecord | None:
    return next((tree for tree in record.trees if tree.name == cell.tree), None)


def _configuration(cell: CellRecord, link: str) -> list[str]:
    """Where it can be had, or what it is in a few lines."""
    if link.endswith((".html", "/")) and cell.config:
        return [urljoin(link, cell.config)]
    if cell.requests is not None and cell.base and len(cell.requests) <= MOST_REQUESTS:
        options = [f"CONFIG_{request}" for request in cell.requests]
        return [f"{cell.base}{', with' if options else ''}", *options]
    return ["I can send it"]


def _checkout(tree: TreeRecord) -> list[list[str]]:
    kind, _, rest = tree.name.partition(":")
    address = rest.partition("#")[0]
    if kind == "git" and _REMOTE.fullmatch(address) and _COMMIT.fullmatch(tree.commit):
        return [["git", "fetch", shlex.quote(address), tree.commit], ["git", "checkout", "FETCH_HEAD"]]
    return []


def _tools(cell: CellRecord) -> list[str]:
    """The variables of make for a compiler, as its first word names it."""
    program = cell.toolchain.split(" ")[0]
    if "clang" in cell.toolchain:
        return ["LLVM=1"]
    prefix = architecture(cell.arch).cross
    return [f"CROSS_COMPILE={prefix}"] if prefix and program.startswith(prefix) else []


def _option(request: str) -> list[str]:
    name, _, value = request.partition("=")
    switch = {"y": "-e", "n": "-d", "m": "-m"}.get(value)
    if switch:
        return [switch, name]
    return ["--set-str", name, value[1:-1]] if value.startswith('"') else ["--set-val", name, value]


def _broken(words: Sequence[str]) -> list[str]:
    """A command line in lines of a mail, broken between words that are quoted already; an option keeps its value."""
    lines = [""]
    for word in words:
        if lines[-1] and len(f"  {lines[-1]} {word}") > COLUMNS - len(" \\"):
            lines.append("    " + word)
        else:
            lines[-1] = f"{lines[-1]} {word}" if lines[-1] else word
    lines = [f"  {line}" for line in lines]
    return [*(f"{line} \\" for line in lines[:-1]), lines[-1]]
