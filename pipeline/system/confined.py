"""Readings of what a stranger's build left, each in a process of its own, with limits of the kernel's on it.

A build can leave a million empty units of debug information, or files that are large and hold nothing. What a parser
makes of them, and how long it takes, is then the affair of a process that may take so much and no more. How it ended is
a result like another: what cannot be read is unknown.

What the process runs is a function of a module, by its name; arguments and what it returns are JSON.
"""

from __future__ import annotations

import json
import resource
import signal
import sys
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

from pipeline.system import untrusted
from pipeline.system.errors import InfrastructureError
from pipeline.system.process import Command, OutputLimitError, Processes

_UNREADABLE = 65
"""Exit status: the function said so (sysexits.h, EX_DATAERR)."""


class UnreadableError(ValueError):
    """What a build left cannot be read; says why."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"what the build left cannot be read: {reason}")


def call(processes: Processes, function: Callable[..., Any], *arguments: Any, data: bytes | None = None) -> Any:
    """What a function returns, called in a process of its own.

    Args:
        function: of a module; raises ValueError or OSError for what it cannot read.
        arguments: JSON values; `data`, where there is any, comes after them.

    Raises:
        UnreadableError: the function raised, or took more than it may.
        InfrastructureError: the process could not be started, or was killed from outside.
    """
    name = f"{function.__module__}:{function.__qualname__}"
    header = json.dumps({"function": name, "arguments": arguments, "data": data is not None}).encode()
    command = Command(
        # Isolated (-I): of the environment and the current folder nothing is imported.
        (sys.executable, "-I", "-X", "utf8", "-m", "pipeline.system.confined"),
        environment={"LC_ALL": "C"},
        cwd=Path("/"),
        stdin=header + b"\n" + (data or b""),
        output_limit=untrusted.CONFINED_ANSWER,
        name=f"python ({name})",
    )
    try:
        done = processes.run(command)
    except OutputLimitError:
        raise UnreadableError(f"more than {untrusted.CONFINED_ANSWER >> 20} MiB come of it") from None
    if done.ok:
        return json.loads(done.stdout)
    words = " ".join(done.stderr.decode("utf-8", "replace").split())[-300:]
    if done.status == _UNREADABLE:
        raise UnreadableError(words)
    if done.status == -signal.SIGXCPU:
        raise UnreadableError(f"it takes more than {untrusted.CONFINED_SECONDS} s")
    if done.status == -signal.SIGKILL:
        raise InfrastructureError(
            f"{command.name} was killed", hint="Was memory short? Free some, and run the same command again."
        )
    raise UnreadableError(words or f"the reader ended with status {done.status}")


def main() -> int:
    """What the process does: the limits first, then one call."""
    resource.setrlimit(resource.RLIMIT_AS, (untrusted.CONFINED_MEMORY,) * 2)
    # The signal of the soft limit says what happened, and the hard one is for who does not end of it.
    resource.setrlimit(resource.RLIMIT_CPU, (untrusted.CONFINED_SECONDS, untrusted.CONFINED_SECONDS + 1))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    try:
        asked = json.loads(sys.stdin.buffer.readline())
        module, _, name = asked["function"].partition(":")
        data = [sys.stdin.buffer.read()] if asked["data"] else []
        answer = json.dumps(getattr(import_module(module), name)(*asked["arguments"], *data))
        sys.stdout.write(answer)
        sys.stdout.flush()
    except MemoryError:
        return _unreadable(f"it takes more than {untrusted.CONFINED_MEMORY >> 20} MiB")
    except (ValueError, OSError) as error:
        return _unreadable(f"{error}")
    except Exception as error:
        return _unreadable(f"{type(error).__name__}: {error}")
    return 0


def _unreadable(reason: str) -> int:
    sys.stderr.write(reason[:300])
    return _UNREADABLE


if __name__ == "__main__":
    sys.exit(main())
