"""Every check on patches, in the order in which reports show them."""

from __future__ import annotations

from pipeline.checks.protocol import PatchCheck, Tool
from pipeline.checks.suspicion import SuspicionCheck

CHECKS: tuple[PatchCheck, ...] = (SuspicionCheck(),)


def tools() -> tuple[Tool, ...]:
    """Programs that some check needs, each once."""
    return tuple(dict.fromkeys(tool for check in CHECKS for tool in check.needs.tools))
