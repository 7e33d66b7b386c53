"""Limits how long git may take: an author of patches can keep it busy for hours, outside of any sandbox."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from pipeline.system import untrusted
from pipeline.system.watch import descendants, processor_seconds
from pipeline.system.watched import Allowance

POLL_SECONDS = 0.1

_OF_PATCHES = frozenset({"am", "apply", "diff", "diff-tree", "patch-id", "range-diff"})
"""Commands whose time is up to a series."""
_MOST_PROCESSES = 100


def check(pid: int, arguments: Sequence[str], allowance: Allowance | None) -> Callable[[], None]:
    """A function to call while git runs: it raises TakesTooLongError when git takes too much of a processor.

    Args:
        pid: of git; what it starts counts as well.
        arguments: its own.
        allowance: for this command and others; commands that read patches have a limit of their own.
    """
    command = next((word for word in arguments if word in _OF_PATCHES), "")
    own = Allowance(untrusted.GIT_SECONDS) if command else None
    limits = [limit for limit in (own, allowance) if limit]
    last = time.monotonic()

    def looked_at() -> None:
        nonlocal last
        if not limits or time.monotonic() - last < POLL_SECONDS:
            return
        last = time.monotonic()
        seconds = sum(map(processor_seconds, {pid, *descendants(pid, _MOST_PROCESSES)}))
        for limit in limits:
            if seconds > limit.left:
                if allowance:
                    allowance.spend(seconds)
                raise limit.exceeded(f"git {command or arguments[0]}")

    return looked_at
