"""The console script, run as a user runs it; and what of it is still running."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from pipeline.record import RunRecord
from tests.support import warm


@dataclass(frozen=True)
class Runner:
    """Runs the console script in a sealed environment.

    Args:
        workspace: for every command that is not given another.
        environment: the whole environment.
        folder: working directory.
    """

    workspace: Path
    environment: Mapping[str, str]
    folder: Path

    def argv(self, *arguments: str) -> list[str]:
        """The command, for who starts it and looks at its process, or signals it."""
        return [sys.executable, "-m", "pipeline", *arguments, "--workspace", str(self.workspace)]

    def __call__(self, *arguments: str, stdin: bytes | None = None) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            warm.command((*arguments, "--workspace", str(self.workspace)), self.environment),
            env=self.environment,
            cwd=self.folder,
            stdin=subprocess.DEVNULL if stdin is None else None,
            input=None if stdin is None else stdin.decode(),
            capture_output=True,
            text=True,
            timeout=1800,
            check=False,
        )

    def within(self, workspace: Path, **environment: str) -> Runner:
        """The same in another workspace, with more in the environment."""
        return replace(self, workspace=workspace, environment={**self.environment, **environment})

    def record(self, run: str = "") -> RunRecord:
        """The record of a finished run of the workspace, the newest by default."""
        newest = max((self.workspace / "runs").glob("*/run.json"), key=lambda path: path.stat().st_mtime_ns)
        return RunRecord.model_validate_json(
            (self.workspace / "runs" / run / "run.json" if run else newest).read_bytes()
        )


def processes_in(folder: Path, words: str = "") -> list[int]:
    """Processes whose command line, working directory or mounts name `folder`; with `words` in the command line.

    A sandboxed process sees other paths, but its mounts are listed with those of the host, from the file system's root.
    """
    pids = []
    place = "/".join(folder.parts[-3:])
    for process in Path("/proc").glob("[0-9]*"):
        # It may have ended meanwhile, or be another user's.
        with suppress(OSError):
            command = (process / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            if words not in command:
                continue
            if place in f"{command} {(process / 'cwd').readlink()} {(process / 'mountinfo').read_text()}":
                pids.append(int(process.name))
    return pids
