"""Sweeps: tests of many cases of one kind. CI tries some of them, `make test-sweeps` all."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import TypeVar

Case = TypeVar("Case")

ALL = os.environ.get("PIPELINE_SWEEPS") == "all"


def some(cases: Iterable[Case], every: int) -> list[Case]:
    """All cases, or each of that distance to the first."""
    return [*cases][:: 1 if ALL else every]
