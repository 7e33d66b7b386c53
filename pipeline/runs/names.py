"""Names of the evidence within a run's folder: logs, consoles, configurations."""

from __future__ import annotations


def log_name(cell_id: str, tree: str, patch: int) -> str:
    """Where a build's log lies within the run's folder; trees are told apart by number, never by their names."""
    return f"logs/{tree}-{cell_id}-{'base' if patch == 0 else f'patch-{patch:02}'}.log"


def console_name(cell_id: str, tree: str, patch: int, scenario: str) -> str:
    """Where the console of a boot lies within the run's folder."""
    return log_name(cell_id, tree, patch).removesuffix(".log") + f"-{scenario}.console"


def config_name(cell_id: str, tree: str) -> str:
    """Where a cell's configuration lies within the run's folder."""
    return f"configs/{tree}-{cell_id}.config"
