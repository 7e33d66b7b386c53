"""An order: the user's request, and the command line that repeats it; pure."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from pipeline.fetch import Request
from pipeline.model import Stage
from pipeline.system.sandbox import SandboxName
from pipeline.system.shell import pasted

_NO_SERIES = "--no-series"


class BaseChoice(StrEnum):
    """The choice of base: the one that the series names where the tree has it, or the tree as named."""

    AUTO = "auto"
    TREE = "tree"


@dataclass(frozen=True, kw_only=True)
class Order:
    """The request of the user. Empty `trees` and `matrix` stand for the defaults of a tracked series.

    Args:
        ccache: bytes that ccache may keep in the workspace; 0 switches it off.
        baseline: build the trees without a series; `request` is ignored then.
        until: the last stage to run; None for all stages.
        budget: seconds of wall time for kernels and boots; None for no limit.
    """

    request: Request
    trees: tuple[str, ...] = ()
    matrix: str = ""
    cells: tuple[str, ...] = ()
    per_patch: bool = False
    sandbox: SandboxName = SandboxName.BWRAP
    jobs: int = 1
    base: BaseChoice = BaseChoice.AUTO
    executor: str = "local"
    noise_floor: bool = False
    ccache: int = 0
    baseline: bool = False
    until: Stage | None = None
    budget: int | None = None


def reproducer(order: Order, names: Sequence[str], matrix_name: str) -> str:
    """The command line that repeats an order. It names the defaults, and leaves out the executor."""
    words = [_NO_SERIES] if order.baseline else []
    for name in names:
        words += ["--tree", name]
    words += ["--matrix", matrix_name]
    for glob in order.cells:
        words += ["--cell", glob]
    if order.request.version is not None:
        words += ["--revision", str(order.request.version)]
    for message_id in order.request.rethread:
        words += ["--rethread", message_id]
    if order.base is not BaseChoice.AUTO:
        words.append(f"--base={order.base}")
    if order.per_patch:
        words.append("--per-patch")
    if order.noise_floor:
        words.append("--noise-floor")
    if order.until is not None:
        words.append(f"--until={order.until}")
    if order.budget is not None:
        words.append(f"--budget={order.budget}s")
    if order.sandbox is not SandboxName.BWRAP:
        words.append(f"--sandbox={order.sandbox}")
    return pasted(("pipeline", "apply-and-build"), () if order.baseline else (order.request.text,), words)


def joined(commands: Sequence[str]) -> str:
    """Join several command lines, each written by `reproducer`, into one.

    It has the trees and cells of all of them, in order; a command line without `--cell` builds every cell. All other
    options are those of the first command line.
    """
    asked = [_split_command(command) for command in commands]
    trees = dict.fromkeys(name for _, options in asked for name in options["--tree"])
    every = any(not options["--cell"] for _, options in asked)
    cells = dict.fromkeys(name for _, options in asked for name in options["--cell"] if not every)
    words = asked[0][0]
    operands = 0 if _NO_SERIES in words else 1
    options = [*_repeated("--tree", trees), *words[2 + operands :], *_repeated("--cell", cells)]
    return pasted(words[:2], words[2 : 2 + operands], options)


def _split_command(command: str) -> tuple[list[str], dict[str, list[str]]]:
    """Split a command line into its words, and the values of `--tree` and `--cell`."""
    words, options = [], {"--tree": list[str](), "--cell": list[str]()}
    split = shlex.split(command)
    if "--" in split:
        # The name of the series looks like an option; it comes last.
        at = split.index("--")
        split = [*split[:2], *split[at + 1 :], *split[2:at]]
    rest = iter(split)
    for word in rest:
        if word in options:
            options[word].append(next(rest, ""))
        else:
            words.append(word)
    return words, options


def _repeated(option: str, values: Iterable[str]) -> Iterator[str]:
    for value in values:
        yield from (option, value)
