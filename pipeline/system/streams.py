"""Reads the output of a process and waits for its end, while the caller looks at other things."""

from __future__ import annotations

import os
import resource
import selectors
import subprocess
import time
from collections.abc import Callable

_READ_SIZE = 1 << 16
_SMALL, _PAUSE = 1 << 10, 0.002
"""Bytes of a piece of output after which more is waited for, and for how many seconds."""
_PROMPT = 8
"""Small pieces that nobody waits after: most commands write few."""


def read(
    process: subprocess.Popen[bytes], check: Callable[[], None], interval: float, take: Callable[[str, bytes], None]
) -> None:
    """Reads what a process writes until it closes both streams.

    Args:
        check: called again and again; what it raises ends the reading.
        interval: seconds between two calls at most.
        take: called with `stdout` or `stderr`, and each piece as it comes.
    """
    pieces = 0
    with selectors.DefaultSelector() as selector:
        for name in ("stdout", "stderr"):
            stream = getattr(process, name)
            if stream is not None:
                selector.register(stream, selectors.EVENT_READ, name)
        while selector.get_map():
            check()
            for key, _ in selector.select(interval):
                piece = os.read(key.fd, _READ_SIZE)
                if not piece:
                    selector.unregister(key.fileobj)
                    continue
                take(key.data, piece)
                pieces += 1
                if len(piece) < _SMALL and pieces > _PROMPT:
                    # Who writes byte by byte shall not have us look at each.
                    time.sleep(_PAUSE)


def wait(process: subprocess.Popen[bytes], check: Callable[[], None]) -> resource.struct_rusage:
    """Wait for a process that closed its output, and return its resource usage. Its `returncode` is set."""
    pause = 0.001
    while True:
        ended, status, usage = os.wait4(process.pid, os.WNOHANG)
        if ended:
            process.returncode = os.waitstatus_to_exitcode(status)
            return usage
        check()
        time.sleep(pause)
        pause = min(pause * 2, 0.2)
