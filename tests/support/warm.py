"""The console script in processes that are forked from one that has imported it.

A command's imports take longer than most of what tests have it do.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from pipeline.system.errors import InfrastructureError

_SCRIPT = str(Path(__file__).with_name("warm_processes.py"))
_AT_START = ("PATH", "PYTHON", "LC_", "LANG")
"""How variables begin that an interpreter, or what is imported, reads when it starts."""
_FROM_THE_START = ("LD_", "COVERAGE_", "PYTHONPATH")
"""Of what has to be there when the process starts: another clock, a measurement, a tracer."""
_MEASURED = {"COVERAGE_FILE", "COVERAGE_PROCESS_START", "COVERAGE_PROCESS_CONFIG", "COVERAGE_RCFILE"}


def command(arguments: tuple[str, ...], environment: Mapping[str, str]) -> list[str]:
    """The words that run the console script; by an interpreter of its own where something is loaded before it."""
    if any(name.startswith(_FROM_THE_START) for name in environment) or _MEASURED & os.environ.keys():
        return [sys.executable, "-m", "pipeline", *arguments]
    at_start = {name: value for name, value in sorted(environment.items()) if name.startswith(_AT_START)}
    return [sys.executable, "-I", "-S", _SCRIPT, "launch", _server(json.dumps(at_start)).name, *arguments]


@dataclass(frozen=True)
class _Server:
    """Ends with this process."""

    name: str
    process: subprocess.Popen[bytes]


@lru_cache
def _server(environment: str) -> _Server:
    name = f"warm-{os.getpid()}-{_server.cache_info().misses}"
    # Without the folder of the script, which has modules of any name.
    words = [sys.executable, "-P", _SCRIPT, "serve", name]
    server = subprocess.Popen(
        words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=json.loads(environment), cwd="/"
    )
    assert server.stdout is not None
    if not server.stdout.readline():
        raise InfrastructureError(f"{' '.join(words)} ended with status {server.wait()}")
    return _Server(name, server)
