"""What a command imports: most of a short one's time is that of its imports."""

from __future__ import annotations

import subprocess
import sys

import pytest

from pipeline.cli import COMMANDS

_IMPORTED = "import sys; import pipeline.cli; print(*sorted(module for module in sys.modules))"
_ON_DEMAND = {"requests", "tenacity", "urllib3", "dask", "distributed", "docutils", "confusable_homoglyphs"}
"""What few runs of any command need, and takes a tenth of a second or more."""


@pytest.mark.parametrize("command", [*COMMANDS, "--version"])
def test_no_command_imports_what_few_runs_need(command: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", _IMPORTED, command], capture_output=True, text=True, check=True, timeout=60
    )
    assert not _ON_DEMAND & set(done.stdout.split())
