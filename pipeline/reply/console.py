"""The failure of a booted kernel in the words of a mail, and the lines of its console that show it."""

from __future__ import annotations

import re
from collections.abc import Sequence

from pipeline.boot.console import splats
from pipeline.reply.quoting import LOG_COLUMNS
from pipeline.system.text import cut, visible

MOST_LINES = 24
"""Of a complaint, its call trace included."""
LAST_LINES = 8
"""Of a console that ends too early."""

_VERBS = {"hung": "hangs", "went down": "goes down", "wrote more than the console may hold,": "floods its console"}
_ENDING = re.compile(rf"({'|'.join(_VERBS)}) (before userspace)?")
_COMPLAINS, _FAILED = "the kernel complains: ", "failed: "
_END_OF_TRACE = re.compile(r"---\[ end (trace|Kernel panic)")


def failure_words(what: str) -> str:
    """The failure, as `the kernel hangs before userspace`; names of checks and scenarios are ours.

    Args:
        what: as a report has it, behind the scenario's name.
    """
    if what.startswith(_COMPLAINS):
        return "the kernel complains"
    if what.startswith(_FAILED):
        return (
            "a test in the booted kernel fails" if len(failed_tests(what)) == 1 else "tests in the booted kernel fail"
        )
    ending = _ENDING.match(what)
    return f"the kernel {_VERBS[ending[1]]} {ending[2] or 'in userspace'}" if ending else "the kernel does not pass"


def failed_tests(what: str) -> list[str]:
    """Names of checks that fail, where that is what is wrong."""
    return what.removeprefix(_FAILED).split(", ") if what.startswith(_FAILED) else []


def evidence(what: str, seen: Sequence[str], console: str) -> list[str]:
    """Lines that show it: what was wrong, the complaint with its call trace, or how the console ends.

    Args:
        what: as for `failure_words`.
        seen: evidence as a report has it.
        console: of the boot, as far as it is there.
    """
    lines = [line for line in console.splitlines() if line.strip()]
    if failing := failed_tests(what):
        # Each begins with the name of a check; the console is not sent along.
        parts = [line.partition(": ") for line in seen]
        shown = [words.removesuffix("; its words are in the console") for name, _, words in parts if name in failing]
    elif (first := _complaint(lines, seen)) is not None:
        shown = [*_trace(lines[first : first + MOST_LINES])]
    else:
        shown = [*(lines[-LAST_LINES:] or seen)]
    return [f"  {cut(visible(line), LOG_COLUMNS - 2)}".rstrip() for line in shown[:MOST_LINES]]


def _complaint(lines: Sequence[str], seen: Sequence[str]) -> int | None:
    """Which line is the first of those that a record keeps, numbers aside."""
    return next((at for at, line in enumerate(lines) if set(splats(line)) & set(seen)), None)


def _trace(lines: Sequence[str]) -> Sequence[str]:
    """The lines to the end of the trace, where that is among them."""
    end = next((at for at, line in enumerate(lines) if _END_OF_TRACE.search(line)), len(lines) - 1)
    return lines[: end + 1]
