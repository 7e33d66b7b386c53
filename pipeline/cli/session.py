"""What happens around every command: collaborators made, errors and signals turned into a line and an exit status."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from pipeline.cli.mishap import unforeseen
from pipeline.mail.limits import READING_SECONDS, SETTING
from pipeline.system.console import Console
from pipeline.system.errors import ExitStatus, PipelineError, UsageError
from pipeline.system.git import user_setting
from pipeline.system.process import Processes, StoppedError
from pipeline.system.workspace import Workspace

if TYPE_CHECKING:
    from pipeline.run import Pipeline

INTERRUPTED = 130
"""Exit status after a signal, as shells have it for SIGINT (128 + 2)."""

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@dataclass(frozen=True)
class Session:
    """One command's collaborators; the workspace is prepared when it is first needed."""

    workspace: Workspace
    processes: Processes
    console: Console

    def pipeline(self) -> Pipeline:
        """The verbs, with these collaborators."""
        # The verbs' imports take half a second, and commands that only read runs do without them.
        from pipeline.run import Pipeline

        self.workspace.prepare()
        return Pipeline(self.workspace, self.processes, self.console, reading_seconds())


def reading_seconds() -> float:
    """Seconds of a processor that the mails of a command may take.

    Raises:
        UsageError: the user's setting is no number of seconds.
    """
    setting = user_setting(SETTING)
    if not setting:
        return READING_SECONDS
    if not (setting.isdecimal() and setting.isascii() and len(setting) < 6 and int(setting)):
        raise UsageError(f"git config {SETTING} is no number of seconds", hint=f"git config --global {SETTING} 60")
    return float(setting)


@contextmanager
def session(workspace: Path | None, verbose: bool, quiet: bool) -> Iterator[Session]:
    """Turns errors and signals into one clear line and an exit status; no child outlives it."""
    console = Console(quiet=quiet, verbose=verbose)
    processes = Processes()
    for number in _SIGNALS:
        signal.signal(number, _interrupt)
    folder = Workspace((workspace or Workspace.default()).expanduser().resolve())
    try:
        with _interruptions():
            yield Session(folder, processes, console)
    except PipelineError as error:
        _say(console, error)
        raise typer.Exit(error.status) from error
    except (typer.Exit, typer.Abort, typer.BadParameter):
        raise
    except (KeyboardInterrupt, StoppedError) as error:
        console.error("stopped", "Finished cells are kept: the same command goes on from there.")
        raise typer.Exit(INTERRUPTED) from error
    except BrokenPipeError as error:
        # The reader of our output went away (`| head`): nothing more to say, and nothing to complain of at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise typer.Exit(ExitStatus.CLEAN) from error
    except OSError as error:
        console.error(
            f"{error.strerror or error}{f': {error.filename}' if error.filename else ''}",
            "Nothing half-written is kept. Free space or repair the disk, then run the same command again.",
        )
        raise typer.Exit(ExitStatus.INFRASTRUCTURE) from error
    except Exception as error:
        unexpected = unforeseen(error, folder.folder)
        _say(console, unexpected)
        raise typer.Exit(unexpected.status) from error
    finally:
        processes.stop()


@contextmanager
def _interruptions() -> Iterator[None]:
    """Keeps an interruption one where what it cleans up fails, such as a connection that another end has closed."""
    try:
        yield
    except Exception as error:
        before = error.__context__
        while before is not None and not isinstance(before, KeyboardInterrupt):
            before = before.__context__
        if before is not None:
            raise KeyboardInterrupt from error
        raise


def _say(console: Console, error: PipelineError) -> None:
    """Shows an error: what happened, what to do, where the rest is."""
    details = [error.hint] if error.hint else []
    details += [f"Log: {error.log}"] if error.log else []
    console.error(error.message, *details)


def _interrupt(*_: object) -> None:
    # A second signal must not interrupt the clean-up.
    for number in _SIGNALS:
        signal.signal(number, signal.SIG_IGN)
    raise KeyboardInterrupt
