"""Unexpected exceptions: one line for the user, a log with the traceback, and exit status 4.

Python ends with status 1 after an uncaught exception. Here, 1 means that the series has a problem. A series that breaks
a parser must not get that verdict.
"""

from __future__ import annotations

import os
import sys
import tempfile
import traceback
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from pipeline.system.errors import InfrastructureError

LOGS = "logs"
"""The folder of a workspace that logs are written to."""
MOST_LOGS = 20
_LONGEST = 200


def unforeseen(error: Exception, folder: Path | None = None) -> InfrastructureError:
    """Turn an exception that is a defect of the pipeline into an error for the user; write the traceback to a file.

    Args:
        folder: a workspace to leave the log in; where it cannot be written, the folder for temporary files is taken.
    """
    words = " ".join(f"{type(error).__name__}: {error}".split())
    # Its words may be a stranger's.
    words = "".join(letter if letter.isprintable() else "?" for letter in words[:_LONGEST])
    return InfrastructureError(
        f"pipeline has a defect; this is not a verdict on the series: {words}",
        hint="Please report it, with the command and the log.",
        log=_logged(error, folder),
    )


def _logged(error: Exception, folder: Path | None) -> Path | None:
    text = f"{sys.argv!r}\n{''.join(traceback.format_exception(error, chain=False))}"
    name = f"{datetime.now(UTC):%Y%m%d-%H%M%S}-{os.getpid()}.log"
    for place in ([folder / LOGS] if folder and folder.is_dir() else []) + [Path(tempfile.gettempdir())]:
        with suppress(OSError):
            place.mkdir(exist_ok=True)
            # A name that is guessed can be a link of another user's, in the folder for temporary files.
            descriptor = os.open(place / f"pipeline-{name}", os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "w", encoding="utf-8", errors="backslashreplace") as file:
                file.write(text)
            if place.name == LOGS:
                for old in sorted(place.glob("pipeline-*.log"))[:-MOST_LOGS]:
                    old.unlink()
            return place / f"pipeline-{name}"
    return None
