"""The command line: arguments in, the verbs called, exit statuses out."""

from __future__ import annotations

# The order of the imports is that of the commands in --help.
from pipeline.cli import work  # isort: skip
from pipeline.cli import review  # isort: skip
from pipeline.cli import results  # isort: skip
from pipeline.cli.app import app

__all__ = ["app", "main", "results", "review", "work"]


def main() -> None:
    """Entry point of the console script."""
    app()
