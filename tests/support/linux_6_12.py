"""The main job on the real Linux 6.12."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

TREE = "debian:linux-source-6.12"


def run_pipeline(workspace: Path, series: Path, matrix: Path, output: Path) -> tuple[int, str, dict[str, Any]]:
    """The main job as a user runs it: exit status, report, and the record."""
    command = [sys.executable, "-m", "pipeline", "apply-and-build", str(series), "--tree", TREE]
    command += ["--matrix", str(matrix), "--workspace", str(workspace), "--json", str(output)]
    # Standard error goes to pytest's, so that a long build is seen to move.
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
    return done.returncode, done.stdout, json.loads(output.read_text())
