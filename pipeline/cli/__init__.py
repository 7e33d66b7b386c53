"""The command line: arguments in, the verbs called, exit statuses out."""

from __future__ import annotations

import sys
from importlib import import_module

from pipeline.cli.app import app
from pipeline.cli.mishap import unforeseen
from pipeline.system.console import Console
from pipeline.system.runner import disarm_output

__all__ = ["app", "main"]

MODULES = ("work", "merge", "review", "results", "machine", "check", "cluster")
"""Where the commands are, in the order of --help."""

# b4 asks `pipeline check` once for every patch and waits; what the others import takes longer than its answer.
for module in ["check"] if sys.argv[1:2] == ["check"] else MODULES:
    import_module(f"pipeline.cli.{module}")


def main() -> None:
    """Entry point of the console script."""
    disarm_output()
    try:
        app()
    except Exception as error:
        # What a command does outside its session.
        mishap = unforeseen(error)
        Console().error(mishap.message, mishap.hint, f"Log: {mishap.log}")
        sys.exit(mishap.status)
