"""Completion by real shells: the scripts that `pipeline --show-completion` prints, and a word that is begun."""

from __future__ import annotations

import os
import pty
import re
import select
import shutil
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

import pytest

SECONDS = 60
BASH = """
eval "$(_PIPELINE_COMPLETE=source_bash pipeline)"
complete -p pipeline
for words in "pipeline app" "pipeline plan --sug"; do
    COMP_WORDS=($words)
    COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
    _pipeline_completion pipeline
    printf '%s\\n' "${COMPREPLY[@]}"
done
"""


@pytest.fixture
def environment(sealed_environment: dict[str, str], tmp_path: Path) -> Mapping[str, str]:
    """A user's, with `pipeline` among the programs."""
    script = tmp_path / "bin/pipeline"
    script.parent.mkdir()
    script.write_text(f'#!/bin/sh\nexec {sys.executable} -m pipeline "$@"\n')
    script.chmod(0o755)
    return {**sealed_environment, "PATH": f"{script.parent}:{sealed_environment['PATH']}", "TERM": "dumb"}


def shell(name: str, environment: Mapping[str, str], *arguments: str) -> str:
    """What a shell prints."""
    if not shutil.which(name, path=environment["PATH"]):
        pytest.skip(f"{name} is not installed")
    done = subprocess.run([name, *arguments], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_bash_completes(environment: Mapping[str, str]) -> None:
    """Commands and options. Seen red with `prog_name` taken away: the program did not know its own name."""
    registered, *candidates = shell("bash", environment, "--norc", "-c", BASH).splitlines()
    assert registered == "complete -o default -F _pipeline_completion pipeline"
    assert candidates == ["apply-and-build", "apply", "--suggest"]


def test_fish_completes(environment: Mapping[str, str]) -> None:
    program = "_PIPELINE_COMPLETE=source_fish pipeline | source; complete --do-complete 'pipeline plan --sug'"
    (line,) = shell("fish", environment, "--no-config", "-c", program).splitlines()
    assert line.split("\t")[0] == "--suggest"


def test_zsh_completes(environment: Mapping[str, str], tmp_path: Path) -> None:
    """At a prompt, since zsh completes nowhere else."""
    if not shutil.which("zsh", path=environment["PATH"]):
        pytest.skip("zsh is not installed")
    (tmp_path / ".zshrc").write_text(
        "PS1='ready> '\nautoload -Uz compinit && compinit -u -D\neval \"$(_PIPELINE_COMPLETE=source_zsh pipeline)\"\n"
    )
    typed = Terminal(["zsh", "-i"], {**environment, "ZDOTDIR": str(tmp_path)})
    try:
        typed.until(r"ready> ")
        typed.write("pipeline plan --sug\t")
        typed.until(r"plan --suggest")
    finally:
        typed.close()


class Terminal:
    """A program at a terminal of its own."""

    def __init__(self, command: list[str], environment: Mapping[str, str]) -> None:
        self._child, self._terminal = pty.fork()
        if self._child == 0:
            os.execvpe(command[0], command, dict(environment))

    def write(self, text: str) -> None:
        os.write(self._terminal, text.encode())

    def until(self, pattern: str) -> None:
        """Reads until the pattern is on the screen."""
        screen, end = "", time.monotonic() + SECONDS
        while not re.search(pattern, screen):
            ready, _, _ = select.select([self._terminal], [], [], max(0, end - time.monotonic()))
            assert ready, f"{pattern!r} is not in {screen!r}"
            screen += os.read(self._terminal, 4096).decode(errors="replace")

    def close(self) -> None:
        os.kill(self._child, 9)
        os.waitpid(self._child, 0)
        os.close(self._terminal)
