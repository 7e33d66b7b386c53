"""Readings of what a stranger's build left, each in a process of its own, with limits of the kernel's on it.

A build can leave a million empty units of debug information, or files that are large and hold nothing. What a parser
makes of them, and how long it takes, is then the affair of a process that may take so much and no more. How it ended is
a result like another: what cannot be read is unknown.

What the process runs is a function of a module, by its name; arguments and what it returns are JSON. An interpreter
that starts and imports costs more than most readings, so that each process is forked from one that has the modules in
memory (`pipeline.system.readers`).
"""

from __future__ import annotations

import json
import resource
import signal
from collections.abc import Callable
from importlib import import_module
from typing import Any, BinaryIO

from pipeline.system import untrusted
from pipeline.system.errors import InfrastructureError
from pipeline.system.process import Processes

_UNREADABLE = 65
"""Exit status: the function said so (sysexits.h, EX_DATAERR)."""
_TOO_LARGE = "it takes more than {} MiB"


class UnreadableError(ValueError):
    """The files of a build cannot be read; says why."""

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(f"what the build left cannot be read: {reason}")


def call(
    processes: Processes,
    function: Callable[..., Any],
    *arguments: Any,
    data: bytes | None = None,
    memory: int = untrusted.CONFINED_MEMORY,
) -> Any:
    """Call a function in a process of its own, and return its result.

    Args:
        function: of a module; raises ValueError or OSError for what it cannot read.
        arguments: JSON values; `data`, where there is any, comes after them.
        memory: bytes of address space that it may take.

    Raises:
        UnreadableError: the function raised, or took more than it may.
        InfrastructureError: the process could not be started, or was killed from outside.
        StoppedError: the run is being ended.
    """
    name = f"{function.__module__}:{function.__qualname__}"
    asked = {"function": name, "arguments": arguments, "data": data is not None, "memory": memory}
    header = json.dumps(asked).encode()
    read = processes.read_apart(function.__module__, header + b"\n" + (data or b""))
    if read.status == 0:
        return json.loads(read.answer)
    words = " ".join(read.answer[-1000:].decode("utf-8", "replace").split())[-300:]
    if read.status == _UNREADABLE:
        raise UnreadableError(words)
    if read.status == -signal.SIGABRT:
        # What is not Python has no exception for it.
        raise UnreadableError(_TOO_LARGE.format(memory >> 20))
    if read.status == -signal.SIGXCPU:
        raise UnreadableError(f"it takes more than {untrusted.CONFINED_SECONDS} s")
    if read.status == -signal.SIGKILL:
        raise InfrastructureError(
            f"python ({name}) was killed", hint="If memory was short, free some. Then run the same command again."
        )
    raise UnreadableError(f"the reader ended with status {read.status}")


def run(request: BinaryIO, answer: BinaryIO) -> int:
    """The body of that process: the limits first, then one call.

    Args:
        request: a line of JSON, and the data.
        answer: an empty file, which gets what the function returns as JSON, or the reason why it did not.

    Returns:
        Exit status.
    """
    # The signal of the soft limit says what happened, and the hard one is for who does not end of it.
    resource.setrlimit(resource.RLIMIT_CPU, (untrusted.CONFINED_SECONDS, untrusted.CONFINED_SECONDS + 1))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    asked = json.loads(request.readline())
    resource.setrlimit(resource.RLIMIT_AS, (asked["memory"],) * 2)
    try:
        module, _, name = asked["function"].partition(":")
        data = [request.read()] if asked["data"] else []
        words = json.dumps(getattr(import_module(module), name)(*asked["arguments"], *data)).encode()
        status = 0
    except MemoryError:
        status, words = _UNREADABLE, _TOO_LARGE.format(asked["memory"] >> 20).encode()
    except (ValueError, OSError) as error:
        status, words = _UNREADABLE, f"{error}".encode("utf-8", "replace")
    except Exception as error:
        status, words = _UNREADABLE, f"{type(error).__name__}: {error}".encode("utf-8", "replace")
    if len(words) > untrusted.CONFINED_ANSWER:
        status, words = _UNREADABLE, f"more than {untrusted.CONFINED_ANSWER >> 20} MiB of output".encode()
    answer.write(words)
    answer.flush()
    return status
