"""What benchmarks of whole runs share: a workspace, series made for the purpose, and what a command costs."""

from __future__ import annotations

import json
import os
import resource
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from pipeline.system.git import Repository
from pipeline.system.workspace import Workspace

JOBS = os.cpu_count() or 1
MEASURED = """
import json, resource, subprocess, sys, time
started = time.monotonic()
done = subprocess.run(sys.argv[1:], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
wall, used = time.monotonic() - started, resource.getrusage(resource.RUSAGE_CHILDREN)
words = done.stderr.decode(errors="replace")
print(json.dumps([done.returncode, words, wall, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024]))
"""
"""Measures from a small process: a child's peak counts that of the process that it was forked from."""


@dataclass(frozen=True)
class Cost:
    """Seconds of something that ran."""

    wall: float
    cpu: float

    @property
    def use(self) -> float:
        """Share of the CPUs' time."""
        return self.cpu / self.wall / JOBS


def cost(work: Callable[[], object]) -> Cost:
    """What `work` and the processes that it starts take."""
    before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    work()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return Cost(time.monotonic() - started, after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime)


@dataclass(frozen=True)
class Measured:
    """What a command came to.

    Args:
        words: that it wrote to standard error.
        memory: MiB of the largest process.
    """

    words: str
    cost: Cost
    memory: float


def measured_command(command: Sequence[str], statuses: Sequence[int] = (0,)) -> Measured:
    """A command and what it starts; it must end with one of `statuses`, and what it says is shown where it does not."""
    done = subprocess.run([sys.executable, "-c", MEASURED, *command], stdout=subprocess.PIPE, check=True)
    status, words, wall, cpu, memory = json.loads(done.stdout)
    if status not in statuses:
        sys.exit(f"{' '.join(command)}\n{words}\nstatus {status}")
    return Measured(words, Cost(wall, cpu), memory)


def measured(command: Sequence[str], statuses: Sequence[int] = (0,)) -> tuple[float, float, float]:
    """Wall and CPU seconds of a command and what it starts, and MiB of the largest of these processes."""
    done = measured_command(command, statuses)
    return done.cost.wall, done.cost.cpu, done.memory


def run(*argv: str) -> None:
    """Runs a command that must succeed; what it prints is shown where it does not."""
    done = subprocess.run(argv, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode != 0:
        sys.exit(f"{' '.join(argv)}\n{done.stdout[-3000:]}\nstatus {done.returncode}")


def own_workspace(workspace: Workspace, folder: Path) -> Workspace:
    """A workspace with the trees of another and nothing else; `folder` is on the same file system."""
    own = Workspace(folder)
    own.prepare()
    # Files of a repository are never written in place, so that links are as good as copies.
    shutil.copytree(workspace.repository, own.repository, copy_function=os.link)
    Repository(own.repository).out("worktree", "prune")
    shutil.copytree(workspace.downloads, own.downloads, copy_function=os.link, dirs_exist_ok=True)
    return own


def forget_results(workspace: Workspace) -> None:
    """Removes everything that was built or concluded in a workspace."""
    for folder in (workspace.store, workspace.folder / "builds", workspace.runs):
        shutil.rmtree(folder, ignore_errors=True)


def with_comments(
    repository: Repository, commit: str, paths: Sequence[str], folder: Path, *, base: str = "", amend: bool = False
) -> Path:
    """A series in an mbox: a patch for each of `paths`, with a comment more at its end.

    Args:
        commit: what it goes on from.
        folder: an empty one, or none yet.
        base: what the series begins at, where it is not `commit`.
        amend: the comments belong to the last commit instead.
    """
    checkout = folder / "checkout"
    repository.out("worktree", "add", "--quiet", "--no-checkout", "--detach", str(checkout), commit)
    work = Repository(checkout)
    work.out("sparse-checkout", "set", "--no-cone", "--stdin", stdin="".join(f"/{path}\n" for path in paths).encode())
    work.out("read-tree", "-m", "-u", "HEAD")
    for number, path in enumerate(paths, 1):
        with (checkout / path).open("a") as file:
            file.write(f"/* benchmark, patch {number} */\n")
        message = ("--amend", "--no-edit") if amend else ("-m", f"benchmark: patch {number}\n\nOne comment more.")
        work.out("commit", "--quiet", "--all", *message)
    mbox = folder / "series.mbox"
    mbox.write_text(
        work.out("format-patch", "--stdout", "--thread", "--cover-letter", "--subject-prefix=PATCH", base or commit)
        + "\n"
    )
    repository.run("worktree", "remove", "--force", str(checkout))
    return mbox
