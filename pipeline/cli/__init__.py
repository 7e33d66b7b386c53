"""The command line: arguments in, the verbs called, exit statuses out."""

from __future__ import annotations

import gc
import sys
from collections.abc import Sequence
from importlib import import_module

from pipeline.cli.command import app
from pipeline.cli.mishap import unforeseen
from pipeline.system.runner import disarm_output

__all__ = ["app", "main"]

COMMANDS = (
    *("apply-and-build", "fetch", "apply", "plan", "merge", "review", "report", "compare", "index", "doc", "reply"),
    *("runs", "doctor", "checks", "warm", "clean", "check", "inline", "run-job"),
)
"""In the order of --help; each is a module of the same name, with underscores."""


def load(arguments: Sequence[str]) -> None:
    """Import the command that is called, or all of them where none is: their imports take most of a short one's time.

    Args:
        arguments: of the program.
    """
    # Imported objects stay: searching them for garbage takes a seventh of the time of imports.
    gc.disable()
    called = [name for name in arguments[:1] if name in COMMANDS]
    if arguments[:1] != ["--version"]:
        for name in called or COMMANDS:
            import_module(f"pipeline.cli.{name.replace('-', '_')}")
    gc.freeze()
    gc.enable()


load(sys.argv[1:])


def main() -> None:
    """Entry point of the console script."""
    disarm_output()
    try:
        app(prog_name="pipeline")
    except Exception as error:
        # Errors of a command outside its session.
        from pipeline.system.console import Console

        unexpected = unforeseen(error)
        Console().error(unexpected.message, unexpected.hint, f"Log: {unexpected.log}")
        sys.exit(unexpected.status)
