"""Finds values of options with which a condition holds, to request them of kconfig.

A search in the order in which things are written, with a limit, not a proof: of `A || B` the first that can be had is
taken, and what only a program of the tree can tell is hoped for. Whoever uses an answer asks kconfig itself
(`olddefconfig`) what happened to it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from pipeline.kernel.kconfig.expression import Expression
from pipeline.kernel.kconfig.hypothetical import State, Values
from pipeline.kernel.kconfig.options import Kconfig
from pipeline.kernel.kconfig.search import Search, UnreachableError
from pipeline.system import untrusted
from pipeline.system.untrusted import Budget

LONGEST_REASON = 300
"""Characters of a sentence for people; a condition can be of thousands of parts."""


@dataclass(frozen=True)
class Solution:
    """Values to request, in an order in which every option comes after those that it depends on.

    Args:
        requests: value by option; empty when the condition holds already, or cannot hold.
        values: the configuration as it would be then, as far as can be told.
        reason: why it cannot be made to hold, for people; empty when it can.
    """

    requests: Mapping[str, str]
    values: Mapping[str, str]
    reason: str = ""


def solve(
    kconfig: Kconfig,
    condition: Expression,
    values: Mapping[str, str],
    asked: Mapping[str, str],
    budget: Budget | None = None,
) -> Solution:
    """Values of options with which `condition` is `y`.

    Args:
        kconfig: of the cell's architecture.
        values: options and values of the final configuration, as it is now.
        asked: what its fragments ask for, which is not to be changed.
        budget: of a whole suggestion; where it is spent, nothing more is found.
    """
    search = Search(kconfig, asked, budget or Budget(untrusted.SOLVE_STEPS))
    try:
        state = search.hold(condition, State(Values(values)), ())
        state = search.kept(state, ())
    except UnreachableError as error:
        return Solution({}, values, str(error)[:LONGEST_REASON])
    return Solution(state.requests, state.values.whole())
