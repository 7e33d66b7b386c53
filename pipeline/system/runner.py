"""Logs of CI runners, which obey lines that look like `::error file=…::words` or hold `##[error]`.

A subject, a compiler's message or a file name can be such a line. GitHub's runner and Azure's read what a step writes
to its output and its error output: docs.github.com, "Workflow commands".
"""

from __future__ import annotations

import io
import os
import re
import sys
from typing import TextIO

_AT_BEGIN = re.compile(r"(^|[\r\n])([^\S\r\n]*):(?=:)")
_ANYWHERE = re.compile(r"##(?=\[|vso\[)")


def disarmed(text: str) -> str:
    """Lines without commands for a runner; all else stays as it is."""
    if "::" in text:
        text = _AT_BEGIN.sub(r"\1\2: ", text)
    return _ANYWHERE.sub("## ", text) if "##" in text else text


class DisarmedStream(io.TextIOBase):
    """A text stream that hands on whole lines, disarmed."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._line = ""

    def write(self, text: str) -> int:
        lines, newline, rest = (self._line + text).rpartition("\n")
        if newline:
            self._stream.write(disarmed(lines + newline))
        self._line = rest
        return len(text)

    def flush(self) -> None:
        """Pass on an unfinished line; the runner reads it as a line of its own."""
        if self._line:
            self._stream.write(disarmed(self._line))
            self._line = ""
        self._stream.flush()

    def writable(self) -> bool:
        return True

    def isatty(self) -> bool:
        return self._stream.isatty()

    def fileno(self) -> int:
        return self._stream.fileno()

    @property
    def encoding(self) -> str:  # type: ignore[override]
        return self._stream.encoding

    @property
    def errors(self) -> str | None:  # type: ignore[override]
        return self._stream.errors

    @property
    def buffer(self) -> io.BufferedIOBase:
        """Bytes, which are only printed here as a whole file."""
        return self._stream.buffer  # type: ignore[return-value]


def disarm_output() -> None:
    """From now on, a CI runner takes no commands from what is printed."""
    if os.environ.get("GITHUB_ACTIONS") or os.environ.get("TF_BUILD"):
        sys.stdout, sys.stderr = DisarmedStream(sys.stdout), DisarmedStream(sys.stderr)
